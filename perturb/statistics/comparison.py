"""Two agents, or two versions of one: which of them loses less."""

from __future__ import annotations

import math
from typing import NamedTuple

from perturb.statistics.contrast import Contrast
from perturb.statistics.drop import Estimate, hull_t


class Comparison(NamedTuple):
    """The drop of agent A minus that of agent B over the tasks of both, and what each retains.

    `difference` is above 0 where A loses more. Where the agents' clean rates differ much, read the retention beside it: one
    who has little cannot lose much.
    """

    difference: Estimate
    retention_a: Estimate
    retention_b: Estimate
    tasks: tuple[str, ...]


def compare_agents(a: Contrast, b: Contrast, confidence: float = 0.95) -> Comparison:
    """The difference of two drops on the same tasks, by the difference of differences of each task.

    Tasks that one of the two lacks are left out of everything. The interval of the difference is that of `hull_t`; with
    fewer than two tasks nothing is known, and it is [-2, 2].

    Source: Student's t of the double differences; `hull_t` for the hull.
    """
    shared = tuple(task for task in a.tasks if task in set(b.tasks))
    a, b = _only(a, shared), _only(b, shared)
    exact = zip(a.clean, a.perturbed, b.clean, b.perturbed, strict=True)
    double = [float((ac.rate - ap.rate) - (bc.rate - bp.rate)) for ac, ap, bc, bp in exact]
    difference = hull_t(double, 2.0 / (1.0 / a.k + 1.0 / b.k), confidence)
    if difference.tasks < 2:
        difference = difference._replace(low=-2.0, high=2.0)
    return Comparison(difference, retention(a, confidence), retention(b, confidence), shared)


def retention(paired: Contrast, confidence: float = 0.95) -> Estimate:
    """The share of the clean success that remains, p_p / p_c over all tasks, with its interval; the p-value is of "all of it".

    It is NaN, and the interval [0, ∞), where no task ever passed clean.

    Source: `hull_t` of the linearised ratio, W. G. Cochran, "Sampling Techniques", 3rd ed., 1977, section 6.
    """
    clean, perturbed = paired.clean_rate, paired.perturbed_rate
    if not clean or perturbed is None:
        return Estimate(math.nan, 0.0, math.inf, 1.0, len(paired.tasks))
    kept = perturbed / clean
    arms = zip(paired.clean, paired.perturbed, strict=True)
    lost = [1.0 - kept + (kept * float(c.rate) - float(p.rate)) / clean for c, p in arms]
    estimate = hull_t(lost, paired.k * clean, confidence)
    low, high = (0.0, math.inf) if estimate.tasks < 2 else (max(0.0, 1.0 - estimate.high), 1.0 - estimate.low)
    return Estimate(kept, low, high, estimate.p_value, estimate.tasks)


def _only(paired: Contrast, tasks: tuple[str, ...]) -> Contrast:
    place = {task: index for index, task in enumerate(paired.tasks)}
    chosen = [place[task] for task in tasks]
    return Contrast(tasks, tuple(paired.clean[i] for i in chosen), tuple(paired.perturbed[i] for i in chosen))
