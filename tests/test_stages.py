"""What changes within an episode: the setup between batches of calls, and what the user says from turn to turn."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Any, ClassVar

import anyio
import msgspec
import pytest
from depot import DEPOT

from perturb import laws
from perturb.boundary import Boundary
from perturb.episode import messages
from perturb.errors import OperatorFault
from perturb.operator import Lens, NotApplicable, Operator, Phase, Pick, SeededPick, Setup, Stack, StackLens, lens_for
from perturb.operators import by_id, from_json
from perturb.operators.renaming import ToolNamesLens
from perturb.planning import Limits
from perturb.replay import Gold
from perturb.store import Planned
from perturb.trial import run_episode
from perturb.types import Answer, Axis, Call, Result

TASK = DEPOT.tasks[0]


class Moving(Operator, frozen=True, kw_only=True):
    """After `after` calls a tool has another name."""

    id: ClassVar[str] = "test.moving"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "stages"

    names: dict[str, str] = msgspec.field(default_factory=dict)
    after: int = 1

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Moving | NotApplicable:
        return cls(names={"find_parcels": "locate_shipments"})

    def lens(self, setup: Setup) -> Lens:
        return MovingLens(setup, self.names, self.after)


class MovingLens(Lens):
    def __init__(self, real: Setup, names: dict[str, str], after: int) -> None:
        super().__init__(real)
        self.after = after
        self.later = ToolNamesLens(real, names)

    def start(self) -> dict[str, int]:
        return {"calls": 0, "turns": 0}

    def hear_user(self, memory: Any) -> None:
        memory["turns"] += 1

    def moves(self, memory: Any) -> bool:
        return bool(memory["calls"] >= self.after)

    def handle(self, call: Call, memory: Any) -> Generator[Any, Any, Answer]:
        memory["calls"] += 1
        answer: Answer = yield call
        return answer


def live(*operators: Operator) -> Boundary:
    stack = Stack(operators=operators)
    return Boundary(lens_for(stack, Setup.of(DEPOT)), TASK, DEPOT.environment(TASK))


def names(boundary: Boundary) -> set[str]:
    return {tool.name for tool in boundary.tools}


OWNER = {"owner": "Casimir Dunleavy"}
MOVING = Moving(names={"find_parcels": "locate_shipments"}, after=1)


def test_the_setup_changes_behind_a_call() -> None:
    boundary = live(MOVING)
    assert "find_parcels" in names(boundary)
    assert not boundary.exposed
    first = anyio.run(boundary.call, "find_parcels", OWNER)
    assert names(boundary) >= {"locate_shipments"}
    assert "find_parcels" not in names(boundary)
    assert boundary.exposed
    old = anyio.run(boundary.call, "find_parcels", OWNER)
    new = anyio.run(boundary.call, "locate_shipments", OWNER)
    assert old.is_error
    assert boundary.steps[1].stale
    assert new.text == first.text


def test_calls_of_one_batch_are_served_in_the_setup_that_they_were_made_in() -> None:
    boundary = live(MOVING)
    replies = anyio.run(boundary.calls, [("find_parcels", OWNER), ("find_parcels", OWNER)])
    assert [reply.is_error for reply in replies] == [False, False]
    assert "locate_shipments" in names(boundary)


def test_the_proof_follows_a_change_between_two_pages() -> None:
    pages = from_json(
        {
            "op": "results.paginate",
            "version": 1,
            "sizes": {"find_parcels": 1},
            "argument": "cursor",
            "next_key": "next_cursor",
            "rows_key": "items",
        }
    )
    gold = Gold(DEPOT)
    stack = Stack(operators=(pages, MOVING))
    for task in DEPOT.tasks:
        proof = anyio.run(gold.prove, task, stack)
        assert proof.status == "solvable", proof
    boundary = live(pages, MOVING)
    generator = boundary.perform(Call("find_parcels", OWNER))
    asked: list[Call] = []

    def made() -> Generator[Call, Answer, None]:
        found = yield from generator
        assert isinstance(found, Result)
        assert len(found.data) == 4

    driven = made()
    answer: Any = None
    with contextlib.suppress(StopIteration):
        while True:
            asked.append(driven.send(answer))
            answer = anyio.run(boundary.send, asked[-1])
            boundary.end_batch()
    assert [call.name for call in asked] == ["find_parcels", *["locate_shipments"] * 3]


def test_each_stage_is_held_to_the_laws() -> None:
    found = laws.on_setup(MOVING, Setup.of(DEPOT))
    assert {one.law for one in found} == {7}, "only the table is missing, from which plans are read"
    assert len(list(lens_for(MOVING, Setup.of(DEPOT)).stages())) == 2

    class Clashing(Moving, frozen=True, kw_only=True):
        id: ClassVar[str] = "test.clashing"

    clashing = Clashing(names={"find_parcels": "send_parcel"})
    assert 3 in {one.law for one in laws.on_setup(clashing, Setup.of(DEPOT))}, "the later stage gives two tools one name"


def test_what_changes_within_an_episode_is_outermost_and_alone() -> None:
    class Early(Moving, frozen=True, kw_only=True):
        id: ClassVar[str] = "test.early"
        phase: ClassVar[Phase] = "names"

    with pytest.raises(OperatorFault, match="outermost"):
        lens_for(Stack(operators=(Early(names={}), by_id("toolset.shuffle")())), Setup.of(DEPOT))

    class Another(Moving, frozen=True, kw_only=True):
        id: ClassVar[str] = "test.another"

    _, left_out = Stack.of([Moving, Another], Setup.of(DEPOT), lambda name: SeededPick(1, name), 1.0)
    assert left_out["test.another"].reason == "conflict"


class InPieces(Operator, frozen=True, kw_only=True):
    """The request comes clause by clause."""

    id: ClassVar[str] = "test.in_pieces"
    axis: ClassVar[Axis] = "user"
    phase: ClassVar[Phase] = "messages"

    def lens(self, setup: Setup) -> Lens:
        return InPiecesLens(setup)


class InPiecesLens(Lens):
    def __init__(self, real: Setup) -> None:
        super().__init__(real)
        self.setup = self.shown()

    def show_turns(self, turns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(piece for turn in turns for piece in turn.split(", "))


def test_a_request_may_come_over_several_turns() -> None:
    boundary = live(InPieces())
    pieces = TASK.prompt.split(", ")
    assert len(pieces) > 1
    assert boundary.prompt == pieces[0]
    assert boundary.exposed

    async def hear() -> list[str | None]:
        return [await boundary.next_user("yes?"), *[await boundary.next_user() for _ in pieces[1:]]]

    assert anyio.run(hear) == [*pieces[1:], None]
    assert [one.answer for one in boundary.said] == ["yes?", *[""] * (len(pieces) - 2)]


def test_a_later_operator_plans_on_what_the_user_now_says() -> None:
    lens: StackLens = lens_for(InPieces(), Setup.of(DEPOT).for_task(TASK))
    assert lens.setup.conversations == (tuple(TASK.prompt.split(", ")),)
    assert len(lens_for(InPieces(), Setup.of(DEPOT)).setup.conversations) == len(DEPOT.tasks)


def test_the_record_tells_the_turns_where_they_came() -> None:
    async def agent(episode: Any) -> str:
        await episode.call("find_parcels", OWNER)
        while await episode.next_user("go on"):
            pass
        await episode.call("count_by_city", {})
        return "done"

    lens = lens_for(InPieces(), Setup.of(DEPOT))
    planned = Planned(key="k", task=TASK.id, arm="perturbed", trial=0, operator="test.in_pieces", plan=None)
    episode = anyio.run(run_episode, DEPOT, TASK, agent, lens, planned, Limits())
    further = len(TASK.prompt.split(", ")) - 1
    roles = [one["role"] for one in messages(episode)]
    assert roles[:2] == ["system", "user"] if DEPOT.system else ["user"]
    assert roles[-5 - 2 * further :] == [
        *("assistant", "tool"),
        *["assistant", "user"] * further,
        *("assistant", "tool", "assistant"),
    ]
