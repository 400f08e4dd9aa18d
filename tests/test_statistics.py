"""The statistics reproduce known answers, keep their nominal rates in simulation, and do not invent a drop."""

from __future__ import annotations

import itertools
import json
import math
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from perturb.statistics import (
    EpisodeRow,
    bonferroni_t,
    clopper_pearson,
    holm,
    hull_t,
    mcnemar_exact,
    mean_pass_hat,
    pass_hat_k,
    suite_drop,
    summarize,
)

RECORDED = Path(__file__).resolve().parents[1] / ".." / "shared" / "data" / "tau-bench" / "gpt-4o-airline.json"


def clean(task: str, trial: int, outcome: str = "passed") -> EpisodeRow:
    return EpisodeRow(task=task, arm="clean", trial=trial, outcome=outcome, key=f"clean-{task}-{trial}")


def perturbed(
    task: str, operator: str, outcome: str = "passed", *, trial: int = 0, kind: str | None = "equivalent", exposed: bool = True
) -> EpisodeRow:
    return EpisodeRow(
        task=task,
        arm="perturbed",
        operator=operator,
        axis="tools" if operator.startswith("tools") else "responses",
        kind=kind,  # type: ignore[arg-type]
        trial=trial,
        outcome=outcome,
        exposed=exposed,
        key=f"{operator}-{task}-{trial}",
    )


# --- the drop ---------------------------------------------------------------------------------------------------------


def test_hull_t_is_the_hull_of_both_intervals() -> None:
    from scipy import stats

    differences, k = [0.0, 1 / 3, 2 / 3, -1 / 3, 1.0, 0.0, 0.0], 3
    n = len(differences)
    paired = stats.ttest_1samp(differences, 0)
    low, high = paired.confidence_interval()
    t = stats.t.ppf(0.975, n - 1)
    mean = sum(differences) / (n + 2)
    error = math.sqrt(((sum(d * d for d in differences) + 2 / k**2) / (n + 2) - mean**2) / (n + 2))
    got = hull_t(differences, k)
    assert got.estimate == pytest.approx(sum(differences) / n)
    assert got.low == pytest.approx(min(low, mean - t * error))
    assert got.high == pytest.approx(max(high, mean + t * error))
    assert got.p_value == pytest.approx(max(paired.pvalue, 2 * stats.t.sf(mean / error, n - 1)))
    assert got.tasks == n


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_the_p_value_is_small_exactly_where_the_interval_excludes_zero(confidence: float) -> None:
    draw = np.random.default_rng(3)
    excluded = 0
    for _ in range(400):
        differences = (draw.binomial(3, 0.8, 12) - draw.binomial(3, 0.6, 12)) / 3
        got = hull_t(differences.tolist(), 3, confidence)
        excludes = not got.low <= 0 <= got.high
        assert excludes == (got.p_value < 1 - confidence)
        excluded += excludes
    assert 40 < excluded < 400, "the draw must show both cases"


def test_a_null_operator_drops_exactly_nothing_and_is_not_sure_of_it() -> None:
    got = hull_t([0.0] * 40, 3)
    assert got.estimate == 0.0
    assert got.p_value == 1.0
    assert got.low < 0 < got.high
    assert got.low == -got.high


def test_where_all_tasks_agree_the_interval_keeps_a_width() -> None:
    got = hull_t([1.0] * 10, 1)
    assert got.estimate == 1.0
    assert 0.3 < got.low < 0.9
    assert 0 < got.p_value < 0.05


def test_one_task_or_none_says_nothing() -> None:
    assert hull_t([0.5], 2) == (0.5, -1.0, 1.0, 1.0, 1)
    none = hull_t([], 2)
    assert math.isnan(none.estimate)
    assert none[1:] == (-1.0, 1.0, 1.0, 0)


@pytest.mark.parametrize(("k", "confidence"), [(0, 0.95), (1, 0.0), (1, 1.0)])
def test_hull_t_refuses_what_has_no_meaning(k: float, confidence: float) -> None:
    with pytest.raises(ValueError, match="must"):
        hull_t([0.0, 0.1], k, confidence)


def simulate(
    tasks: int, k: int, icc: float, kept: tuple[float, float] | float, *, repeats: int = 6000, k_clean: int | None = None
) -> tuple[float, float]:
    """Coverage and mean width of hull-t: success .7 clean, beta-distributed over tasks with the intraclass correlation
    `icc`; each task keeps the fraction `kept` of its success, the same for all or beta-distributed."""
    draw = np.random.default_rng(20_26)
    k_clean = k_clean or k
    size = (1 - icc) / icc
    ability = draw.beta(0.7 * size, 0.3 * size, (repeats, tasks))
    retained = kept if isinstance(kept, float) else draw.beta(*kept, (repeats, tasks))
    truth = 0.7 * (1 - (kept if isinstance(kept, float) else kept[0] / (kept[0] + kept[1])))
    differences = draw.binomial(k_clean, ability) / k_clean - draw.binomial(k, ability * retained) / k
    harmonic = 2 / (1 / k + 1 / k_clean)
    estimates = [hull_t(row, harmonic) for row in differences.tolist()]
    covered = sum(e.low <= truth <= e.high for e in estimates)
    return covered / repeats, sum(e.high - e.low for e in estimates) / repeats


