"""The gate that stops early: its evidence is a fair bet, its errors keep their level, and only launch order counts."""

from __future__ import annotations

import itertools
import math
import random

import numpy as np
import pytest

from perturb.statistics import FamilyGates, SequentialGate, drawn_pairs
from perturb.statistics.betting import Wealth


def fed(differences: list[float], limit: float = 0.1, pairs: int = 284, **options: float) -> SequentialGate:
    gate = SequentialGate(limit, pairs, **options)  # type: ignore[arg-type]
    for launch, difference in enumerate(differences):
        gate.add(launch, difference)
    return gate


def many(mean: float, chances: tuple[float, float], runs: int, pairs: int, alpha: float = 0.05, seed: int = 0) -> np.ndarray:
    """The largest log wealth of each of `runs` runs of pairs that are 1 and -1 with these chances."""
    draw = np.random.default_rng(seed).random((runs, pairs))
    z = np.where(draw < chances[0], 1.0, np.where(draw > 1 - chances[1], 0.0, 0.5))
    wealth = Wealth(mean, alpha, pairs, runs)
    best = np.full(runs, -np.inf)
    for t in range(pairs):
        wealth.settle(z[:, t])
        best = np.maximum(best, wealth.log_wealth)
    return best


# --- the evidence -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mean", [0.5, 0.55, 0.7])
def test_the_expected_wealth_is_exactly_one_where_the_hypothesis_just_holds(mean: float) -> None:
    length = 7
    chances = {1.0: mean - 0.2, 0.5: 0.4, 0.0: 0.8 - mean}
    paths = list(itertools.product(chances, repeat=length))
    wealth = Wealth(mean, 0.05, length, len(paths))
    for t in range(length):
        wealth.settle(np.array([path[t] for path in paths]))
    probability = np.array([math.prod(chances[z] for z in path) for path in paths])
    assert probability @ np.exp(wealth.log_wealth) == pytest.approx(1.0, abs=1e-9)


def test_all_bets_leave_something_in_the_worst_case() -> None:
    wealth = Wealth(0.55, 0.05, 20)
    for _ in range(20):
        wealth.settle(np.array([0.0]))
    assert np.isfinite(wealth.log_wealth).all()


def test_constant_bets_and_the_running_variance_are_those_of_an_independent_library() -> None:
    ville = pytest.importorskip("ville", reason="ville is not installed")
    from ville.means import _PlugIn

    d = np.random.default_rng(5).choice([-1.0, 0.0, 1.0], 120, p=[0.05, 0.7, 0.25])
    mean = 0.55
    wealth, capital, variances = Wealth(mean, 0.05, 120), [], []
    for z in (1 + d) / 2:
        variances.append(float(wealth.variance[0]))
        wealth.settle(np.array([z]))
        capital.append(wealth.log_constant[0, :4].copy())
    # Cut off so low, the library's bets are constant ones.
    for index, share in enumerate(np.linspace(0.02, 0.9, 30)[:4]):
        theirs = ville.BettingTest(0.1, bounds=(-1, 1), alternative="greater", c=share).fit(d)
        assert [path[index] for path in capital] == pytest.approx(np.asarray(theirs.log_e_values_))
    assert variances == pytest.approx(_PlugIn().step((1 + d) / 2)[2])


def test_the_mixture_and_the_bets_follow_their_formulas() -> None:
    mean, horizon, alpha = 0.55, 30, 0.05
    observed = [1.0, 0.5, 0.5, 1.0, 0.0, 1.0]
    wealth = Wealth(mean, alpha, horizon)
    aware, constant = 1.0, np.ones(30)
    bets = np.linspace(0.02, 0.9, 30) / mean
    seen: list[float] = []
    for t, z in enumerate(observed, start=1):
        running = [(0.5 + sum(seen[: i + 1])) / (i + 2) for i in range(len(seen))]
        variance = (0.25 + sum((x - mu) ** 2 for x, mu in zip(seen, running, strict=True))) / t
        needed = max(math.log(1 / (0.8 * alpha)) - math.log(aware), 0.05)
        bet = min(max(math.sqrt(2 * needed / ((horizon - t + 1) * variance)), 0.0), 0.9 / mean)
        aware *= 1 + bet * (z - mean)
        constant = constant * (1 + bets * (z - mean))
        wealth.settle(np.array([z]))
        seen.append(z)
        assert float(np.exp(wealth.log_wealth[0])) == pytest.approx(0.8 * aware + 0.2 * constant.mean())


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_the_level_holds_at_the_boundary_over_all_looks(alpha: float) -> None:
    runs = 4000
    wrong = (many(0.55, (0.2, 0.1), runs, 150, alpha) >= math.log(1 / alpha)).mean()
    assert alpha / 4 < wrong <= alpha + 3 * math.sqrt(alpha * (1 - alpha) / runs)


