"""`toolset.withhold`: a tool that the task needs is missing at first, and comes with a later word of the user's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec

from perturb.operator import Example, Handling, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.types import Axis, Call, Kind, Tool


class Withhold(Operator, frozen=True, kw_only=True):
    """A tool that the task needs is missing until the user's second message, which says that it is there now.

    Before: `get_user`, `cancel_order`; the user asks
    After: `get_user`; the user asks; when that has been answered, the user says "You can use `cancel_order` now, …", and the
    tools are `get_user`, `cancel_order`

    Where the user has one message only, a second one is added, as BFCL v3 does in its category `miss_func`; else the second
    one opens with the sentence. Until then a call of the tool fails as one of a tool that nobody knows. Places are tools that
    the gold calls use, or any where there are none; intensity is the share of them. Some tool is always left. Tools that stand
    behind others (merged ones, a catalogue) are left alone; does not apply to fewer than two others.
    """

    id: ClassVar[str] = "toolset.withhold"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "stages"
    promises: ClassVar[Kind] = "ablation"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="names",
            plan={"op": "toolset.withhold", "version": 1, "tools": ["cancel_order"]},
            tool=Tool(name="get_user", description="Get a user by their id.", effect="read"),
            others=(Tool(name="cancel_order", description="Cancel an order."),),
            before=["get_user", "cancel_order"],
            after=["get_user"],
        ),
    )

    tools: tuple[str, ...] = ()

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Withhold | NotApplicable:
        single = list(dict.fromkeys(tool.stands_for[0] for tool in setup.tools if len(tool.stands_for) == 1))
        if len(single) < 2:
            return NotApplicable("nothing_to_change", "there are fewer than two tools that do not stand behind others")
        needed = _needed(setup)
        places = [place for place in single if place in needed] or single
        met = frozenset(places)
        if all(tool.stands_for[:1] and tool.stands_for[0] in met for tool in setup.tools):
            left = pick.choice("left", places)
            places = [place for place in places if place != left]
        return cls(tools=tuple(pick.chosen(places, intensity)))

    def places(self) -> frozenset[str]:
        return frozenset(self.tools)

    def lens(self, setup: Setup) -> Lens:
        return WithholdLens(setup, frozenset(self.tools))


def _needed(setup: Setup) -> frozenset[str]:
    """The tools that the gold calls use of the tasks that the plan is for."""
    said = set(setup.root.conversations)
    tasks = [task for task in setup.source.tasks if (task.prompt, *task.follow_ups) in said]
    return frozenset(call.name for task in tasks for call in task.gold or ())


class Heard(msgspec.Struct):
    """Within one episode: how many messages of the user's have come after the first."""

    further: int = 0


class WithholdLens(Lens):
    """Shows the tools without those withheld, until the user's second message."""

    withholds: ClassVar[bool] = True

    def __init__(self, real: Setup, places: frozenset[str]) -> None:
        super().__init__(real)
        self._withheld = [tool.name for tool in real.tools if len(tool.stands_for) == 1 and tool.stands_for[0] in places]
        if self._withheld:
            withheld = frozenset(self._withheld)
            self.setup = self.shown(tools=[tool for tool in real.tools if tool.name not in withheld])
            self.later = Lens(real)

    def show_turns(self, turns: tuple[str, ...]) -> tuple[str, ...]:
        if not self._withheld or not turns:
            return turns
        told = f"You can use {_listed(self._withheld)} now."
        if len(turns) == 1:
            return turns[0], f"{told} Please go on with what I asked for."
        return turns[0], f"{told}\n\n{turns[1]}", *turns[2:]

    def start(self) -> Heard:
        return Heard()

    def hear_user(self, memory: Heard) -> None:
        memory.further += 1

    def moves(self, memory: Heard) -> bool:
        return memory.further > 0

    def handle(self, call: Call, memory: Heard) -> Handling:
        if call.name in self._withheld:
            return self.real.source.refusal("unknown_tool", tool=call.name)
        answer: Any = yield call
        return answer  # type: ignore[no-any-return]


def _listed(names: Iterable[str]) -> str:
    """`a`, `b` and `c`."""
    *others, last = [f"`{name}`" for name in names]
    return f"{', '.join(others)} and {last}" if others else last
