"""The worst case: how much the worst of many families (operators, axes) takes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from perturb.statistics.drop import hull_t


class WorstCase(NamedTuple):
    """The largest drop of a family: which family shows it, what it shows, and the bounds of the largest true one."""

    family: str | None
    drop: float
    low: float
    high: float


def worst_case(families: Mapping[str, tuple[Sequence[float], float]], confidence: float = 0.95) -> WorstCase:
    """The largest true drop of any family, with bounds that hold together at `confidence`.

    A family is `(differences, k)` as `hull_t` takes them. The upper bound is the largest of the families' own: it is below the
    largest true drop only where the bound of that one family is. The lower bound is the largest of theirs with the error of
    that side shared among all. `drop` is the largest of the measured ones, which chance lifts where many lie close together:
    read it with its bounds. It is the largest of means, never the mean of the worst episode of each task: that finds a large
    drop in families that do nothing. Without a family nothing is known, and `family` is `None`.

    Source: C. E. Bonferroni's inequality below; above, the union of tests of R. L. Berger, Technometrics 24 (1982).
    """
    if not families:
        return WorstCase(None, math.nan, -1.0, 1.0)
    alone = {name: hull_t(differences, k, confidence) for name, (differences, k) in families.items()}
    shared = 1.0 - (1.0 - confidence) / len(families)
    low = max(hull_t(differences, k, shared).low for differences, k in families.values())
    known = [name for name, estimate in alone.items() if estimate.tasks]
    worst = max(known, key=lambda name: alone[name].estimate, default=None)
    drop = math.nan if worst is None else alone[worst].estimate
    return WorstCase(worst, drop, low, max(estimate.high for estimate in alone.values()))
