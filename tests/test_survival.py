"""Whether all that matters has survived another wording."""

from __future__ import annotations

import pytest
from said import every_message

from perturb.survival import sense_changed, values_lost

OLD = (
    "Move Ada Byron's flight NV116 of 16 May to 2026-05-22, for 2 people under 210 dollars, but don't cancel it if it's 'full'."
)


@pytest.mark.parametrize(
    ("new", "lost"),
    [
        (
            "If it's 'full', don't cancel Ada Byron's flight NV116 of 16 May; for two people, under 210 dollars, "
            "move it to 2026-05-22.",
            [],
        ),
        (OLD.replace("NV116", "NV161"), ["adds 'NV161'", "lacks 'NV116'"]),
        (OLD.replace("2026-05-22", "22 May"), ["adds the number 22", "lacks '2026-05-22'"]),
        (OLD.replace("for 2 people", "for them"), ["lacks the number 2"]),
        (OLD.replace("210", "210.50"), ["adds the number 210.5", "lacks the number 210"]),
        (OLD.replace("Byron", "Lovelace"), ["adds the name 'Lovelace'", "lacks the name 'Byron'"]),
        (OLD.replace("May", "June"), ["adds the name 'June'", "lacks the name 'May'"]),
        (OLD.replace("'full'", "full up"), ["lacks the quoted text 'full'"]),
    ],
)
def test_values(new: str, lost: list[str]) -> None:
    assert values_lost(OLD, new) == lost


def test_scalars_of_gold_calls_must_stay_readable() -> None:
    assert values_lost("Take the window seat.", "Take the seat by the glass.", ["window", 7, True]) == [
        "hides the value 'window'"
    ]
    assert values_lost("Take the window seat.", "Take the seat at the window.", ["window", "NV116"]) == []


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        (OLD, OLD.replace("don't cancel", "cancel"), ["lacks a negation"]),
        (OLD, OLD.replace("if it's 'full'", "as it's 'full'"), ["lacks a condition"]),
        (OLD, OLD.replace("under 210", "for 210"), ["lacks an upper bound"]),
        (OLD, OLD.replace("dollars", "euros"), ["lacks dollars", "adds euros"]),
        ("Book the cheapest flight, without insurance.", "Book a flight, uninsured.", ["lacks the lowest"]),
        ("Book the cheapest flight.", "Book whichever flight has the lowest fare.", []),
        ("Send all files today.", "Send the files tomorrow.", ["lacks each of several"]),
        ("Send the file today.", "Send the file right now, please.", ["lacks the day"]),
        ("Add 1 bag.", "Add 1 bag only.", ["adds an exclusivity"]),
        ("Stay for 3 days.", "Stay for 3 nights, please.", ["lacks days"]),
        ("Pay it at once.", "Sure, here is it: pay it at once.", ["speaks of itself"]),
        ("Pay it.", "Pay it!", ["is the same text"]),
        ("Pay it.", " ", ["says nothing"]),
        (
            "Pay it.",
            "It would be very good of you if you could see your way to paying that for me soon.",
            ["is far longer", "adds a condition"],
        ),
        ("Good morning, find it.", "Hello, look for it!", []),
        ("Find it. Thanks a lot!", "Look for it. Best, Ada", []),
    ],
)
def test_the_sense(old: str, new: str, changed: list[str]) -> None:
    assert sense_changed(old, new) == changed


def test_a_text_has_all_that_it_has_itself() -> None:
    for text in every_message():
        assert values_lost(text, text) == []
        assert sense_changed(text, text) == ["is the same text"]
