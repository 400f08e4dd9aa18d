"""The price of a decision in benchmarks/money.py, in small: real episodes at set rates, and the gate saves where it should."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# Behind everything else: an installed perturb stays the one that is tested.
sys.path.append(str(Path(__file__).resolve().parents[1]))

from benchmarks import money

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("drop", money.DROPS)
def test_the_mean_drop_of_a_suite_is_the_true_one(drop: float) -> None:
    clean, perturbed = money.rates(drop, 3)
    assert (sum(clean) - sum(perturbed)) / money.TASKS == pytest.approx(drop, abs=1e-6)
    assert all(0.0 <= rate <= 1.0 for rate in (*clean, *perturbed))
    assert len(set(clean)) == money.TASKS


def test_a_large_drop_is_decided_early_and_the_whole_run_decides_the_same() -> None:
    (one,) = money.measured(0.4, [1])
    assert (one.gate, one.fixed) == ("fail", "fail")
    assert one.episodes < one.fixed_episodes / 3


def test_what_is_wrong_is_told() -> None:
    dear = [money.Decision("pass", 500, "pass", 544)] * 4
    assert money.wrong_with(0.0, dear) == ["at a drop of 0 the gate saves 8% of the episodes"]
    assert money.wrong_with(0.1, dear) == ["at the boundary the gate says pass in 1.000 of the runs, and may in 0.377"]
    assert money.wrong_with(0.2, dear) == []
    assert money.row(0.4, [money.Decision("fail", 100, "fail", 544)] * 2).endswith("100 ± 0 (84), 1.00 (1) | 82% |")
