"""Attribution: which factors (axes, operators), and which pairs of them, carry the drop."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from perturb.statistics.drop import Estimate, hull_t
from perturb.statistics.families import holm

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


class Observation(NamedTuple):
    """One episode, or the mean of several: its task, the factors that were on, and its success between 0 and 1."""

    task: str
    on: Collection[str]
    success: float


class Effect(NamedTuple):
    """What one factor, or a pair, takes: above 0 success is lost. The interval holds together with those of its table."""

    factors: tuple[str, ...]
    estimate: Estimate
    p_adjusted: float


class Attribution(NamedTuple):
    """The drop with all factors on, and how it is shared out.

    `shapley`: the share of each factor; they add up to `total`. `alone`: what a factor takes with all others off.
    `interactions`: what a pair takes beyond the sum of its two. `p_adjusted` is Holm's within each table.
    """

    total: Estimate
    shapley: tuple[Effect, ...]
    alone: tuple[Effect, ...]
    interactions: tuple[Effect, ...]


def attribute(
    observations: Iterable[Observation], factors: Sequence[str], *, interactions: bool = True, confidence: float = 0.95
) -> Attribution:
    """Attribute the drop to `factors` by least squares on which of them were on, each task with a level of its own.

    The model holds each factor and, with `interactions`, each pair; a design of `factorial.resolution_v` spread over the tasks
    tells them apart. Where the runs do not, `ValueError` names the effects. The share of factor j is φ_j = β_j + ½ Σ_k β_jk.
    Standard errors are clustered by task, tasks being a sample; the levels of the tasks are not counted in the degrees of
    freedom. Intervals are those of `hull_t` over what each task contributes, so that they do not shrink to nothing where all
    tasks agree. Tasks with one observation say nothing, and are left out.

    Source: G. E. P. Box, J. S. Hunter, W. G. Hunter, "Statistics for Experimenters", 2nd ed., 2005; clusters: K.-Y. Liang and
    S. L. Zeger, Biometrika 73 (1986); shares: L. S. Shapley, "A value for n-person games", 1953, for a game of pairs.
    """
    import numpy as np

    rows = _compared(observations, set(factors))
    pairs = list(combinations(range(len(factors)), 2)) if interactions else []
    tasks = {task: index for index, task in enumerate(dict.fromkeys(row.task for row in rows))}
    if len(tasks) < 2:
        raise ValueError(f"an attribution needs at least two tasks with two observations each, and has {len(tasks)}")
    cluster = np.array([tasks[row.task] for row in rows])
    on = np.array([[float(factor in row.on) for factor in factors] for row in rows])
    terms = np.column_stack([on, *(on[:, j] * on[:, k] for j, k in pairs)])
    lost = np.array([1.0 - row.success for row in rows])
    names = [(factor,) for factor in factors] + [(factors[j], factors[k]) for j, k in pairs]

    terms, lost = _within(terms, cluster), _within(lost[:, None], cluster)[:, 0]
    _told_apart(terms, names)
    inverse = np.linalg.inv(terms.T @ terms)
    effects = inverse @ terms.T @ lost
    degrees = len(rows) - len(names)
    residuals = (lost - terms @ effects) * np.sqrt((len(rows) - 1) / degrees if degrees > 0 else 1.0)

    single = np.eye(len(factors), len(names))
    shares = single.copy()
    for column, (j, k) in enumerate(pairs, start=len(factors)):
        shares[[j, k], column] = 0.5
    wanted = np.vstack([np.ones(len(names)), shares, np.eye(len(names))])
    # What one observation moves each wanted number, times the number of tasks: the mean over tasks of their sums is the error.
    influence = len(tasks) * wanted @ inverse @ terms.T
    by_task = np.zeros((len(wanted), len(tasks)))
    np.add.at(by_task.T, cluster, (influence * residuals).T)
    by_task += (wanted @ effects)[:, None]
    trials = 1.0 / np.sqrt((influence**2).mean(axis=1))

    def table(begin: int, end: int, labels: Sequence[tuple[str, ...]]) -> tuple[Effect, ...]:
        each = 1.0 - (1.0 - confidence) / max(1, end - begin)
        found = [hull_t(by_task[i].tolist(), float(trials[i]), each) for i in range(begin, end)]
        adjusted = holm([estimate.p_value for estimate in found])
        return tuple(Effect(*one) for one in zip(labels, found, adjusted, strict=True))

    n = len(factors)
    return Attribution(
        total=hull_t(by_task[0].tolist(), float(trials[0]), confidence),
        shapley=table(1, 1 + n, names[:n]),
        alone=table(1 + n, 1 + 2 * n, names[:n]),
        interactions=table(1 + 2 * n, 1 + n + len(names), names[n:]),
    )


def _compared(observations: Iterable[Observation], known: set[str]) -> list[Observation]:
    """The observations of tasks that have two or more."""
    rows = list(observations)
    count: dict[str, int] = {}
    for row in rows:
        if unknown := sorted(set(row.on) - known):
            raise ValueError(f"an observation of task {row.task!r} has {unknown[0]!r} on, which is none of the factors")
        if not 0.0 <= row.success <= 1.0:
            raise ValueError(f"the success of an observation of task {row.task!r} is {row.success}, not between 0 and 1")
        count[row.task] = count.get(row.task, 0) + 1
    return [row for row in rows if count[row.task] > 1]


def _within(columns: Numbers, cluster: NDArray[np.int_]) -> Numbers:
    """Each column less its mean over the task."""
    import numpy as np

    sums = np.zeros((cluster.max() + 1, columns.shape[1]))
    np.add.at(sums, cluster, columns)
    centred: Numbers = columns - (sums / np.bincount(cluster)[:, None])[cluster]
    return centred


def _told_apart(terms: Numbers, names: Sequence[tuple[str, ...]]) -> None:
    """Refuse terms of which one is a sum of others, and name all that are involved."""
    import numpy as np

    _, sizes, directions = np.linalg.svd(terms, full_matrices=len(terms) < len(names))
    null = np.zeros(len(names), bool)
    limit = 1e-9 * max(1.0, sizes[0] if len(sizes) else 1.0)
    for index, direction in enumerate(directions):
        if index >= len(sizes) or sizes[index] <= limit:
            null |= np.abs(direction) > 1e-6
    if null.any():
        told = ", ".join(" with ".join(name) for name, involved in zip(names, null, strict=True) if involved)
        raise ValueError(
            f"the runs cannot tell these effects apart: {told}; give each task more runs of a design of resolution V, "
            "or leave the interactions out"
        )