# --- the gate ---------------------------------------------------------------------------------------------------------


def test_it_passes_an_agent_that_loses_nothing_and_stops_early() -> None:
    gate = fed([0.0] * 284)
    assert gate.answer == "pass"
    assert gate.seen < 100
    assert not gate.wants_more


def test_it_fails_an_agent_that_loses_everything_within_a_few_pairs() -> None:
    gate = fed([1.0] * 284)
    assert gate.answer == "fail"
    assert gate.seen < 12


def test_at_the_limit_it_stays_undecided_and_asks_for_no_more_at_its_last_pair() -> None:
    gate = fed(([1.0] + [0.0] * 9) * 10, pairs=100)
    assert gate.answer == "undecided"
    assert not gate.wants_more
    assert gate.seen == 100
    gate.add(100, 1.0)
    assert gate.seen == 100


def test_an_extended_gate_goes_on_from_what_it_saw() -> None:
    gate = fed(([1.0] + [0.0] * 9) * 10, pairs=100)
    before = gate.standing()
    gate.add(100, 0.0)
    assert gate.extend(400) == "undecided"
    assert gate.seen == 101
    assert gate.standing().for_fail < before.for_fail
    for launch in range(101, 400):
        gate.add(launch, 0.0)
    assert gate.answer == "pass"
    with pytest.raises(ValueError, match="cannot be shortened"):
        gate.extend(50)


def test_extending_whatever_is_undecided_keeps_the_level() -> None:
    runs, alpha = 3000, 0.05
    z = np.random.default_rng(7).choice([0.0, 0.5, 1.0], (runs, 160), p=[0.1, 0.7, 0.2])
    wealth, best = Wealth(0.55, alpha, 40, runs), np.full(runs, -np.inf)
    for t in range(160):
        wealth.horizon = 40 if t < 40 else 80 if t < 80 else 160
        wealth.settle(z[:, t])
        best = np.maximum(best, wealth.log_wealth)
    assert (best >= math.log(1 / alpha)).mean() <= alpha + 3 * math.sqrt(alpha * (1 - alpha) / runs)


def test_passing_is_the_mirror_image_of_failing() -> None:
    draw = random.Random(3)
    for _ in range(20):
        differences = [draw.choice([-1.0, 0.0, 0.0, 1.0, 1.0]) for _ in range(60)]
        one, other = fed(differences, 0.2, 60), fed([-d for d in differences], -0.2, 60)
        assert {one.answer, other.answer} in ({"undecided"}, {"pass", "fail"})
        assert one.seen == other.seen
        assert one.standing().for_fail == pytest.approx(other.standing().for_pass)


def test_only_the_order_of_launches_counts() -> None:
    draw = random.Random(8)
    differences = [draw.choice([0.0, 0.0, 0.0, 1.0]) for _ in range(120)]
    in_order = fed(differences, pairs=120)
    for _ in range(5):
        gate = SequentialGate(0.1, 120)
        window: list[int] = []
        for launch in range(120):
            window.append(launch)
            if len(window) == 32 or launch == 119:
                draw.shuffle(window)
                for done in window if launch == 119 else [window.pop() for _ in range(8)]:
                    gate.add(done, differences[done])
        assert gate.standing() == in_order.standing()


def test_completion_order_would_fail_an_agent_whose_failures_are_fast() -> None:
    """The reason for the queue: the same pairs, the failed ones first, give another answer."""
    differences = [0.0] * 70 + [1.0] * 12
    assert fed(differences).answer == "pass"
    assert fed(sorted(differences, reverse=True)).answer == "fail"


def test_a_pair_waits_for_those_launched_before_it_and_may_be_skipped() -> None:
    gate = SequentialGate(0.1, 50)
    for launch in range(1, 12):
        gate.add(launch, 1.0)
    assert gate.seen == 0
    assert gate.skip(0) == "fail"
    with pytest.raises(ValueError, match="launch 0 was given before"):
        gate.add(0, 1.0)
    with pytest.raises(ValueError, match="launch 5 was given before"):
        gate.skip(5)


def test_a_missing_outcome_speaks_against_both_answers() -> None:
    known = fed([1.0] * 6).standing()
    gate = SequentialGate(0.1, 284)
    for launch in range(6):
        gate.add(launch, 1.0)
    gate.add(6, -1.0, 1.0)
    worse, better = fed([1.0] * 6 + [-1.0]).standing(), fed([1.0] * 7).standing()
    got = gate.standing()
    assert got.for_fail == pytest.approx(worse.for_fail)
    assert got.for_pass == pytest.approx(better.for_pass)
    assert got.for_fail < known.for_fail
    assert got.for_pass < known.for_pass


