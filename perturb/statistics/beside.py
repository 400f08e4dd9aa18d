"""What stands beside the headline drop: eligible tasks, retention, missing episodes, reliability under perturbation."""

from __future__ import annotations

import math
from collections.abc import Mapping

from perturb.statistics.comparison import retention
from perturb.statistics.contrast import Contrast
from perturb.statistics.drop import Estimate
from perturb.statistics.eligible import eligible_drop
from perturb.statistics.missing import Counts, missing_bounds
from perturb.statistics.records import Beside, Eligible, Interval, Missing, Retention
from perturb.statistics.reliability import pass_hat_k
from perturb.statistics.tallies import Tallies, Tally
from perturb.types import HEADLINE_KINDS


def beside(tallies: Tallies, headline: Contrast, confidence: float = 0.95) -> Beside:
    """All that is read beside the drop of `headline`; what cannot be known is `None`.

    Source: see `eligible_drop`, `retention`, `missing_bounds` and `pass_hat_k`.
    """
    eligible = eligible_drop(headline, confidence)
    kept = retention(headline, confidence)
    return Beside(
        eligible=None
        if eligible is None
        else Eligible(eligible.estimate.estimate, cut(eligible.estimate), eligible.tasks, eligible.of),
        retention=None
        if math.isnan(kept.estimate)
        else Retention(kept.estimate, kept.low, None if math.isinf(kept.high) else kept.high),
        missing=_missing(tallies, confidence),
        perturbed_pass_hat_k=_pass_hat(tallies.headline()),
    )


def cut(estimate: Estimate) -> Interval:
    """The interval of a drop, cut to where a difference of two rates must lie."""
    return max(-1.0, estimate.low), min(1.0, estimate.high)


def _missing(tallies: Tallies, confidence: float) -> Missing | None:
    """The bounds where an episode that was run has no outcome of the agent's; `None` where none is missing."""
    clean = {task: _counts(tally) for task, tally in tallies.clean.items()}
    perturbed: dict[str, dict[str, Counts]] = {}
    for (operator, kind), by_task in tallies.perturbed.items():
        if kind in HEADLINE_KINDS:
            for task, tally in by_task.items():
                mine = perturbed.setdefault(task, {})
                before = mine.get(operator, Counts(0, 0))
                mine[operator] = Counts(*(a + b for a, b in zip(before, _counts(tally), strict=True)))
    bounds = missing_bounds(clean, perturbed, confidence)
    if bounds is None or not bounds.missing_clean + bounds.missing_perturbed:
        return None
    return Missing(
        clean=bounds.missing_clean,
        perturbed=bounds.missing_perturbed,
        least=bounds.least.estimate,
        most=bounds.most.estimate,
        interval=(max(-1.0, bounds.least.low), min(1.0, bounds.most.high)),
    )


def _counts(tally: Tally) -> Counts:
    return Counts(tally.passed, tally.trials - tally.passed, tally.missing)


def _pass_hat(tasks: Mapping[str, Mapping[str, Tally]]) -> list[float]:
    """pass^1, pass^2, … under perturbation: the mean over tasks of the mean over the headline operators of each."""
    depth = min((tally.trials for operators in tasks.values() for tally in operators.values()), default=0)
    return [
        math.fsum(
            math.fsum(pass_hat_k(tally.passed, tally.trials, k) for tally in operators.values()) / len(operators)
            for operators in tasks.values()
        )
        / len(tasks)
        for k in range(1, depth + 1)
    ]
