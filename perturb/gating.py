"""A gate over a run: fed pair by pair as episodes end, judged in launch order, and told as data of the report."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from perturb.errors import ConfigurationError
from perturb.gate_pairs import Gate, Launch, launches
from perturb.rendering.wording import gate_told
from perturb.statistics import COUNTED, FamilyGates, Standing
from perturb.statistics.gate import Verdict, family_verdicts
from perturb.store import Planned, Store

Answer = Literal["pass", "fail", "inconclusive"]
ANSWERS: dict[str, Answer] = {
    "pass": "pass", "fail": "fail", "undecided": "inconclusive",
    "held": "pass", "failed": "fail", "inconclusive": "inconclusive",
}  # fmt: skip
"""The answer of a gate by what each of the two ways to it calls its own."""
NOTHING_TO_LOSE = "the agent passes no task clean, so it has nothing to lose"


class RunningGate:
    """The gate of a run under way; see `perturb.planning.Stopping`.

    Its answer depends on the outcomes of the pairs and on the order of their launch alone. An episode without an outcome that
    speaks of the agent counts as a pass against the one answer and as a failure against the other.
    """

    def __init__(self, gate: Gate, planned: Iterable[Planned]) -> None:
        self.gate = gate
        self.totals: dict[str, int] = {}
        self.cells: dict[str, set[tuple[str, str]]] = {}
        self._outcomes: dict[str, str] = {}
        self._of: dict[str, list[Launch]] = {}
        for launch in launches(planned, gate.per):
            for key in (launch.clean, launch.perturbed):
                self._of.setdefault(key, []).append(launch)
            self.totals[launch.family] = launch.number + 1
            self.cells.setdefault(launch.family, set()).add((launch.task, launch.operator))
        first = {name: min(total, gate.first_pairs) for name, total in self.totals.items()}
        self.families = FamilyGates(gate.limit, self.totals, first)

    def take(self, key: str, outcome: str) -> None:
        """An episode has ended; its pair is judged once those launched before it have been."""
        if key in self._outcomes:
            return
        self._outcomes[key] = outcome
        for launch in self._of.get(key, ()):
            if launch.clean in self._outcomes and launch.perturbed in self._outcomes:
                clean, perturbed = _passes(self._outcomes[launch.clean]), _passes(self._outcomes[launch.perturbed])
                self.families.add(launch.family, launch.number, clean[0] - perturbed[1], clean[1] - perturbed[0])
                one = self.families.gates[launch.family]
                if one.answer == "undecided" and one.seen == one.pairs < self.totals[launch.family]:
                    # The bets of its first part are what they are in a plan without the rest.
                    one.extend(self.totals[launch.family])

    def wants(self, planned: Planned) -> bool:
        """Whether an episode can still change the answer; without early stopping all are wanted."""
        if not self.gate.early_stop:
            return True
        still_open = self.families.open
        return any(launch.family in still_open for launch in self._of.get(planned.key, ()))

    @property
    def answer(self) -> Answer:
        return ANSWERS[self.families.answer]

    @property
    def whole(self) -> bool:
        """Whether no further episode of the plan could change the answer."""
        return not self.families.open


def _passes(outcome: str) -> tuple[float, float]:
    """The least and the most that an episode can count for."""
    passed = float(outcome == "passed")
    return (passed, passed) if outcome in COUNTED else (0.0, 1.0)


def gate_data(store: Store, run: str, data: Mapping[str, Any], asked: Gate | None) -> dict[str, Any] | None:
    """What a gate says of a stored run, for its report; `None` where neither the run nor `asked` names one.

    A run that was made for a gate is judged pair by pair in the order of their launch, as it was then; any other by the
    intervals of its drops. Either way no episode is run.
    """
    kept = (store.header(run) or {}).get("gate")
    if kept is None:
        told = None if asked is None else _by_intervals(data, asked)
    else:
        told = _in_turn(*_fed(store, run, msgspec.convert(kept, Gate), asked))
    if told is not None and told["families"] and not data["headline"]["clean"]:
        told |= {"answer": "inconclusive", "takes": None, "why": NOTHING_TO_LOSE}
    return told


def _fed(store: Store, run: str, gate: Gate, asked: Gate | None) -> tuple[RunningGate, int, int]:
    """The gate of a stored run with all its episodes, how many were planned, and how many there are."""
    if asked is not None:
        if asked.per != gate.per:
            raise ConfigurationError(
                f"the pairs of run {run} were drawn for a gate by {gate.per}, and say nothing by {asked.per}; judge it with "
                f"--per {gate.per}, or make a run with --per {asked.per}"
            )
        gate = msgspec.structs.replace(gate, limit=asked.limit)
    running = RunningGate(gate, store.planned(run))
    for one in store.finished(run):
        running.take(one.key, one.outcome)
    return running, sum(1 for _ in store.planned(run)), sum(store.outcomes(run).values())


def _in_turn(running: RunningGate, planned: int, done: int) -> dict[str, Any]:
    gate, standings = running.gate, running.families.standings()
    saved = planned - done if gate.early_stop and running.whole else 0
    told: dict[str, Any] = {
        "gate": gate.written,
        "limit": gate.limit,
        "per": gate.per,
        "method": "sequential",
        "estimand": "suite drop",
        "early_stop": gate.early_stop,
        "answer": running.answer,
        "families": [_standing(name, standing, running.totals[name]) for name, standing in standings.items()],
        "pairs": sum(standing.seen for standing in standings.values()),
        "whole": running.whole,
        "episodes": {"planned": planned, "run": done, "saved": saved},
        "takes": _pairs_to_go(running, standings) if running.answer == "inconclusive" else None,
    }
    return told | {"why": gate_told(told)}


def _standing(name: str, standing: Standing, planned: int) -> dict[str, Any]:
    return {
        "family": name,
        "answer": ANSWERS[standing.answer],
        "drop": None if math.isnan(standing.drop) else standing.drop,
        "pairs": standing.seen,
        "planned": planned,
        "evidence": {"fail": standing.for_fail, "pass": standing.for_pass},
        "needed": {"fail": standing.needed_to_fail, "pass": standing.needed_to_pass},
    }


def _pairs_to_go(running: RunningGate, standings: Mapping[str, Standing]) -> dict[str, Any]:
    """What would settle a gate: how many more `pairs`, as `episodes`, as `trials` of each task under each operator; all `None`
    where a family is right at the limit, or nothing was seen of it. `fresh`: whether they must be drawn anew, since fewer
    were planned than an answer takes."""
    more = trials = 0
    fresh = False
    for name, standing in standings.items():
        if standing.answer != "undecided":
            continue
        if standing.takes is None:
            return {"pairs": None, "episodes": None, "trials": None, "fresh": False}
        total = running.totals[name]
        # Where by the drop that was seen there were pairs enough, it was bad luck: as many again.
        needed = standing.takes if standing.takes > total else 2 * total
        more += needed - total
        trials = max(trials, math.ceil(needed / len(running.cells[name])))
        fresh |= total < running.gate.first_pairs
    return {"pairs": more, "episodes": 2 * more, "trials": trials, "fresh": fresh}


def _by_intervals(data: Mapping[str, Any], asked: Gate) -> dict[str, Any]:
    verdicts = family_verdicts(data, asked.limit, asked.per)
    answers = {ANSWERS[one.verdict] for one in verdicts.values()}
    answer: Answer = "fail" if "fail" in answers else "pass" if answers == {"pass"} else "inconclusive"
    estimands = {one.estimand for one in verdicts.values()}
    told: dict[str, Any] = {
        "gate": asked.written,
        "limit": asked.limit,
        "per": asked.per,
        "method": "interval",
        "estimand": "suite drop" if estimands == {"suite drop"} else "population drop",
        "early_stop": False,
        "answer": answer,
        "families": [_verdict(name, one) for name, one in verdicts.items()],
        "pairs": sum(row["pairs"] for row in data["operators"] if row["headline"]),
        "whole": True,
        "episodes": {"planned": data["usage"]["episodes"], "run": data["usage"]["episodes"], "saved": 0},
        "takes": _times_as_many(verdicts, data) if answer == "inconclusive" and verdicts else None,
    }
    return told | {"why": gate_told(told)}


def _verdict(name: str, one: Verdict) -> dict[str, Any]:
    return {
        "family": name,
        "answer": ANSWERS[one.verdict],
        "drop": one.drop,
        "interval": [one.low, one.high],
        "estimand": one.estimand,
    }


def _times_as_many(verdicts: Mapping[str, Verdict], data: Mapping[str, Any]) -> dict[str, Any]:
    """What would settle the families that are open: `trials` and `clean_trials` of these tasks, or so many `tasks`."""
    open_ones = [one for one in verdicts.values() if one.verdict == "inconclusive"]
    none = {"trials": None, "clean_trials": None, "tasks": None}
    if any(one.factor is None for one in open_ones):
        return none
    factor = max(one.factor or 1.0 for one in open_ones)
    if all(one.estimand == "suite drop" for one in open_ones):
        return none | {name: math.ceil(data[name] * factor) for name in ("trials", "clean_trials")}
    return none | {"tasks": max(data["headline"]["tasks"] + 1, math.ceil(data["headline"]["tasks"] * factor))}
