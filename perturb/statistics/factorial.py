"""Factorial designs: which factors (axes, operators) are on together, in as few runs as tell them apart."""

from __future__ import annotations

import random
from itertools import combinations

Run = tuple[int, ...]
"""Which factors are on: 0 or 1 for each."""


def resolution_v(factors: int) -> list[Run]:
    """A two-level fraction of resolution V: it tells all factors and all pairs of them apart, triples neglected.

    2^r runs, each a row of 0 (off) and 1 (on); the first is all off, the clean run. 5 factors take 16 runs, 6 take 32, up to 8
    take 64, up to 11 take 128, up to 17 take 256.

    The columns are vectors over GF(2) of which no four are dependent, taken greedily in the order of the integers that write
    them, which finds the least number of runs for all these.

    Source: G. E. P. Box and J. S. Hunter, "The 2^(k-p) fractional factorial designs", Technometrics 3 (1961); greedy choice:
    J. H. Conway and N. J. A. Sloane, "Lexicographic codes", IEEE Transactions on Information Theory 32 (1986).
    """
    if factors < 1:
        raise ValueError(f"a design needs at least one factor, not {factors}")
    columns = _columns(factors)
    bits = max(columns).bit_length()
    return [tuple((run & column).bit_count() % 2 for column in columns) for run in range(1 << bits)]


def _columns(factors: int) -> list[int]:
    columns: list[int] = []
    # What a further column may not be: 0 and the sums of at most three columns.
    taken = {0}
    candidate = 1
    while len(columns) < factors:
        if candidate not in taken:
            columns.append(candidate)
            sums = [a ^ b for a, b in combinations(columns[:-1], 2)]
            taken |= {candidate, *(candidate ^ one for one in columns[:-1]), *(candidate ^ one for one in sums)}
        candidate += 1
    return columns


def spread_over_tasks(runs: list[Run], tasks: int, each: int, seed: int) -> list[list[Run]]:
    """Give each of `tasks` tasks `each` different runs, so that all runs are used as equally often as can be.

    The runs go round in freshly shuffled order; `each` is at least 2, since a task is compared with itself alone, and at most
    the number of runs.

    Source: tasks are incomplete blocks, W. G. Cochran and G. M. Cox, "Experimental Designs", 2nd ed., 1957.
    """
    if not 2 <= each <= len(runs):
        raise ValueError(f"a task gets between 2 and all {len(runs)} runs, not {each}")
    rng = random.Random(f"factorial {seed}")
    waiting: list[Run] = []
    spread = []
    for _ in range(tasks):
        given: list[Run] = []
        while len(given) < each:
            if not waiting or all(run in given for run in waiting):
                fresh = list(runs)
                rng.shuffle(fresh)
                waiting += fresh
            given.append(waiting.pop(next(i for i, run in enumerate(waiting) if run not in given)))
        spread.append(given)
    return spread
