"""The seam: what an agent gets for each call, what the environment saw, and whose fault it was."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import anyio
import pytest
from depot import DEPOT

from perturb.boundary import Boundary, BudgetExceeded, EnvironmentFault
from perturb.errors import OperatorFault
from perturb.operator import Handling, Lens, Setup, StackLens, lens_for
from perturb.operators import from_json
from perturb.toolset import Task
from perturb.types import Answer, Call, Failure, Result, to_json

TASK = DEPOT.tasks[0]
NESTED = {
    "op": "arguments.nest",
    "version": 1,
    "groups": {"find_parcels": {"name": "query", "description": "", "arguments": ["owner"]}},
}
RENAMED = {"op": "tools.synonym", "version": 1, "names": {"find_parcels": "locate_shipments"}}
FLAKY = {"op": "faults.transient", "version": 1, "failures": {"find_parcels": 1}}


def live(plan: dict[str, Any] | None = None, task: Task = TASK, **options: Any) -> Boundary:
    operator = None if plan is None else from_json(plan)
    return Boundary(lens_for(operator, Setup.of(DEPOT)), task, DEPOT.environment(task), **options)


def call(boundary: Boundary, name: str, arguments: Any) -> Any:
    return anyio.run(boundary.call, name, arguments)


def test_a_clean_call_reaches_the_environment_as_it_is() -> None:
    boundary = live()
    reply = call(boundary, "find_parcels", {"owner": "Casimir Dunleavy"})
    assert not reply.is_error
    assert [row["parcel_id"] for row in reply.data] == ["P001", "P004", "P007", "P010"]
    assert boundary.real_calls == [Call("find_parcels", {"owner": "Casimir Dunleavy"})]
    assert not boundary.exposed


def test_a_shown_call_is_recorded_in_both_terms() -> None:
    boundary = live(RENAMED)
    call(boundary, "locate_shipments", {"owner": "Casimir Dunleavy"})
    (step,) = boundary.steps
    assert step.call.name == "locate_shipments"
    assert step.real == (Call("find_parcels", {"owner": "Casimir Dunleavy"}),)
    assert boundary.exposed


def test_what_the_environment_answers_in_another_world_is_felt() -> None:
    """A lens over the state passes answers on as they are; yet they are not what they would have been clean."""
    (task,) = [task for task in DEPOT.tasks if task.id == "count"]
    boundary = live({"op": "environment.scale", "version": 1, "times": {"drivers": 10}, "seed": 1}, task)
    call(boundary, "count_by_city", {})
    assert not boundary.exposed
    reply = call(boundary, "list_drivers", {})
    assert len(reply.data) == 20
    assert boundary.exposed


def test_a_retired_name_fails_as_an_unknown_one_does_and_is_marked() -> None:
    stale = live(RENAMED)
    unknown = live()
    old = call(stale, "find_parcels", {"owner": "Casimir Dunleavy"})
    never = call(unknown, "look_up", {"owner": "Casimir Dunleavy"})
    assert old.is_error
    assert old.text.replace("find_parcels", "X") == never.text.replace("look_up", "X")
    assert stale.steps[0].stale
    assert not unknown.steps[0].stale
    assert stale.real_calls == []


@pytest.mark.parametrize("arguments", ["{", "[1]", '"text"', "", "nothing", '{"owner": NaN}', '{"a":' + "[" * 100_000])
def test_arguments_that_are_no_json_object(arguments: str) -> None:
    boundary = live()
    reply = call(boundary, "find_parcels", arguments)
    assert reply.is_error
    assert boundary.steps[0].malformed == arguments
    assert boundary.real_calls == []
    assert boundary.fault is None


def nested(depth: int) -> Any:
    value: Any = {}
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("arguments", "recorded"),
    [
        ('{"owner": "\\ud800"}', '{"owner": "\\ud800"}'),
        ({"owner": "\ud800"}, "{'owner': '\\ud800'}"),
        ({"\ud800": 1}, "{'\\ud800': 1}"),
        ({"owner": object}, "{'owner': <class 'object'>}"),
        (nested(100_000), "(nested too deeply)"),
        (7, "7"),
    ],
)
def test_what_no_json_holds_is_refused_in_both_arms_and_recorded(arguments: Any, recorded: str) -> None:
    for lens in (None, NESTED):
        boundary = live(lens)
        assert call(boundary, "find_parcels", arguments).is_error
        assert boundary.steps[0].malformed == recorded
        assert (boundary.fault, boundary.real_calls) == (None, [])
        assert b"find_parcels" in to_json(boundary.steps)


def test_python_values_are_turned_into_json_alike_in_both_arms() -> None:
    for lens in (None, NESTED):
        boundary = live(lens)
        call(boundary, "find_parcels", {"owner": ("a", "b"), 3: {4: {5}}})
        assert boundary.fault is None
        assert boundary.steps[0].call.arguments == {"owner": ["a", "b"], "3": {"4": [5]}}


def test_a_name_that_no_text_holds_is_recorded() -> None:
    boundary = live()
    assert call(boundary, "\ud800", {}).is_error
    assert boundary.steps[0].call.name == "\\ud800"


def test_arguments_as_text_are_read() -> None:
    boundary = live()
    assert not call(boundary, "count_by_city", "{}").is_error


def test_parallel_calls_keep_their_order_and_count_faults_down_in_it() -> None:
    boundary = live(FLAKY)
    replies = anyio.run(boundary.calls, [("find_parcels", {"owner": "Ottilie Branner"})] * 3)
    assert [reply.is_error for reply in replies] == [True, False, False]
    assert {step.batch for step in boundary.steps} == {1}


def test_two_episodes_share_no_state() -> None:
    lens = lens_for(from_json(FLAKY), Setup.of(DEPOT))
    for _ in range(2):
        boundary = Boundary(lens, TASK, DEPOT.environment(TASK))
        assert call(boundary, "find_parcels", {"owner": "Ottilie Branner"}).is_error
        assert not call(boundary, "find_parcels", {"owner": "Ottilie Branner"}).is_error


def test_the_limit_of_calls_ends_the_episode() -> None:
    boundary = live(max_calls=1)
    call(boundary, "count_by_city", {})
    with pytest.raises(BudgetExceeded, match="1 calls"):
        call(boundary, "count_by_city", {})
    assert boundary.over_budget
    assert len(boundary.steps) == 1


def test_later_user_turns_come_in_shown_terms() -> None:
    task = Task(id="turns", prompt="Count.", follow_ups=("Now use `find_parcels`.", "Thanks."), check=lambda *_: True)
    boundary = live(RENAMED, task)
    assert anyio.run(boundary.next_user) == "Now use `locate_shipments`."
    assert anyio.run(boundary.next_user) == "Thanks."
    assert anyio.run(boundary.next_user) is None


class _Asynchronous:
    """An environment that answers after a moment, as one behind a network does."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def call(self, call: Call) -> Awaitable[Answer]:
        async def later() -> Answer:
            await anyio.sleep(0)
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer  # type: ignore[no-any-return]

        return later()

    def dump(self) -> Any:
        return {}

    def load(self, state: Any) -> None: ...

    def close(self) -> None: ...


