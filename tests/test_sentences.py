"""A message cut into sentences, and what each of them is for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from said import every_message

from perturb.operators.user.sentences import split


def told(text: str) -> list[tuple[str, str]]:
    return [(one.purpose, one.text) for one in split(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Hi, Ada Byron here. On 6 May I sat in Oslo for hours. Please give me a voucher! Thanks a lot!",
            ["greeting", "identity", "statement", "request", "closing"],
        ),
        ("Cancel my flight. I'm Ada Byron.", ["request", "identity"]),
        ("My customer number is C-1. Which seat is mine?", ["identity", "request"]),
        ("My meeting was called off, so cancel the flight.", ["request"]),
        ("Niklas needs 2 bags; use my voucher.", ["request"]),
        ("Economy, flex fare, with insurance.", ["request"]),
        ("Good morning, this is Ada Byron. Is it late?", ["greeting", "identity", "request"]),
        ("Hey this is Alice! Read it.", ["greeting", "identity", "request"]),
        ("Move it. Kind regards, Ada Byron", ["request", "closing"]),
        ("Move it. Thank you! Ada Byron", ["request", "closing", "closing"]),
        ("Move it. - Ada Byron", ["request", "closing"]),
        ("My card pays; what does it cost?", ["request"]),
        ("I don't want a second one.", ["request"]),
        ("Spotify sent me a note.", ["statement"]),
        ("My cousin asked me to cancel it.", ["statement"]),
    ],
)
def test_what_sentences_are_for(text: str, expected: list[str]) -> None:
    assert [purpose for purpose, _ in told(text)] == expected


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Byron sent e.g. 5.29 to No. 4 at www.x.com. Fine",
        "Say 'Hi. Are you there?' to Bo. Fine",
        "It costs 12.00 in total. Fine",
    ],
)
def test_a_full_stop_within_a_sentence_ends_nothing(text: str) -> None:
    assert [one.text for one in split(text)][1:] == ["Fine"]


def test_lines_end_sentences() -> None:
    assert [one.text for one in split("Look it up\nTell me")] == ["Look it up", "Tell me"]


@pytest.mark.parametrize(
    ("first", "second", "bound"),
    [
        ("My friend sent money.", "They sent 10.00.", True),
        ("We spent 12.00.", "Check how much they sent.", True),
        ("I booked a room.", "Is the room quiet?", True),
        ("I booked a room.", "Also, add breakfast.", True),
        ("I booked a room.", "My wife likes tea.", False),
        ("Add 1 bag.", "We fly this Wednesday.", False),
        ("Add 1 bag.", "This is Ada Byron.", False),
        ("Take flight NV1.", "If not, take another one.", True),
    ],
)
def test_what_leans_on_what_was_said_before(first: str, second: str, bound: bool) -> None:
    assert split(f"{first} {second}")[1].bound is bound


def test_sentences_make_up_the_text() -> None:
    said = every_message()
    assert len(said) >= 82
    for text in said:
        assert "".join(one.space + one.text for one in split(text)) == text.rstrip()


@given(st.text(st.sampled_from("aB .!?\n'\"1,-"), max_size=60))
def test_sentences_make_up_any_text(text: str) -> None:
    assert "".join(one.space + one.text for one in split(text)) == text.rstrip()
