"""What in a text is to be taken to the letter."""

from __future__ import annotations

import re

import pytest

from perturb.literals import bare, literals, quotations, substituted, told_to_the_end


def fixed(text: str, *values: str) -> list[str]:
    return [text[start:end] for start, end in literals(text, values)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Read 'bill-december-2023.txt' now.", ["'bill-december-2023.txt'"]),
        ("I'd like the users' list, isn't it Bo's?", []),
        ("Use `get_user` and get_order or getOrder.", ["`get_user`", "get_order", "getOrder"]),
        ("Fly NV116 on 2026-05-16 at 10:00, seat 13A, for 12.00.", ["NV116", "2026-05-16", "10:00", "13A", "12.00"]),
        ("Customer C-40718 pays 10% of $5.29, not -3.", ["C-40718", "10%", "$5.29", "-3"]),
        ("See www.dora-website.com (or bo@example.com).", ["www.dora-website.com", "bo@example.com"]),
        ('Call it "Booking {hotel_name}" at {hotel_address}.', ['"Booking {hotel_name}"', "{hotel_address}"]),
        ("Write the following message to the channel: Hi, i am a bot", ["Hi, i am a bot"]),
        ("I have two wishes: tea and cake.", []),
    ],
)
def test_what_stands_to_the_letter(text: str, expected: list[str]) -> None:
    assert fixed(text) == expected


def test_values_that_are_told_of_are_literal_too_and_as_whole_words() -> None:
    assert fixed("Meet Ada at the Blue Door, not the Blue Doors.", "Blue Door") == ["Blue Door"]


def test_overlaps_are_one_span() -> None:
    assert fixed("Say 'the code is NV116 now'.") == ["'the code is NV116 now'"]


def test_quotations_are_told_without_their_marks() -> None:
    assert quotations("Say 'hi there' and `go` and “well”.") == ["hi there", "go", "well"]


def test_bare_values_lack_the_marks_of_the_sentence() -> None:
    assert bare("Is it NV116, or (www.x.com)?") == ["NV116", "www.x.com"]


def test_a_substitution_passes_over_literals() -> None:
    pattern = re.compile("please", re.IGNORECASE)
    assert substituted(pattern, "pls", "Please write 'please wait', please.") == "pls write 'please wait', pls."


@pytest.mark.parametrize(
    ("text", "told"),
    [("Post this question: who is in?", True), ("Post 'who is in?' there.", False), ("Title: x\nThen go on.", False)],
)
def test_whether_a_text_ends_in_what_is_told_on(text: str, told: bool) -> None:
    assert told_to_the_end(text) is told