def test_an_environment_may_answer_later() -> None:
    boundary = Boundary(lens_for(None, Setup.of(DEPOT)), TASK, _Asynchronous(Result({"Bergen": 2})))
    assert call(boundary, "count_by_city", {}).data == {"Bergen": 2}


@pytest.mark.parametrize("broken", [RuntimeError("the disk is full"), "a plain text"])
def test_a_broken_environment_is_not_the_agents_fault(broken: Any) -> None:
    boundary = Boundary(lens_for(None, Setup.of(DEPOT)), TASK, _Asynchronous(broken))
    with pytest.raises(EnvironmentFault, match="count_by_city"):
        call(boundary, "count_by_city", {})
    assert isinstance(boundary.fault, EnvironmentFault)


class _Raising(Lens):
    def read_call(self, call: Call) -> Call | Failure:
        raise KeyError("oops")


class _Smuggling(Lens):
    """Hides a tool and lets a call of it through all the same."""

    def __init__(self, real: Setup) -> None:
        super().__init__(real)
        self.setup = self.shown(tools=real.tools[1:])

    def handle(self, call: Call, memory: Any) -> Handling:
        answer = yield call
        assert answer is not None
        return answer


def _lens(kind: type[Lens]) -> StackLens:
    lens = lens_for(None, Setup.of(DEPOT))
    layer = kind(Setup.of(DEPOT))
    lens.layers.append(layer)
    lens.setup = layer.setup
    lens._stateless.append(type(layer).handle is Lens.handle)
    lens._plain_perform.append(True)
    return lens


def test_an_operator_that_raises_is_our_fault_even_if_the_agent_goes_on() -> None:
    boundary = Boundary(_lens(_Raising), TASK, DEPOT.environment(TASK))
    with pytest.raises(OperatorFault, match="KeyError"):
        call(boundary, "count_by_city", {})
    assert isinstance(boundary.fault, OperatorFault)


def test_a_hidden_tool_that_is_reached_all_the_same_is_our_fault() -> None:
    boundary = Boundary(_lens(_Smuggling), TASK, DEPOT.environment(TASK))
    with pytest.raises(OperatorFault, match="no shown tool"):
        call(boundary, "find_parcels", {"owner": "Ottilie Branner"})


def test_an_agent_sees_none_of_our_marks() -> None:
    boundary = live(RENAMED)
    for tool in boundary.tools:
        assert tool.stands_for == ()
        assert "x-place" not in str(tool.parameters)
        assert "x-place" not in str(tool.returns)
        assert "x-entity" not in str(tool.returns)
