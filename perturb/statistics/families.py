"""Many operators looked at together: p-values and intervals that stay true although there are many."""

from __future__ import annotations

import math
from collections.abc import Sequence

from perturb.statistics.drop import Estimate, hull_t


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values, in the order given: rejecting those below α errs anywhere with probability at most α.

    Source: S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979).
    """
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for rank, i in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = running
    return adjusted


def bonferroni_t(families: Sequence[tuple[Sequence[float], float]], confidence: float = 0.95) -> list[Estimate]:
    """A drop with its interval for each family; all intervals hold together with probability `confidence`.

    A family is `(differences, k)` as `hull_t` takes them. The p-values are those of each family alone: `holm` adjusts them.

    Source: O. J. Dunn, "Multiple comparisons among means", Journal of the American Statistical Association 56 (1961).
    """
    each = 1.0 - (1.0 - confidence) / max(1, len(families))
    return [hull_t(differences, k, each) for differences, k in families]


def clean_trials(trials: int, families: int) -> int:
    """The clean trials a task, where `families` share them and each has `trials` of its own: trials · √families, rounded.

    Source: C. W. Dunnett, "A multiple comparison procedure for comparing several treatments with a control", Journal of the
    American Statistical Association 50 (1955): so much for the control makes all comparisons together the surest.
    """
    return max(1, round(trials * math.sqrt(families)))
