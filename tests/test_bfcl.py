"""The BFCL adapter against BFCL itself: the same functions, texts and verdicts, for all 800 multi-turn tasks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import anyio
import jsonschema
import pytest

from perturb import texts
from perturb.boundary import Boundary
from perturb.errors import ConfigurationError
from perturb.loading import load_toolset
from perturb.operator import NotApplicable, SeededPick, lens_for
from perturb.operators import by_id
from perturb.replay import Gold
from perturb.toolset import Task, Toolset
from perturb.types import Call, Failure, Result

pytest.importorskip("bfcl_eval", reason="bfcl-eval is not installed")

CATEGORIES = ("multi_turn_base", "multi_turn_long_context", "multi_turn_miss_func", "multi_turn_miss_param")


@pytest.fixture(scope="module", params=CATEGORIES)
def toolset(request: pytest.FixtureRequest) -> Toolset:
    return load_toolset(f"bfcl:{request.param}")


@pytest.fixture(scope="module")
def base() -> Toolset:
    return load_toolset("bfcl:multi_turn_base")


def judged(toolset: Toolset, task: Task, turns: Sequence[Sequence[Call]]) -> bool:
    """The verdict on calls that are made turn by turn, as a live agent makes them."""

    async def played() -> bool:
        environment = toolset.environment(task)
        boundary = Boundary(lens_for(None, Gold(toolset).setup), task, environment)
        for number, calls in enumerate(turns):
            if number:
                await boundary.next_user("")
            for call in calls:
                await boundary.call(call.name, call.arguments)
        verdict = toolset.check(task, environment, "", boundary.real_calls)
        environment.close()
        return verdict

    return anyio.run(played)


def gold_turns(toolset: Any, task: Task) -> list[list[Call]]:
    left = iter(task.gold or ())
    return [[next(left) for _ in turn] for turn in toolset._wanted[task.id]]


def test_the_gold_calls_of_all_800_tasks_pass_bfcl_s_own_checker(toolset: Toolset) -> None:
    passed = []
    for task in toolset.tasks:
        environment = toolset.environment(task)
        environment.hear(10)  # type: ignore[attr-defined]
        answers = [environment.call(call) for call in task.gold or ()]
        assert all(isinstance(answer, Result) for answer in answers), task.id
        passed.append(toolset.check(task, environment, "", task.gold or ()))
        environment.close()
    assert (len(passed), sum(passed)) == (200, 200)


def test_made_turn_by_turn_they_pass_too_and_in_the_wrong_turn_they_do_not(base: Toolset) -> None:
    task = base.task("multi_turn_base_0")
    turns = gold_turns(base, task)
    assert [len(turn) for turn in turns] == [3, 2, 1, 4]
    assert judged(base, task, turns)
    late = [turns[0], [], [*turns[1], *turns[2]], turns[3]]
    assert not judged(base, task, late)
    assert judged(base, task, [[], [], [], [call for turn in turns for call in turn]])  # it heard the user out first
    assert not judged(base, task, [[], [], [], [call for turn in turns[:-1] for call in turn]])


def test_calls_beyond_gold_s_are_cut_into_the_turns_that_fit(base: Toolset) -> None:
    task = base.task("multi_turn_base_0")
    turns = gold_turns(base, task)
    looks = [Call("ls", {}), *turns[0], Call("pwd", {}), *turns[1], *turns[2], Call("ls", {"a": True}), *turns[3]]
    assert judged(base, task, [[], [], [], looks])
    assert not judged(base, task, [[], [], [], [*looks, Call("mkdir", {"dir_name": "more"})]])
    assert not judged(base, task, [[], [], [], looks[:-1]])


def test_a_silent_agent_passes_nothing(toolset: Toolset) -> None:
    assert not any(toolset.check(task, toolset.environment(task), "", ()) for task in toolset.tasks[:20])


def test_1142_gold_calls_of_base_have_the_names_that_positions_stand_for(base: Toolset) -> None:
    assert sum(len(task.gold or ()) for task in base.tasks) == 1142
    assert Call("sort", {"file_name": "final_report.pdf"}) in (base.task("multi_turn_base_0").gold or ())
    parameters = {tool.name: tool.parameters for tool in base.tools}
    wrong = []
    for task in base.tasks:
        for call in task.gold or ():
            try:
                jsonschema.validate(call.arguments, parameters[call.name])
            except jsonschema.ValidationError as error:
                wrong.append((task.id, call.name, error.message))
    assert [(name, message) for _, name, message in wrong] == [("close_ticket", "'ticket_001' is not of type 'integer'")]


def test_schemas_are_json_schema(toolset: Toolset) -> None:
    assert len(toolset.tools) == 128
    assert '"dict"' not in json.dumps([tool.parameters for tool in toolset.tools] + [tool.returns for tool in toolset.tools])


def test_gold_results_are_what_the_schemas_declare_and_reads_leave_the_state(base: Toolset) -> None:
    tools = {tool.name: tool for tool in base.tools}
    read = set()
    for task in base.tasks[::4]:
        environment: Any = base.environment(task)
        state = environment.dump()
        for call in task.gold or ():
            answer = environment.call(call)
            after = environment.dump()
            if tools[call.name].effect == "read":
                assert after == state, call
                read.add(call.name)
            state = after
            if (returns := tools[call.name].returns) is not None:
                jsonschema.validate(answer.data, returns)
        environment.close()
    assert len(read) > 15


def test_texts_are_those_of_bfcl_s_executor(base: Toolset) -> None:
    from bfcl_eval.eval_checker.multi_turn_eval.multi_turn_utils import execute_multi_turn_func_call

    compared = 0
    for task in base.tasks[::10]:
        entry: dict[str, Any] = base._entries[task.id]  # type: ignore[attr-defined]
        wanted = [text for turn in base._wanted[task.id] for text in turn]  # type: ignore[attr-defined]
        theirs, _ = execute_multi_turn_func_call(
            wanted, entry["initial_config"], entry["involved_classes"], "test_texts", task.id
        )
        environment: Any = base.environment(task)
        mine = [environment.call(call) for call in task.gold or ()]
        environment.close()
        assert [texts.result_text(answer) for answer in mine] == theirs
        compared += len(theirs)
    assert compared > 100


def test_errors_are_failures_in_bfcl_s_own_words(base: Toolset) -> None:
    environment: Any = base.environment(base.task("multi_turn_base_0"))
    missing, wrong, foreign, excluded = (
        environment.call(call)
        for call in (
            Call("cat", {"file_name": "none.txt"}),
            Call("cat", {"file": "none.txt"}),
            Call("startEngine", {"ignitionMode": "START"}),
            Call("cp", {"source": "a", "destination": "b"}),
        )
    )
    environment.close()
    assert isinstance(missing, Failure)
    assert (missing.kind, missing.in_band) == ("not_found", True)
    assert json.loads(texts.failure_text(missing)) == {"error": missing.message}
    assert wrong == Failure(
        "invalid_argument",
        "Error during execution: GorillaFileSystem.cat() got an unexpected keyword argument 'file'",
        tool="cat",
    )
    assert foreign == base.refusal("unknown_tool", tool="startEngine")
    assert excluded == base.refusal("unknown_tool", tool="cp")


def test_a_missing_function_is_there_once_the_user_has_handed_it_over() -> None:
    toolset = load_toolset("bfcl:multi_turn_miss_func")
    task = toolset.task("multi_turn_miss_func_0")
    assert task.follow_ups[2] == "I have updated some more functions you can choose from. What about now?"
    environment: Any = toolset.environment(task)
    environment.hear(2)
    assert environment.call(Call("sort", {"file_name": "x"})) == toolset.refusal("unknown_tool", tool="sort")
    environment.hear(3)
    assert environment.call(Call("sort", {"file_name": "x"})) != toolset.refusal("unknown_tool", tool="sort")
    environment.close()


def test_what_an_agent_calls_a_tool_is_never_run_as_code(base: Toolset, tmp_path: Any) -> None:
    task = base.tasks[0]
    evil = Call(f"open({str(tmp_path / 'made')!r}, 'w').write", {"x": 1})
    environment: Any = base.environment(task)
    assert environment.call(evil) == base.refusal("unknown_tool", tool=evil.name)
    base.check(task, environment, "", [evil])
    environment.close()
    assert not (tmp_path / "made").exists()


def test_nothing_is_left_in_bfcl_s_module(base: Toolset) -> None:
    from bfcl_eval.eval_checker.multi_turn_eval import multi_turn_utils

    before = set(vars(multi_turn_utils))
    task = base.tasks[3]
    environment: Any = base.environment(task)
    environment.call((task.gold or ())[0])
    base.check(task, environment, "", (task.gold or ())[:1])
    environment.close()
    assert set(vars(multi_turn_utils)) == before


@pytest.mark.parametrize(
    "operator_id",
    ["tools.opaque", "arguments.synonym", "results.rename_keys", "errors.style", "faults.transient", "user.over_turns"],
)
def test_tasks_are_proven_under_operators(operator_id: str, base: Toolset) -> None:
    gold = Gold(base)
    met = 0
    for task in base.tasks[5::50]:
        plan = by_id(operator_id).plan(gold.setup.for_task(task), SeededPick(7, operator_id), 1.0)
        if isinstance(plan, NotApplicable):
            continue
        proof = anyio.run(gold.prove, task, plan)
        assert proof.status in ("solvable", "not_applicable"), proof
        met += proof.status == "solvable"
    assert met or operator_id == "user.over_turns"


def test_what_is_missing_is_told_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    with pytest.raises(ConfigurationError, match="there is no category 'multi_turn'"):
        load_toolset("bfcl:multi_turn")
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "bfcl_eval" else found(name, *more))
    create = load_toolset.__globals__["load_module"](load_toolset.__globals__["_place_of"]("bfcl") / "toolset.py").create
    monkeypatch.setitem(create.__globals__, "find_spec", importlib.util.find_spec)
    with pytest.raises(ConfigurationError, match=r"pip install --no-deps bfcl-eval==2026\.3\.23"):
        create("multi_turn_base")
