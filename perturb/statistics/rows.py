"""What the statistics are computed from: one row an episode."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from perturb.types import Axis, Kind

COUNTED: frozenset[str] = frozenset({"passed", "failed", "agent_error", "budget_exceeded"})
"""The outcomes that speak of the agent. Every other one is left out of each rate and counted apart."""


class EpisodeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One finished episode, as far as the statistics need it.

    `operator`, `axis`, `kind` and `plan` are `None` in the clean arm. `trial` counts from 0 within a task and an arm (and
    an operator). `exposed` says whether the agent met the change at all. `seconds` is wall-clock time, `cost` is in US
    dollars, `stale` counts the calls in a form that an operator had retired.
    """

    task: str
    arm: Literal["clean", "perturbed"]
    trial: int
    outcome: str
    key: str
    operator: str | None = None
    axis: Axis | None = None
    kind: Kind | None = None
    exposed: bool = False
    plan: dict[str, Any] | None = None
    error: str | None = None
    seconds: float = 0.0
    calls: int = 0
    stale: int = 0
    cost: float | None = None
    input_tokens: int = 0
    output_tokens: int = 0
