"""Designs: fractions of resolution V tell factors and pairs apart, covering arrays leave no combination out."""

from __future__ import annotations

import itertools
import random
from collections import Counter

import numpy as np
import pytest

from perturb.statistics import covering_array, resolution_v, spread_over_tasks
from perturb.statistics.covering import Setting


@pytest.mark.parametrize("factors", [1, 2, 3, 4, 5, 6, 8, 11, 17])
def test_any_four_factors_show_every_combination_equally_often(factors: int) -> None:
    runs = resolution_v(factors)
    assert runs[0] == (0,) * factors
    for chosen in itertools.combinations(range(factors), min(4, factors)):
        counts = Counter(tuple(run[f] for f in chosen) for run in runs)
        assert len(counts) == 2 ** min(4, factors)
        assert len(set(counts.values())) == 1


def test_the_fractions_are_as_small_as_they_can_be() -> None:
    assert [len(resolution_v(k)) for k in (4, 5, 6, 7, 8, 9, 11, 12, 17)] == [16, 16, 32, 64, 64, 128, 128, 256, 256]
    with pytest.raises(ValueError, match="at least one factor"):
        resolution_v(0)


@pytest.mark.parametrize("factors", [5, 6, 8, 11])
def test_the_fractions_are_those_that_an_independent_library_makes_of_their_generators(factors: int) -> None:
    fracfact = pytest.importorskip("pyDOE3", reason="pyDOE3 is not installed").fracfact
    runs = np.array(resolution_v(factors))
    bits = len(runs).bit_length() - 1
    single = [runs[1 << bit] for bit in range(bits)]
    words = ["".join("abcdefghij"[bit] for bit in range(bits) if single[bit][factor]) for factor in range(factors)]
    theirs = fracfact(" ".join(words))
    # Theirs counts a product of levels ±1, ours a sum modulo 2: a word of even length is the same with the sign changed.
    signs = np.array([(-1) ** (len(word) + 1) for word in words])
    assert Counter(map(tuple, (theirs * signs > 0).astype(int).tolist())) == Counter(map(tuple, runs.tolist()))


def test_all_runs_are_used_equally_often_and_no_task_has_one_twice() -> None:
    runs = resolution_v(6)
    spread = spread_over_tasks(runs, 40, 6, seed=3)
    assert all(len(set(given)) == 6 for given in spread)
    counts = Counter(run for given in spread for run in given)
    assert set(counts) == set(runs)
    assert max(counts.values()) - min(counts.values()) <= 2
    assert spread == spread_over_tasks(runs, 40, 6, seed=3) != spread_over_tasks(runs, 40, 6, seed=4)
    assert [sorted(given) for given in spread_over_tasks(runs, 2, 32, seed=0)] == [sorted(runs)] * 2
    for each in (1, 33):
        with pytest.raises(ValueError, match="between 2 and all 32 runs"):
            spread_over_tasks(runs, 2, each, seed=0)


# --- covering arrays --------------------------------------------------------------------------------------------------


def left_out(
    rows: list[tuple[int, ...]], levels: list[int], strength: int, never: set[frozenset[Setting]]
) -> list[tuple[Setting, ...]]:
    """The combinations that no row holds, though nothing forbids them."""
    return [
        settings
        for factors in itertools.combinations(range(len(levels)), strength)
        for chosen in itertools.product(*(range(levels[f]) for f in factors))
        for settings in [tuple(zip(factors, chosen, strict=True))]
        if not any(frozenset(pair) in never for pair in itertools.combinations(settings, 2))
        and not any(all(row[f] == level for f, level in settings) for row in rows)
    ]


@pytest.mark.parametrize(
    ("levels", "strength"), [([2] * 16, 2), ([5] * 6, 2), ([8, 12, 4, 3, 5, 6], 2), ([2] * 10, 3), ([3, 2, 4, 2], 4), ([4], 1)]
)
def test_every_combination_is_covered(levels: list[int], strength: int) -> None:
    rows = covering_array(levels, strength)
    assert left_out(rows, levels, strength, set()) == []
    assert all(level < number for row in rows for level, number in zip(row, levels, strict=True))
    assert rows == covering_array(levels, strength)


@pytest.mark.parametrize("seed", range(4))
def test_what_cannot_go_together_never_does_and_all_else_is_covered(seed: int) -> None:
    draw = random.Random(seed)
    levels = [3] * 8
    never = set()
    while len(never) < 14:
        a, b = draw.sample(range(8), 2)
        never.add(frozenset({(a, draw.randint(1, 2)), (b, draw.randint(1, 2))}))
    rows = covering_array(levels, 2, never)
    assert left_out(rows, levels, 2, never) == []
    assert not any({(a, row[a]), (b, row[b])} in never for row in rows for a, b in itertools.combinations(range(8), 2))


@pytest.mark.parametrize("levels", [[2] * 8, [2] * 16, [2] * 30, [5] * 6, [3] * 8, [8, 12, 4, 3, 5, 6]])
def test_arrays_of_pairs_are_about_as_short_as_those_of_an_independent_library(levels: list[int]) -> None:
    pairs = pytest.importorskip("allpairspy", reason="allpairspy is not installed").AllPairs
    theirs = len(list(pairs([list(range(number)) for number in levels])))
    assert len(covering_array(levels)) <= 1.1 * theirs + 1


def test_arrays_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="strength lies between"):
        covering_array([2, 2], 3)
    with pytest.raises(ValueError, match="at least one level"):
        covering_array([2, 0])
    with pytest.raises(ValueError, match="neither of them off"):
        covering_array([2, 2], 2, [frozenset({(0, 0), (1, 1)})])
