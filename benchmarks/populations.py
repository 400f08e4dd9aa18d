"""Tasks as the simulations draw them: how likely each passes clean, and how likely perturbed.

The log-odds of passing clean are normal over tasks. A perturbation takes the same from all of them, or unequally, by a
normal amount of its own for each task. Everything is set by what one can see: the mean success, the intraclass correlation
(the share of the variance of a single outcome that lies between tasks), and the mean drop.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit, ndtri

Numbers = NDArray[np.float64]
NODES = ndtri((np.arange(20_000) + 0.5) / 20_000)
"""Equally likely values of a standard normal variable: log-odds can be so far apart that quadrature misses the step."""


@dataclass(frozen=True)
class Population:
    """`success` clean, `correlation` within tasks, mean `drop`; `uneven` is the standard deviation, in log-odds, of what the
    perturbation takes from a task; `collapse` is the share of tasks that never pass perturbed, on top of the drop."""

    success: float = 0.7
    correlation: float = 0.3
    drop: float = 0.1
    uneven: float = 0.5
    collapse: float = 0.0

    @cached_property
    def scale(self) -> float:
        """The standard deviation of the log-odds over tasks."""
        return float(brentq(lambda scale: self._correlation(scale) - self.correlation, 0.01, 60.0))

    @cached_property
    def centre(self) -> float:
        """The mean log-odds over tasks."""
        return self._centre(self.scale)

    @cached_property
    def taken(self) -> float:
        """The mean of what the perturbation takes, in log-odds; 0 for a perturbation that does nothing on average."""
        wide = float(np.hypot(self.scale, self.uneven))
        if self.drop == 0.0 and self.uneven == 0.0:
            return 0.0
        remaining = self.success - self.drop
        return float(brentq(lambda taken: _mean(self.centre - taken, wide) - remaining, -20.0 - wide, 20.0 + 2 * wide))

    @property
    def true_drop(self) -> float:
        """The mean drop over all tasks, those that collapse included."""
        return self.drop + self.collapse * (self.success - self.drop)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[Numbers, Numbers]:
        """The chances of passing, clean and perturbed, of so many tasks."""
        odds = self.centre + self.scale * rng.standard_normal(shape)
        perturbed = expit(odds - self.taken - self.uneven * rng.standard_normal(shape))
        if self.collapse:
            perturbed = np.where(rng.random(shape) < self.collapse, 0.0, perturbed)
        return expit(odds), perturbed

    def _centre(self, scale: float) -> float:
        start = float(logit(self.success))
        return float(brentq(lambda centre: _mean(centre, scale) - self.success, start - 5 * scale - 1, start + 5 * scale + 1))

    def _correlation(self, scale: float) -> float:
        chances = expit(self._centre(scale) + scale * NODES)
        mean = chances.mean()
        return float(chances.var() / (mean * (1 - mean)))


def _mean(centre: float, scale: float) -> float:
    return float(expit(centre + scale * NODES).mean())
