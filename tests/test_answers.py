"""Whether an answer says a fact, however it is written."""

from __future__ import annotations

import pytest

from perturb.answers import Fact, numbers, says


@pytest.mark.parametrize(
    ("answer", "fact"),
    [
        ("It came to $1,240.50.", 1240.5),
        ("It came to 1240.5 in all", 1240.5),
        ("USD 1240.50, as agreed", 1240.5),
        ("**1,240.50**", 1240.5),
        ("refund: −98.00", -98),
        ("You get 98 back.", 98),
        ("your seat is 14d", "14D"),
        ("NV516 (seat `14D`), enjoy", "14D"),
        ("Booked:  AB12CD\nthank you", "ab12cd"),
        ("You can’t do that", "can't"),
        ("two of them", [2, "two"]),
        ("12 Ferry Road, Bergen", "12 ferry   road"),
    ],
)
def test_a_fact_is_found_in_any_writing(answer: str, fact: Fact) -> None:
    assert says(answer, fact)


@pytest.mark.parametrize(
    ("answer", "fact"),
    [
        ("It came to 11,240.50.", 1240.5),
        ("It came to 1240.55", 1240.5),
        ("flight NV98", 98),
        ("980", 98),
        ("seat 114D", "14D"),
        ("seat 14DA", "14D"),
        ("three of them", [2, "two"]),
        ("", 0),
        ("on 2026-05-16", 16.5),
    ],
)
def test_what_is_not_said_is_not_found(answer: str, fact: Fact) -> None:
    assert not says(answer, fact)


def test_numbers_are_read_by_their_value() -> None:
    assert {float(number) for number in numbers("1,903.00 of 2,023 (€60 each), room B20")} == {1903.0, 2023.0, 60.0}
