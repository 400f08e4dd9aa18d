"""Attribution: planted effects are found, shares add up, and standard errors are those of whole tasks."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from perturb.statistics import Observation, attribute, hull_t, resolution_v, spread_over_tasks

FACTORS = ("tools", "responses", "user")


def observed(
    success: Callable[[int, tuple[int, ...]], float],
    *,
    tasks: int = 20,
    each: int = 4,
    factors: tuple[str, ...] = FACTORS,
    seed: int = 0,
) -> list[Observation]:
    """What tasks given runs of a fraction of resolution V show, where `success` says what task and run lead to."""
    spread = spread_over_tasks(resolution_v(len(factors)), tasks, each, seed)
    return [
        Observation(f"t{task}", [name for name, on in zip(factors, run, strict=True) if on], success(task, run))
        for task, runs in enumerate(spread)
        for run in runs
    ]


def test_planted_effects_are_found_exactly_where_nothing_is_left_to_chance() -> None:
    def success(task: int, run: tuple[int, ...]) -> float:
        tools, responses, _ = run
        return 0.9 - 0.01 * task - 0.3 * tools - 0.1 * responses - 0.2 * tools * responses

    got = attribute(observed(success), FACTORS)
    assert [one.estimate.estimate for one in got.shapley] == pytest.approx([0.4, 0.2, 0.0])
    assert [one.estimate.estimate for one in got.alone] == pytest.approx([0.3, 0.1, 0.0])
    assert [(one.factors, one.estimate.estimate) for one in got.interactions] == [
        (("tools", "responses"), pytest.approx(0.2)),
        (("tools", "user"), pytest.approx(0.0)),
        (("responses", "user"), pytest.approx(0.0)),
    ]
    assert got.total.estimate == pytest.approx(0.6)
    assert got.total.tasks == 20


def test_where_all_tasks_agree_the_intervals_keep_a_width() -> None:
    got = attribute(observed(lambda _, run: 1.0 - run[0]), FACTORS)
    tools, responses, _ = (one.estimate for one in got.shapley)
    assert tools.estimate == pytest.approx(1.0)
    assert tools.low < 0.9
    assert responses.low < 0 < responses.high


@pytest.mark.parametrize("seed", range(5))
def test_shapley_values_add_up_to_the_drop_with_all_on(seed: int) -> None:
    draw = np.random.default_rng(seed)
    factors = tuple("abcdef")
    rows = observed(lambda task, run: float(draw.random() < 0.8 - 0.1 * sum(run)), factors=factors, tasks=30, each=6)
    got = attribute(rows, factors)
    assert sum(one.estimate.estimate for one in got.shapley) == pytest.approx(got.total.estimate, abs=1e-12)
    # By the definition: the mean over all orders of what a factor takes when it is switched on.
    alone = {frozenset(one.factors): one.estimate.estimate for one in got.alone + got.interactions}

    def worth(on: frozenset[str]) -> float:
        return sum(value for part, value in alone.items() if part <= on)

    orders = list(itertools.permutations(factors))
    for one in got.shapley:
        (name,) = one.factors
        gains = [
            worth(frozenset(order[: order.index(name) + 1])) - worth(frozenset(order[: order.index(name)])) for order in orders
        ]
        assert one.estimate.estimate == pytest.approx(math.fsum(gains) / len(gains))


def test_of_one_factor_it_is_the_drop_paired_by_task() -> None:
    draw = np.random.default_rng(4)
    k, tasks = 3, 25
    clean, perturbed = draw.binomial(k, 0.8, tasks), draw.binomial(k, 0.5, tasks)
    rows = [Observation(str(t), [], float(i < clean[t])) for t in range(tasks) for i in range(k)]
    rows += [Observation(str(t), ["tools"], float(i < perturbed[t])) for t in range(tasks) for i in range(k)]
    expected = hull_t(((clean - perturbed) / k).tolist(), k)
    got = attribute(rows, ["tools"])
    assert got.total == pytest.approx(expected)
    assert got.shapley[0].estimate == pytest.approx(expected)
    assert got.interactions == ()


def dummies(rows: list[Observation]) -> np.ndarray:
    tasks = sorted({row.task for row in rows})
    return np.array([[float(row.task == task) for task in tasks] for row in rows])


def test_cluster_errors_without_correction_give_the_error_of_the_paired_t_test_to_ten_digits() -> None:
    api = pytest.importorskip("statsmodels.api", reason="statsmodels is not installed")
    draw = np.random.default_rng(6)
    tasks, k = 30, 3
    rows = [
        Observation(f"{t:02}", ["x"] * on, float(draw.random() < 0.7 - 0.2 * on))
        for t in range(tasks)
        for on in (0, 1)
        for _ in range(k)
    ]
    on = np.array([[float(bool(row.on))] for row in rows])
    success = np.array([row.success for row in rows])
    groups = np.array([int(row.task) for row in rows])
    fit = api.OLS(success, np.hstack([on, dummies(rows)])).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )
    cells = success.reshape(tasks, 2, k).mean(axis=2)
    paired = (cells[:, 0] - cells[:, 1]).std(ddof=1) / math.sqrt(tasks)
    assert fit.bse[0] * math.sqrt(tasks / (tasks - 1)) == pytest.approx(paired, rel=1e-10)
    # And ours is the same, at the end that the two pseudo-tasks of hull-t do not move.
    estimate = attribute(rows, ["x"]).total
    assert estimate.high == pytest.approx(estimate.estimate + stats.t.ppf(0.975, tasks - 1) * paired, rel=1e-10)


def test_of_many_factors_the_errors_are_those_of_statsmodels_with_task_dummies_left_uncounted() -> None:
    api = pytest.importorskip("statsmodels.api", reason="statsmodels is not installed")
    plain = 0
    for seed in range(6):
        draw = np.random.default_rng(seed)
        ability = draw.uniform(0.2, 1.0, 40)
        weakness = draw.uniform(0.0, 0.9, (40, 3))

        def success(task: int, run: tuple[int, ...]) -> float:
            return float(draw.random() < ability[task] * np.prod(1 - weakness[task] * np.array(run)))  # noqa: B023

        rows = observed(success, tasks=40, each=6, seed=seed)
        on = np.array([[float(name in row.on) for name in FACTORS] for row in rows])
        pairs = np.array([on[:, 0] * on[:, 1], on[:, 0] * on[:, 2], on[:, 1] * on[:, 2]]).T
        terms = np.hstack([on, pairs, dummies(rows)])
        groups = np.unique([row.task for row in rows], return_inverse=True)[1]
        fit = api.OLS(np.array([1 - row.success for row in rows]), terms).fit(
            cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
        )
        share = np.zeros(terms.shape[1])
        share[[0, 3, 4]] = 1.0, 0.5, 0.5
        error = math.sqrt(share @ fit.cov_params() @ share * 40 / 39 * (len(rows) - 1) / (len(rows) - 6))
        (tools, *_), each = attribute(rows, FACTORS).shapley, 1 - 0.05 / 3
        assert tools.estimate.estimate == pytest.approx(share @ fit.params)
        half = stats.t.ppf((1 + each) / 2, 39) * error
        low, high = tools.estimate.low, tools.estimate.high
        # The two pseudo-tasks of hull-t draw an interval towards 0: the other end is the plain one.
        assert low <= tools.estimate.estimate - half + 1e-9
        assert high >= tools.estimate.estimate + half - 1e-9
        plain += high == pytest.approx(tools.estimate.estimate + half)
    assert plain >= 5


def test_intervals_cover_and_inert_factors_are_seldom_blamed() -> None:
    factors = tuple("abcd")
    repeats, covered, blamed = 300, 0, 0
    for seed in range(repeats):
        draw = np.random.default_rng(seed)
        ability = draw.uniform(0.5, 1.0, 30)

        def success(task: int, run: tuple[int, ...]) -> float:
            return float(draw.random() < ability[task] * (1 - 0.4 * run[0]))  # noqa: B023

        got = attribute(observed(success, tasks=30, each=5, factors=factors, seed=seed), factors)
        covered += got.total.low <= 0.3 <= got.total.high
        blamed += any(one.p_adjusted < 0.05 for one in got.shapley[1:])
    error = math.sqrt(0.05 * 0.95 / repeats)
    assert covered / repeats >= 0.95 - 3 * error
    assert blamed / repeats <= 0.05 + 3 * error


def test_a_task_with_one_observation_says_nothing() -> None:
    rows = observed(lambda task, run: 1.0 - 0.5 * run[0])
    assert attribute([*rows, Observation("lonely", ["tools"], 1.0)], FACTORS) == attribute(rows, FACTORS)


def test_effects_that_the_runs_cannot_tell_apart_are_named() -> None:
    rows = [Observation(str(task), on, 1.0) for task in range(5) for on in ([], ["tools", "user"], ["responses"])]
    with pytest.raises(ValueError, match=r"tools, user, tools with responses, .*resolution V"):
        attribute(rows, FACTORS)
    with pytest.raises(ValueError, match="apart: tools, user;"):
        attribute(rows, FACTORS, interactions=False)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="'scaffold' on, which is none of the factors"):
        attribute([Observation("a", ["scaffold"], 1.0)], FACTORS)
    with pytest.raises(ValueError, match=r"success .* is 2"):
        attribute([Observation("a", [], 2.0)], FACTORS)
    with pytest.raises(ValueError, match="at least two tasks"):
        attribute([Observation("a", [], 1.0), Observation("a", ["tools"], 1.0)], FACTORS)
