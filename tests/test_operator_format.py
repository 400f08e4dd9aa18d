"""`results.format`: every form carries every value with its type, and is what its name says by other parsers."""

from __future__ import annotations

import csv
import io
import json
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from perturb import texts
from perturb.operator import SeededPick, Setup
from perturb.operators.results.format import Format
from perturb.operators.results.written_forms import FORMS
from perturb.toolset import Toolset
from perturb.types import Call, Result, Tool

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["", "1", "1.0", "true", "null", "no", "~", "2026-05-01", "1e3", "0x1", "1_000", "12:30:00", " a", "a ", "a\nb", "a\n b\n",
     "\n", "a\r\nb", "|", "\\|", "a|b", '"', "=", "<<", "- a", "# c", "a: b", "\x85", "\u2028", "\ufeff", "\x00",
     "]]>", "&amp;"]
)  # fmt: skip
LINES = st.lists(st.sampled_from(["a", "a: b", "- c", " d", "e ", "\tf", "", "é", "#", "|"]), max_size=5).map("\n".join)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT | LINES
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3))
ROWS = st.lists(st.dictionaries(TEXT, SCALARS, max_size=3), max_size=4)
FLAT = {"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": ["string", "null"]}}}


def same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@examples(800)
@given(VALUES | ROWS, st.sampled_from(sorted(FORMS)))
def test_any_data_reads_back_with_its_types(data: Any, name: str) -> None:
    form = FORMS[name]
    assert same(form.read(form.write(data, ()), ()), data)


@examples(400)
@given(VALUES | ROWS, VALUES | ROWS, st.sampled_from(sorted(FORMS)))
def test_different_data_is_written_differently(one: Any, other: Any, name: str) -> None:
    if not same(one, other):
        assert FORMS[name].write(one, ()) != FORMS[name].write(other, ())


@examples(300)
@given(VALUES)
def test_yaml_and_xml_are_so_by_other_parsers(data: Any) -> None:
    ElementTree.fromstring(FORMS["xml"].write(data, ()).encode())
    # A loader that knows no types but text must find the same structure.
    loaded = yaml.load(FORMS["yaml"].write(data, ()), Loader=yaml.BaseLoader)
    assert type(loaded) is (type(data) if isinstance(data, (dict, list)) else str)


@examples(300)
@given(st.lists(st.fixed_dictionaries({"id": st.integers(), "name": TEXT}), min_size=1, max_size=4))
def test_csv_is_so_by_the_standard_library(rows: list[dict[str, Any]]) -> None:
    written = FORMS["csv"].write(rows, ("id", "name"))
    read = list(csv.DictReader(io.StringIO(written, newline=""), strict=True))
    assert [(int(row["id"]), row["name"]) for row in read] == [(row["id"], row["name"]) for row in rows]


def test_a_markdown_table_has_a_rule_and_as_many_cells_in_each_line() -> None:
    written = FORMS["markdown"].write([{"id": 1, "name": "a|b"}, {"id": None, "name": "2"}], ("id", "name"))
    assert written.split("\n") == ["| id | name |", "| --- | --- |", "| 1 | a\\|b |", '| null | "2" |']


def test_a_table_without_rows_has_the_declared_columns() -> None:
    for name in ("csv", "markdown"):
        written = FORMS[name].write([], ("id", "name"))
        assert "name" in written
        assert FORMS[name].read(written, ("id", "name")) == []


def toolset(*tools: Tool) -> Setup:
    class One(Toolset):
        name = "one"

    One.tools = tools
    return Setup.of(One())


def chosen(tool: Tool) -> set[str]:
    """Every format that some seed picks for a tool."""
    found = set()
    for seed in range(120):
        plan = Format.plan(toolset(tool), SeededPick(seed), 1.0)
        assert isinstance(plan, Format)
        found.add(plan.formats[tool.name])
    return found


def test_formats_that_fit_the_declared_result() -> None:
    assert chosen(Tool(name="t", returns={"type": "array", "items": FLAT})) == {"yaml", "xml", "csv", "markdown", "pretty"}
    assert chosen(Tool(name="t", returns=FLAT)) == {"yaml", "xml", "pretty"}
    assert chosen(Tool(name="t", returns=FLAT, renderer="indented")) == {"yaml", "xml", "minified"}
    assert chosen(Tool(name="t")) == {"yaml", "pretty"}
    nested = {"type": "object", "properties": {"x": {"type": "array"}}}
    assert "csv" not in chosen(Tool(name="t", returns={"type": "array", "items": nested}))


@pytest.mark.parametrize("name", sorted(FORMS))
def test_the_tool_says_the_format_and_the_renderer_comes_back(name: str) -> None:
    within = toolset(Tool(name="t", description="Things.", returns={"type": "array", "items": FLAT}, renderer="indented"))
    lens = Format(formats={"t": name}).lens(within)
    shown_tool = lens.setup.public_tools[0]
    assert shown_tool.description.startswith(f"Things.\nReturns {FORMS[name].title}.")
    assert shown_tool.returns is not None
    assert shown_tool.returns["type"] == "string"
    real = Result([{"id": 1, "name": None}], "indented")
    shown = lens.show_result(Call("t"), real)
    assert isinstance(shown.data, str)
    assert texts.result_text(shown) == shown.data
    assert lens.read_result(Call("t"), shown) == real


def test_a_letter_in_yaml_is_a_block_that_can_be_read() -> None:
    assert FORMS["yaml"].write({"body": "Hi Emma,\n\nsee you.\nLily"}, ()) == "body: |-\n  Hi Emma,\n\n  see you.\n  Lily\n"


def test_a_row_that_is_not_flat_after_all_still_goes_through() -> None:
    within = toolset(Tool(name="t", returns={"type": "array", "items": FLAT}))
    lens = Format(formats={"t": "csv"}).lens(within)
    real = Result([{"id": 1, "more": {"deep": [1]}}])
    assert lens.read_result(Call("t"), lens.show_result(Call("t"), real)) == real
