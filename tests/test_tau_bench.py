"""The tau-bench adapter over a checkout, which `PERTURB_TAU_BENCH` names; without one most of these tests are skipped."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import anyio
import pytest

from perturb.errors import ConfigurationError
from perturb.loading import load_toolset
from perturb.operator import NotApplicable, SeededPick
from perturb.operators import by_id
from perturb.plugins import split_path
from perturb.replay import Gold
from perturb.types import Call, Failure, Result

CHECKOUT = os.environ.get("PERTURB_TAU_BENCH", "")
checkout = pytest.mark.skipif(not CHECKOUT, reason="PERTURB_TAU_BENCH names no checkout of tau-bench")


def test_what_stands_behind_a_short_name_may_be_a_path() -> None:
    assert split_path("tau-bench:/some/where:retail") == (None, "")
    assert split_path("some/where.py:retail") == (Path("some/where.py"), "retail")
    assert split_path("some/where") == (Path("some/where"), "")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("tau-bench", "needs a checkout: git clone https://github.com/sierra-research/tau-bench"),
        ("tau-bench:{folder}:airline", "{folder} is no checkout of tau-bench; make one"),
        ("tau-bench:{folder}:bank", "there is no domain 'bank'; write airline or retail"),
    ],
)
def test_of_what_is_no_checkout_the_remedy_is_told(spec: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load_toolset(spec.format(folder=tmp_path))
    assert message.format(folder=tmp_path) in str(raised.value)


@checkout
def test_gold_passes_tau_bench_s_own_reward_and_silence_hardly_ever() -> None:
    toolset: Any = load_toolset(f"tau-bench:{CHECKOUT}:airline")
    gold = silent = 0
    for task in toolset.tasks:
        environment = toolset.environment(task)
        answers = [environment.call(call) for call in task.gold]
        assert all(isinstance(answer, Result) for answer in answers), task.id
        gold += toolset.check(task, environment, task.answer, task.gold)
        silent += toolset.check(task, toolset.environment(task), "", ())
    assert (gold, silent) == (50, 19)


@checkout
def test_a_transfer_scores_nothing_on_the_way_and_the_data_stay_the_episode_s() -> None:
    toolset: Any = load_toolset(f"tau-bench:{CHECKOUT}:airline")
    task = next(one for one in toolset.tasks if any(call.name == "book_reservation" for call in one.gold))
    environment = toolset.environment(task)
    environment.call(Call("transfer_to_human_agents", {"summary": "I cannot help."}))
    assert environment.dump() == toolset.environment(task).dump()
    for _ in range(2):
        assert not toolset.check(task, environment, task.answer, ())
    assert environment.dump() == toolset.environment(task).dump()


@checkout
def test_what_goes_wrong_is_told_in_tau_bench_s_own_words() -> None:
    toolset: Any = load_toolset(f"tau-bench:{CHECKOUT}:airline")
    environment = toolset.environment(toolset.tasks[0])
    missing = environment.call(Call("get_user_details", {"user_id": "nobody"}))
    assert missing == Failure("not_found", "Error: user not found", tool="get_user_details", in_band=True)
    assert environment.call(Call("get_user", {})) == toolset.refusal("unknown_tool", tool="get_user")
    wrong = environment.call(Call("get_user_details", {"user": "nobody"}))
    assert isinstance(wrong, Failure)
    assert wrong.kind == "invalid_argument"


@checkout
@pytest.mark.parametrize("operator_id", ["tools.opaque", "arguments.synonym", "errors.style", "faults.transient"])
def test_tasks_are_proven_under_operators(operator_id: str) -> None:
    toolset = load_toolset(f"tau-bench:{CHECKOUT}:airline")
    gold = Gold(toolset)
    for task in toolset.tasks[2:5]:
        plan = by_id(operator_id).plan(gold.setup.for_task(task), SeededPick(7, operator_id), 1.0)
        if not isinstance(plan, NotApplicable):
            proof = anyio.run(gold.prove, task, plan)
            assert proof.status in ("solvable", "not_applicable"), proof
