"""`tools.prefix`: tools carry the name of the server that they come from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.renaming import ToolNamesLens, names_in_use, single_tools
from perturb.types import Axis, Tool

LONGEST = 64
"""Characters that providers allow in the name of a function."""

_SERVERS = ("backend", "core", "desk", "gateway", "hub", "main", "office", "platform", "service", "suite")
_FORMS = ("mcp__{}__", "mcp_{}_", "{}__", "{}_", "{}-")
"""How clients that gather the tools of several MCP servers keep their names apart."""


def server_form(names: Iterable[str]) -> str:
    """The form in which most of some names carry one server's name; `""` where they do not."""
    listed = list(names)
    for form in _FORMS:
        for server in _SERVERS:
            prefix = form.format(server)
            if 2 * sum(name.startswith(prefix) for name in listed) > len(listed):
                return form
    return ""


def without_server(names: Sequence[str]) -> list[str]:
    """The names without that of a server, where most of them carry one's."""
    form = server_form(names)
    if not form:
        return list(names)
    prefixes = tuple(form.format(server) for server in _SERVERS)
    return [next((name[len(one) :] for one in prefixes if name.startswith(one)), name) for name in names]


class Prefix(Operator, frozen=True, kw_only=True):
    """Tools carry the name of the server that they come from, as clients of several MCP servers have it.

    Before: `get_user {"id": 7}`
    After: `mcp__crm__get_user {"id": 7}`

    One server and one form for a plan. Places are the tools whose name stays within 64 characters; intensity is their
    share. Does not apply where no name has room for a prefix.
    """

    id: ClassVar[str] = "tools.prefix"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "names"
    retires_calls: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="call",
            plan={"op": "tools.prefix", "version": 1, "names": {"get_user": "mcp__crm__get_user"}},
            tool=Tool(
                name="get_user",
                description="Get a user by their id.",
                parameters={"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
                effect="read",
            ),
            before={"name": "get_user", "arguments": {"id": 7}},
            after={"name": "mcp__crm__get_user", "arguments": {"id": 7}},
        ),
    )

    names: dict[str, str] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Prefix | NotApplicable:
        places = single_tools(setup)
        if not places:
            return NotApplicable("nothing_to_change", "there are no tools")
        prefix = pick.choice("form", _FORMS).format(pick.choice("server", _SERVERS))
        taken = names_in_use(setup)
        made = {place: prefix + tool.name for place, tool in places.items()}
        new = {place: name for place, name in made.items() if len(name) <= LONGEST and name.lower() not in taken}
        if not new:
            return NotApplicable("names_exhausted", f"no name has room for {prefix!r} within {LONGEST} characters")
        return cls(names={place: new[place] for place in pick.chosen(new, intensity)})

    def lens(self, setup: Setup) -> Lens:
        return ToolNamesLens(setup, self.names)
