"""Many gates at once: the shipped wealth, its plain mixture, the fixed sample, and a t-test looked at again and again."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from perturb.statistics.betting import Wealth

Numbers = NDArray[np.float64]
LIMIT, ALPHA, PAIRS = 0.10, 0.05, 284


class Decided(NamedTuple):
    """Shares of runs that passed and failed, and the mean and standard deviation of the episodes, two a pair."""

    passed: float
    failed: float
    episodes: float
    deviation: float = 0.0


def differences(rng: np.random.Generator, clean: Numbers, perturbed: Numbers) -> Numbers:
    """One pair for each chance of passing: 1 where only the clean episode passed, -1 where only the perturbed one did."""
    return (rng.random(clean.shape) < clean).astype(float) - (rng.random(perturbed.shape) < perturbed)


def fixed(d: Numbers) -> Decided:
    """A one-sided t-test each way, once, at the end."""
    n = d.shape[1]
    half = stdtrit(n - 1, 1 - ALPHA) * d.std(axis=1, ddof=1) / np.sqrt(n)
    mean = d.mean(axis=1)
    return Decided(float((mean + half < LIMIT).mean()), float((mean - half > LIMIT).mean()), 2.0 * n)


def sequential(d: Numbers, *, constant_bets_only: bool = False) -> Decided:
    """The gate, as `SequentialGate` goes through it, for all runs side by side."""
    runs, n = d.shape
    fail = _crossed(Wealth((1 + LIMIT) / 2, ALPHA, n, runs), (1 + d) / 2, constant_bets_only)
    good = _crossed(Wealth((1 - LIMIT) / 2, ALPHA, n, runs), (1 - d) / 2, constant_bets_only)
    stopped = np.minimum(np.minimum(fail, good), n)
    passed, failed = float((good < fail).mean()), float((fail < good).mean())
    return Decided(passed, failed, float(2 * stopped.mean()), float(2 * stopped.std()))


def _crossed(wealth: Wealth, z: Numbers, constant_bets_only: bool) -> NDArray[np.int64]:
    """The pair at which each run reached 1/α; beyond the last where it never did."""
    runs, n = z.shape
    first = np.full(runs, n + 1)
    for t in range(n):
        wealth.settle(z[:, t])
        log_wealth = np.log(np.exp(wealth.log_constant).mean(axis=1)) if constant_bets_only else wealth.log_wealth
        first = np.where((first > n) & (log_wealth >= np.log(1 / ALPHA)), t + 1, first)
    return first


def peeking(d: Numbers, every: int = 5) -> float:
    """How often a t-test that is looked at every few pairs fails an agent at some look."""
    failed = np.zeros(len(d), bool)
    for n in range(every, d.shape[1] + 1, every):
        seen = d[:, :n]
        half = stdtrit(n - 1, 1 - ALPHA) * seen.std(axis=1, ddof=1) / np.sqrt(n)
        failed |= seen.mean(axis=1) - half > LIMIT
    return float(failed.mean())
