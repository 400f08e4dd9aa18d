"""`toolset.search`: tools stand behind one tool that finds them and one that calls them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import ClassVar, NamedTuple

import msgspec

from perturb.operator import Example, Handling, Lens, NotApplicable, Operator, Performing, Phase, Pick, Setup, dose
from perturb.operators.added_tool import free_names, refused
from perturb.operators.tool_places import place_of, tools_by_place
from perturb.operators.toolset.ranking import Ranking
from perturb.types import JSON, Answer, Axis, Call, Failure, Result, Schema, Tool, digest

_FINDS = ("search_tools", "find_tools", "tool_search")
_CALLS = ("call_tool", "execute_tool", "invoke_tool")
_QUERY, _CURSOR, _NEXT = "query", "cursor", "nextCursor"
_NAME, _ARGUMENTS = "name", "arguments"
_MOST_PAGES = 40
"""Into how many pages the whole catalogue is divided at most."""
_TOOL: Schema = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "description": {"type": "string"},
        "inputSchema": {"type": "object"},
        "outputSchema": {"type": "object"},
    },
    "required": ["name", "description", "inputSchema"],
}
_FOUND: Schema = {
    "type": "object",
    "properties": {
        "tools": {"type": "array", "items": _TOOL},
        "total": {"type": "integer"},
        _NEXT: {"type": ["string", "null"]},
    },
    "required": ["tools", "total", _NEXT],
}


class Search(Operator, frozen=True, kw_only=True):
    """Tools stand behind two others, as gateways of large catalogues have it: one finds them, one calls them.

    Before: `get_user`, `list_orders`, …
    After: `search_tools {"query": "user"}` → `{"tools": [{"name": "get_user", "description": …, "inputSchema": …}], …}`, then
    `call_tool {"name": "get_user", "arguments": {"id": 7}}`

    What is found comes ranked, with the whole schemas as they would be shown, in pages; an empty query pages through all. What
    is behind the catalogue cannot be called in another way. Places are tools, those that other operators add among them;
    intensity is the share that is put behind the catalogue. Applies wherever there are tools.
    """

    id: ClassVar[str] = "toolset.search"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "catalogue"
    retires_calls: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="exchange",
            plan={
                "op": "toolset.search",
                "version": 1,
                "tools": ["get_user", "list_orders"],
                "finds": "search_tools",
                "calls": "call_tool",
                "size": 5,
            },
            tool=Tool(
                name="get_user",
                description="Get a user by their id.",
                parameters={"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
                effect="read",
            ),
            others=(Tool(name="list_orders", description="List the orders of a user.", effect="read"),),
            before={
                "calls": [
                    {"name": "search_tools", "arguments": {"query": "look up users"}},
                    {"name": "call_tool", "arguments": {"name": "get_user", "arguments": {"id": 7}}},
                    {"name": "get_user", "arguments": {"id": 7}},
                ],
                "result": {"name": "Ada"},
            },
            after=[
                {
                    "tools": [
                        {
                            "name": "get_user",
                            "description": "Get a user by their id.",
                            "inputSchema": {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
                        },
                        {
                            "name": "list_orders",
                            "description": "List the orders of a user.",
                            "inputSchema": {"type": "object", "properties": {}},
                        },
                    ],
                    "total": 2,
                    "nextCursor": None,
                },
                {"name": "Ada"},
                "Unknown tool: get_user",
            ],
        ),
    )

    tools: tuple[str, ...] = ()
    finds: str = ""
    calls: str = ""
    size: int = 0
    """How many tools a page holds."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Search | NotApplicable:
        places = list(tools_by_place(setup))
        if not places:
            return NotApplicable("nothing_to_change", "there are no tools")
        pairs = [pair for one, other in zip(_FINDS, _CALLS, strict=True) if len(pair := free_names(setup, (one, other))) == 2]
        if not pairs:
            return NotApplicable("names_exhausted", "every name for the tools that find and call is taken")
        chosen = pick.chosen(places, intensity)
        if not chosen:
            return cls()
        finds, calls = pick.choice("names", pairs)
        smallest = max(8 - dose(intensity, 5), -(-len(chosen) // _MOST_PAGES))
        return cls(tools=tuple(chosen), finds=finds, calls=calls, size=pick.integer("size", smallest, smallest + 2))

    def places(self) -> frozenset[str]:
        return frozenset(self.tools)

    def lens(self, setup: Setup) -> Lens:
        return SearchLens(setup, self)


class _Names(NamedTuple):
    """The tool that finds and the one that calls, each `""` where nothing is behind them."""

    finds: str
    calls: str


class SearchLens(Lens):
    """Answers searches itself and sends on the calls that come through the other tool. Cursors are made from the query and the
    place alone, so nothing need be remembered."""

    def __init__(self, real: Setup, plan: Search) -> None:
        super().__init__(real)
        self._size = plan.size
        clash = plan.finds in real.by_name or plan.calls in real.by_name
        self._behind: dict[str, Tool] = {}
        if not clash:
            places = frozenset(plan.tools)
            self._behind = {tool.name: tool for tool in real.tools if place_of(tool) in places}
        self._names = _Names(plan.finds, plan.calls) if self._behind else _Names("", "")
        if self._behind:
            direct = [tool for tool in real.tools if tool.name not in self._behind]
            self.setup = self.shown(tools=[self._finder(), self._caller(), *direct])
            self.catalogue = tuple(self._behind.values())

    def _finder(self) -> Tool:
        return Tool(
            name=self._names.finds,
            description=f"Finds tools by words of their names and descriptions, the best first, with their schemas. There are "
            f"{len(self._behind)} tools; an empty query pages through all of them. Call what you find with "
            f"`{self._names.calls}`.",
            parameters={
                "type": "object",
                "properties": {
                    _QUERY: {"type": "string", "description": "Words to look for; leave it empty for all tools."},
                    _CURSOR: {
                        "type": "string",
                        "description": f"The `{_NEXT}` of the page before, with the same query, to get the page after it.",
                    },
                },
                "required": [_QUERY],
            },
            returns=_FOUND,
            effect="read",
            idempotent=True,
        )

    def _caller(self) -> Tool:
        tools = self._behind.values()
        return Tool(
            name=self._names.calls,
            description=f"Calls a tool that `{self._names.finds}` has found.",
            parameters={
                "type": "object",
                "properties": {
                    _NAME: {"type": "string", "description": "The name of the tool."},
                    _ARGUMENTS: {"type": "object", "description": "Its arguments, which fit its `inputSchema`."},
                },
                "required": [_NAME, _ARGUMENTS],
            },
            effect="read" if all(tool.effect == "read" for tool in tools) else "write",
            idempotent=all(tool.idempotent for tool in tools),
            ordered=any(tool.ordered for tool in tools),
            stands_for=tuple(dict.fromkeys(place for tool in tools for place in tool.stands_for)),
        )

    def show_call(self, call: Call) -> Call:
        if call.name not in self._behind:
            return call
        return Call(self._names.calls, {_NAME: call.name, _ARGUMENTS: call.arguments})

    def read_call(self, call: Call) -> Call | Failure:
        if call.name in self._behind:
            return self.real.refusal("unknown_tool", tool=call.name)
        if call.name != self._names.calls or not self._names.calls:
            return call
        name, arguments = call.arguments.get(_NAME), call.arguments.get(_ARGUMENTS, {})
        if not isinstance(name, str):
            return refused(self.real, call, _NAME, f"Give the name of a tool that `{self._names.finds}` finds.")
        if name in self.real.by_name and name not in self._behind:
            return self._unknown(name)
        if not isinstance(arguments, dict):
            return refused(self.real, call, _ARGUMENTS, "Give a JSON object that fits the `inputSchema` of the tool.")
        # A name that nobody has goes on, and is refused as the toolset does it.
        return Call(name, arguments)

    def _unknown(self, name: str) -> Failure:
        return msgspec.structs.replace(self.real.refusal("unknown_tool", tool=name), stale=False)

    def handle(self, call: Call, memory: None) -> Handling:
        if self._names.finds and call.name == self._names.finds:
            return self._search(call)
        return (yield from super().handle(call, memory))

    def _search(self, call: Call) -> Answer:
        query, cursor = call.arguments.get(_QUERY, ""), call.arguments.get(_CURSOR)
        if not isinstance(query, str):
            return refused(self.real, call, _QUERY, "Give a text; an empty one pages through all tools.")
        found = self._ranking.best(query)
        start = 0
        if cursor is not None:
            start = _start(query, cursor)
            if start < self._size or start >= len(found):
                way = f"Give the `{_NEXT}` of a page of the same query, or leave it out for the first page."
                return refused(self.real, call, _CURSOR, way)
        following = start + self._size
        page = found[start:following]
        return Result(
            {
                "tools": [self._told[place] for place in page],
                "total": len(found),
                _NEXT: _cursor(query, following) if following < len(found) else None,
            }
        )

    @cached_property
    def _ranking(self) -> Ranking:
        return Ranking(list(self._behind.values()))

    @cached_property
    def _told(self) -> list[dict[str, JSON]]:
        """Each tool behind the catalogue as MCP lists it."""
        public = {tool.name: tool for tool in self.real.public_tools}
        return [_listed(public[name]) for name in self._behind]

    def perform(self, call: Call) -> Performing:
        if call.name in self._behind:
            asked: dict[str, JSON] = {_QUERY: ""}
            while True:
                page: Answer = yield Call(self._names.finds, asked)
                if isinstance(page, Failure) or page.data[_NEXT] is None or _holds(page.data["tools"], call.name):
                    break
                asked = {_QUERY: "", _CURSOR: page.data[_NEXT]}
        return (yield from super().perform(call))


def _holds(tools: Iterable[dict[str, JSON]], name: str) -> bool:
    return any(tool["name"] == name for tool in tools)


def _cursor(query: str, start: int) -> str:
    """An opaque word for a place in what a query finds: the place, and a digest that no other query gives."""
    return f"{digest([query, start], 8)}{start:x}"


def _start(query: str, cursor: JSON) -> int:
    """The place that a cursor stands for; 0 for one that this query has not given."""
    if not isinstance(cursor, str) or not re.fullmatch(r"[0-9a-f]{9,16}", cursor):
        return 0
    start = int(cursor[8:], 16)
    return start if _cursor(query, start) == cursor else 0


def _listed(tool: Tool) -> dict[str, JSON]:
    told: dict[str, JSON] = {"name": tool.name, "description": tool.description, "inputSchema": tool.parameters}
    return told if tool.returns is None else {**told, "outputSchema": tool.returns}
