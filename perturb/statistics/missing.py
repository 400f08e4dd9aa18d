"""What the drop could be at worst, had the missing episodes ended otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from perturb.statistics.contrast import contrast, plain, pooled
from perturb.statistics.drop import Estimate
from perturb.statistics.tallies import Tally


class Counts(NamedTuple):
    """The episodes of one task in one arm: those that passed, those that failed, and those without an outcome."""

    passed: int
    failed: int
    missing: int = 0


class MissingBounds(NamedTuple):
    """The drop with the missing episodes counted both ways.

    `least`: each missing clean episode failed and each missing perturbed one passed; `most`: the other way round. Whatever the
    missing ones were, the measured drop lies between the two estimates, and from `least.low` to `most.high` is an interval
    of the true drop at the stated confidence.
    """

    least: Estimate
    most: Estimate
    missing_clean: int
    missing_perturbed: int


def missing_bounds(
    clean: Mapping[str, Counts], perturbed: Mapping[str, Mapping[str, Counts]], confidence: float = 0.95
) -> MissingBounds | None:
    """Bound the drop by counting the missing episodes all as passes and all as failures, each arm the other way.

    `clean` is by task, `perturbed` by task and then operator; a task counts as the unweighted mean over its operators. A task
    or an operator without any episode, missing ones included, is left out; `None` where no task has both arms.

    Source: C. F. Manski, "Nonparametric bounds on treatment effects", American Economic Review 80 (1990).
    """

    def counted(missing_clean_pass: bool) -> Estimate | None:
        before = plain({task: _tally(counts, missing_clean_pass) for task, counts in clean.items()})
        after = {}
        for task, operators in perturbed.items():
            tallies = {name: _tally(counts, not missing_clean_pass) for name, counts in operators.items() if sum(counts)}
            if tallies:
                after[task] = pooled(tallies)
        paired = contrast(before, after)
        return paired.estimate(confidence) if paired.tasks else None

    least, most = counted(False), counted(True)
    if least is None or most is None:
        return None
    return MissingBounds(
        least,
        most,
        sum(counts.missing for counts in clean.values()),
        sum(counts.missing for operators in perturbed.values() for counts in operators.values()),
    )


def _tally(counts: Counts, missing_pass: bool) -> Tally:
    return Tally(trials=sum(counts), passed=counts.passed + (counts.missing if missing_pass else 0))
