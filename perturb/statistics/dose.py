"""Dose and response: how success falls as a perturbation grows stronger."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from perturb.statistics.drop import Estimate, hull_t


class Dose(NamedTuple):
    """The trials of one task at one intensity, from 0 (clean) to 1 (all that can change)."""

    intensity: float
    passed: int
    trials: int


class Level(NamedTuple):
    """One intensity: the mean success over the tasks that have it, and their drop against clean (`None` at 0)."""

    intensity: float
    success: float
    drop: Estimate | None


class DoseResponse(NamedTuple):
    """The curve, level by level, and its slope: the success lost from intensity 0 to 1, were it a straight line."""

    levels: tuple[Level, ...]
    slope: Estimate


def dose_response(doses: Mapping[str, Iterable[Dose]], confidence: float = 0.95) -> DoseResponse:
    """Success against intensity, and its slope with an interval.

    `doses` is by task; doses of one intensity are added up. The slope of a task is that of least squares through its trials,
    with the sign changed, so that above 0 success is lost; a task with a single intensity has none. The slope of all is the
    mean of theirs, its interval that of a t-test over tasks (`hull_t`, where 1/k is the change that one episode makes).

    Source: two-stage analysis of slopes, D. J. Hand and M. Crowder, "Practical Longitudinal Data Analysis", 1996.
    """
    by_task = {task: _added(points) for task, points in doses.items()}
    slopes, influences = [], []
    for levels in by_task.values():
        if len(levels) < 2:
            continue
        trials = sum(n for _, n in levels.values())
        centre = math.fsum(x * n for x, (_, n) in levels.items()) / trials
        spread = math.fsum(n * (x - centre) ** 2 for x, (_, n) in levels.items())
        slopes.append(-math.fsum((x - centre) * passed for x, (passed, _) in levels.items()) / spread)
        # The mean square of what one trial changes: the mean over trials of (x - x̄)² / spread².
        influences.append(1.0 / spread / trials)
    step = math.sqrt(math.fsum(influences) / len(influences)) if influences else 1.0
    slope = hull_t(slopes, 1.0 / step, confidence)
    if slope.tasks < 2:
        slope = slope._replace(low=-math.inf, high=math.inf)
    return DoseResponse(_levels(by_task, confidence), slope)


def _added(points: Iterable[Dose]) -> dict[float, tuple[int, int]]:
    """(passed, trials) by intensity, in order."""
    together: dict[float, tuple[int, int]] = {}
    for point in points:
        if not 0.0 <= point.intensity <= 1.0 or not 0 <= point.passed <= point.trials:
            raise ValueError(f"{point} is no dose: intensities run from 0 to 1, and at most all trials pass")
        if point.trials:
            passed, trials = together.get(point.intensity, (0, 0))
            together[point.intensity] = (passed + point.passed, trials + point.trials)
    return dict(sorted(together.items()))


def _levels(by_task: Mapping[str, Mapping[float, tuple[int, int]]], confidence: float) -> tuple[Level, ...]:
    intensities = sorted({x for levels in by_task.values() for x in levels})
    found = []
    for x in intensities:
        there = [levels for levels in by_task.values() if x in levels]
        rates = [levels[x][0] / levels[x][1] for levels in there]
        both = [(levels[0.0], levels[x]) for levels in there if 0.0 in levels] if x else []
        drop = None
        if both:
            inverse = math.fsum(1.0 / clean[1] + 1.0 / dosed[1] for clean, dosed in both) / (2 * len(both))
            drop = hull_t([c[0] / c[1] - d[0] / d[1] for c, d in both], 1.0 / inverse, confidence)
        found.append(Level(x, math.fsum(rates) / len(rates), drop))
    return tuple(found)
