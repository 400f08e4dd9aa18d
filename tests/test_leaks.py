"""Retired names in what is shown: found before an episode and in it, and never held against the agent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import anyio
import msgspec
import pytest
from depot import DEPOT

from perturb.agent_files import LoadedAgent
from perturb.leaks import Leaks
from perturb.operator import Lens, Operator, Phase, Retired, Setup, lens_for
from perturb.operators import from_json
from perturb.planning import Design, Limits, plan_run
from perturb.replay import LEAK, Gold
from perturb.store import Planned, Store
from perturb.toolset import Task
from perturb.trial import run_episode
from perturb.types import Axis, Call, Failure, Result

TASK = DEPOT.tasks[0]
RENAMED = {"op": "tools.synonym", "version": 1, "names": {"find_parcels": "locate_shipments"}}
KEYS = {"op": "results.rename_keys", "version": 1, "names": {"find_parcels>[].parcel_id": "shipment_no"}}


class Leaky(Operator, frozen=True, kw_only=True):
    """Renames a tool and forgets a place where it is named."""

    id: ClassVar[str] = "test.leaky"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "names"
    forgets: str = "failure"

    def places(self) -> frozenset[str]:
        return frozenset({"find_parcels"})

    def lens(self, setup: Setup) -> Lens:
        return LeakyLens(setup, self.forgets)


class LeakyLens(Lens):
    def __init__(self, real: Setup, forgets: str) -> None:
        super().__init__(real)
        self._inner = from_json(RENAMED).lens(real)
        self._forgets = forgets
        self.setup = self.shown(system=self._inner.setup.system, tools=self._inner.setup.tools)
        self.retired = (Retired("tool", "find_parcels"),)

    def show_text(self, text: str) -> str:
        return f"{text} Use `find_parcels`." if self._forgets == "prompt" else text

    def show_call(self, call: Call) -> Call:
        return self._inner.show_call(call)

    def read_call(self, call: Call) -> Call | Failure:
        return self._inner.read_call(call)

    def show_failure(self, call: Call, failure: Failure) -> Failure:
        if self._forgets != "failure":
            return self._inner.show_failure(call, failure)
        return msgspec.structs.replace(failure, message=f"{failure.message} See `find_parcels`.")


def run(operator: Operator, agent: Callable[[Any], Any], task: Task = TASK) -> Any:
    lens = lens_for(operator, Setup.of(DEPOT))
    planned = Planned(key="k", task=task.id, arm="perturbed", trial=0, operator=operator.id, plan=None)
    return anyio.run(run_episode, DEPOT, task, agent, lens, planned, Limits())


async def provoke(episode: Any) -> str:
    await episode.call("send_parcel", {"parcel_id": "P999", "carrier": "rail", "insured": True, "pieces": 1})
    return ""


def test_a_leak_in_a_failure_is_ours_and_not_the_agents() -> None:
    episode = run(Leaky(), provoke)
    assert episode.outcome == "tester_fault"
    assert "find_parcels" in episode.error
    assert run(Leaky(forgets="nothing"), provoke).outcome == "failed"


def test_what_the_agent_has_said_itself_is_no_leak() -> None:
    async def recites(episode: Any) -> str:
        await episode.call("find_parcels", {"owner": "Casimir Dunleavy"})
        return ""

    episode = run(from_json(RENAMED), recites)
    assert "find_parcels" in episode.steps[0].reply.text, "the refusal says which tool is unknown"
    assert episode.outcome == "failed"


@pytest.mark.parametrize("forgets", ["prompt", "nothing"])
def test_a_leak_before_the_first_call_is_found_by_the_proof(forgets: str) -> None:
    gold = Gold(DEPOT)
    proof = anyio.run(gold.prove, TASK, Leaky(forgets=forgets))
    assert (proof.reason == LEAK) == (forgets == "prompt")
    if forgets == "prompt":
        assert "'find_parcels' is mentioned in" in proof.detail


def test_a_plan_that_leaks_is_left_out_of_a_run_as_a_fault_of_ours(tmp_path: Any) -> None:
    class LeakyPrompt(Leaky, frozen=True, kw_only=True):
        id: ClassVar[str] = "test.leaky_prompt"

        @classmethod
        def plan(cls, setup: Setup, pick: Any, intensity: float) -> Operator:
            return cls(forgets="prompt")

    async def agent(episode: Any) -> str:
        return ""

    async def planned() -> Any:
        with Store(tmp_path / "store.sqlite") as store:
            found = LoadedAgent(name="a", digest="d", function=agent, is_reference=False)
            return await plan_run(DEPOT, found, [LeakyPrompt], Design(), Limits(), gold=Gold(DEPOT), store=store)

    left_out = anyio.run(planned).left_out
    assert {one.outcome for one in left_out} == {"tester_fault"}
    assert all("leaks" in one.reason for one in left_out)


def test_retired_keys_of_results_are_sought_where_a_schema_has_no_room_for_others() -> None:
    lens = lens_for(from_json(KEYS), Setup.of(DEPOT))
    leaks = Leaks.of(lens)
    tool = lens.setup.by_name["find_parcels"]
    call = Call("find_parcels", {"owner": "x"})
    row = {"parcel_id": "P001", "owner": "x"}
    shown = lens.show_result(call, Result([row])).data
    assert list(leaks.in_result("", shown, tool)) == []
    assert [leak.name for leak in leaks.in_result("", [row], tool)] == ["parcel_id"]


def test_nothing_is_sought_where_nothing_is_retired() -> None:
    def none(texts: Iterator[Any]) -> bool:
        return list(texts) == []

    leaks = Leaks.of(lens_for(None, Setup.of(DEPOT)))
    assert not leaks.sought
    assert none(leaks.in_setup())
    assert none(leaks.in_steps(()))
