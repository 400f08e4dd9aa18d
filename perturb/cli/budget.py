"""The budget of a run, as it is written on the command line."""

from __future__ import annotations

import re
from typing import Any

import click

_PART = re.compile(r"(?P<dollar>\$)?(?P<number>\d+(?:\.\d+)?)(?P<thousand>k)?\s*(?P<unit>[a-z]*)", re.IGNORECASE)
_UNITS: dict[str, tuple[str, float]] = {
    "s": ("seconds", 1), "sec": ("seconds", 1), "min": ("seconds", 60), "h": ("seconds", 3600),
    "episode": ("episodes", 1), "episodes": ("episodes", 1), "token": ("tokens", 1), "tokens": ("tokens", 1),
    "usd": ("cost", 1),
}  # fmt: skip


class Budget(click.ParamType[str]):
    """`100episodes`, `10min`, `200ktokens`, `5usd` (or `$5`, quoted), or several with commas between them."""

    name = "budget"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            read_budget([str(value)])
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return value


def read_budget(texts: list[str] | tuple[str, ...]) -> dict[str, float | int]:
    """The limits that a budget sets, under the names of `perturb.planning.Limits`. Raises `ValueError`, with what is right."""
    limits: dict[str, float | int] = {}
    for part in (part.strip() for text in texts for part in text.split(",")):
        match = _PART.fullmatch(part)
        unit = "" if match is None else match["unit"].lower()
        if match is not None and match["dollar"]:
            unit = "" if unit else "usd"
        if match is None or unit not in _UNITS:
            raise ValueError(f"{part!r} is no budget; write it as 100episodes, 10min, 200ktokens or 5usd")
        name, size = _UNITS[unit]
        amount = float(match["number"]) * size * (1000 if match["thousand"] else 1)
        if amount <= 0:
            raise ValueError(f"{part!r} leaves nothing to spend; a budget is more than 0")
        limits[name] = amount if name in ("seconds", "cost") else round(amount)
    return limits
