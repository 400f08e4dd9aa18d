"""Clean against perturbed, task by task: the numbers that every interval is computed from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from perturb.statistics.drop import Estimate, hull_t
from perturb.statistics.tallies import Tally


@dataclass(frozen=True, slots=True)
class Arm:
    """The success rate of one task in one arm, and the number of trials that a plain mean of equal variance would have.

    The rate is exact: equal arms must differ by 0, not by a rounding error.
    """

    rate: Fraction
    trials: float


@dataclass(frozen=True, slots=True)
class Contrast:
    """The tasks that have both arms, in order, with the rates of each."""

    tasks: tuple[str, ...]
    clean: tuple[Arm, ...]
    perturbed: tuple[Arm, ...]

    @property
    def differences(self) -> list[float]:
        """Clean minus perturbed, one number a task; exactly 0 where the arms are equal."""
        return [float(c.rate - p.rate) for c, p in zip(self.clean, self.perturbed, strict=True)]

    @property
    def k(self) -> float:
        """The number of trials that, the same in each arm of each task, would be as sure: the harmonic mean over all of
        them, since the variance of a mean goes with one over its trials. It is `k` itself where all have `k` trials."""
        arms = self.clean + self.perturbed
        return len(arms) / math.fsum(1.0 / arm.trials for arm in arms) if arms else 1.0

    @property
    def clean_rate(self) -> float | None:
        """The mean over tasks of the clean rates, `None` without a task."""
        return mean_rate(self.clean)

    @property
    def perturbed_rate(self) -> float | None:
        """The mean over tasks of the perturbed rates, `None` without a task."""
        return mean_rate(self.perturbed)

    def estimate(self, confidence: float = 0.95) -> Estimate:
        """The drop by `hull_t`."""
        return hull_t(self.differences, self.k, confidence)


def mean_rate(arms: tuple[Arm, ...]) -> float | None:
    """The unweighted mean over tasks."""
    return float(_mean((arm.rate.numerator, arm.rate.denominator) for arm in arms)) if arms else None


def pooled(by_operator: Mapping[str, Tally]) -> Arm:
    """The unweighted mean over the operators of one task."""
    tallies = by_operator.values()
    rate = _mean((tally.passed, tally.trials) for tally in tallies)
    return Arm(rate, len(by_operator) ** 2 / math.fsum(1.0 / tally.trials for tally in tallies))


def _mean(shares: Iterable[tuple[int, int]]) -> Fraction:
    """The exact mean of shares `(passed, trials)`. Few different numbers of trials occur, and fractions are slow to add."""
    passed: dict[int, int] = {}
    number = 0
    for numerator, denominator in shares:
        passed[denominator] = passed.get(denominator, 0) + numerator
        number += 1
    return sum((Fraction(total, trials) for trials, total in passed.items()), Fraction(0)) / number


def plain(by_task: Mapping[str, Tally]) -> dict[str, Arm]:
    """Each task's own rate; tasks without a trial that counts are left out."""
    return {task: Arm(Fraction(tally.passed, tally.trials), tally.trials) for task, tally in by_task.items() if tally.trials}


def met_only(by_task: Mapping[str, Tally]) -> dict[str, Arm]:
    """As `plain`, over the episodes that met the change."""
    return {task: Arm(Fraction(t.met_passed, t.met), t.met) for task, t in by_task.items() if t.met}


def contrast(clean: Mapping[str, Arm], perturbed: Mapping[str, Arm]) -> Contrast:
    """Pair the two arms by task; a task that lacks either is left out of both."""
    tasks = tuple(task for task in clean if task in perturbed)
    return Contrast(tasks, tuple(clean[t] for t in tasks), tuple(perturbed[t] for t in tasks))
