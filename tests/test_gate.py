"""The gate: an interval on one side of the limit settles it, one that holds the limit does not."""

from __future__ import annotations

import math
from typing import Any

import pytest

from perturb.statistics import suite_drop
from perturb.statistics.gate import exact_drop, gate


def task(clean: tuple[int, int], *operators: tuple[int, int]) -> dict[str, Any]:
    cells = [
        {"operator": f"tools.{index}", "kind": "equivalent", "passed": passed, "trials": trials}
        for index, (passed, trials) in enumerate(operators)
    ]
    return {"passed": clean[0], "trials": clean[1], "operators": cells}


def run(*tasks: dict[str, Any], drop: float = 0.2, interval: tuple[float, float] = (0.05, 0.35)) -> dict[str, Any]:
    return {"headline": {"drop": drop, "interval": interval, "tasks": len(tasks)}, "by_task": list(tasks)}


def test_with_one_operator_it_is_the_suite_drop() -> None:
    mine = exact_drop([task((3, 4), (1, 4)), task((4, 4), (2, 4)), task((2, 4), (2, 4))])
    theirs = suite_drop([0.75, 1.0, 0.5], [0.25, 0.5, 0.5], 4)
    assert mine is not None
    assert mine == pytest.approx(theirs)


def test_the_operators_of_a_task_are_strata() -> None:
    mine = exact_drop([task((4, 4), (4, 4), (0, 4), (2, 4))])
    assert mine is not None
    half = 1.959963984540054 * math.sqrt(0.25 / 3 / 9)
    assert (mine.estimate, mine.low, mine.high) == pytest.approx((0.5, 0.5 - half, 0.5 + half))


def test_plans_of_several_kinds_are_one_operator_and_ablations_none() -> None:
    one = task((4, 4), (2, 4))
    one["operators"].append({"operator": "tools.0", "kind": "distraction", "passed": 4, "trials": 4})
    one["operators"].append({"operator": "tools.9", "kind": "ablation", "passed": 0, "trials": 4})
    mine = exact_drop([one])
    assert mine is not None
    assert mine.estimate == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("limit", "verdict"), [(0.35, "held"), (0.40, "held"), (0.34, "inconclusive"), (0.05, "inconclusive"), (0.04, "failed")]
)
def test_with_one_trial_the_population_is_judged(limit: float, verdict: str) -> None:
    found = gate(run(task((2, 2), (1, 1))), limit)
    assert found is not None
    assert (found.verdict, found.estimand, found.drop) == (verdict, "population drop", 0.2)


def test_an_inconclusive_one_says_how_much_more_it_takes() -> None:
    found = gate(run(task((2, 2), (1, 1))), 0.3)
    assert found is not None
    # The upper end lies 15 points above the drop, the limit 10: the interval must shrink by 1.5, so 1.5² of the tasks.
    assert found.factor == pytest.approx(2.25)
    assert gate(run(task((2, 2), (1, 1))), 0.2).factor is None  # type: ignore[union-attr]


def test_nothing_to_compare_is_no_verdict() -> None:
    assert gate({"headline": {"drop": None, "interval": None}, "by_task": []}, 0.1) is None
