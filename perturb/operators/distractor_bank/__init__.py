"""Tools that no task needs: a bank of schemas from trades far from any shipped toolset, one JSON file a trade.

Each tool answers every call with a refusal of its own, as a server would whose account lacks the thing.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Literal

import msgspec

from perturb.types import FailureKind, Schema, Tool


class Refusal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a tool of the bank answers, whatever it is asked."""

    kind: FailureKind
    message: str


class BankTool(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One tool of the bank, as it stands in the JSON file of its trade."""

    name: str
    description: str
    effect: Literal["read", "write"]
    parameters: Schema
    refusal: Refusal

    def tool(self, name: str | None = None) -> Tool:
        """The tool as an agent is shown it, by `name` where that is given; it stands for no tool of a toolset."""
        return Tool(name=name or self.name, description=self.description, parameters=self.parameters, effect=self.effect)


@cache
def bank() -> dict[str, tuple[BankTool, ...]]:
    """The tools of each trade, in the order of their names' files."""
    folder = resources.files(__package__)
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".json")), key=lambda entry: entry.name)
    return {file.name.removesuffix(".json"): _read(file.read_bytes()) for file in files}


@cache
def by_name() -> dict[str, BankTool]:
    """Every tool of the bank by its name."""
    return {tool.name: tool for tools in bank().values() for tool in tools}


@cache
def trades() -> dict[str, str]:
    """The trade of every tool of the bank, by the tool's name."""
    return {tool.name: trade for trade, tools in bank().items() for tool in tools}


def _read(data: bytes) -> tuple[BankTool, ...]:
    return msgspec.json.decode(data, type=tuple[BankTool, ...])


__all__ = ["BankTool", "Refusal", "bank", "by_name", "trades"]
