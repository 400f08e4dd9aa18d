"""How much success is lost: the drop, paired by task, with its interval.

A drop is a difference of success rates, clean minus perturbed, as a fraction: 0.1 is ten points, below 0 is a gain.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from perturb.statistics.distributions import normal_quantile, normal_two_sided, t_quantile, t_two_sided


class Estimate(NamedTuple):
    """An estimated drop: the point, the ends of its interval, the p-value of "no drop", and the number of tasks.

    `estimate` is NaN where there is no task.
    """

    estimate: float
    low: float
    high: float
    p_value: float
    tasks: int


def hull_t(differences: Sequence[float], k: float, confidence: float = 0.95) -> Estimate:
    """The population drop: the tasks are a sample of all such tasks.

    `differences` holds one number a task, clean mean minus perturbed mean, each in [-1, 1]; `k` is the number of trials
    behind each mean. The interval is the hull of the paired-t interval and of the same interval after two pseudo-tasks
    at +1/k and -1/k, so that it does not shrink to nothing where all tasks agree. The p-value is the larger of the two
    t-tests, so that it is below 1 - confidence exactly where the interval excludes 0. With fewer than two tasks nothing is
    known: the interval is [-1, 1] and p is 1.

    Source: Student's paired t; the pseudo-observations follow A. Agresti and B. Caffo, "Simple and effective confidence
    intervals for proportions and differences of proportions result from adding two successes and two failures",
    The American Statistician 54 (2000). The hull was chosen by simulation (tests/test_statistics.py repeats it).
    """
    if k <= 0:
        raise ValueError(f"k is the number of trials a task and must be above 0, not {k}")
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    n = len(differences)
    if n < 2:
        return Estimate(float(differences[0]) if n else math.nan, -1.0, 1.0, 1.0, n)
    total = math.fsum(differences)
    squares = math.fsum(d * d for d in differences)
    mean = total / n
    error = math.sqrt(math.fsum((d - mean) ** 2 for d in differences) / (n - 1) / n)
    widened_mean = total / (n + 2)
    widened_error = math.sqrt(max(0.0, (squares + 2.0 / k**2) / (n + 2) - widened_mean**2) / (n + 2))
    t = t_quantile((1.0 + confidence) / 2.0, n - 1)
    low = min(mean - t * error, widened_mean - t * widened_error)
    high = max(mean + t * error, widened_mean + t * widened_error)
    p_value = max(_t_test(mean, error, n - 1), _t_test(widened_mean, widened_error, n - 1))
    return Estimate(mean, low, high, p_value, n)


def _t_test(mean: float, error: float, degrees: int) -> float:
    if error == 0.0:
        return 1.0 if mean == 0.0 else 0.0
    return t_two_sided(mean / error, degrees)


def suite_drop(
    clean: Sequence[float], perturbed: Sequence[float], k: int, k_perturbed: int | None = None, confidence: float = 0.95
) -> Estimate:
    """The suite drop: these exact tasks, each run again for ever; only the trials are a sample.

    `clean` and `perturbed` hold the success rate of each task over `k` trials (`k_perturbed` in the perturbed arm, where
    it differs), in the same order. Both must be at least 2, or `ValueError` is raised. The standard error is
    SE² = Σ [p_c(1-p_c)/(k_c-1) + p_p(1-p_p)/(k_p-1)] / N²; where no task ever varied it is 0, and so is the width.

    Source: the unbiased variance of a stratified mean, W. G. Cochran, "Sampling Techniques", 3rd ed., 1977, section 5.
    """
    k_perturbed = k if k_perturbed is None else k_perturbed
    if len(clean) != len(perturbed):
        raise ValueError(
            f"one rate a task in both arms is needed, but there are {len(clean)} clean and {len(perturbed)} perturbed"
        )
    if k < 2 or k_perturbed < 2:
        raise ValueError(f"the suite drop needs at least 2 trials in each arm, not {k} and {k_perturbed}; hull_t takes one")
    n = len(clean)
    if n == 0:
        return Estimate(math.nan, -1.0, 1.0, 1.0, 0)
    mean = math.fsum(c - p for c, p in zip(clean, perturbed, strict=True)) / n
    variance = math.fsum(
        c * (1.0 - c) / (k - 1) + p * (1.0 - p) / (k_perturbed - 1) for c, p in zip(clean, perturbed, strict=True)
    )
    error = math.sqrt(variance) / n
    half = normal_quantile((1.0 + confidence) / 2.0) * error
    p_value = normal_two_sided(mean / error) if error > 0.0 else float(mean == 0.0)
    return Estimate(mean, mean - half, mean + half, p_value, n)