def test_hull_t_covers_at_thirty_tasks_of_three_trials() -> None:
    coverage, width = simulate(30, 3, 0.3, 6 / 7)
    assert 0.94 <= coverage <= 0.97
    assert width == pytest.approx(0.250, abs=0.015)


def test_hull_t_covers_at_ten_tasks_of_five_trials_that_suffer_unequally() -> None:
    coverage, width = simulate(10, 5, 0.6, (1.25, 0.5))
    assert 0.93 <= coverage <= 0.97
    assert width == pytest.approx(0.452, abs=0.04)


@pytest.mark.slow
def test_hull_t_covers_with_unequal_arms() -> None:
    coverage, _ = simulate(40, 1, 0.6, (1.25, 0.5), k_clean=2)
    assert 0.94 <= coverage <= 0.98


def test_the_suite_drop_follows_its_formula() -> None:
    got = suite_drop([1.0, 0.75, 0.5, 1.0], [0.5, 0.75, 0.0, 1.0], 4)
    error = math.sqrt((0 + 0.1875 + 0.25 + 0) / 3 + (0.25 + 0.1875 + 0 + 0) / 3) / 4
    assert got.estimate == 0.25
    assert got.high - got.estimate == pytest.approx(1.959964 * error, abs=1e-6)
    assert got.low == pytest.approx(2 * got.estimate - got.high)


def test_the_suite_drop_covers_for_fixed_tasks() -> None:
    draw = np.random.default_rng(5)
    before = draw.beta(3, 1, 30)
    after = before * draw.beta(2, 1, 30)
    truth = float((before - after).mean())
    hits = 0
    for _ in range(1500):
        got = suite_drop((draw.binomial(5, before) / 5).tolist(), (draw.binomial(5, after) / 5).tolist(), 5)
        hits += got.low <= truth <= got.high
    assert 0.935 <= hits / 1500 <= 0.965


def test_the_suite_drop_of_a_null_operator_is_zero() -> None:
    assert suite_drop([1.0, 0.0], [1.0, 0.0], 3) == (0.0, 0.0, 0.0, 1.0, 2)


def test_the_suite_drop_needs_two_trials_and_equal_tasks() -> None:
    with pytest.raises(ValueError, match="at least 2 trials"):
        suite_drop([1.0], [0.0], 1)
    with pytest.raises(ValueError, match="one rate a task"):
        suite_drop([1.0, 0.5], [0.0], 2)


# --- counts -----------------------------------------------------------------------------------------------------------


def test_mcnemar_known_answer() -> None:
    got = mcnemar_exact(10, 2)
    assert got.exact == pytest.approx(0.03857, abs=5e-6)
    assert got.mid == pytest.approx(0.02246, abs=5e-6)
    assert mcnemar_exact(2, 10) == got
    assert mcnemar_exact(0, 0) == (1.0, 1.0)
    assert mcnemar_exact(5, 5).exact == 1.0


def test_clopper_pearson_agrees_with_scipy() -> None:
    from scipy.stats import binomtest

    for successes, trials in [(0, 20), (3, 20), (20, 20), (7, 13)]:
        expected = binomtest(successes, trials).proportion_ci(method="exact")
        assert clopper_pearson(successes, trials) == pytest.approx((expected.low, expected.high))
    assert clopper_pearson(0, 0) == (0.0, 1.0)
    with pytest.raises(ValueError, match="no share"):
        clopper_pearson(3, 2)


def test_pass_hat_k_counts_the_subsets_that_all_passed() -> None:
    assert pass_hat_k(3, 4, 2) == 0.5
    for passes, trials, k in itertools.product(range(6), [5], range(1, 6)):
        outcomes = [True] * passes + [False] * (trials - passes)
        subsets = list(itertools.combinations(outcomes, k))
        assert pass_hat_k(passes, trials, k) == pytest.approx(sum(map(all, subsets)) / len(subsets))
    with pytest.raises(ValueError, match="k must lie"):
        pass_hat_k(1, 2, 3)


def test_pass_hat_k_of_a_published_run() -> None:
    if not RECORDED.is_file():
        pytest.skip("tau-bench's recorded gpt-4o airline episodes are not beside the repository")
    passes: dict[int, list[bool]] = {}
    for episode in json.loads(RECORDED.read_text()):
        passes.setdefault(episode["task_id"], []).append(episode["reward"] == 1.0)
    got = mean_pass_hat((sum(trials), len(trials)) for trials in passes.values())
    assert got == pytest.approx([0.420, 0.2733, 0.220, 0.200], abs=5e-5)


