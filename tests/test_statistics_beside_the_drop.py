"""What stands beside the drop: the worst case, eligible tasks, missing episodes, doses, other agents, collapsed tasks."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from perturb.statistics import (
    Arm,
    Contrast,
    Counts,
    Dose,
    collapsed_tasks,
    compare_agents,
    dose_response,
    eligible_drop,
    hull_t,
    missing_bounds,
    retention,
    worst_case,
)


def arms(passed: Sequence[int], k: int) -> tuple[Arm, ...]:
    return tuple(Arm(Fraction(int(number), k), k) for number in passed)


def paired(clean: Sequence[int], perturbed: Sequence[int], k: int, k_perturbed: int | None = None) -> Contrast:
    return Contrast(tuple(f"t{i}" for i in range(len(clean))), arms(clean, k), arms(perturbed, k_perturbed or k))


def abilities(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Success of tasks with mean .7 and intraclass correlation .3, log-odds normal."""
    return np.asarray(expit(1.23315 + 1.62078 * rng.standard_normal(shape)))


def allowed(level: float, repeats: int) -> float:
    return 3 * math.sqrt(level * (1 - level) / repeats)


# --- the worst case ---------------------------------------------------------------------------------------------------


def test_the_bounds_of_the_worst_case_are_the_largest_of_the_families() -> None:
    families = {"a": ([0.0, 0.2, 0.4, 0.2], 5), "b": ([1.0, 0.6, 0.8, 0.2], 5), "c": ([0.0, 0.0, 0.2, -0.2], 5)}
    got = worst_case(families)
    assert (got.family, got.drop) == ("b", pytest.approx(0.65))
    assert got.high == max(hull_t(d, k).high for d, k in families.values())
    assert got.low == max(hull_t(d, k, 1 - 0.05 / 3).low for d, k in families.values())
    alone = worst_case({"b": families["b"]})
    assert (alone.low, alone.high) == hull_t(*families["b"])[1:3]
    assert worst_case({})[:2] == (None, pytest.approx(math.nan, nan_ok=True))
    assert worst_case({"x": ([], 3)}).family is None


@pytest.mark.parametrize("drops", [(0.0,) * 8, (0.3,) + (0.0,) * 7, (0.2, 0.18, 0.16, 0.1)])
def test_the_bounds_of_the_worst_case_hold(drops: tuple[float, ...]) -> None:
    rng, repeats, tasks, k = np.random.default_rng(1), 600, 30, 3
    ability = rng.uniform(0.5, 1.0, (repeats, 1, tasks))
    kept = 1 - np.array(drops)[None, :, None] / 0.75
    differences = (rng.binomial(k, ability) - rng.binomial(k, ability * kept)) / k
    over = under = 0
    for run in differences.tolist():
        got = worst_case({str(i): (d, k) for i, d in enumerate(run)})
        over += got.high < max(drops)
        under += got.low > max(drops)
    assert over / repeats <= 0.025 + allowed(0.025, repeats)
    assert under / repeats <= 0.025 + allowed(0.025, repeats)


def test_the_worst_perturbation_of_each_task_would_show_a_drop_where_there_is_none() -> None:
    rng = np.random.default_rng(2)
    ability = abilities(rng, (40_000,))
    passed = rng.random((9, ability.size)) < ability
    assert passed[0].mean() - passed.all(axis=0).mean() == pytest.approx(0.46, abs=0.01)
    clean, *perturbed = passed[:, :400].astype(int)
    families = {str(i): ((clean - one).tolist(), 1.0) for i, one in enumerate(perturbed)}
    assert worst_case(families).low < 0 < worst_case(families).high < 0.2


# --- eligible tasks ---------------------------------------------------------------------------------------------------


def test_the_eligible_drop_is_the_mean_over_all_choices_of_the_selecting_trial() -> None:
    clean, perturbed, k = [3, 2, 1, 0], [1, 3, 0, 2], 3
    selected, total = 0.0, 0
    for passed, other in zip(clean, perturbed, strict=True):
        trials = [1] * passed + [0] * (k - passed)
        for selector in range(k):
            if trials[selector]:
                rest = trials[:selector] + trials[selector + 1 :]
                selected += sum(rest) / 2 - other / k
                total += 1
    got = eligible_drop(paired(clean, perturbed, k))
    assert got is not None
    assert got.estimate.estimate == pytest.approx(selected / total)
    assert (got.tasks, got.of, got.share) == (3, 4, pytest.approx(0.5))


@pytest.mark.slow
def test_an_inert_perturbation_costs_eligible_tasks_nothing_but_filtering_would_say_so() -> None:
    rng, k = np.random.default_rng(3), 3
    ability = abilities(rng, (60_000,))
    clean, perturbed = rng.binomial(k, ability), rng.binomial(k, ability)
    first = rng.random(ability.size) < ability
    assert 1 - (perturbed / k)[first].mean() == pytest.approx(0.21, abs=0.01)
    assert 1 - (perturbed / k)[clean == k].mean() == pytest.approx(0.14, abs=0.01)
    got = eligible_drop(paired(clean.tolist(), perturbed.tolist(), k))
    assert got is not None
    assert got.estimate.estimate == pytest.approx(0.0, abs=0.01)