def test_an_undecided_gate_says_what_it_would_take() -> None:
    gate = fed(([1.0] + [0.0] * 4) * 8, pairs=40)
    standing = gate.standing()
    assert standing.answer == "undecided"
    assert standing.drop == pytest.approx(0.2)
    assert standing.takes is not None
    assert standing.takes > 40
    chance = standing.drop
    decided = (many(0.55, (chance, 0.0), 2000, standing.takes) >= math.log(20)).mean()
    assert decided > 0.8
    assert fed([0.0] * 284).standing().takes is None
    assert fed(([1.0] + [0.0] * 9) * 10, pairs=100).standing().takes is None
    assert SequentialGate(0.1, 10).standing().takes is None


@pytest.mark.parametrize(
    ("arguments", "options"), [((1.0, 10), {}), ((0.1, 0), {}), ((0.1, 10), {"alpha": 0.0}), ((0.1, 10), {"families": 0})]
)
def test_what_has_no_meaning_is_refused(arguments: tuple[float, int], options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"limit|pair|alpha|family"):
        SequentialGate(*arguments, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("ends", [(1.5, None), (0.5, -0.5), (-2.0, 0.0)])
def test_a_difference_that_cannot_be_is_refused(ends: tuple[float, float | None]) -> None:
    with pytest.raises(ValueError, match="between -1 and 1"):
        SequentialGate(0.1, 10).add(0, *ends)


# --- many families ----------------------------------------------------------------------------------------------------


def test_many_families_pass_only_together_and_fail_as_soon_as_one_does() -> None:
    gates = FamilyGates(0.1, ["a", "b", "a"], 284)
    for launch in range(284):
        gates.add("a", launch, 0.0)
    assert gates.answer == "undecided"
    assert gates.open == ("b",)
    for launch in range(284):
        gates.add("b", launch, 0.0)
    assert gates.answer == "pass"
    assert gates.open == ()

    gates = FamilyGates(0.1, ["a", "b"], 284)
    assert [gates.add("b", launch, 1.0) for launch in range(12)][-1] == "fail"
    assert gates.open == ()
    assert gates.standings()["a"].answer == "undecided"


def test_a_family_among_many_needs_more_evidence_to_fail_and_no_more_to_pass() -> None:
    alone, among = SequentialGate(0.1, 284).standing(), FamilyGates(0.1, map(str, range(8)), 284).standings()["3"]
    assert among.needed_to_fail == 8 * alone.needed_to_fail
    assert among.needed_to_pass == alone.needed_to_pass


def test_eight_families_at_the_boundary_fail_wrongly_no_more_often_than_one_may() -> None:
    runs, families = 500, 8
    best = many(0.55, (0.2, 0.1), runs * families, 100, 0.05 / families).reshape(runs, families)
    wrong = (best.max(axis=1) >= math.log(families / 0.05)).mean()
    assert wrong <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)


# --- the order of tasks -----------------------------------------------------------------------------------------------


def test_with_replacement_every_task_and_every_cell_of_it_is_as_likely() -> None:
    cells = [1, 2, 4]
    drawn = list(itertools.islice(drawn_pairs(cells, 3), 12_000))
    for task, number in enumerate(cells):
        for cell in range(number):
            assert drawn.count((task, cell)) / 12_000 == pytest.approx(1 / 3 / number, abs=0.015)


def test_blocks_hold_each_task_once_and_go_round_its_cells() -> None:
    cells = [1, 3, 2, 1, 1]
    drawn = list(itertools.islice(drawn_pairs(cells, 4, "blocks"), 5 * 6))
    blocks = [drawn[i : i + 5] for i in range(0, 30, 5)]
    assert all(sorted(task for task, _ in block) == [0, 1, 2, 3, 4] for block in blocks)
    assert len({tuple(task for task, _ in block) for block in blocks}) > 1
    of_one = [cell for task, cell in drawn if task == 1]
    assert sorted(of_one[:3]) == sorted(of_one[3:]) == [0, 1, 2]


def test_the_order_depends_on_the_seed_alone() -> None:
    def first(seed: int) -> list[tuple[int, int]]:
        return list(itertools.islice(drawn_pairs([2] * 10, seed), 50))

    assert first(1) == first(1) != first(2)
    with pytest.raises(ValueError, match="at least one task"):
        drawn_pairs([], 0)
    with pytest.raises(ValueError, match="'replacement' or 'blocks'"):
        drawn_pairs([1], 0, "task")  # type: ignore[arg-type]
