"""Where the next pair goes: to those that may be the worst, and never by what came before alone."""

from __future__ import annotations

import numpy as np
import pytest

from perturb.statistics import PairCounts, chance_of_worst, top_two


def test_the_leader_gets_its_share_and_its_rival_most_of_the_rest() -> None:
    rng = np.random.default_rng(0)
    counts = [PairCounts(1, 40, 1), PairCounts(30, 12, 0), PairCounts(28, 14, 0), PairCounts(0, 42, 0)]
    chosen = np.bincount([top_two(counts, rng) for _ in range(2000)], minlength=4) / 2000
    assert chosen[1] + chosen[2] > 0.98
    assert chosen[1] == pytest.approx(0.5, abs=0.1)


def test_where_one_is_surely_the_worst_the_second_still_gets_half() -> None:
    rng = np.random.default_rng(1)
    counts = [PairCounts(200, 0, 0), PairCounts(5, 195, 0), PairCounts(0, 200, 0)]
    chosen = np.bincount([top_two(counts, rng) for _ in range(600)], minlength=3) / 600
    assert chosen[0] == pytest.approx(0.5, abs=0.07)
    assert chosen[1] > chosen[2]
    assert np.bincount([top_two(counts, rng, leader=1.0) for _ in range(50)]).tolist() == [50]


def test_before_anything_is_known_all_are_as_likely() -> None:
    rng = np.random.default_rng(2)
    chosen = np.bincount([top_two([PairCounts()] * 5, rng) for _ in range(3000)], minlength=5) / 3000
    assert chosen == pytest.approx([0.2] * 5, abs=0.04)
    assert top_two([PairCounts()], rng) == 0
    with pytest.raises(ValueError, match="no operator"):
        top_two([], rng)


def test_the_chances_of_being_the_worst_add_up_and_follow_the_pairs() -> None:
    rng = np.random.default_rng(3)
    chances = chance_of_worst([PairCounts(10, 10, 0), PairCounts(1, 10, 1), PairCounts()], rng)
    assert sum(chances) == pytest.approx(1.0)
    assert chances[0] > chances[2] > chances[1]


def test_it_finds_the_worst_more_often_than_equal_shares_do() -> None:
    drops, budget, repeats = np.array([0.5, 0.3, 0.2] + [0.0] * 9), 120, 60

    def found(adaptive: bool, seed: int) -> bool:
        rng = np.random.default_rng(seed)
        counts = [PairCounts() for _ in drops]
        for pair in range(budget):
            arm = top_two(counts, rng) if adaptive else pair % len(drops)
            lost = (rng.random() < 0.9) - int(rng.random() < 0.9 - drops[arm])
            old = counts[arm]
            counts[arm] = PairCounts(old.lost + (lost > 0), old.same + (lost == 0), old.gained + (lost < 0))
        chances = chance_of_worst(counts, rng, 500)
        return chances.index(max(chances)) == 0

    adaptive = sum(found(True, seed) for seed in range(repeats))
    equal = sum(found(False, seed) for seed in range(repeats))
    assert adaptive > equal
    assert adaptive / repeats > 0.75
