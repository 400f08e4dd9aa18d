"""`faults.partial`: of a batch some items are done, and the rest comes back for another call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import msgspec

from perturb import schemas
from perturb.operator import Example, Handling, Lens, NotApplicable, Operator, Performing, Phase, Pick, Setup
from perturb.operators.faults.joining import joinable, joined
from perturb.operators.own_terms import own_call, shown_call
from perturb.types import JSON, Answer, Axis, Call, Failure, Kind, Result, Schema, Tool, digest

_STYLES: tuple[tuple[str, str], ...] = (
    ("results", "unprocessed"),
    ("processed", "unprocessed_items"),
    ("completed", "remaining"),
)
"""The key of what was done, and the key of what was not."""


class Partial(Operator, frozen=True, kw_only=True):
    """Of a batch some items are done at first, and the rest comes back, to be given to the next call.

    Before: `tag_parcels {"ids": ["P1", "P2", "P3"]}` → `[r1, r2, r3]`
    After: `tag_parcels {"ids": ["P1", "P2", "P3"]}` → `{"results": [r1, r2], "unprocessed": ["P3"], "message": …}`, then with
    `"ids": ["P3"]` → `{"results": [r3], "unprocessed": null}`

    The state in between is truly partial, and a call with the rest does it whole. The output schema declares the outer
    object. Places are tools that declare which of their arguments is a batch, with a result for each item: a list, or a map;
    intensity is the share of them. Does not apply where no tool declares such a batch.
    """

    id: ClassVar[str] = "faults.partial"
    axis: ClassVar[Axis] = "responses"
    # Within all other faults, which meet each of the two calls by itself.
    phase: ClassVar[Phase] = "toolset"
    promises: ClassVar[Kind] = "fault"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="exchange",
            plan={
                "op": "faults.partial",
                "version": 1,
                "cuts": {"tag_parcels": 1},
                "percent": {"tag_parcels": 70},
                "done_key": "results",
                "rest_key": "unprocessed",
            },
            tool=Tool(
                name="tag_parcels",
                parameters={
                    "type": "object",
                    "properties": {"ids": {"type": "array", "items": {"type": "string"}}},
                    "required": ["ids"],
                },
                returns={"type": "array", "items": {"type": "string"}},
                batch="ids",
            ),
            before={
                "calls": [
                    {"name": "tag_parcels", "arguments": {"ids": ["P1", "P2", "P3"]}},
                    {"name": "tag_parcels", "arguments": {"ids": ["P3"]}},
                ],
                "result": ["tagged"],
            },
            after=[
                {
                    "results": ["tagged"],
                    "unprocessed": ["P3"],
                    "message": "2 of 3 items were done. To do the rest, call again with `unprocessed` in place of the batch.",
                },
                {"results": ["tagged"], "unprocessed": None},
            ],
        ),
    )

    cuts: dict[str, int] = msgspec.field(default_factory=dict)
    """How many batches of each tool are done in part; the calls with the rest do not count."""
    percent: dict[str, int] = msgspec.field(default_factory=dict)
    done_key: str = ""
    rest_key: str = ""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Partial | NotApplicable:
        reachable = {name for tool in setup.tools for name in tool.stands_for}
        batches = [name for name, tool in Setup.of(setup.source).by_name.items() if name in reachable and _is_batch(tool)]
        if not batches:
            return NotApplicable("not_declared", "no tool declares a batch with a result for each of its items")
        taken = {name for tool in setup.tools for names in schemas.siblings(tool.returns) for name in names}
        styles = [style for style in _STYLES if not taken.intersection(style)]
        if not styles:
            return NotApplicable("names_exhausted", "every name for what was not done is taken")
        chosen = pick.chosen(batches, intensity)
        if not chosen:
            return cls()
        done_key, rest_key = pick.choice("style", styles)
        return cls(
            cuts={place: pick.integer(place, 1, 2) for place in chosen},
            percent={place: pick.integer(f"{place}%", 40, 75) for place in chosen},
            done_key=done_key,
            rest_key=rest_key,
        )

    def lens(self, setup: Setup) -> Lens:
        return PartialLens(setup, self)


def _is_batch(tool: Tool) -> bool:
    items = tool.parameters.get("properties", {}).get(tool.batch or "", {})
    return "array" in schemas.kinds_of(items) and joinable(tool.returns)


class Cut(NamedTuple):
    """A call cut in two: the call with the first items, the one argument that is another for the rest and its value then, the
    rest's digest, and the numbers of items."""

    first: Call
    argument: str
    value: JSON
    rest: str
    done: int
    of: int


class Kept(NamedTuple):
    """Within one episode: how many batches are still to be cut, and the digests of the rests that are to be done whole."""

    left: dict[str, int]
    rests: set[str]


