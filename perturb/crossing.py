"""`--design factorial`: a fraction of all stacks is spread over the tasks, and the drop is shared out among what was on."""

from __future__ import annotations

import math
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from perturb.episode import AGENT_OUTCOMES
from perturb.errors import ConfigurationError
from perturb.factors import STACK, Cast, Casting, Factor
from perturb.planning import LeftOut, Prover
from perturb.rendering.designs import attribution_told
from perturb.statistics import Attribution, Effect, Observation, attribute, resolution_v, spread_over_tasks
from perturb.statistics.factorial import Run
from perturb.store import Planned, Store

FEWEST = 2
ROWS_FOR_AN_EFFECT = 3
"""With so many episodes for each effect, the intervals are about as wide as the number of tasks allows."""


class Crossing:
    """The plan: each task clean, with all factors on, and in some of the other runs of a design of resolution V.

    A factor that does not apply to a task counts as on where the design has it on, and changes nothing there: what is shared
    out is the drop of these tasks, as they are, with everything on that applies. `trials` says how many of the other runs each
    task gets; 1 leaves it to the number of effects.
    """

    budget = None

    def __init__(self, factors: Sequence[Factor], trials: int) -> None:
        self.factors = list(factors)
        self.trials = trials
        self.left_out: list[str] = []
        self.runs: dict[str, list[Run]] = {}
        self.casts: dict[str, Cast] = {}

    async def arranged(self, prover: Prover, first: Sequence[Planned]) -> AsyncIterator[Planned | LeftOut]:
        casting = Casting(prover, self.factors, first)
        whole: dict[str, Planned] = {}
        for name in casting.tasks:
            cast, everything = await casting.cast(prover.toolset.task(name), together=True)
            if everything is not None:
                self.casts[name], whole[name] = cast, everything
        self._drop_what_applies_nowhere()
        others = self._spread(list(whole), prover.design.seed)
        self._can_tell(prover.design.clean_trials, others)
        # Tasks come in a fresh order for each of their runs, so that what drifts with time falls on all alike.
        rng = random.Random(f"factorial order {prover.design.seed}")
        for number in range(max([1 + len(runs) for runs in others.values()] + [prover.design.clean_trials])):
            for name in rng.sample(list(whole), len(whole)):
                task = prover.toolset.task(name)
                for clean in prover.clean(task, number):
                    yield clean
                if number == 0:
                    yield whole[name]
                elif number <= len(others[name]):
                    on = {factor.name for factor, is_on in zip(self.factors, others[name][number - 1], strict=True) if is_on}
                    cast = self.casts[name]
                    yield await casting.stack(task, [cast[one] for one in cast if one in on], number)
        self.runs = {name: [(1,) * len(self.factors), *runs] for name, runs in others.items()}

    def _drop_what_applies_nowhere(self) -> None:
        there = {name for cast in self.casts.values() for name in cast}
        self.left_out = [factor.name for factor in self.factors if factor.name not in there]
        self.factors = [factor for factor in self.factors if factor.name in there]
        if len(self.factors) < 2 or len(self.casts) < FEWEST:
            raise ConfigurationError(
                f"{len(self.factors)} factors apply to {len(self.casts)} tasks, and a design needs two of each at least; name "
                "more operators or more tasks (perturb check says what applies)"
            )

    def _spread(self, tasks: Sequence[str], seed: int) -> dict[str, list[Run]]:
        number = len(self.factors)
        runs = [run for run in resolution_v(number) if 0 < sum(run) < number]
        effects = number + math.comb(number, 2)
        each = self.trials if self.trials > 1 else max(FEWEST, math.ceil(ROWS_FOR_AN_EFFECT * effects / len(tasks)))
        spread = spread_over_tasks(runs, len(tasks), max(FEWEST, min(each, len(runs))), seed)
        return dict(zip(tasks, spread, strict=True))

    def _can_tell(self, clean_trials: int, others: Mapping[str, Sequence[Run]]) -> None:
        """Find out before anything is paid for whether the runs tell the effects apart."""
        names = [factor.name for factor in self.factors]
        rows = [
            Observation(task, [name for name, on in zip(names, run, strict=True) if on], 1.0)
            for task, runs in others.items()
            for run in [(0,) * len(names)] * clean_trials + [(1,) * len(names), *runs]
        ]
        try:
            attribute(rows, names)
        except ValueError:
            each = len(next(iter(others.values())))
            raise ConfigurationError(
                f"{len(others)} tasks with {each} stacks each are too few to tell {len(names)} factors and their pairs apart; "
                f"give more tasks, --trials {2 * each} or more, or fewer --operators"
            ) from None

    async def more(self, prover: Prover, store: Store, run: str) -> Sequence[Planned | LeftOut]:
        return ()

    def kept(self) -> dict[str, Any]:
        return {
            "kind": "factorial",
            "factors": [factor.name for factor in self.factors],
            "left_out": self.left_out,
            "runs": self.runs,
            "casts": {task: {name: one.id for name, one in cast.items()} for task, cast in self.casts.items()},
        }


