"""Evidence that may be looked at after every observation: the wealth of a gambler whom the hypothesis would ruin."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

AWARE = 0.8
"""The share of the wealth that the horizon-aware bets hold; the constant bets hold the rest."""

CONSTANT_BETS = 30
LARGEST = 0.9
"""The largest bet, as a share of the one that may lose all."""


class Wealth:
    """An e-process against "no observation has a mean above `mean`", of observations in [0, 1].

    Whatever the order and the number of looks, its wealth ever reaches 1/α with probability at most α while that holds. Many
    runs of one length can go side by side: `runs` is how many, and all arrays have that length.

    `horizon` is the number of observations by which an answer is wanted. It sets the size of the bets and may be raised, not
    lowered, at any time: bets already settled stay.

    Source: bets that know their horizon, after V. Voráček and F. Orabona, "STaR-Bets: sequential target-recalculating bets
    for tighter confidence intervals", arXiv 2505.22422, without its randomised threshold; the running variance, and capital
    as evidence, I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random variables by betting", Journal of the
    Royal Statistical Society B 86 (2024).
    """

    def __init__(self, mean: float, alpha: float, horizon: int, runs: int = 1) -> None:
        import numpy as np

        self.mean, self.horizon, self.seen = mean, horizon, 0
        self.goal = math.log(1.0 / (AWARE * alpha))
        self.constant = np.linspace(0.02, LARGEST, CONSTANT_BETS) / mean
        self.log_constant = np.zeros((runs, CONSTANT_BETS))
        self.log_aware = np.zeros(runs)
        self.sum = np.zeros(runs)
        self.deviations = np.zeros(runs)

    @property
    def variance(self) -> Numbers:
        """The variance of what was seen so far, as if there had been one observation of variance ¼ before."""
        return (0.25 + self.deviations) / (self.seen + 1)

    @property
    def bet(self) -> Numbers:
        """The horizon-aware bet on the next observation: as large as is needed to reach the goal at the horizon."""
        import numpy as np

        missing = np.maximum(self.goal - self.log_aware, 0.05)
        left = max(self.horizon - self.seen, 1)
        bet: Numbers = np.minimum(np.sqrt(2.0 * missing / (left * self.variance)), LARGEST / self.mean)
        return bet

    @property
    def log_wealth(self) -> Numbers:
        """The natural logarithm of the wealth, which began at 0."""
        import numpy as np

        top = self.log_constant.max(axis=1)
        mixed = top + np.log(np.exp(self.log_constant - top[:, None]).mean(axis=1))
        wealth: Numbers = np.logaddexp(math.log(AWARE) + self.log_aware, math.log(1.0 - AWARE) + mixed)
        return wealth

    def settle(self, observed: Numbers) -> None:
        """Settle the bets on the next observation of each run."""
        import numpy as np

        excess = observed - self.mean
        self.log_aware += np.log1p(self.bet * excess)
        self.log_constant += np.log1p(self.constant * excess[:, None])
        self.seen += 1
        self.sum += observed
        self.deviations += (observed - (0.5 + self.sum) / (self.seen + 1)) ** 2
