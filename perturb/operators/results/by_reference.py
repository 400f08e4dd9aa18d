"""`results.by_reference`: a large result comes as a link, and another tool reads what it points to."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from perturb import texts
from perturb.operator import Example, Handling, Lens, NotApplicable, Operator, Performing, Phase, Pick, Setup, dose
from perturb.operators.added_tool import free_names, refused
from perturb.types import JSON, Answer, Axis, Call, Failure, Result, Schema, Tool, digest

_READS = ("read_resource", "fetch_resource", "get_resource")
_ROOTS = ("resource://results/", "result://", "blob://results/")
_TYPE = "resource_link"
_LINK: Schema = {
    "type": "object",
    "properties": {
        "type": {"const": _TYPE},
        "uri": {"type": "string"},
        "name": {"type": "string"},
        "mimeType": {"type": "string"},
        "size": {"type": "integer"},
    },
    "required": ["type", "uri", "name", "mimeType", "size"],
}
_WRITTEN_AS_JSON = ("json", "indented")


class ByReference(Operator, frozen=True, kw_only=True):
    """A large result comes as a link, as MCP's resource links do, and another tool reads what it points to.

    Before: `list_files {}` → a long list
    After: `list_files {}` → `{"type": "resource_link", "uri": "resource://results/686c430fcf", …}`, then
    `read_resource {"uri": "resource://results/686c430fcf"}` → the list, as it would have come

    What is longer than `larger_than` characters, as it would have been shown, is linked; links hold for as long as the episode
    lasts. The output schemas allow the link, and descriptions say how to read it. Places are tools; a higher intensity takes
    more of them and links smaller results. Applies wherever there are tools.
    """

    id: ClassVar[str] = "results.by_reference"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "noise"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="exchange",
            plan={
                "op": "results.by_reference",
                "version": 1,
                "tools": ["list_files"],
                "reads": "read_resource",
                "root": "resource://results/",
                "larger_than": 20,
            },
            tool=Tool(name="list_files", returns={"type": "array", "items": {"type": "string"}}, effect="read"),
            before={
                "calls": [
                    {"name": "list_files"},
                    {"name": "read_resource", "arguments": {"uri": "resource://results/686c430fcf"}},
                ],
                "result": ["a.txt", "b.txt", "c.txt"],
            },
            after=[
                {
                    "type": "resource_link",
                    "uri": "resource://results/686c430fcf",
                    "name": "Result of list_files",
                    "mimeType": "application/json",
                    "size": 25,
                },
                ["a.txt", "b.txt", "c.txt"],
            ],
        ),
    )

    tools: tuple[str, ...] = ()
    reads: str = ""
    root: str = ""
    larger_than: int = 0

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> ByReference | NotApplicable:
        places = [name for tool in setup.tools for name in tool.stands_for]
        if not places:
            return NotApplicable("nothing_to_change", "there are no tools")
        free = free_names(setup, _READS)
        if not free:
            return NotApplicable("names_exhausted", "every name for the tool that reads links is taken")
        chosen = pick.chosen(places, intensity)
        if not chosen:
            return cls()
        return cls(
            tools=tuple(chosen),
            reads=pick.choice("reads", free),
            root=pick.choice("root", _ROOTS),
            larger_than=600 - 40 * dose(intensity, 10),
        )

    def places(self) -> frozenset[str]:
        return frozenset(self.tools)

    def lens(self, setup: Setup) -> Lens:
        return ByReferenceLens(setup, self)


class ByReferenceLens(Lens):
    """Puts links in the place of large results, and keeps these for the tool that reads them."""

    def __init__(self, real: Setup, plan: ByReference) -> None:
        super().__init__(real)
        self._plan = plan
        clash = plan.reads in real.by_name
        self._places = frozenset() if clash else frozenset(plan.tools)
        if self._places:
            self.setup = self.shown(tools=[*(self._declared(tool) for tool in real.tools), self._reader()])

    def _declared(self, tool: Tool) -> Tool:
        if not self._places.intersection(tool.stands_for):
            return tool
        note = f"A large result comes as a link: call `{self._plan.reads}` with its `uri` to read it."
        single = len(tool.stands_for) == 1 and tool.returns is not None
        return msgspec.structs.replace(
            tool,
            description=f"{tool.description}\n{note}".strip(),
            returns=_either(tool.returns) if single and tool.returns is not None else tool.returns,
        )

    def _reader(self) -> Tool:
        return Tool(
            name=self._plan.reads,
            description="Reads what a link points to that a call was answered with.",
            parameters={
                "type": "object",
                "properties": {"uri": {"type": "string", "description": "The `uri` of the link."}},
                "required": ["uri"],
            },
            effect="read",
            idempotent=True,
        )

    def _links(self, call: Call) -> bool:
        return bool(self._places) and self.real.origin(call) in self._places

    def show_returns(self, call: Call, schema: Schema) -> Schema:
        return _either(schema) if self._links(call) else schema

    def show_result(self, call: Call, result: Result) -> Result:
        return self._link(call, result, {})

    def _link(self, call: Call, result: Result, memory: dict[str, Result]) -> Result:
        """The result, or the link to it, under which it is remembered."""
        if not self._links(call):
            return result
        text = texts.result_text(result)
        if len(text) <= self._plan.larger_than:
            return result
        uri = self._plan.root + digest([call, text], 10)
        memory[uri] = result
        return Result(
            {
                "type": _TYPE,
                "uri": uri,
                "name": f"Result of {call.name}",
                "mimeType": "application/json" if result.renderer in _WRITTEN_AS_JSON else "text/plain",
                "size": len(text.encode()),
            }
        )

    def start(self) -> dict[str, Result]:
        return {}

    def handle(self, call: Call, memory: dict[str, Result]) -> Handling:
        if self._places and call.name == self._plan.reads:
            return self._read(call, memory)
        answer = yield call
        assert answer is not None
        return answer if isinstance(answer, Failure) else self._link(call, answer, memory)

    def _read(self, call: Call, memory: dict[str, Result]) -> Answer:
        uri = call.arguments.get("uri")
        known = memory.get(uri) if isinstance(uri, str) else None
        if known is not None:
            return known
        return refused(self.real, call, "uri", "Give the `uri` of a link that a call was answered with.")

    def perform(self, call: Call) -> Performing:
        answer: Answer = yield call
        uri = self._uri(answer) if self._links(call) else None
        return answer if uri is None else (yield Call(self._plan.reads, {"uri": uri}))

    def _uri(self, answer: Answer) -> str | None:
        """Where a link points to; `None` for an answer that is none."""
        data: JSON = answer.data if isinstance(answer, Result) else None
        if not isinstance(data, dict) or data.get("type") != _TYPE or data.keys() != _LINK["properties"].keys():
            return None
        uri = data["uri"]
        return uri if isinstance(uri, str) and uri.startswith(self._plan.root) else None


def _either(schema: Schema) -> Schema:
    """The schema of a result, or of a link to it."""
    return {"anyOf": [schema, _LINK]}