def test_the_interval_of_the_eligible_drop_covers() -> None:
    rng, repeats, k = np.random.default_rng(4), 600, 3
    ability = np.where(rng.random((repeats, 40)) < 0.3, 0.0, rng.uniform(0.6, 1.0, (repeats, 40)))
    clean, perturbed = rng.binomial(k, ability), rng.binomial(k, 0.75 * ability)
    # Tasks of ability a count a times: E[a · a/4] / E[a].
    truth = 0.25 * (0.64 + 0.16 / 12) / 0.8
    covered = 0
    for before, after in zip(clean, perturbed, strict=True):
        got = eligible_drop(paired(before.tolist(), after.tolist(), k))
        assert got is not None
        covered += got.estimate.low <= truth <= got.estimate.high
    assert 0.95 - allowed(0.05, repeats) <= covered / repeats <= 0.99


def test_without_a_second_clean_trial_or_a_pass_no_task_is_eligible() -> None:
    assert eligible_drop(paired([1, 1], [0, 0], 1)) is None
    assert eligible_drop(paired([0, 0], [0, 0], 3)) is None
    assert eligible_drop(paired([], [], 3)) is None


# --- missing episodes -------------------------------------------------------------------------------------------------


def test_the_bounds_hold_whatever_the_missing_episodes_were() -> None:
    clean = {"a": Counts(1, 0, 1), "b": Counts(2, 0), "c": Counts(0, 1, 1)}
    perturbed = {
        "a": {"x": Counts(1, 1), "y": Counts(0, 0, 1)},
        "b": {"x": Counts(0, 1, 1), "y": Counts(1, 0)},
        "c": {"x": Counts(0, 2), "y": Counts(0, 0)},
        "d": {"x": Counts(1, 0)},
    }
    got = missing_bounds(clean, perturbed)
    assert got is not None
    assert (got.missing_clean, got.missing_perturbed) == (2, 2)
    drops = []
    for a, c, ay, bx in itertools.product((0, 1), repeat=4):
        of_a = (1 + a) / 2 - (1 / 2 + ay) / 2
        of_b = 1 - (bx / 2 + 1) / 2
        of_c = c / 2 - 0.0
        drops.append((of_a + of_b + of_c) / 3)
    assert got.least.estimate == pytest.approx(min(drops))
    assert got.most.estimate == pytest.approx(max(drops))
    assert got.least.low <= got.least.estimate <= got.most.estimate <= got.most.high


def test_without_missing_episodes_both_bounds_are_the_drop() -> None:
    clean = {str(i): Counts(2, 1) for i in range(6)}
    perturbed = {str(i): {"x": Counts(i % 3, 3 - i % 3)} for i in range(6)}
    got = missing_bounds(clean, perturbed)
    assert got is not None
    assert got.least == got.most
    assert got.least == pytest.approx(hull_t([(2 - i % 3) / 3 for i in range(6)], 3))
    assert missing_bounds(clean, {"z": {"x": Counts(1, 0)}}) is None


# --- dose and response ------------------------------------------------------------------------------------------------


def test_the_slope_is_a_t_test_over_the_slopes_of_tasks() -> None:
    rng = np.random.default_rng(5)
    intensities, k = [0.0, 0.25, 0.5, 1.0], 4
    doses, slopes = {}, []
    for task in range(25):
        loss = rng.uniform(-0.4, 1.0)
        passed = [int(rng.binomial(k, min(1.0, max(0.0, 0.8 - loss * x)))) for x in intensities]
        doses[str(task)] = [Dose(x, n, k) for x, n in zip(intensities, passed, strict=True)]
        slopes.append(-float(np.polyfit(intensities, np.array(passed) / k, 1)[0]))
    got = dose_response(doses).slope
    theirs = stats.ttest_1samp(slopes, 0)
    interval = theirs.confidence_interval()
    assert got.estimate == pytest.approx(np.mean(slopes))
    # The two pseudo-tasks of hull-t draw the interval towards 0: the other end is the plain one.
    assert got.low <= interval.low
    assert got.high == pytest.approx(interval.high)
    assert got.p_value >= theirs.pvalue


def test_where_all_tasks_fall_alike_the_slope_keeps_an_interval() -> None:
    got = dose_response({str(i): [Dose(0.0, 2, 2), Dose(0.5, 1, 2), Dose(1.0, 0, 2)] for i in range(8)}).slope
    assert got.estimate == pytest.approx(1.0)
    assert 0.3 < got.low < 0.95


