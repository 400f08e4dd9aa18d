"""How many episodes a question needs: known answers, the published smallest drops, and plans that keep their word."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from perturb.statistics import (
    Arm,
    Contrast,
    Spread,
    clean_trials,
    detectable_drop,
    pairs_to_gate,
    spread_of,
    tasks_needed,
    trials_needed,
)
from perturb.statistics.planning import episodes, t_power, t_sample


def test_the_sample_of_a_t_test_known_answer() -> None:
    assert t_sample(0.5) == pytest.approx(33.367, abs=5e-4)


def test_power_and_sample_are_those_of_statsmodels() -> None:
    power = pytest.importorskip("statsmodels.stats.power", reason="statsmodels is not installed").TTestPower()
    for effect, alpha, wanted in [(0.5, 0.05, 0.8), (0.1, 0.05, 0.9), (1.5, 0.01, 0.5), (0.3, 0.001, 0.95), (2.0, 0.05, 0.6)]:
        sample = t_sample(effect, wanted, alpha)
        assert sample == pytest.approx(power.solve_power(effect_size=effect, power=wanted, alpha=alpha), rel=1e-5)
        assert t_power(effect, 7, alpha) == pytest.approx(power.power(effect, 7, alpha), abs=1e-6)
    assert t_power(-0.5, 30) == t_power(0.5, 30)
    assert t_power(0.0, 30) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("tasks", "trials", "points"),
    [(30, 1, 30.0), (30, 3, 18.0), (30, 10, 11.4), (100, 1, 15.8), (100, 3, 9.6), (300, 1, 9.1)],
)
def test_the_published_smallest_drops(tasks: int, trials: int, points: float) -> None:
    # The default variances are known to two digits, and so the drops to a hundredth of themselves.
    assert 100 * detectable_drop(tasks, trials, trials) == pytest.approx(points, abs=0.01 * points + 0.05)


def test_at_equal_cost_more_tasks_beat_more_trials() -> None:
    assert detectable_drop(300, 1, 1) < detectable_drop(100, 3, 3) < detectable_drop(30, 10, 10)


def test_the_promised_power_is_kept_in_simulation() -> None:
    spread = Spread(0.02, 0.1, 0.2)
    tasks = tasks_needed(0.15, 4, 2, spread)
    draw = np.random.default_rng(1).normal(0.15, spread.deviation(4, 2), (6000, tasks))
    found = (stats.ttest_1samp(draw, 0, axis=1).pvalue < 0.05).mean()
    assert found == pytest.approx(0.8, abs=0.02)


def test_tasks_and_drop_are_each_others_inverse() -> None:
    tasks = tasks_needed(0.12, 3, 3)
    assert detectable_drop(tasks, 3, 3) <= 0.12 < detectable_drop(tasks - 1, 3, 3)
    assert detectable_drop(1, 3, 3) == math.inf
    assert tasks_needed(0.12, 3, 3, families=16) > tasks
    assert detectable_drop(40, 3, 3, families=16) > detectable_drop(40, 3, 3)
    with pytest.raises(ValueError, match="no sample"):
        tasks_needed(0.0, 3, 3)


def test_trials_are_the_fewest_that_do_and_cannot_make_up_for_tasks() -> None:
    trials = trials_needed(0.1, 60)
    assert trials is not None
    assert detectable_drop(60, trials, trials) <= 0.1 < detectable_drop(60, trials - 1, trials - 1)
    assert trials_needed(0.02, 30) is None
    many = trials_needed(0.1, 100, families=16)
    assert many is not None
    assert detectable_drop(100, clean_trials(many, 16), many, families=16) <= 0.1


def test_the_clean_arm_that_many_families_share_gets_more_trials() -> None:
    assert [clean_trials(3, families) for families in (1, 4, 8, 16)] == [3, 6, 8, 12]
    assert episodes(40, 3, 16) == 40 * (48 + 12)

    def variance(clean: int) -> float:
        # Of one comparison, with what is left of 120 episodes for each of 16 families.
        return 1 / clean + 16 / (120 - clean)

    best = min(range(1, 120), key=variance)
    assert best == pytest.approx(clean_trials(round((120 - best) / 16), 16), abs=1)


def pilot(rng: np.random.Generator, tasks: int, k: int, spread_of_drop: float) -> Contrast:
    clean = rng.uniform(0.6, 0.9, tasks)
    perturbed = clean - rng.choice([0.1 - spread_of_drop, 0.1 + spread_of_drop], tasks)

    def arms(chances: np.ndarray) -> tuple[Arm, ...]:
        return tuple(Arm(Fraction(int(passed), k), k) for passed in rng.binomial(k, chances))

    return Contrast(tuple(map(str, range(tasks))), arms(clean), arms(perturbed))


def test_a_pilot_shows_its_spread() -> None:
    got = spread_of(pilot(np.random.default_rng(2), 8000, 3, 0.2))
    assert got.between == pytest.approx(0.04, abs=0.005)
    assert got.clean == pytest.approx(0.75 * 0.25 - 0.0075, abs=0.005)
    assert got.perturbed == pytest.approx(0.65 * 0.35 - 0.0075 - 0.04, abs=0.005)
    # The deviation of the measured drop is the one that was measured.
    again = pilot(np.random.default_rng(3), 8000, 3, 0.2)
    assert got.deviation(3, 3) == pytest.approx(float(np.std(again.differences)), abs=0.01)


def test_a_pilot_of_one_trial_leans_on_the_defaults_and_one_of_one_task_is_refused() -> None:
    got = spread_of(pilot(np.random.default_rng(2), 500, 1, 0.1))
    assert (got.clean, got.perturbed) == (0.15, 0.15)
    assert got.between >= 0
    with pytest.raises(ValueError, match="at least two tasks"):
        spread_of(pilot(np.random.default_rng(2), 1, 3, 0.1))


def test_a_pilot_without_any_chance_in_it_needs_next_to_nothing() -> None:
    arms = (Arm(Fraction(1), 2),) * 5
    none = spread_of(Contrast(tuple("abcde"), arms, arms))
    assert none == Spread(0.0, 0.0, 0.0)
    assert tasks_needed(0.1, 1, 1, none) == 2
    assert trials_needed(0.1, 2, none) == 1
    assert detectable_drop(2, 1, 1, none) == 0.0


def test_the_pairs_of_a_gate_settle_it_as_often_as_promised() -> None:
    pairs = pairs_to_gate(0.1, 0.6)
    draw = np.random.default_rng(4).normal(0.2, 0.6, (6000, pairs))
    half = stats.t.ppf(0.95, pairs - 1) * draw.std(axis=1, ddof=1) / math.sqrt(pairs)
    assert (draw.mean(axis=1) - half > 0.1).mean() == pytest.approx(0.9, abs=0.015)
    assert pairs_to_gate(0.1) == pairs_to_gate(0.1, Spread().deviation(1, 1))
    with pytest.raises(ValueError, match="no number of pairs"):
        pairs_to_gate(0.0)
