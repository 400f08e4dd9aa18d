"""Docstrings within descriptions: what they say of arguments, and that renames and the law on leaks see it."""

from __future__ import annotations

import msgspec
import pytest

from perturb import laws
from perturb.docstrings import names_described, sections
from perturb.mentions import Mentions, mentioned
from perturb.operator import Setup, lens_for
from perturb.operators import from_json
from perturb.toolset import Toolset
from perturb.types import Tool

GOOGLE = """Find a parcel.

Args:
    date (str): The day; a date: any of them.
    owner: Who owns it.
        date: this is no entry, it lies deeper.

Returns:
    date: The day it was found.
"""
NUMPY = """Find a parcel.

Parameters
----------
date : str
    The day.
owner : str
    Who owns it.

Returns
-------
date : str
    The day.
"""
SPHINX = "Find a parcel.\n\n:param date: The day.\n:type date: str\n:param str owner: Who owns it; the date: today."
MAN_PAGE = "SYNOPSIS\n       find --date STRING [--owner STRING]\n\nOPTIONS\n       --date STRING\n              The date."
OPENAPI = "parameters:\n- name: date\n  in: query\n  description: The date.\n- name: owner\n  in: query"
BODY = """requestBody:
  schema:
    properties:
      date:
        type: string
      owner:
        type: string
    required:
    - date"""


def named(text: str) -> list[str]:
    return [text[start:end] for start, end in names_described(text)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (GOOGLE, ["date", "owner"]),
        (NUMPY, ["date", "owner"]),
        (SPHINX, ["date", "date", "owner"]),
        (MAN_PAGE, ["date", "owner", "date"]),
        (OPENAPI, ["date", "owner"]),
        (BODY, ["date", "owner", "date"]),
        ("The date: any of them.\nowner: nobody", []),
        ("Args: none.", []),
    ],
)
def test_names_are_found_where_arguments_are_described_and_nowhere_else(text: str, names: list[str]) -> None:
    assert named(text) == names


def test_an_entry_has_its_text() -> None:
    (section,) = sections(GOOGLE)
    assert [(one.name, one.text) for one in section.entries] == [
        ("date", "The day; a date: any of them."),
        ("owner", "Who owns it.\ndate: this is no entry, it lies deeper."),
    ]
    (section,) = sections(NUMPY)
    assert [(one.name, one.text) for one in section.entries] == [("date", "The day."), ("owner", "Who owns it.")]


def test_plain_words_follow_where_they_name_an_argument() -> None:
    rename = Mentions({"date": "day"}, arguments=True)
    assert rename(GOOGLE) == GOOGLE.replace("    date (str)", "    day (str)")
    assert Mentions({"date": "day"})(GOOGLE) == GOOGLE
    assert mentioned({"date"}, GOOGLE, arguments=True) == {"date"}
    assert mentioned({"date"}, GOOGLE) == set()


def test_names_that_change_places_are_not_renamed_twice() -> None:
    text = "Args:\n    a: See `b`.\n    b: See `a`."
    assert Mentions({"a": "b", "b": "a"}, arguments=True)(text) == "Args:\n    b: See `a`.\n    a: See `b`."


class Parcels(Toolset):
    name = "parcels"
    tools = (
        Tool(
            name="find",
            description=GOOGLE,
            parameters={"type": "object", "properties": {"date": {"type": "string"}, "owner": {"type": "string"}}},
        ),
    )


@pytest.mark.parametrize(
    "plan",
    [
        {"op": "arguments.synonym", "names": {"find.date": "day"}},
        {"op": "arguments.nest", "groups": {"find": {"name": "filter", "description": "F.", "arguments": ["date"]}}},
        {"op": "arguments.wrap", "wrappings": {"find": {"name": "request", "form": "object"}}},
    ],
)
def test_operators_over_arguments_change_the_docstring(plan: dict[str, object]) -> None:
    lens = lens_for(from_json({"version": 1, **plan}), Setup.of(Parcels()))
    assert "    date (str)" not in lens.setup.tools[0].description
    assert list(laws.coherent(lens)) == []


def test_the_law_sees_a_docstring_that_was_left_behind() -> None:
    lens = lens_for(from_json({"op": "arguments.synonym", "version": 1, "names": {"find.date": "day"}}), Setup.of(Parcels()))
    stale = [msgspec.structs.replace(tool, description=GOOGLE) for tool in lens.setup.tools]
    lens.setup = Setup("", tuple(stale), lens.setup.source, lens)
    assert [one.law for one in laws.coherent(lens)] == [4]
