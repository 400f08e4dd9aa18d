"""Quantiles and tails of the t, normal and beta distributions. SciPy is imported at the first use, never before."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=4096)
def t_quantile(probability: float, degrees: float) -> float:
    """The value below which Student's t with `degrees` degrees of freedom falls with `probability`."""
    from scipy.special import stdtrit

    return float(stdtrit(float(degrees), probability))


def t_two_sided(statistic: float, degrees: int) -> float:
    """The probability that Student's t with `degrees` degrees of freedom is at least as far from 0 as `statistic`."""
    from scipy.special import stdtr

    return min(1.0, 2.0 * float(stdtr(float(degrees), -abs(statistic))))


@lru_cache(maxsize=64)
def normal_quantile(probability: float) -> float:
    """The value below which a standard normal variable falls with `probability`."""
    from scipy.special import ndtri

    return float(ndtri(probability))


def normal_two_sided(statistic: float) -> float:
    """The probability that a standard normal variable is at least as far from 0 as `statistic`."""
    from scipy.special import ndtr

    return min(1.0, 2.0 * float(ndtr(-abs(statistic))))


def beta_quantile(probability: float, a: float, b: float) -> float:
    """The value below which a Beta(a, b) variable falls with `probability`."""
    from scipy.special import betaincinv

    return float(betaincinv(a, b, probability))
