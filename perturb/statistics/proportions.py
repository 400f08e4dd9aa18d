"""Exact answers about counts: a single share, and pairs with one trial in each arm."""

from __future__ import annotations

import math
from typing import NamedTuple

from perturb.statistics.distributions import beta_quantile, normal_quantile


class McNemar(NamedTuple):
    """The two-sided p-values of McNemar's test: exact, and its less conservative mid-p form."""

    exact: float
    mid: float


def mcnemar_exact(clean_only: int, perturbed_only: int) -> McNemar:
    """Whether pairs that disagree lean to one side: `clean_only` passed only clean, `perturbed_only` only perturbed.

    Each pair is one clean and one perturbed episode of one task, one pair a task. Without any disagreement both p-values are 1.

    Source: Q. McNemar, Psychometrika 12 (1947); mid-p: M. W. Fagerland, S. Lydersen, P. Laake, BMC Medical Research
    Methodology 13:91 (2013).
    """
    if clean_only < 0 or perturbed_only < 0:
        raise ValueError(f"counts of pairs cannot be negative: {clean_only} and {perturbed_only}")
    n, smaller = clean_only + perturbed_only, min(clean_only, perturbed_only)
    tail = sum(math.comb(n, i) for i in range(smaller + 1))
    exact = min(1.0, 2 * tail / 2**n)
    mid = min(1.0, (2 * tail - math.comb(n, smaller)) / 2**n)
    return McNemar(exact, mid)


def sign_test(worse: int, better: int) -> float:
    """The one-sided p-value of "no worse": of the repeats that differ, `worse` speak against it and `better` for it.

    It holds however the repeats differ from one another, as long as the two of each are run under the same conditions.

    Source: W. J. Dixon and A. M. Mood, "The statistical sign test", Journal of the American Statistical Association 41 (1946).
    """
    if worse < 0 or better < 0:
        raise ValueError(f"counts of repeats cannot be negative: {worse} and {better}")
    n = worse + better
    return float(sum(math.comb(n, i) for i in range(worse, n + 1)) / 2**n)


def clopper_pearson(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """The exact interval of a share, `successes` of `trials`; [0, 1] where there are no trials.

    Source: C. J. Clopper and E. S. Pearson, Biometrika 26 (1934).
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} of {trials} is no share")
    tail = (1.0 - confidence) / 2.0
    low = 0.0 if successes == 0 else beta_quantile(tail, successes, trials - successes + 1)
    high = 1.0 if successes == trials else beta_quantile(1.0 - tail, successes + 1, trials - successes)
    return low, high


def wilson(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """The score interval of a share, `successes` of `trials`; [0, 1] where there are no trials.

    Source: E. B. Wilson, Journal of the American Statistical Association 22 (1927).
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} of {trials} is no share")
    if trials == 0:
        return 0.0, 1.0
    z, share = normal_quantile((1.0 + confidence) / 2.0), successes / trials
    centre = (share + z * z / (2 * trials)) / (1.0 + z * z / trials)
    half = z * math.sqrt(share * (1.0 - share) / trials + z * z / (4 * trials**2)) / (1.0 + z * z / trials)
    return (0.0 if successes == 0 else centre - half), (1.0 if successes == trials else centre + half)


def newcombe(clean: tuple[int, int], perturbed: tuple[int, int], confidence: float = 0.95) -> tuple[float, float]:
    """The interval of a difference of two independent shares, each `(successes, trials)`, clean minus perturbed.

    Source: R. G. Newcombe, "Interval estimation for the difference between independent proportions", Statistics in Medicine
    17 (1998), method 10.
    """
    low, high, low_p, high_p = *wilson(*clean, confidence), *wilson(*perturbed, confidence)
    p, q = (successes / trials if trials else 0.5 for successes, trials in (clean, perturbed))
    return p - q - math.hypot(p - low, high_p - q), p - q + math.hypot(high - p, q - low_p)


def newcombe_paired(
    both: int, clean_only: int, perturbed_only: int, neither: int, confidence: float = 0.95
) -> tuple[float, float]:
    """The interval of a difference of two shares of the same pairs: those that passed in both arms, in one, in neither.

    Source: R. G. Newcombe, "Improved confidence intervals for the difference between binomial proportions based on paired
    data", Statistics in Medicine 17 (1998), method 10.
    """
    n = both + clean_only + perturbed_only + neither
    if min(both, clean_only, perturbed_only, neither) < 0 or n == 0:
        raise ValueError(f"{both}, {clean_only}, {perturbed_only} and {neither} are no counts of pairs")
    p, q = (both + clean_only) / n, (both + perturbed_only) / n
    low, high, low_p, high_p = *wilson(both + clean_only, n, confidence), *wilson(both + perturbed_only, n, confidence)
    phi = _continuous_phi(both, clean_only, perturbed_only, neither)
    below, above = (p - low, high_p - q), (high - p, q - low_p)
    half_low = math.sqrt(max(0.0, below[0] ** 2 - 2.0 * phi * below[0] * below[1] + below[1] ** 2))
    half_high = math.sqrt(max(0.0, above[0] ** 2 - 2.0 * phi * above[0] * above[1] + above[1] ** 2))
    return p - q - half_low, p - q + half_high


def _continuous_phi(a: int, b: int, c: int, d: int) -> float:
    """The correlation of the two outcomes of a pair, drawn towards 0 by a correction for continuity where it is above 0."""
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    cross = float(a * d - b * c)
    if cross > 0.0:
        cross = max(0.0, cross - (a + b + c + d) / 2)
    return cross / math.sqrt(margins) if margins else 0.0


def tango(clean_only: int, perturbed_only: int, pairs: int, confidence: float = 0.95) -> tuple[float, float]:
    """The score interval of a difference of two shares of the same `pairs`, of which so many passed in one arm only.

    It takes the pairs for independent: with several pairs a task it is too short.

    Source: T. Tango, "Equivalence test and confidence interval for the difference in proportions for the paired-sample
    design", Statistics in Medicine 17 (1998).
    """
    from scipy.optimize import brentq

    b, c, n = clean_only, perturbed_only, pairs
    if min(b, c) < 0 or b + c > n or n == 0:
        raise ValueError(f"{b} and {c} of {n} pairs cannot be")
    z = normal_quantile((1.0 + confidence) / 2.0)

    def score(difference: float) -> float:
        # The probability of `perturbed_only` that is likeliest under this difference.
        half = (2 * n - b + c) * difference - b - c
        root = math.sqrt(max(0.0, half * half + 8.0 * n * c * difference * (1.0 - difference)))
        likeliest = max(0.0, (root - half) / (4.0 * n))
        variance = n * (2.0 * likeliest + difference * (1.0 - difference))
        distance = b - c - n * difference
        return distance / math.sqrt(variance) if variance > 0.0 else math.copysign(math.inf, distance) if distance else 0.0

    estimate, edge = (b - c) / n, 1.0 - 1e-12
    low = -1.0 if score(-edge) <= z else float(brentq(lambda d: score(d) - z, -edge, estimate))
    high = 1.0 if score(edge) >= -z else float(brentq(lambda d: score(d) + z, estimate, edge))
    return low, high
