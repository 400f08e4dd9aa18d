"""`descriptions.doc_style`: each layout as it is published, read back by other people's parsers; nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import docstring_parser
import pytest
import yaml
from depot import DEPOT
from docstring_parser import DocstringStyle
from real_toolsets import dojo, livemcp
from test_renaming_operators import Desk

from perturb.docstrings import sections
from perturb.loading import load_toolset
from perturb.operator import Lens, NotApplicable, SeededPick, Setup, lens_for
from perturb.operators.descriptions.doc_layouts import LAYOUTS
from perturb.operators.descriptions.doc_style import DocStyle
from perturb.types import Tool

PARSED = {"google": DocstringStyle.GOOGLE, "numpy": DocstringStyle.NUMPYDOC, "sphinx": DocstringStyle.REST}


def words(text: str | None) -> list[str]:
    return (text or "").split()


def setups() -> Iterator[Setup]:
    yield Setup.of(DEPOT)
    yield Setup.of(load_toolset("airline"))
    for tools in (*livemcp().values(), dojo("travel"), dojo("workspace")):
        made = (Tool(name=one["name"], description=one.get("description") or "", parameters=one["parameters"]) for one in tools)
        yield Setup.of(Desk(*made))


def said(tool: Tool) -> dict[str, list[str]]:
    """What a tool as it is says of each argument that it says something of: in the schema, and in its docstring."""
    found: dict[str, list[str]] = {}
    for name, child in tool.parameters.get("properties", {}).items():
        found[name] = words(child.get("description"))
    for section in sections(tool.description):
        for entry in section.entries:
            if words(entry.text) != found[entry.name]:
                found[entry.name] = [*found[entry.name], *words(entry.text)]
    return {name: text for name, text in found.items() if text}


def laid_out(setup: Setup, layout: Any) -> Iterator[tuple[Tool, Tool]]:
    plan = DocStyle(layouts={tool.name: layout for tool in setup.tools})
    for old, new in zip(setup.tools, plan.lens(setup).setup.tools, strict=True):
        if said(old):
            yield old, new


@pytest.mark.parametrize("layout", ["google", "numpy", "sphinx"])
def test_a_docstring_says_of_each_argument_what_was_said(layout: str) -> None:
    seen = 0
    for setup in setups():
        for old, new in laid_out(setup, layout):
            seen += 1
            # A docstring whose text begins on its second line, so that what has no summary is read as it stands.
            parsed = docstring_parser.parse("\n" + new.description, style=PARSED[layout])
            assert {one.arg_name: words(one.description) for one in parsed.params} == said(old), old.name
            required = old.parameters.get("required", ())
            assert {one.arg_name for one in parsed.params if one.is_optional} <= set(said(old)) - set(required)
            assert not any("description" in child for child in new.parameters.get("properties", {}).values())
    assert seen > 150


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_word_of_a_description_is_lost(layout: str) -> None:
    for setup in setups():
        for old, new in laid_out(setup, layout):
            # Headings become those of the layout; a name is followed by another mark.
            kept = re.sub(r"(?m)^\s*(Args|Returns|Example|Warning|Note|Raises):\s*$|[:.]$", "", old.description)
            kept = re.sub(r"[^\w\s]", " ", kept)
            missing = set(words(kept)) - set(words(re.sub(r"[^\w\s]", " ", new.description)))
            assert not missing - {"int", "str", "bool", "optional", "float", "list"}, old.name


def test_a_man_page_has_the_sections_of_man_pages_7_in_their_order() -> None:
    order = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "RETURN VALUE", "ERRORS"]  # man-pages(7), those that are used
    for setup in setups():
        for old, new in laid_out(setup, "man_page"):
            found = re.findall(r"(?m)^([A-Z][A-Z ]+)$", new.description)
            assert found[:2] == order[:2]
            assert [one for one in found if one in order] == [one for one in order if one in found]
            name, synopsis = re.findall(r"(?m)^(?:NAME|SYNOPSIS)\n {7}(.*)$", new.description)
            assert name == old.name or name.startswith(f"{old.name} - ")
            shown = re.findall(r"(\[?)--([^\s\]]+)", synopsis)
            required = set(old.parameters.get("required", ()))
            assert {one for _, one in shown} == set(old.parameters["properties"])
            assert {one for bracket, one in shown if not bracket} == required
            options = new.description.split("\nOPTIONS\n", 1)[1]
            described = dict(re.findall(r"(?m)^ {7}--(\S+) \S+\n((?: {14}.*\n?|\n(?= {14}))*)", options))
            assert {one: words(text) for one, text in described.items() if words(text)} == said(old), old.name


def test_an_operation_of_openapi_is_one() -> None:
    for setup in setups():
        for old, new in laid_out(setup, "openapi"):
            operation = yaml.safe_load(new.description)
            # Operation Object of OpenAPI 3.1.1, section 4.8.10, those fields that are used.
            assert set(operation) <= {"operationId", "summary", "description", "parameters", "requestBody", "responses"}
            assert operation["operationId"] == old.name
            assert all(
                re.fullmatch(r"[1-5]\d\d", status) and "description" in one for status, one in operation["responses"].items()
            )
            required = set(old.parameters.get("required", ()))
            if old.effect == "read":
                told = {one["name"]: one for one in operation["parameters"]}
                assert all(set(one) <= {"name", "in", "required", "description", "schema"} for one in told.values())
                assert {one["in"] for one in told.values()} == {"query"}
                assert {name for name, one in told.items() if one["required"]} == required
            else:
                body = operation["requestBody"]["content"]["application/json"]["schema"]
                told = body["properties"]
                assert set(body.get("required", ())) == required
            assert {name: words(one.get("description")) for name, one in told.items() if one.get("description")} == said(old)
            assert list(told) == list(old.parameters["properties"])


def seats(description: str, **properties: Any) -> Lens:
    tool = Tool(name="list_seats", description=description, parameters={"type": "object", "properties": properties})
    return DocStyle(layouts={"list_seats": "numpy"}).lens(Setup.of(Desk(tool)))


def test_a_docstring_is_laid_out_anew_with_all_its_sections() -> None:
    lens = seats("List seats.\n\nArgs:\n    row: The row.\n\nReturns:\n    The seats.\n", row={"type": "integer"})
    expected = "List seats.\n\nParameters\n----------\nrow : int, optional\n    The row.\n\nReturns\n-------\nThe seats."
    assert lens.setup.tools[0].description == expected


def test_a_section_that_describes_something_else_is_left_as_it_is() -> None:
    lens = seats(
        "List seats.\n\nArgs:\n    line: No argument of this tool.", row={"type": "integer", "description": "The row."}
    )
    assert "Args:\n    line: No argument of this tool.\n\nParameters\n" in lens.setup.tools[0].description


def test_what_is_said_of_values_within_stays_in_the_schema() -> None:
    inner = {"type": "object", "properties": {"name": {"type": "string", "description": "In full."}}, "description": "Who."}
    shown = seats("List seats.", who=inner).setup.tools[0]
    assert shown.parameters["properties"]["who"]["properties"]["name"]["description"] == "In full."
    assert "who : dict, optional\n    Who." in shown.description


def test_one_layout_for_a_plan_and_every_layout_for_some_seed() -> None:
    seen = set()
    for seed in range(40):
        plan = DocStyle.plan(Setup.of(DEPOT), SeededPick(seed), 1.0)
        assert isinstance(plan, DocStyle)
        (layout,) = set(plan.layouts.values())
        seen.add(layout)
    assert seen == set(LAYOUTS)


def test_it_does_not_apply_where_nothing_is_described_or_all_is_laid_out() -> None:
    tool = Tool(name="ping", description="Ping.", parameters={"type": "object", "properties": {"x": {"type": "string"}}})
    planned = DocStyle.plan(Setup.of(Desk(tool)), SeededPick(1), 1.0)
    assert isinstance(planned, NotApplicable)
    assert planned.reason == "nothing_to_change"
    google = DocStyle(layouts={"list_seats": "google"})
    once = lens_for(
        google,
        Setup.of(
            Desk(
                Tool(
                    name="list_seats",
                    description="List.\n\nArgs:\n    row (int, optional): R.",
                    parameters={"type": "object", "properties": {"row": {"type": "integer"}}},
                )
            )
        ),
    )
    assert once.setup is once.real
