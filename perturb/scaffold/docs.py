"""Tools as a prompt tells them: as JSON, Python, TypeScript or XML (the languages of BFCL's prompts)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from perturb.messages import Tools
from perturb.scaffold import docs_python, docs_typescript, docs_xml
from perturb.scaffold.formats import fenced, json_text, paragraphs
from perturb.types import JSON, Tool

Language = Literal["json", "python", "typescript", "xml"]


def _json(tools: Tools) -> str:
    return "[\n" + ",\n".join(json_text(_as_json(tool)) for tool in tools) + "\n]"


def _as_json(tool: Tool) -> dict[str, JSON]:
    return {"name": tool.name, "description": tool.description, "parameters": tool.parameters}


LANGUAGES: dict[Language, Callable[[Tools], str]] = {
    "json": _json,
    "python": docs_python.told,
    "typescript": docs_typescript.told,
    "xml": docs_xml.told,
}


def told(tools: Tools, language: Language) -> str:
    """The part of a system prompt that tells of the tools; all that their schemas say is in it."""
    return paragraphs("You have these tools:", fenced(language, LANGUAGES[language](tools))) if tools else ""
