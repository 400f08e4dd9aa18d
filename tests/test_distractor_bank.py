"""The bank of distractors: enough tools, well-formed, told apart, far from the shipped tasks, silent about what they are."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from jsonschema import Draft202012Validator
from real_toolsets import DOJO_SUITES, dojo, property_names, tau_airline

from perturb.operators.distractor_bank import BankTool, bank, by_name
from perturb.types import FailureKind

TOOLS = [tool for tools in bank().values() for tool in tools]


def test_there_are_enough() -> None:
    assert len(TOOLS) >= 64
    assert len(bank()) >= 8
    assert all(len(tools) >= 4 for tools in bank().values())


def test_names_are_unique_and_fit_every_provider() -> None:
    assert len(by_name()) == len(TOOLS)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", tool.name) for tool in TOOLS)


@pytest.mark.parametrize("entry", TOOLS, ids=lambda entry: entry.name)
def test_schema_is_valid_and_documented(entry: BankTool) -> None:
    Draft202012Validator.check_schema(entry.parameters)
    properties = entry.parameters["properties"]
    assert entry.parameters["type"] == "object"
    assert set(entry.parameters.get("required", ())) <= set(properties)
    assert all("type" in schema and len(schema["description"]) > 8 for schema in properties.values())
    assert len(entry.description) > 40
    assert entry.description.endswith(".")


def test_every_tool_refuses_in_words_of_its_own() -> None:
    for entry in TOOLS:
        assert len(entry.refusal.message) > 15
        assert entry.refusal.kind in get_args(FailureKind)
    # A refusal may be shared by tools of one trade (nothing is paired with the hub), never across trades.
    trades: dict[str, set[str]] = {}
    for trade, entries in bank().items():
        for entry in entries:
            trades.setdefault(entry.refusal.message, set()).add(trade)
    assert [message for message, where in trades.items() if len(where) > 1] == []


def test_nothing_says_that_this_is_a_test() -> None:
    telling = re.compile(
        r"\b(fake|dummy|mock|distract\w*|perturb\w*|benchmark|simulat\w*|placeholder|irrelevant|decoy)\b", re.IGNORECASE
    )
    for entry in TOOLS:
        text = " ".join([entry.name, entry.description, str(entry.parameters), entry.refusal.message])
        assert telling.search(text) is None, entry.name


FOREIGN = re.compile(
    r"\b(flight|airline|passenger|cabin|fare|baggage|e-?mail|inbox|calendar event|cloud drive|iban|bank|slack|channel|"
    r"webpage|hotel|restaurant|car rental|reservation)s?\b",
    re.IGNORECASE,
)


def test_nothing_serves_the_tasks_of_the_shipped_toolsets() -> None:
    for entry in TOOLS:
        assert FOREIGN.search(f"{entry.name.replace('_', ' ')} {entry.description}") is None, entry.name


@pytest.mark.parametrize("suite", DOJO_SUITES)
def test_no_name_of_agentdojo_is_taken(suite: str) -> None:
    assert not {tool["name"] for tool in dojo(suite)} & set(by_name())


def test_no_name_of_tau_bench_is_taken() -> None:
    tools = tau_airline()
    assert not {tool["name"] for tool in tools} & set(by_name())
    assert property_names(tools[0]["parameters"])
