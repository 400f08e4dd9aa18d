"""`toolset.near_duplicates`: beside a tool stands an older one of nearly the same name, which no longer works."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from perturb import schemas
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.renaming import names_in_use, single_tools
from perturb.operators.vocabulary import join, split
from perturb.types import Axis, Call, Failure, Kind, Tool

_MARKS = ("legacy", "old", "v1", "deprecated", "classic")
_LONGEST = 64


class NearDuplicates(Operator, frozen=True, kw_only=True):
    """Beside a tool stands an older one of nearly the same name; its description and its answer name the right one.

    Before: `get_user`
    After: `get_user`, `get_user_legacy` ("Deprecated and switched off; use `get_user` instead.")

    Places are tools; intensity is the share that has such a double. Applies wherever a name has room for it.
    """

    id: ClassVar[str] = "toolset.near_duplicates"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "toolset"
    promises: ClassVar[Kind] = "distraction"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="names",
            plan={"op": "toolset.near_duplicates", "version": 1, "doubles": {"get_user": "legacy"}},
            tool=Tool(name="get_user", description="Get a user by their id.", effect="read"),
            before=["get_user"],
            after=["get_user", "get_user_legacy"],
        ),
    )

    doubles: dict[str, str] = msgspec.field(default_factory=dict)
    """The mark that tells each tool's double from it."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> NearDuplicates | NotApplicable:
        taken = names_in_use(setup)
        marks = pick.order("marks", _MARKS)  # one team marks what it retires in one way
        doubles: dict[str, str] = {}
        for place, tool in single_tools(setup).items():
            free = [mark for mark in marks if _fits(name := _marked(tool.name, mark), tool.name) and name.lower() not in taken]
            if free:
                doubles[place] = free[0]
        if not doubles:
            if not setup.tools:
                return NotApplicable("nothing_to_change", "there are no tools")
            return NotApplicable("names_exhausted", "no tool's name has room for a mark, or every marked name is taken")
        return cls(doubles={place: doubles[place] for place in pick.chosen(doubles, intensity)})

    def lens(self, setup: Setup) -> Lens:
        return NearDuplicatesLens(setup, self.doubles)


def _marked(name: str, mark: str) -> str:
    """The name with a mark at its end, in the style that it is written in."""
    words, style = split(name)
    return join((*words, mark), style)


def _fits(marked: str, name: str) -> bool:
    return len(marked) <= _LONGEST and marked != name


class NearDuplicatesLens(Lens):
    """Adds the doubles and answers their calls itself; all other calls pass."""

    def __init__(self, real: Setup, doubles: Mapping[str, str]) -> None:
        super().__init__(real)
        self._right: dict[str, str] = {}
        tools: list[Tool] = []
        for tool in real.tools:
            tools.append(tool)
            mark = doubles.get(tool.stands_for[0]) if len(tool.stands_for) == 1 else None
            name = _marked(tool.name, mark) if mark is not None else tool.name
            if _fits(name, tool.name) and name not in real.by_name and name not in self._right:
                self._right[name] = tool.name
                tools.append(_double(tool, name))
        if self._right:
            self.setup = self.shown(tools=tools)

    def read_call(self, call: Call) -> Call | Failure:
        right = self._right.get(call.name)
        if right is None:
            return call
        refusal = self.real.source.refusal("not_found", tool=call.name)
        message = f"The tool `{call.name}` has been switched off. Nothing was done; use `{right}` instead."
        return msgspec.structs.replace(refusal, message=message, field=None, value=None)


def _double(tool: Tool, name: str) -> Tool:
    """The older tool: the same arguments, without the marks by which other operators would take them for the real ones."""
    return Tool(
        name=name,
        description=f"Deprecated and switched off; use `{tool.name}` instead. {tool.description}".strip(),
        parameters=schemas.strip(tool.parameters),
        effect=tool.effect,
        renderer=tool.renderer,
    )
