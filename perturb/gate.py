"""Whether a run holds what is asked of it: the drop is judged by its interval, never by its point alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from perturb.episode import AGENT_OUTCOMES
from perturb.rendering.wording import count, interval, points

FAULTS = ("infrastructure_error", "tester_fault")


class Verdict(msgspec.Struct, frozen=True):
    """`held`, `failed` or `inconclusive`, and why in a sentence."""

    status: Literal["held", "failed", "inconclusive"]
    why: str


def judge(data: Mapping[str, Any], max_drop: float | None) -> Verdict:
    """Judge the data of a report.

    `max_drop` is a fraction: the gate holds when the whole interval of the headline drop lies at or below it, and fails when
    the whole interval lies above it. Without one, a run holds unless most of its episodes ended in faults that are not the
    agent's.
    """
    outcomes = data["outcomes"]
    faults = sum(outcomes.get(name, 0) for name in FAULTS)
    told = sum(outcomes.get(name, 0) for name in AGENT_OUTCOMES)
    if faults > told:
        return Verdict(
            "inconclusive", f"{count(faults, 'episode')} of {faults + told} ended in faults that are not the agent's"
        )
    if max_drop is None:
        return Verdict("held", "no gate was asked for")
    ends = data["headline"]["interval"]
    if ends is None:
        return Verdict("inconclusive", "there is no interval of the drop to judge: too few tasks have episodes in both arms")
    said = f"the drop is {points(data['headline']['drop'])} points {interval(ends)}, at most {points(max_drop)} is allowed"
    if ends[1] <= max_drop:
        return Verdict("held", said)
    if ends[0] > max_drop:
        return Verdict("failed", said)
    return Verdict("inconclusive", f"{said}: the interval holds both; more tasks or trials would tell")
