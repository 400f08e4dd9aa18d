"""The gate: whether a run shows that an agent loses no more than it may."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from perturb.statistics.contrast import contrast, plain, pooled
from perturb.statistics.distributions import normal_quantile, normal_two_sided
from perturb.statistics.drop import Estimate
from perturb.statistics.tallies import Tally
from perturb.types import HEADLINE_KINDS

Estimand = Literal["suite drop", "population drop"]
ERROR = 0.05
"""The probability with which a gate may err either way."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a gate says of a drop and its interval.

    `held`: the whole interval lies at or below the limit; `failed`: the whole interval lies above it; `inconclusive`: the
    limit lies within. `factor` is how many times the trials (suite drop) or tasks (population drop) would be needed to
    settle an inconclusive one, `None` where none would or none are needed.
    """

    verdict: Literal["held", "failed", "inconclusive"]
    limit: float
    drop: float
    low: float
    high: float
    estimand: Estimand
    factor: float | None = None


def gate(data: Mapping[str, Any], limit: float) -> Verdict | None:
    """Judge the headline drop of a run's report data; `None` where no task has both arms.

    The drop is that of these exact tasks (suite drop) where every task has two or more trials clean and under each of
    its operators, and otherwise that of all such tasks (population drop, the interval of the report).
    """
    headline = data["headline"]
    if headline["drop"] is None:
        return None
    exact = exact_drop(data["by_task"])
    estimand: Estimand = "population drop" if exact is None else "suite drop"
    low, high = headline["interval"]
    drop = exact or Estimate(headline["drop"], low, high, math.nan, headline["tasks"])
    return _verdict(limit, drop, drop.low, estimand)


def family_verdicts(data: Mapping[str, Any], limit: float, per: Literal["headline", "axis", "operator"]) -> dict[str, Verdict]:
    """Judge each family of a run's report data: the headline, or each axis or operator that counts towards it.

    A family is held as `gate` holds the headline, and fails where its interval lies above the limit with the error shared
    among all families: so all are held wrongly, and one fails wrongly, with probability at most 5 % each. The drop of a
    family is the suite drop where the trials allow it, as of `gate`, and otherwise the population drop.

    Source: see `perturb.statistics.sequential_gate.FamilyGates`.
    """
    axes = {row["id"]: row["axis"] or "no axis" for row in data["operators"]}
    families: dict[str, list[dict[str, Any]]] = {}
    for task in data["by_task"]:
        cells: dict[str, list[Any]] = {}
        for cell in task["operators"]:
            if cell["kind"] in HEADLINE_KINDS and cell["trials"] and task["trials"]:
                name = {"headline": "headline", "axis": axes[cell["operator"]], "operator": cell["operator"]}[per]
                cells.setdefault(name, []).append(cell)
        for name, mine in cells.items():
            families.setdefault(name, []).append({**task, "operators": mine})
    verdicts = {}
    for name, tasks in families.items():
        estimate, estimand = _drop(tasks, 1.0 - ERROR)
        shared, _ = _drop(tasks, 1.0 - ERROR / len(families))
        verdicts[name] = _verdict(limit, estimate, shared.low, estimand)
    return verdicts


def _drop(by_task: Sequence[Mapping[str, Any]], confidence: float) -> tuple[Estimate, Estimand]:
    exact = exact_drop(by_task, confidence)
    if exact is not None:
        return exact, "suite drop"
    clean = plain({task["task"]: Tally(trials=task["trials"], passed=task["passed"]) for task in by_task})
    perturbed = {
        task["task"]: pooled({str(i): Tally(trials=n, passed=k) for i, (k, n) in enumerate(_cells(task["operators"]))})
        for task in by_task
    }
    return contrast(clean, perturbed).estimate(confidence), "population drop"


def _verdict(limit: float, estimate: Estimate, low_to_fail: float, estimand: Estimand) -> Verdict:
    drop, low, high = estimate.estimate, max(-1.0, estimate.low), min(1.0, estimate.high)
    verdict: Literal["held", "failed", "inconclusive"] = "inconclusive"
    factor: float | None = None
    if high <= limit + 1e-9:
        verdict = "held"
    elif low_to_fail > limit:
        verdict = "failed"
    elif drop != limit:
        factor = max(1.0, ((drop - low_to_fail if drop > limit else high - drop) / abs(drop - limit)) ** 2)
    return Verdict(verdict=verdict, limit=limit, drop=drop, low=low, high=high, estimand=estimand, factor=factor)


def exact_drop(by_task: Sequence[Mapping[str, Any]], confidence: float = 0.95) -> Estimate | None:
    """The suite drop over `by_task` (tasks as in a run's report data); `None` where a task has too few trials for it.

    Per task the clean mean minus the unweighted mean over its headline operators. The operators of a task are strata, so
    the variance of their mean is Σ p(1-p)/(k-1) / M², which for one operator is that of `suite_drop`.
    """
    differences, variances = [], []
    for task in by_task:
        cells = _cells(task["operators"])
        if not cells or not task["trials"]:
            continue
        if task["trials"] < 2 or min(trials for _, trials in cells) < 2:
            return None
        rates = [passed / trials for passed, trials in cells]
        differences.append(task["passed"] / task["trials"] - math.fsum(rates) / len(rates))
        variances.append(
            _variance(task["passed"], task["trials"])
            + math.fsum(_variance(passed, trials) for passed, trials in cells) / len(cells) ** 2
        )
    if not differences:
        return None
    n = len(differences)
    mean, error = math.fsum(differences) / n, math.sqrt(math.fsum(variances)) / n
    half = normal_quantile((1.0 + confidence) / 2.0) * error
    p_value = normal_two_sided(mean / error) if error > 0.0 else float(mean == 0.0)
    return Estimate(mean, mean - half, mean + half, p_value, n)


def _cells(operators: Iterable[Mapping[str, Any]]) -> list[tuple[int, int]]:
    """(passed, trials) under each headline operator that has trials; plans of several kinds count together."""
    together: dict[str, tuple[int, int]] = {}
    for cell in operators:
        if cell["kind"] in HEADLINE_KINDS and cell["trials"]:
            passed, trials = together.get(cell["operator"], (0, 0))
            together[cell["operator"]] = (passed + cell["passed"], trials + cell["trials"])
    return list(together.values())


def _variance(passed: int, trials: int) -> float:
    rate = passed / trials
    return rate * (1.0 - rate) / (trials - 1)