# --- many operators ---------------------------------------------------------------------------------------------------


def test_holm_known_answer() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def inert_families(rng: np.random.Generator, repeats: int, families: int = 8, tasks: int = 30, k: int = 3) -> np.ndarray:
    ability = rng.beta(1.63, 0.7, (repeats, 1, tasks))
    before = rng.binomial(k, ability) / k
    return np.asarray(before - rng.binomial(k, np.broadcast_to(ability, (repeats, families, tasks))) / k)


@pytest.mark.slow
def test_inert_operators_raise_a_false_alarm_at_most_as_often_as_promised() -> None:
    alarms = unadjusted = 0
    repeats = 600
    for families in inert_families(np.random.default_rng(11), repeats).tolist():
        p_values = [hull_t(family, 3).p_value for family in families]
        unadjusted += min(p_values) < 0.05
        alarms += min(holm(p_values)) < 0.05
    assert alarms / repeats <= 0.05
    assert unadjusted / repeats > 0.15, "without the adjustment the alarm must be false often, or this shows nothing"


def test_bonferroni_intervals_exclude_zero_only_where_bonferroni_rejects() -> None:
    families: list[tuple[Sequence[float], float]] = [
        (family, 3) for family in inert_families(np.random.default_rng(2), 1, 20)[0].tolist()
    ]
    families.append(([1.0, 0.66, 1.0, 0.33, 1.0, 0.66, 1.0, 1.0] * 3, 3))
    together = bonferroni_t(families)
    assert [e.low > 0 or e.high < 0 for e in together] == [e.p_value * len(families) < 0.05 for e in together]
    assert together[-1].low > 0
    assert together[0].high - together[0].low > hull_t(*families[0]).high - hull_t(*families[0]).low
    assert bonferroni_t([]) == []


# --- a run in numbers -------------------------------------------------------------------------------------------------


def test_the_headline_is_the_unweighted_mean_over_operators_task_by_task() -> None:
    rows = [clean(task, trial) for task in "ab" for trial in range(2)]
    rows += [perturbed("a", "tools.x", "failed"), perturbed("a", "results.y"), perturbed("a", "results.y", trial=1)]
    rows += [perturbed("b", "tools.x"), perturbed("b", "tools.z", "failed", kind="ablation")]
    got = summarize(rows).headline
    assert (got.clean, got.perturbed, got.drop, got.tasks) == (1.0, 0.75, 0.25, 2)
    assert got.interval is not None
    assert got.interval[0] >= -1
    assert got.interval[1] <= 1


def test_equal_arms_differ_by_exactly_zero_whatever_the_rounding() -> None:
    pattern = ["passed", "passed", "failed"]
    rows = [clean(f"t{i}", trial, outcome) for i in range(7) for trial, outcome in enumerate(pattern)]
    rows += [
        perturbed(f"t{i}", f"tools.{j}", outcome, trial=trial)
        for i in range(7)
        for j in range(11)
        for trial, outcome in enumerate(pattern)
    ]
    got = summarize(rows)
    assert got.headline.drop == 0.0
    assert got.headline.clean == got.headline.perturbed == pytest.approx(2 / 3)
    assert [row.drop for row in got.operators] == [0.0] * 11
    assert got.axes[0].drop == 0.0
    assert got.axes[0].worst is None


def test_outcomes_that_do_not_speak_of_the_agent_are_in_no_rate() -> None:
    rows = [clean("a", 0), clean("a", 1, "infrastructure_error"), clean("b", 0), clean("b", 1, "failed")]
    rows += [perturbed("a", "tools.x", outcome, trial=i) for i, outcome in enumerate(["passed", "tester_fault", "unsolvable"])]
    rows += [perturbed("b", "tools.x", "invalid_setup"), perturbed("c", "tools.x", "agent_error")]
    rows += [perturbed("a", "tools.x", "not_applicable", trial=9, kind=None)]
    got = summarize(rows)
    assert (got.headline.clean, got.headline.perturbed, got.headline.tasks) == (1.0, 1.0, 1)
    (row,) = got.operators
    assert (row.pairs, row.tasks) == (1, 1)
    assert row.outcomes == {
        "passed": 1,
        "tester_fault": 1,
        "unsolvable": 1,
        "invalid_setup": 1,
        "agent_error": 1,
        "not_applicable": 1,
    }
    assert got.outcomes_clean == {"passed": 2, "infrastructure_error": 1, "failed": 1}