def attribution_data(
    store: Store, run: str, kept: Mapping[str, Any], head: Mapping[str, Any], confidence: float = 0.95
) -> dict[str, Any]:
    """Which factors, and which pairs of them, carry the drop, as data of a report; the largest shares first. `head` is the
    report's headline: the drop with all on as it was measured, beside that of the model, to which the shares add up."""
    factors, runs, casts = kept["factors"], kept["runs"], kept["casts"]
    rows = []
    for one in store.finished(run):
        if one.outcome not in AGENT_OUTCOMES:
            continue
        on: list[str] = []
        if one.operator == STACK:
            on = [name for name, is_on in zip(factors, runs[one.task][one.trial], strict=True) if is_on]
        rows.append(Observation(one.task, on, float(one.outcome == "passed")))
    found: Attribution | None = None
    why = None
    pairs_told = True
    try:
        found = attribute(rows, factors, confidence=confidence)
    except ValueError:
        pairs_told = False
        try:
            found = attribute(rows, factors, interactions=False, confidence=confidence)
            why = "too few episodes have ended to tell the pairs apart, so that each is taken to act by itself"
        except ValueError as error:
            why = str(error)
    told: dict[str, Any] = {
        "factors": [],
        "interactions": [],
        "total": None,
        "measured": None if head["drop"] is None else {"drop": head["drop"], "interval": head["interval"]},
        "why": why,
        "left_out": kept["left_out"],
        "stacks": len({tuple(one) for mine in runs.values() for one in mine}),
        "tasks": len(runs),
        "episodes": len(rows),
        "confidence": confidence,
    }
    if found is not None:
        applies = {name: [cast[name] for cast in casts.values() if name in cast] for name in factors}
        told["total"] = {"drop": found.total.estimate, "interval": [found.total.low, found.total.high]}
        told["factors"] = [
            _effect(share)
            | {
                "factor": share.factors[0],
                "alone": _effect(alone),
                "tasks": len(applies[share.factors[0]]),
                "operators": sorted(set(applies[share.factors[0]])),
            }
            for share, alone in zip(found.shapley, found.alone, strict=True)
        ]
        told["factors"].sort(key=lambda row: (-row["effect"], row["factor"]))
        if pairs_told:
            told["interactions"] = [_effect(one) | {"factors": list(one.factors)} for one in found.interactions]
            told["interactions"].sort(key=lambda row: (row["p_adjusted"], -abs(row["effect"])))
    return told | {"told": attribution_told(told)}


def _effect(one: Effect) -> dict[str, Any]:
    estimate = one.estimate
    return {"effect": estimate.estimate, "interval": [estimate.low, estimate.high], "p_adjusted": one.p_adjusted}
