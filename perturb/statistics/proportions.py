"""Exact answers about counts: a single share, and pairs with one trial in each arm."""

from __future__ import annotations

import math
from typing import NamedTuple

from perturb.statistics.distributions import beta_quantile


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
