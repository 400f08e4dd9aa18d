"""What a text says of how values are written, and what a value in that notation was written as before."""

from __future__ import annotations

import pytest

from perturb.knowable import Visible
from perturb.spellings import notations_told
from perturb.types import Tool


@pytest.mark.parametrize(
    ("told", "shown", "known", "hidden"),
    [
        ("The amount. In cents: 1 US dollar is 100 cents.", 1250, "12.5", "125"),
        ("In kg: 1 pound is 0.45359237 kilograms.", 0.90718474, "2", "3"),
        ("As Unix time in seconds, that of midnight UTC on the day.", 1798675200, "2026-12-31", "2026-12-30"),
        ("As Unix time in seconds.", 1798739100, "2026-12-31 17:45", "2026-12-31 16:45"),
        ("As Unix time in milliseconds.", 1798739100000, "2026-12-31 17:45:00", "2026-12-31"),
        ("Written YYYYMMDD, such as 20991231.", "20261231", "2026-12-31", "2026-12-30"),
        ("Written YYYYMMDDTHHMM.", "20261231T1745", "2026-12-31T17:45", "2026-12-31T17:46"),
        ("Written as in RFC 2822.", "Thu, 31 Dec 2026 17:45:00 +0100", "2026-12-31T17:45:00+01:00", "2026-12-31T17:45:00"),
        ("Written M/D/YYYY, h:MM AM or PM.", "12/31/2026, 5:45 PM", "2026-12-31 17:45", "2026-12-31 17:44"),
    ],
)
def test_a_value_is_known_by_what_the_text_says_of_its_notation(told: str, shown: object, known: str, hidden: str) -> None:
    tool = Tool(name="t", parameters={"type": "object", "properties": {"x": {"description": told}}})
    assert Visible([known], [tool]).has(shown)
    assert not Visible([known], []).has(shown), "without the rule it cannot be known"
    assert not Visible([hidden], [tool]).has(shown), "without the value it cannot be known"


def test_each_part_of_a_value_may_be_in_the_notation() -> None:
    visible = Visible(["2026-12-29", "2026-12-31", "Written YYYYMMDD."], [])
    assert visible.has("20261229/20261231")
    assert not visible.has("20261229/20261230")
    wrapped = '{"customer":"C-4711","weight":33.5,"day":"20261229"}'
    assert not visible.has(wrapped)
    visible.add("customer C-4711, weight 33.5, day")
    assert visible.has(wrapped)


def test_what_is_no_value_of_the_notation_is_not_read_as_one() -> None:
    (notation,) = notations_told("As Unix time in seconds.")
    for text in ("yesterday", "1e999", "12:30", ""):
        assert list(notation.others(text)) == []
    assert notations_told("One dollar is a lot; meet me at 1 pm.") == frozenset()
