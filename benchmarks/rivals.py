"""The intervals that hull-t was chosen over, each for many runs at once; and hull-t itself, as it is shipped.

A method takes the passes of both arms (runs × tasks, of `k` trials each) and gives the two ends, one a run.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtrit

from perturb.statistics import hull_t, tango

Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]
Ends = tuple[Numbers, Numbers]
Z = float(ndtri(0.975))
RESAMPLES = 1000


def paired_t(clean: Counts, perturbed: Counts, k: int) -> Ends:
    """Student's t over the differences of tasks."""
    d = (clean - perturbed) / k
    n = d.shape[1]
    half = stdtrit(n - 1, 0.975) * d.std(axis=1, ddof=1) / np.sqrt(n)
    return d.mean(axis=1) - half, d.mean(axis=1) + half


def hull(clean: Counts, perturbed: Counts, k: int) -> Ends:
    """What the project reports."""
    found = [hull_t(row, k) for row in ((clean - perturbed) / k).tolist()]
    return np.array([one.low for one in found]), np.array([one.high for one in found])


def pooled_wald(clean: Counts, perturbed: Counts, k: int) -> Ends:
    """All episodes as if they were independent, in two samples."""
    n = clean.shape[1] * k
    p, q = clean.sum(axis=1) / n, perturbed.sum(axis=1) / n
    half = Z * np.sqrt((p * (1 - p) + q * (1 - q)) / n)
    return p - q - half, p - q + half


def _resampled(d: Numbers) -> Numbers:
    """Means of resampled tasks, sorted, runs × resamples; each run has draws of its own."""
    rng = np.random.default_rng(77)
    n = d.shape[1]
    means = np.empty((len(d), RESAMPLES))
    for begin in range(0, len(d), 100):
        part = d[begin : begin + 100]
        drawn = rng.integers(0, n, (len(part), RESAMPLES * n), dtype=np.int32)
        means[begin : begin + 100] = np.take_along_axis(part, drawn, axis=1).reshape(len(part), RESAMPLES, n).mean(axis=2)
    means.sort(axis=1)
    return means


def _quantiles(means: Numbers, at: Numbers) -> Numbers:
    place = np.clip(at, 0, 1) * (RESAMPLES - 1)
    below = np.floor(place).astype(int)
    rows = np.arange(len(means))
    low, high = means[rows, below], means[rows, np.minimum(below + 1, RESAMPLES - 1)]
    found: Numbers = low + (place - below) * (high - low)
    return found


def bootstraps(clean: Counts, perturbed: Counts, k: int) -> tuple[Ends, Ends]:
    """The percentile and the BCa bootstrap over tasks, from the same resamples.

    As SciPy has it, ties count half in the bias of BCa, and where all tasks agree its ends are NaN.
    """
    d = (clean - perturbed) / k
    means = _resampled(d)
    percentile = _quantiles(means, np.full(len(d), 0.025)), _quantiles(means, np.full(len(d), 0.975))

    estimate = d.mean(axis=1, keepdims=True)
    centred = d - estimate
    spread = (centred**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        below = (means < estimate - 1e-12).mean(axis=1) + (means <= estimate + 1e-12).mean(axis=1)
        bias = ndtri(below / 2)
        skew = (centred**3).sum(axis=1) / (6 * spread**1.5)
        ends = []
        for z in (-Z, Z):
            at = ndtr(bias + (bias + z) / (1 - skew * (bias + z)))
            ends.append(np.where(spread > 0, _quantiles(means, np.nan_to_num(at)), np.nan))
    return percentile, (ends[0], ends[1])


def tango_pairs(clean: Counts, perturbed: Counts, k: int, rng: np.random.Generator) -> Ends:
    """Tango's interval with the trials of a task paired at random, as if all pairs were independent."""
    # Of `perturbed` passes laid at random over k trials, those that meet a clean pass.
    both = rng.hypergeometric(perturbed, k - perturbed, np.maximum(clean, 0))
    lost, gained = (clean - both).sum(axis=1), (perturbed - both).sum(axis=1)
    ends = [_tango(int(b), int(c), clean.shape[1] * k) for b, c in zip(lost, gained, strict=True)]
    return np.array([low for low, _ in ends]), np.array([high for _, high in ends])


_tango: Callable[[int, int, int], tuple[float, float]] = lru_cache(maxsize=None)(tango)


def confidence_sequence(clean: Counts, perturbed: Counts, k: int, grid: int = 1000) -> Ends:
    """The hedged betting confidence sequence after the last task (Waudby-Smith and Ramdas 2024), bets at most half.

    As `ville` has it: the running intersection over a grid of means, widened to the next one.
    """
    z = ((clean - perturbed) / k + 1) / 2
    runs, tasks = z.shape
    means = (np.arange(grid) + 0.5) / grid
    step = 0.5 / grid
    up, down = np.zeros((runs, grid)), np.zeros((runs, grid))
    low, high = np.zeros(runs), np.ones(runs)
    total, deviations = np.zeros(runs), np.zeros(runs)
    for t in range(1, tasks + 1):
        variance = (0.25 + deviations) / t
        bet = np.sqrt(2 * np.log(2 / 0.05) / (variance * t * np.log1p(t)))[:, None]
        x = z[:, t - 1]
        excess = x[:, None] - means
        up += np.log1p(np.minimum(bet, 0.5 / means) * excess)
        down += np.log1p(-np.minimum(bet, 0.5 / (1 - means)) * excess)
        kept = np.maximum(up, down) + np.log(0.5) < np.log(1 / 0.05)
        some = kept.any(axis=1)
        low = np.where(some, np.maximum(low, kept.argmax(axis=1) / grid), low)
        high = np.where(some, np.minimum(high, 1 - kept[:, ::-1].argmax(axis=1) / grid), high)
        total += x
        deviations += (x - (0.5 + total) / (t + 1)) ** 2
    return 2 * np.maximum(low - step, 0) - 1, 2 * np.minimum(high + step, 1) - 1
