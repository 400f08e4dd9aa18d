"""`toolset.live_migration`: in the middle of an episode tools or arguments come to be called otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import msgspec

from perturb import schemas
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.renamed_properties import plan_names
from perturb.operators.renaming import choose_names, names_in_use, single_tools
from perturb.operators.toolset.migrating import AnnouncedLens, UnannouncedLens
from perturb.operators.vocabulary import tool_synonyms
from perturb.types import Axis, Kind, Tool

_ARGUMENTS = 2
"""How many arguments of one tool come to be called otherwise at most."""


class LiveMigration(Operator, frozen=True, kw_only=True):
    """After some calls tools or arguments come to be called otherwise, as when a server is updated under a running client.

    Before: `get_user {"id": 7}` at any time
    After: the answer to the second call says "`get_user` is now called `fetch_member`. …", and from the next call on it is; or
    nothing is said, and `get_user` is answered with "`get_user` is gone. Nothing was done: use `fetch_member` instead."

    The list of tools changes with the notice (`announced` is `notice`: equivalent), or after the first such error (`error`: a
    fault). Calls in the old form are refused from then on, and the refusal names the new one. `after` is the number of calls
    before the change. Places are tools, each of which has its name or up to two arguments changed; intensity is the share of
    them. Merged tools are left alone; does not apply where all are merged. A catalogue, whose texts would go on naming what has
    gone, cannot be in the same stack.
    """

    id: ClassVar[str] = "toolset.live_migration"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "stages"
    retires_calls: ClassVar[bool] = True
    conflicts: ClassVar[frozenset[str]] = frozenset({"toolset.search"})
    examples: ClassVar[tuple[Example, ...]] = tuple(
        Example(
            what="replies",
            plan={
                "op": "toolset.live_migration",
                "version": 1,
                "names": {"get_user": "fetch_member"},
                "arguments": {},
                "after": 1,
                "announced": announced,
            },
            tool=Tool(
                name="get_user",
                description="Get a user by their id.",
                parameters={"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
                effect="read",
            ),
            before={
                "calls": [{"name": name, "arguments": {"id": 7}} for name in ("get_user", "get_user", "fetch_member")],
                "result": {"name": "Ada"},
            },
            after=[
                '{"name":"Ada"}' + notice,
                "`get_user` is gone. Nothing was done: use `fetch_member` instead.",
                '{"name":"Ada"}',
            ],
        )
        for announced, notice in (
            (
                "notice",
                "\n\nNotice: the list of tools has changed. `get_user` is now called `fetch_member`. Use the new names from "
                "the next call on; the old ones no longer work.",
            ),
            ("error", ""),
        )
    )

    names: dict[str, str] = msgspec.field(default_factory=dict)
    """New names by the toolset's own."""
    arguments: dict[str, dict[str, str]] = msgspec.field(default_factory=dict)
    """New names of arguments by their places, for each tool that has some."""
    after: int = 1
    announced: Literal["notice", "error"] = "notice"

    @property
    def kind(self) -> Kind:
        return "equivalent" if self.announced == "notice" else "fault"

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> LiveMigration | NotApplicable:
        tools = single_tools(setup)
        if not tools:
            return NotApplicable("nothing_to_change", "there are no tools, or they are all merged")
        current = {place: tool.name for place, tool in tools.items()}
        names = choose_names(current, lambda own: tool_synonyms(own, neutral=False), names_in_use(setup), pick)
        arguments = _arguments(setup, pick)
        kinds: dict[str, Mapping[str, object]] = {"names": names, "arguments": arguments}
        changed = {place: options for place in tools if (options := [what for what, new in kinds.items() if place in new])}
        if not changed:
            return NotApplicable("names_exhausted", "every synonym is taken by another name or word of the toolset")
        drawn = {place: pick.choice(place, options) for place, options in changed.items()}
        chosen = pick.chosen(changed, intensity)
        return cls(
            names={place: names[place] for place in chosen if drawn[place] == "names"},
            arguments={place: arguments[place] for place in chosen if drawn[place] == "arguments"},
            after=pick.choice("after", (1, 1, 2)),
            announced=pick.choice("announced", ("notice", "error")),
        )

    def lens(self, setup: Setup) -> Lens:
        arguments = {place: name for names in self.arguments.values() for place, name in names.items()}
        if not self.names and not arguments:
            return Lens(setup)
        made = AnnouncedLens if self.announced == "notice" else UnannouncedLens
        return made(setup, self.names, arguments, self.after)


def _arguments(setup: Setup, pick: Pick) -> dict[str, dict[str, str]]:
    """New names for one or two arguments of each tool that has some to be renamed."""
    every = plan_names(setup, "arguments", pick, 1.0)
    if isinstance(every, NotApplicable):
        return {}
    found: dict[str, dict[str, str]] = {}
    for tool, now in single_tools(setup).items():
        mine = [one.place for one in schemas.places(now.parameters) if one.place in every]
        if mine:
            drawn = pick.order(f"{tool} arguments", mine)[:_ARGUMENTS]
            found[tool] = {place: every[place] for place in mine if place in drawn}
    return found
