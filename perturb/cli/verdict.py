"""The exit status of a run, and the sentence that says why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from perturb.episode import AGENT_OUTCOMES
from perturb.rendering.wording import count, interval, points
from perturb.statistics.gate import gate

FAULTS = ("infrastructure_error", "tester_fault")
STATUS = {"held": 0, "pass": 0, "failed": 1, "fail": 1, "inconclusive": 3}


class Judged(NamedTuple):
    """The verdict, `held`, `failed` or `inconclusive`, or the answer of a gate, `pass`, `fail` or `inconclusive`, and why in
    a sentence."""

    verdict: str
    why: str

    @property
    def status(self) -> int:
        return STATUS[self.verdict]


def judge(data: Mapping[str, Any], max_drop: float | None) -> Judged:
    """Judge the data of a report: by the interval of the drop where `max_drop` is given (`perturb.statistics.gate`), else by
    the gate that the data hold (`perturb.gating`).

    Without one, a run holds unless it has no episode that speaks of the agent, or more that ended in faults which are not
    the agent's.
    """
    outcomes = data["outcomes"]
    faults = sum(outcomes.get(name, 0) for name in FAULTS)
    told = sum(outcomes.get(name, 0) for name in AGENT_OUTCOMES)
    if not told or faults > told:
        why = "no episode ran"
        if faults:
            why = f"{faults} of {count(faults + told, 'episode')} ended in faults that are not the agent's"
        elif outcomes.get("invalid_setup"):
            why = f"the provider refused the setup of every episode ({outcomes['invalid_setup']})"
        return Judged("inconclusive", why)
    asked = data.get("gate")
    if max_drop is None:
        return Judged("held", "no gate was asked for") if asked is None else Judged(asked["answer"], asked["why"])
    verdict = gate(data, max_drop)
    if verdict is None:
        return Judged("inconclusive", "no task has both a clean and a perturbed episode, so there is no drop to judge")
    if not data["headline"]["clean"]:
        return Judged("inconclusive", "the agent passes no task clean, so it has nothing to lose")
    said = f"the drop is {points(verdict.drop)} points {interval((verdict.low, verdict.high))} ({verdict.estimand})"
    said += f", and at most {points(max_drop)} may be lost"
    if verdict.verdict == "inconclusive":
        said += "; the limit lies within the interval: more tasks or trials would tell"
    return Judged(verdict.verdict, said)
