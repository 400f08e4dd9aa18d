"""The simulations of benchmarks/coverage.py, in small: what is shipped gives the published figures within their error."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

# Behind everything else: an installed perturb stays the one that is tested.
sys.path.append(str(Path(__file__).resolve().parents[1]))

from benchmarks import coverage, rivals
from benchmarks.populations import Population

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "population",
    [Population(), Population(correlation=0.6, uneven=1.85, drop=0.2), Population(0.95, 0.3, 0.0, 0.0, 0.1)],
)
def test_the_simulated_tasks_are_what_they_say(population: Population) -> None:
    clean, perturbed = population.draw(np.random.default_rng(0), (400_000,))
    mean = clean.mean()
    assert mean == pytest.approx(population.success, abs=0.003)
    assert clean.var() / (mean * (1 - mean)) == pytest.approx(population.correlation, abs=0.005)
    assert mean - perturbed.mean() == pytest.approx(population.true_drop, abs=0.003)


def test_vectorised_rivals_are_those_of_scipy() -> None:
    from scipy import stats

    draw = np.random.default_rng(1)
    clean, perturbed = draw.binomial(3, 0.8, (4, 30)), draw.binomial(3, 0.6, (4, 30))
    (low, _), (bca, _) = rivals.bootstraps(clean, perturbed, 3)
    t_low, t_high = rivals.paired_t(clean, perturbed, 3)
    for run in range(4):
        d = (clean[run] - perturbed[run]) / 3
        interval = stats.ttest_rel(clean[run] / 3, perturbed[run] / 3).confidence_interval()
        assert (t_low[run], t_high[run]) == pytest.approx((interval.low, interval.high))
        for ours, method in ((low, "percentile"), (bca, "BCa")):
            theirs = stats.bootstrap((d,), np.mean, method=method, n_resamples=4000, rng=2).confidence_interval
            assert ours[run] == pytest.approx(theirs.low, abs=0.02)


@pytest.mark.parametrize("index", range(5), ids=[setting.name for setting in coverage.SETTINGS])
def test_hull_t_covers_as_published(index: int) -> None:
    setting, runs = coverage.SETTINGS[index], 1500
    rng = np.random.default_rng(3)
    passed = [rng.binomial(setting.trials, chance) for chance in setting.population.draw(rng, (runs, setting.tasks))]
    low, high = rivals.hull(passed[0], passed[1], setting.trials)
    truth = setting.population.true_drop
    published = coverage.COVERAGE["hull-t"][index]
    assert published is not None
    covered = coverage.share_cell(float(((low <= truth + 1e-9) & (high >= truth - 1e-9)).mean()), published[0], runs)
    assert covered.agrees, covered
    width = high - low
    assert coverage.mean_cell(float(width.mean()), published[1], float(width.std()), runs, "", 0.001).agrees, width.mean()


@pytest.mark.parametrize("drop", coverage.GATE)
def test_the_gate_stops_and_decides_as_published(drop: float) -> None:
    for way, (episodes, share) in zip(("fixed", "gate", "constant bets"), coverage.gate(drop, 800), strict=True):
        assert episodes.agrees, (way, episodes)
        assert share.agrees, (way, share)


def test_task_by_task_the_gate_errs_and_in_a_drawn_order_it_does_not() -> None:
    found = coverage.orders(400)
    error = 3 * (0.05 * 0.95 / 400) ** 0.5
    assert min(found["task by task"][:2]) > 0.05 + error
    for order in ("with replacement", "permuted blocks"):
        assert max(found[order][:2]) <= 0.05 + error


@pytest.mark.slow
def test_the_whole_tables_agree_with_the_published_ones(capsys: pytest.CaptureFixture[str]) -> None:
    rows = dict(coverage.coverage(4000))
    for method in ("paired t", "hull-t", "percentile bootstrap"):
        assert all(covered.agrees and width.agrees for covered, width in rows[method]), method
    # A rival's cell may differ: the settings are published by name, not by definition.
    assert sum(not cell.agrees for row in rows.values() for pair in row for cell in pair) <= 4
    assert coverage.worst_coverage(4000).agrees
    assert all(cell.agrees for drop in coverage.GATE for pair in coverage.gate(drop, 3000) for cell in pair)
    unadjusted, adjusted = coverage.inert_families(1500, 8)
    assert adjusted <= 0.05
    assert 0.2 < unadjusted < 0.32
    for ours, published in coverage.phantoms(1000).values():
        assert ours == pytest.approx(published, abs=1.0)
