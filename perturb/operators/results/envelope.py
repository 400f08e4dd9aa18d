"""`results.envelope`: results come inside the wrapper that many APIs put around everything they return."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

import msgspec

from perturb.errors import PlanError, nearest
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.vocabulary import graphql_name
from perturb.types import JSON, Axis, Call, Result, Schema, Tool


class Wrapper(NamedTuple):
    """One house's envelope: what stands beside the data, and the path of keys to it, from the name of the called tool."""

    beside: dict[str, JSON]
    path: Callable[[str], tuple[str, ...]]


WRAPPERS: dict[str, Wrapper] = {
    "status": Wrapper({"status": "ok"}, lambda tool: ("data",)),
    "jsend": Wrapper({"status": "success"}, lambda tool: ("data",)),
    "flag": Wrapper({"success": True, "errors": [], "messages": []}, lambda tool: ("result",)),
    "json_api": Wrapper({"jsonapi": {"version": "1.1"}}, lambda tool: ("data", "attributes")),
    "graphql": Wrapper({}, lambda tool: ("data", graphql_name(tool))),
    "json_rpc": Wrapper({"jsonrpc": "2.0", "id": 1}, lambda tool: ("result",)),
}
"""Every wrapper by its name in plans: a plain status, JSend, the v4 API of Cloudflare, JSON:API 1.1, GraphQL, JSON-RPC 2.0."""

_BESIDE_ATTRIBUTES: dict[str, JSON] = {"type": "result"}
"""A resource of JSON:API has a type beside its attributes; its id is left to servers that have one."""


class House(msgspec.Struct, frozen=True):
    """An envelope that a plan brings along: constants beside the data, and the path of keys to it."""

    beside: dict[str, JSON]
    path: tuple[str, ...]


class Envelope(Operator, frozen=True, kw_only=True):
    """The results of a tool come in an envelope, one kind for all tools; the output schema says so.

    Before: `{"name": "Ada"}`
    After: `{"status": "ok", "data": {"name": "Ada"}}`, or as JSON:API, GraphQL and others have it

    A plan may be written with an envelope of its own. Failures stay as they are. Places are tools; intensity is the share of
    them. Does not apply where there are no tools.
    """

    id: ClassVar[str] = "results.envelope"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "envelope"
    examples: ClassVar[tuple[Example, ...]] = tuple(
        Example(
            what="result",
            plan={"op": "results.envelope", "version": 1, "wrappers": {"get_user": wrapper}},
            tool=Tool(
                name="get_user",
                description="Look up a user.",
                returns={"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
                effect="read",
            ),
            call=Call("get_user"),
            before={"name": "Ada"},
            after=after,
        )
        for wrapper, after in (
            ("status", {"status": "ok", "data": {"name": "Ada"}}),
            ("graphql", {"data": {"get_user": {"name": "Ada"}}}),
            ("json_api", {"jsonapi": {"version": "1.1"}, "data": {"type": "result", "attributes": {"name": "Ada"}}}),
        )
    )

    wrappers: dict[str, str] = msgspec.field(default_factory=dict)
    houses: dict[str, House] = msgspec.field(default_factory=dict)
    """Further wrappers, by the names that `wrappers` gives them."""

    def places(self) -> frozenset[str]:
        return frozenset(self.wrappers)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Envelope | NotApplicable:
        places = [name for tool in setup.tools for name in tool.stands_for]
        if not places:
            return NotApplicable("nothing_to_change", "there are no tools")
        wrapper = pick.choice("wrapper", list(WRAPPERS))
        return cls(wrappers=dict.fromkeys(pick.chosen(places, intensity), wrapper))

    def lens(self, setup: Setup) -> Lens:
        return EnvelopeLens(setup, self)


class EnvelopeLens(Lens):
    """Puts results into their tool's envelope and takes them out again."""

    def __init__(self, real: Setup, plan: Envelope) -> None:
        super().__init__(real)
        known = {**WRAPPERS, **{name: _wrapper(house) for name, house in plan.houses.items()}}
        for name in plan.wrappers.values():
            if name not in known:
                raise PlanError(f"there is no envelope {name!r}; {nearest(name, known)}")
        self._wrappers = {place: known[name] for place, name in plan.wrappers.items()}
        if plan.wrappers:
            self.setup = self.shown(tools=[self._declared(tool) for tool in real.tools])

    def _declared(self, tool: Tool) -> Tool:
        if len(tool.stands_for) != 1 or tool.stands_for[0] not in self._wrappers or tool.returns is None:
            return tool
        wrapper = self._wrappers[tool.stands_for[0]]
        return msgspec.structs.replace(tool, returns=_schema(wrapper, tool.name, tool.returns))

    def _wrapper(self, call: Call) -> Wrapper | None:
        return self._wrappers.get(self.real.origin(call) or "")

    def show_returns(self, call: Call, schema: Schema) -> Schema:
        wrapper = self._wrapper(call)
        return schema if wrapper is None else _schema(wrapper, call.name, schema)

    def show_result(self, call: Call, result: Result) -> Result:
        wrapper = self._wrapper(call)
        return result if wrapper is None else Result(_wrapped(wrapper, call.name, result.data), result.renderer)

    def read_result(self, call: Call, result: Result) -> Result:
        wrapper = self._wrapper(call)
        if wrapper is None:
            return result
        data = result.data
        for key in wrapper.path(call.name):
            if not isinstance(data, dict) or key not in data:
                return result
            data = data[key]
        return Result(data, result.renderer)


def _wrapper(house: House) -> Wrapper:
    if not house.path or house.path[0] in house.beside:
        raise PlanError(f"an envelope needs a path to the data, beside its constants; this has {list(house.path)!r}")
    return Wrapper(house.beside, lambda tool: house.path)


def _wrapped(wrapper: Wrapper, tool: str, data: JSON) -> JSON:
    first, *rest = wrapper.path(tool)
    if rest == ["attributes"]:
        data = {**_BESIDE_ATTRIBUTES, "attributes": data}
    else:
        for key in reversed(rest):
            data = {key: data}
    return {**wrapper.beside, first: data}


def _schema(wrapper: Wrapper, tool: str, schema: Schema) -> Schema:
    """The schema of the envelope with that of the data at its place."""
    first, *rest = wrapper.path(tool)
    if rest == ["attributes"]:
        schema = _object({**{key: _constant(value) for key, value in _BESIDE_ATTRIBUTES.items()}, "attributes": schema})
    else:
        for key in reversed(rest):
            schema = _object({key: schema})
    return _object({**{key: _constant(value) for key, value in wrapper.beside.items()}, first: schema})


def _constant(value: JSON) -> Schema:
    """The schema of what stands beside the data: a constant, or the type where a server would leave more room."""
    if isinstance(value, dict):
        return _object({key: _constant(item) for key, item in value.items()})
    if isinstance(value, list):
        return {"type": "array", "items": {"type": "string"}}
    kind = "boolean" if isinstance(value, bool) else "integer" if isinstance(value, int) else "string"
    return {"type": kind}


def _object(properties: Mapping[str, Any]) -> Schema:
    return {"type": "object", "properties": dict(properties), "required": list(properties)}
