"""The layers of the engine: who may import whom, who may show and read, what is named, and what is loaded when."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import perturb

PACKAGE = Path(perturb.__file__).parent

LAYERS: tuple[tuple[str, ...], ...] = (
    ("types", "errors"),
    (
        *("kept", "schemas", "texts", "docstrings", "mentions", "spellings", "sources", "plugins", "configuration", "database"),
        *("sandbox", "law_schemas", "scaffold"),
        *("declared", "notations", "knowable", "known_identifiers", "literals", "survival", "validity", "messages"),
    ),
    ("operator", "corpus", "operators", "strategies"),
    (
        *("toolset", "agent", "episode", "answers", "signatures", "environments", "toolset_files", "authoring"),
        *("agent_files", "learned_gold", "rewordings", "loading", "reference", "plan_files", "task_files", "mcp"),
        *("recorded", "recorded_toolset", "process_checks", "beside", "openapi"),
    ),
    ("leaks", "boundary", "knowing", "metering", "replay", "laws", "law_examples"),
    ("runner", "planning", "trial", "store", "watchdog", "recordings"),
    ("statistics",),
    ("models", "serving", "proxies", "frameworks", "importers"),
    ("rendering",),
    (
        *("evaluation", "assembling", "checking", "findings", "demonstration", "replaying", "showing", "paraphrasing"),
        *("gate_pairs", "gating", "filtering", "choosing", "sharding", "foreseeing", "comparing", "dosing", "thinking"),
        *("search", "workers", "designs", "factors", "crossing", "pairing", "worst_operator", "diagnosis", "importing"),
        *("exposure", "recorded_sources", "exporting"),
    ),
    ("cli", "__main__", "pytest_plugin", "testing"),
)
"""Lowest first. A module imports from its own layer and from those below it."""

UPWARDS: dict[tuple[str, str], str] = {
    ("operator.setups", "toolset"): "for types alone: a setup knows the toolset it was made of",
    ("strategies", "toolset"): "for types alone: setups are drawn for a toolset",
    ("corpus", "toolset"): "for types alone: the words of a toolset are words of its tasks too",
}
"""Imports from a layer above, each with its reason."""

SEAM = {
    "operator": "composes lenses",
    "boundary": "carries an episode",
    "replay": "proves a pair solvable",
    "knowing": "asks what a call and its values have become",
    "laws": "checks every lens",
    "law_examples": "checks every lens on what schemas allow",
    "showing": "shows an operator's examples before and after",
    "trial": "asks the boundary to read the final answer",
    "proxies": "asks the boundary to read the answers of a model",
}
"""The modules that call the methods of a lens, beside the operators, which are lenses."""

LENS_METHODS = {
    *("show_text", "show_turns", "show_answer", "read_answer", "show_call", "read_call", "show_result", "read_result"),
    *("show_failure", "read_failure", "show_returns", "load_state", "read_state"),
}

PLUG_INS = {"airline", "agentdojo", "reader", "literal", "adaptive", "planner", "flaky", "answer-only", "answer_only", "silent"}
DEFAULTS: dict[str, set[str]] = {
    "checking": {"airline"},
    "diagnosis.kept_reasoning": {"adaptive"},
    "cli.options": {"airline"},
    "cli.replay": {"reader"},
    "cli.run": {"reader"},
    "cli.search": {"reader"},
    "importers.agentdojo_logs": {"agentdojo"},
    "evaluation": {"airline", "reader", "silent", "answer_only"},
    "operators.vocabulary.nouns": {"airline"},
    "testing.marker": {"airline"},
    "rendering.terminal": {"silent", "answer_only"},
}
"""Where a shipped toolset or agent is a default, where `silent` and `answer_only` are the keys of the floor, a noun, and a
kind of Anthropic's thinking or a format of recorded episodes."""

HEAVY = (
    "anthropic",
    "fastmcp",
    "mcp",
    "mcp_types",
    "genai_prices",
    "httpx2",
    "starlette",
    "uvicorn",
    "numpy",
    "scipy",
    "jinja2",
    "rich",
    "faker",
    "babel",
    "openai",
    "pydantic",
    "hypothesis",
    "jsonschema",
    "agentdojo",
    "pyarrow",
    "zstandard",
    "pytest",
)


class Imported(NamedTuple):
    """An import of one module of the engine by another; `lazy` inside a function, `typing` for type checkers alone."""

    module: str
    target: str
    lazy: bool
    typing: bool


def modules() -> dict[str, Path]:
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts[0] != "_data":
            found[".".join(part for part in parts if part != "__init__")] = path
    return found


MODULES = modules()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def layer(module: str) -> int:
    for index, names in enumerate(LAYERS):
        if module.partition(".")[0] in names:
            return index
    raise AssertionError(f"{module} is in no layer; put it into the table")


def imports(module: str) -> Iterator[Imported]:
    def visit(node: ast.AST, lazy: bool, typing: bool) -> Iterator[Imported]:
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, (ast.stmt, ast.excepthandler, ast.match_case)):
                continue  # no expression holds an import
            inside = lazy or isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef))
            types = typing or (
                isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING"
            )
            if isinstance(child, ast.ImportFrom) and (child.module or "").partition(".")[0] == "perturb":
                base = (child.module or "").removeprefix("perturb").lstrip(".")
                for alias in child.names:
                    full = f"{base}.{alias.name}".lstrip(".")
                    yield Imported(module, full if full in MODULES else base, lazy, types)
            elif isinstance(child, ast.Import):
                for alias in child.names:
                    if alias.name.partition(".")[0] == "perturb":
                        yield Imported(module, alias.name.removeprefix("perturb").lstrip("."), lazy, types)
            yield from visit(child, inside, types)

    return (one for one in visit(tree(MODULES[module]), False, False) if one.target)


def test_every_module_has_a_layer_and_every_entry_a_module() -> None:
    tops = {module.partition(".")[0] for module in MODULES if module}
    assert tops == {name for names in LAYERS for name in names}


@pytest.mark.slow
def test_a_module_imports_only_from_its_own_layer_and_those_below() -> None:
    upwards = {
        (one.module, one.target): one
        for module in MODULES
        if module
        for one in imports(module)
        if layer(one.target) > layer(module)
    }
    assert set(upwards) == set(UPWARDS)
    for pair, one in upwards.items():
        assert one.lazy or one.typing, f"{pair} is imported as the module is loaded"


def test_only_the_seam_shows_and_reads() -> None:
    found = {
        module.partition(".")[0]
        for module, path in MODULES.items()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LENS_METHODS
    }
    assert found - {"operators"} == set(SEAM)


def test_no_particular_agent_or_toolset_is_named() -> None:
    named: dict[str, set[str]] = {}
    for module, path in MODULES.items():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.partition(":")[0] in PLUG_INS:
                named.setdefault(module, set()).add(node.value.partition(":")[0])
    assert named == DEFAULTS


def test_reference_agents_know_nothing_of_operators() -> None:
    for module in MODULES:
        if module.partition(".")[0] == "reference":
            assert {one.target.partition(".")[0] for one in imports(module)} <= {"agent", "types", "reference"}


@pytest.mark.parametrize("module", ["perturb.evaluation", "perturb.runner", "perturb.operators", "perturb.cli"])
def test_heavy_packages_are_loaded_late(module: str) -> None:
    code = f"import sys, {module}; print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
