"""How many episodes a question needs, and what drop a number of episodes can detect."""

from __future__ import annotations

import math
from typing import NamedTuple

from perturb.statistics.contrast import Arm, Contrast
from perturb.statistics.distributions import normal_quantile, t_quantile
from perturb.statistics.families import clean_trials


class Spread(NamedTuple):
    """What makes a measured drop uncertain, as variances.

    `between`: of the true drop, from task to task; `clean` and `perturbed`: of one episode of one task, in each arm. The
    defaults are typical of a success rate of 70 % and tasks that differ (`benchmarks/coverage.py` plays them through).
    """

    between: float = 0.017
    clean: float = 0.15
    perturbed: float = 0.15

    def deviation(self, k_clean: float, k_perturbed: float) -> float:
        """The standard deviation over tasks of the measured drop with so many trials: sd² = ω² + σ_c²/k_c + σ_p²/k_p."""
        return math.sqrt(self.between + self.clean / k_clean + self.perturbed / k_perturbed)


def spread_of(pilot: Contrast) -> Spread:
    """The spread that a pilot shows, of at least two tasks, or `ValueError` is raised.

    An arm in which no task has two trials cannot tell the variance within a task: the default stands in for it. The
    variance between tasks is what remains, at least 0.

    Source: the method of moments, S. R. Searle, G. Casella, C. E. McCulloch, "Variance Components", 1992.
    """
    differences = pilot.differences
    n = len(differences)
    if n < 2:
        raise ValueError(f"a pilot needs at least two tasks with both arms, and has {n}")
    mean = math.fsum(differences) / n
    total = math.fsum((d - mean) ** 2 for d in differences) / (n - 1)
    clean, perturbed = _within(pilot.clean, Spread().clean), _within(pilot.perturbed, Spread().perturbed)
    chance = math.fsum(clean / c.trials + perturbed / p.trials for c, p in zip(pilot.clean, pilot.perturbed, strict=True))
    return Spread(max(0.0, total - chance / n), clean, perturbed)


def _within(arms: tuple[Arm, ...], default: float) -> float:
    repeated = [arm for arm in arms if arm.trials > 1]
    if not repeated:
        return default
    return math.fsum(float(a.rate * (1 - a.rate)) * a.trials / (a.trials - 1) for a in repeated) / len(repeated)


def t_power(effect: float, sample: float, alpha: float = 0.05) -> float:
    """The power of the two-sided t-test of a mean: `effect` in standard deviations, `sample` observations (above 1).

    Source: the noncentral t distribution; statsmodels' `TTestPower` gives the same.
    """
    from scipy.special import nctdtr

    degrees = sample - 1.0
    critical = t_quantile(1.0 - alpha / 2.0, degrees)
    shift = abs(effect) * math.sqrt(sample)
    beyond = 1.0 - float(nctdtr(degrees, shift, critical))
    # So far out on the other side the distribution function falls to NaN rather than to 0.
    other = float(nctdtr(degrees, shift, -critical))
    return min(1.0, beyond + (0.0 if math.isnan(other) else other))


def t_sample(effect: float, power: float = 0.8, alpha: float = 0.05) -> float:
    """The sample, not rounded, with which the two-sided t-test of a mean has `power`: `effect` in standard deviations."""
    from scipy.optimize import brentq

    if effect == 0.0 or not alpha < power < 1.0:
        raise ValueError(f"no sample gives power {power} at level {alpha} for an effect of {effect}")
    low = high = 2.0
    while t_power(effect, high, alpha) < power:
        low, high = high, 2.0 * high
    if low == high:
        return low
    return float(brentq(lambda sample: t_power(effect, sample, alpha) - power, low, high, xtol=1e-9))


def tasks_needed(
    drop: float,
    k_clean: float,
    k_perturbed: float,
    spread: Spread | None = None,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
    families: int = 1,
) -> int:
    """The number of tasks with which a true drop of that size is detected with probability `power`.

    `k_perturbed` is the number of perturbed trials behind the mean of a task: trials of one operator, or trials times
    operators for the headline. With `families`, each is tested at α/M.

    Source: see `t_power`, over the variances of `Spread`.
    """
    deviation = (spread or Spread()).deviation(k_clean, k_perturbed)
    if deviation == 0.0 and drop != 0.0:
        return 2
    return max(2, math.ceil(t_sample(drop / deviation, power, alpha / families) - 1e-9))


def detectable_drop(
    tasks: int,
    k_clean: float,
    k_perturbed: float,
    spread: Spread | None = None,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
    families: int = 1,
) -> float:
    """The smallest true drop that is detected with probability `power`; arguments as of `tasks_needed`.

    It can come out above 1, which says that nothing could be detected. With fewer than two tasks it is infinite.

    Source: see `t_power`, over the variances of `Spread`.
    """
    from scipy.optimize import brentq

    if tasks < 2:
        return math.inf
    deviation = (spread or Spread()).deviation(k_clean, k_perturbed)
    high = 1.0
    while t_power(high, tasks, alpha / families) < power:
        high *= 2.0
    return deviation * float(brentq(lambda effect: t_power(effect, tasks, alpha / families) - power, 0.0, high, xtol=1e-9))


def trials_needed(
    drop: float,
    tasks: int,
    spread: Spread | None = None,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
    families: int = 1,
    most: int = 1000,
) -> int | None:
    """The trials a task and family with which a true drop of that size is detected, clean getting `clean_trials` of them.

    `None` where `most` would not do: what differs from task to task is averaged by more tasks, never by more trials.

    Source: see `t_power`, over the variances of `Spread`.
    """

    def detects(trials: int) -> bool:
        clean = clean_trials(trials, families)
        return detectable_drop(tasks, clean, trials, spread, power=power, alpha=alpha, families=families) <= abs(drop)

    low, high = 0, 1
    while not detects(high):
        if high >= most:
            return None
        low, high = high, min(most, 2 * high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if detects(middle) else (middle, high)
    return high


def episodes(tasks: int, trials: int, families: int = 1) -> int:
    """The number of episodes of a plan: each family `trials` times a task, and clean `clean_trials` of them."""
    return tasks * (families * trials + clean_trials(trials, families))


def pairs_to_gate(margin: float, deviation: float | None = None, *, alpha: float = 0.05, power: float = 0.9) -> int:
    """The pairs with which a one-sided fixed sample settles a gate, where the true drop lies `margin` off the limit.

    `deviation` is the standard deviation of the difference of one pair, of a task drawn at random; without it that of the
    default spread. This is where the sequential gate gives up, too.

    Source: the normal approximation, J. Cohen, "Statistical Power Analysis for the Behavioral Sciences", 2nd ed., 1988.
    """
    if margin <= 0.0:
        raise ValueError(f"no number of pairs settles a gate whose limit is the drop itself (margin {margin})")
    deviation = Spread().deviation(1, 1) if deviation is None else deviation
    return max(1, math.ceil(((normal_quantile(1.0 - alpha) + normal_quantile(power)) * deviation / margin) ** 2))


def gate_margin(pairs: int, deviation: float | None = None, *, alpha: float = 0.05, power: float = 0.9) -> float:
    """How far off the limit the true drop must lie for so many pairs to settle a gate; the inverse of `pairs_to_gate`.

    Source: see `pairs_to_gate`.
    """
    if pairs < 1:
        return math.inf
    deviation = Spread().deviation(1, 1) if deviation is None else deviation
    return (normal_quantile(1.0 - alpha) + normal_quantile(power)) * deviation / math.sqrt(pairs)
