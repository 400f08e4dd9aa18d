"""Tools told in a prompt: whatever the language, a reader that shares no code with the writer gets the whole schema back."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from depot import DEPOT

from perturb.loading import load_toolset
from perturb.operator import SeededPick, Setup, lens_for
from perturb.operators import by_id
from perturb.scaffold.docs import Language, told
from perturb.serving.documented import tools_told
from perturb.types import Tool

LANGUAGES = get_args(Language)
CHANGED = ("schema.dialect", "schema.references", "schema.strict", "arguments.nest", "arguments.wrap", "toolset.merge")

AWKWARD = Tool(
    name="get-user",
    description='Gets a user.\n\nUse "quotes", \\ and <tags> & ``` as they are; """ and */ too.',
    parameters={
        "type": "object",
        "properties": {
            "user-id": {"type": "string", "description": 'The "id",\nas \\d+ & <so>. */ """', "pattern": '^"\\d+"$'},
            "class": {"type": ["integer", "null"], "minimum": 1},
            "kind": {"enum": ["a", "b]", 'c"', None]},
            "sort": {"type": "string", "enum": ["up", "down"], "default": "up"},
            "tags": {"type": "array", "items": {"type": "string", "minLength": 2}, "maxItems": 3},
            "both": {"type": "array", "items": {"type": ["string", "number"]}},
            "free": {},
            "any": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/place"}]},
            "open": {"type": "object", "additionalProperties": {"type": "number"}},
            "legs": {
                "type": "array",
                "description": "The legs.",
                "items": {
                    "type": "object",
                    "description": "A leg.",
                    "properties": {
                        "from": {"type": "string"},
                        "seat": {
                            "type": "object",
                            "properties": {"row": {"type": "integer", "description": "Its row."}, "letter": {"type": "string"}},
                            "required": ["row"],
                            "additionalProperties": False,
                        },
                    },
                    "required": ["from"],
                },
            },
        },
        "required": ["user-id", "legs"],
        "additionalProperties": False,
        "$defs": {"place": {"type": "string"}},
    },
)


def plain(tool: Tool, language: Language) -> dict[str, Any]:
    """A tool as any documentation tells it: white space, and the order of what is required, aside; a list of values says their
    type by itself."""
    return {
        "name": tool.name,
        "description": " ".join(tool.description.split()),
        "parameters": _schema(tool.parameters, language != "json"),
    }


def _schema(node: Any, retold: bool) -> Any:
    if isinstance(node, list):
        return [_schema(one, retold) for one in node]
    if not isinstance(node, dict):
        return node
    made = {name: _schema(value, retold) for name, value in node.items()}
    if isinstance(made.get("required"), list):
        made["required"] = sorted(made["required"])
        if not made["required"]:
            del made["required"]
    if isinstance(made.get("description"), str):
        made["description"] = " ".join(made["description"].split())
    if "enum" in made and "properties" not in made:
        made.pop("type", None)
    if made.get("properties") == {}:
        del made["properties"]
    return made


def check(tools: tuple[Tool, ...], language: Language) -> None:
    read = tools_told(f"You help.\n\n{told(tools, language)}\n\nBe brief.")
    assert [plain(tool, language) for tool in read] == [plain(tool, language) for tool in tools]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_awkward_tool_is_told_whole(language: Language) -> None:
    check((AWKWARD, Tool(name="now", description="")), language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_tool_of_a_toolset_is_told_whole(language: Language) -> None:
    for toolset in (DEPOT, load_toolset("airline")):
        setup = Setup.of(toolset)
        check(setup.public_tools, language)
        for name in CHANGED:
            plan = by_id(name).plan(setup, SeededPick(1, name), 1.0)
            check(lens_for(plan, setup).setup.public_tools, language)  # type: ignore[arg-type]


@pytest.mark.parametrize("suite", ["workspace", "travel", "banking", "slack"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_tool_of_another_benchmark_is_told_whole(language: Language, suite: str) -> None:
    pytest.importorskip("agentdojo")
    check(Setup.of(load_toolset(f"agentdojo:{suite}")).public_tools, language)