def test_errors_and_spent_budgets_count_as_failures() -> None:
    rows = [clean(task, 0) for task in "abcd"]
    ended = ["agent_error", "budget_exceeded", "failed", "passed"]
    rows += [perturbed(task, "tools.x", outcome) for task, outcome in zip("abcd", ended, strict=True)]
    assert (summarize(rows).headline.tasks, summarize(rows).headline.perturbed) == (4, 0.25)


def test_the_noise_floor_needs_two_clean_trials() -> None:
    assert summarize([clean("a", 0), clean("b", 0)]).headline.noise_floor is None
    rows = [clean("a", 0), clean("a", 1, "failed"), clean("b", 0), clean("b", 1), clean("c", 0)]
    floor = summarize(rows).headline.noise_floor
    assert floor is not None
    assert floor.drop == 0.5


def test_one_row_for_each_operator_and_kind_worst_first_with_those_shown_apart_last() -> None:
    rows = [clean(f"t{i}", trial) for i in range(12) for trial in range(2)]
    for i in range(12):
        rows.append(perturbed(f"t{i}", "tools.mild", "failed" if i < 3 else "passed", exposed=i < 6))
        rows.append(perturbed(f"t{i}", "tools.both", "failed", kind="ablation" if i % 2 else "equivalent"))
        rows.append(perturbed(f"t{i}", "responses.inert"))
    got = summarize(rows)
    assert [(r.id, r.kind, r.headline) for r in got.operators] == [
        ("tools.both", "equivalent", True),
        ("tools.mild", "equivalent", True),
        ("responses.inert", "equivalent", True),
        ("tools.both", "ablation", False),
    ]
    mild = got.operators[1]
    assert (mild.pairs, mild.exposed, mild.drop) == (12, 0.5, 0.25)
    assert mild.exposed_drop is not None
    assert (mild.exposed_drop.pairs, mild.exposed_drop.drop) == (6, 0.5)
    assert mild.p_value is not None
    assert mild.p_adjusted is not None
    assert mild.p_adjusted > mild.p_value
    assert [(a.axis, a.worst) for a in got.axes] == [("tools", "tools.both"), ("responses", None)]
    assert got.axes[0].drop == pytest.approx((2 * 1.0 + 4 * 0.5 + 1 * 1.0) / 12)


def test_the_trials_behind_the_arms_count_harmonically() -> None:
    rows = [clean(task, trial) for task in "ab" for trial in range(2)]
    rows += [perturbed(task, operator) for task in "ab" for operator in ("tools.x", "tools.y", "results.z")]
    # One over k is the mean of one half (two clean trials) and one third (three operators of one trial).
    assert summarize(rows).headline.k == pytest.approx(2 / (1 / 2 + 1 / 3))


def test_collapsed_tasks_are_counted_with_an_exact_bound() -> None:
    rows = [clean(f"t{i}", trial) for i in range(10) for trial in range(2)]
    rows += [clean("t4", 2, "failed")]
    rows += [perturbed(f"t{i}", op, "failed" if i in (3, 4) else "passed") for i in range(10) for op in ("tools.x", "tools.y")]
    got = summarize(rows)
    assert got.collapsed is not None
    assert (got.collapsed.count, got.collapsed.of, got.collapsed.tasks) == (1, 10, ("t3",))
    assert got.collapsed.interval == clopper_pearson(1, 10)


def test_mcnemar_stands_beside_the_drop_with_one_trial_only() -> None:
    rows = [clean(f"t{i}", 0) for i in range(12)] + [
        perturbed(f"t{i}", "tools.x", "failed" if i < 6 else "passed") for i in range(12)
    ]
    (row,) = summarize(rows).operators
    assert row.mcnemar is not None
    assert (row.mcnemar.clean_only, row.mcnemar.perturbed_only, row.mcnemar.p_value) == (6, 0, 2 / 64)
    (row,) = summarize([*rows, clean("t0", 1)]).operators
    assert row.mcnemar is None


def test_an_operator_that_never_applied_has_a_row_without_rates() -> None:
    got = summarize([clean("a", 0), perturbed("a", "tools.x", "not_applicable", kind=None)])
    (row,) = got.operators
    assert (row.pairs, row.drop, row.interval, row.p_adjusted) == (0, None, None, None)
    assert row.outcomes == {"not_applicable": 1}
    assert got.headline.drop is None


def test_no_episode_at_all_gives_no_number() -> None:
    got = summarize([])
    assert got.headline.drop is None
    assert got.operators == got.axes == got.tasks == ()


def test_a_perturbed_row_without_an_operator_is_refused() -> None:
    with pytest.raises(ValueError, match="names no operator"):
        summarize([EpisodeRow(task="a", arm="perturbed", trial=0, outcome="passed", key="k")])


def test_importing_the_statistics_imports_neither_numpy_nor_scipy() -> None:
    code = "import sys, perturb.statistics; print([m for m in ('numpy', 'scipy') if m in sys.modules])"
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1]
    )
    assert printed.stdout.strip() == "[]"