def test_of_two_doses_it_is_the_drop_paired_by_task() -> None:
    clean, full, k = [3, 3, 2, 3, 1, 3], [0, 3, 1, 0, 1, 2], 3
    doses = {str(i): [Dose(1.0, b, k), Dose(0.0, a, k)] for i, (a, b) in enumerate(zip(clean, full, strict=True))}
    got = dose_response(doses)
    expected = hull_t([(a - b) / k for a, b in zip(clean, full, strict=True)], k)
    assert got.slope == pytest.approx(expected)
    assert [(level.intensity, level.success) for level in got.levels] == [(0.0, 15 / 18), (1.0, pytest.approx(7 / 18))]
    assert got.levels[0].drop is None
    assert got.levels[1].drop == pytest.approx(expected)


def test_doses_of_one_intensity_are_added_and_tasks_with_one_have_no_slope() -> None:
    doses = {"a": [Dose(0.0, 1, 1), Dose(0.0, 0, 1), Dose(0.5, 0, 1)], "b": [Dose(1.0, 1, 2)], "c": [Dose(0.0, 0, 0)]}
    got = dose_response(doses)
    assert got.slope.tasks == 1
    assert got.slope.estimate == pytest.approx(1.0)
    assert (got.slope.low, got.slope.high) == (-math.inf, math.inf)
    assert [(level.intensity, level.success) for level in got.levels] == [(0.0, 0.5), (0.5, 0.0), (1.0, 0.5)]
    assert got.levels[2].drop is None
    assert dose_response({}).levels == ()
    for wrong in (Dose(1.5, 0, 1), Dose(0.5, 2, 1)):
        with pytest.raises(ValueError, match="is no dose"):
            dose_response({"a": [wrong]})


# --- two agents -------------------------------------------------------------------------------------------------------


def test_two_agents_are_compared_task_by_task() -> None:
    a = paired([4, 4, 3, 4], [1, 2, 0, 3], 4)
    b = paired([4, 3, 4, 2], [4, 3, 3, 2], 4)
    got = compare_agents(a, b)
    double = [x - y for x, y in zip(a.differences, b.differences, strict=True)]
    assert got.difference == pytest.approx(hull_t(double, 4))
    assert got.retention_a.estimate == pytest.approx(6 / 15)
    assert got.retention_b.estimate == pytest.approx(12 / 13)
    other = compare_agents(b, a)
    assert other.difference.estimate == -got.difference.estimate
    assert (other.difference.low, other.difference.high) == pytest.approx((-got.difference.high, -got.difference.low))


def test_only_the_tasks_of_both_agents_count() -> None:
    a = paired([2, 2, 2], [0, 1, 2], 2)
    b = Contrast(("t2", "t9", "t0"), arms([2, 2, 2], 2), arms([2, 0, 0], 2))
    got = compare_agents(a, b)
    assert got.tasks == ("t0", "t2")
    assert got.difference.estimate == 0.0
    assert got.retention_a.estimate == got.retention_b.estimate == 0.5
    few = compare_agents(a, Contrast(("t1",), arms([2], 2), arms([2], 2)))
    assert few.difference[:3] == (0.5, -2.0, 2.0)


def test_equal_agents_differ_by_exactly_zero() -> None:
    a = paired([1, 2, 3] * 7, [1, 0, 2] * 7, 3)
    assert compare_agents(a, a).difference.estimate == 0.0


def test_the_difference_of_drops_and_the_retention_cover() -> None:
    rng, repeats, tasks, k = np.random.default_rng(6), 600, 30, 3
    covered = kept = 0
    for _ in range(repeats):
        ability = rng.uniform(0.5, 1.0, (2, tasks))
        clean = rng.binomial(k, ability)
        perturbed = rng.binomial(k, ability * np.array([[0.6], [0.9]]))
        a, b = (paired(clean[i].tolist(), perturbed[i].tolist(), k) for i in range(2))
        got = compare_agents(a, b)
        covered += got.difference.low <= 0.75 * 0.3 <= got.difference.high
        kept += got.retention_a.low <= 0.6 <= got.retention_a.high
    assert 0.95 - allowed(0.05, repeats) <= covered / repeats <= 0.985
    assert 0.95 - allowed(0.05, repeats) <= kept / repeats <= 0.985


def test_who_has_nothing_retains_nothing_known() -> None:
    nothing = retention(paired([0, 0], [0, 1], 2))
    assert math.isnan(nothing.estimate)
    assert (nothing.low, nothing.high) == (0.0, math.inf)
    assert retention(paired([2], [1], 2))[:3] == (0.5, 0.0, math.inf)


# --- collapsed tasks --------------------------------------------------------------------------------------------------


def test_collapsed_tasks_are_bounded_where_the_drop_is_not() -> None:
    got = collapsed_tasks(paired([3, 3, 3, 2], [0, 3, 0, 0], 3))
    assert got is not None
    assert (got.count, got.of, got.tasks) == (2, 4, ("t0", "t2"))
    none = collapsed_tasks(paired([3] * 30, [3] * 30, 3))
    assert none is not None
    assert none.interval == pytest.approx((0.0, 1 - 0.025 ** (1 / 30)))
    assert collapsed_tasks(paired([], [], 3)) is None