class PartialLens(Lens):
    """Makes two calls out of one: the first at once, the second when the agent makes it."""

    def __init__(self, real: Setup, plan: Partial) -> None:
        super().__init__(real)
        self._plan = plan
        own = Setup.of(real.source).by_name
        self._batches: Mapping[str, str] = {
            place: str(own[place].batch) for place in plan.cuts if place in own and _is_batch(own[place])
        }
        if self._batches:
            self.setup = self.shown(tools=[self._declared(tool) for tool in real.tools])

    def _declared(self, tool: Tool) -> Tool:
        if not any(place in self._batches for place in tool.stands_for):
            return tool
        note = (
            f"A batch may be done in part: when `{self._plan.rest_key}` is not null, call again with it in place of the batch."
        )
        single = len(tool.stands_for) == 1 and tool.returns is not None
        return msgspec.structs.replace(
            tool,
            description=f"{tool.description}\n{note}".strip(),
            returns=self._outer(tool.returns) if single and tool.returns is not None else tool.returns,
        )

    def _outer(self, schema: Schema) -> Schema:
        return {
            "type": "object",
            "properties": {
                self._plan.done_key: schema,
                self._plan.rest_key: {"description": "What was not done, as the call takes it; null when all of it was done."},
                "message": {"type": "string"},
            },
            "required": [self._plan.done_key, self._plan.rest_key],
        }

    def _place(self, call: Call) -> str | None:
        place = self.real.origin(call)
        return place if place in self._batches else None

    def show_returns(self, call: Call, schema: Schema) -> Schema:
        return schema if self._place(call) is None else self._outer(schema)

    def show_result(self, call: Call, result: Result) -> Result:
        return result if self._place(call) is None else self._told(result, None)

    def _told(self, result: Result, cut: Cut | None) -> Result:
        data: dict[str, Any] = {self._plan.done_key: result.data, self._plan.rest_key: None}
        if cut is not None:
            data[self._plan.rest_key] = cut.value
            data["message"] = (
                f"{cut.done} of {cut.of} items were done. To do the rest, call again with `{self._plan.rest_key}` in place of "
                "the batch."
            )
        return Result(data, result.renderer)

    def start(self) -> Kept:
        return Kept(dict(self._plan.cuts), set())

    def handle(self, call: Call, memory: Kept) -> Handling:
        place = self._place(call)
        items = self._items(call, place) if place is not None else []
        cut: Cut | None = None
        if place is not None and len(items) > 1:
            rest = digest([place, items])
            if rest in memory.rests:
                memory.rests.discard(rest)
            elif memory.left[place] > 0 and (cut := self._cut(call, place, items)) is not None:
                memory.left[place] -= 1
        answer: Answer | None = yield cut.first if cut is not None else call
        assert answer is not None
        if place is None or isinstance(answer, Failure):
            return answer
        if cut is not None:
            memory.rests.add(cut.rest)
        return self._told(answer, cut)

    def _items(self, call: Call, place: str) -> list[JSON]:
        """The items of a call in the toolset's own terms; none where they cannot be read."""
        own = own_call(self.real, call)
        items = own.arguments.get(self._batches[place]) if isinstance(own, Call) else None
        return items if isinstance(items, list) else []

    def _cut(self, call: Call, place: str, items: list[JSON]) -> Cut | None:
        """The call in two, by way of the toolset's own terms; `None` where more than one argument would change."""
        own = own_call(self.real, call)
        assert isinstance(own, Call)
        done = max(1, min(len(items) - 1, len(items) * self._plan.percent[place] // 100))
        first, rest = (
            shown_call(self.real, Call(own.name, {**own.arguments, self._batches[place]: part}))
            for part in (items[:done], items[done:])
        )
        changed = [name for name, value in rest.arguments.items() if call.arguments.get(name) != value]
        if len(changed) != 1 or rest.name != call.name:
            return None
        return Cut(first, changed[0], rest.arguments[changed[0]], digest([place, items[done:]]), done, len(items))

    def perform(self, call: Call) -> Performing:
        answer: Answer = yield call
        place = self._place(call)
        if place is None or isinstance(answer, Failure):
            return answer
        done, rest, renderer = self._read(answer)
        schema = self.real.returns(call) or {}
        while rest is not None and (cut := self._cut(call, place, self._items(call, place))) is not None:
            following: Answer = yield Call(call.name, {**call.arguments, cut.argument: rest})
            if isinstance(following, Failure):
                return following
            more, rest, _ = self._read(following)
            done = joined(schema, done, more)
        return Result(done, renderer)

    def _read(self, result: Result) -> tuple[JSON, JSON, str]:
        """What was done, what was not, and the renderer; a result in another form is all done."""
        data = result.data
        if not isinstance(data, dict) or self._plan.done_key not in data:
            return data, None, result.renderer
        return data[self._plan.done_key], data.get(self._plan.rest_key), result.renderer
