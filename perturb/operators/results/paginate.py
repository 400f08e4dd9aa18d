"""`results.paginate`: a long list comes in pages, with a cursor for the next."""

from __future__ import annotations

from typing import ClassVar, NamedTuple, TypeAlias

import msgspec

from perturb import schemas
from perturb.operator import Example, Handling, Lens, NotApplicable, Operator, Performing, Phase, Pick, Setup, dose
from perturb.operators.added_argument import declared, put_back, set_apart
from perturb.operators.added_tool import refused
from perturb.types import JSON, Answer, Axis, Call, Failure, Result, Schema, Tool, digest

_STYLES: tuple[tuple[str, str, str], ...] = (
    ("cursor", "next_cursor", "items"),
    ("page_token", "next_page_token", "results"),
    ("continuation_token", "next_continuation_token", "entries"),
)
"""The argument, the key that tells the next value for it, and the key of the rows."""


class Paginate(Operator, frozen=True, kw_only=True):
    """A list comes in pages of a few rows, with a cursor that the schema declares.

    Before: `[r1, r2, r3]`
    After: `{"items": [r1, r2], "next_cursor": "c41f"}`, then with `"cursor": "c41f"`: `{"items": [r3], "next_cursor": null}`

    A result that is a list becomes an object; in a result that is an object, its first list is cut and the cursor stands
    beside it. Places are tools with such a result; a higher intensity takes more of them and makes the pages smaller.
    Does not apply where no tool declares a list as its result.
    """

    id: ClassVar[str] = "results.paginate"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "paging"

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="exchange",
            plan={
                "op": "results.paginate",
                "version": 1,
                "sizes": {"list_files": 2},
                "argument": "cursor",
                "next_key": "next_cursor",
                "rows_key": "items",
            },
            tool=Tool(name="list_files", returns={"type": "array", "items": {"type": "string"}}, effect="read"),
            before={
                "calls": [{"name": "list_files"}, {"name": "list_files", "arguments": {"cursor": "7033c04178"}}],
                "result": ["a.txt", "b.txt", "c.txt"],
            },
            after=[
                {"items": ["a.txt", "b.txt"], "next_cursor": "7033c04178"},
                {"items": ["c.txt"], "next_cursor": None},
            ],
        ),
    )

    sizes: dict[str, int] = msgspec.field(default_factory=dict)
    argument: str = ""
    next_key: str = ""
    rows_key: str = ""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Paginate | NotApplicable:
        lists = [tool.name for tool in Setup.of(setup.source).tools if list_key(tool.returns) is not None]
        reachable = {name for tool in setup.tools for name in tool.stands_for}
        lists = [name for name in lists if name in reachable]
        if not lists:
            return NotApplicable("nothing_to_change", "no tool declares a list as its result")
        taken = {name for tool in setup.tools for names in schemas.siblings(tool.parameters) for name in names}
        taken |= {name for tool in setup.tools for names in schemas.siblings(tool.returns) for name in names}
        styles = [style for style in _STYLES if not taken.intersection(style)]
        if not styles:
            return NotApplicable("names_exhausted", "every name for a cursor is taken")
        chosen = pick.chosen(lists, intensity)
        if not chosen:
            return cls()
        argument, next_key, rows_key = pick.choice("style", styles)
        largest = 6 - dose(intensity, 4)
        return cls(
            sizes={place: pick.integer(place, max(1, largest - 1), largest) for place in chosen},
            argument=argument,
            next_key=next_key,
            rows_key=rows_key,
        )

    def lens(self, setup: Setup) -> Lens:
        return PaginateLens(setup, self)


def list_key(schema: Schema | None) -> str | None:
    """Where a result holds its list: `""` at the root, else the key of its first list; `None` where it has none."""
    if schema is None:
        return None
    if schema.get("type") == "array":
        return ""
    for name, child in (schema.get("properties") or {}).items():
        if child.get("type") == "array":
            return str(name)
    return None


class Listing(NamedTuple):
    """A list that was asked for: the call, what it gave, and a name of both."""

    call: Call
    result: Result
    name: str


Pages: TypeAlias = dict[str, tuple[Listing, int]]
"""Within one episode: the list and the place in it, by cursor."""


class PaginateLens(Lens):
    """Cuts lists and remembers the rest under its cursor for as long as the episode lasts."""

    def __init__(self, real: Setup, plan: Paginate) -> None:
        super().__init__(real)
        self.plan = plan
        tools = [self._declare(tool) if any(name in plan.sizes for name in tool.stands_for) else tool for tool in real.tools]
        if plan.sizes:
            self.setup = self.shown(tools=tools)

    def _declare(self, tool: Tool) -> Tool:
        cursor = {
            "type": "string",
            "description": f"The `{self.plan.next_key}` of the page before, to get the page after it. Leave it out for the "
            "first page.",
        }
        note = f"Long lists come in pages: as long as `{self.plan.next_key}` is not null, there are more rows."
        single = len(tool.stands_for) == 1
        return msgspec.structs.replace(
            tool,
            description=f"{tool.description}\n{note}".strip(),
            parameters=declared(tool.parameters, self.plan.argument, cursor),
            returns=self._page_schema(tool.returns) if single and tool.returns is not None else tool.returns,
        )

    def _page_schema(self, schema: Schema) -> Schema:
        key = list_key(schema)
        following: Schema = {"type": ["string", "null"], "description": "The cursor of the next page; null on the last one."}
        if key is None:
            return schema
        if key == "":
            return {
                "type": "object",
                "properties": {self.plan.rows_key: schema, self.plan.next_key: following},
                "required": [self.plan.rows_key, self.plan.next_key],
            }
        made = dict(schema)
        made["properties"] = {**schema["properties"], self.plan.next_key: following}
        if key in schema.get("required", ()):
            made["required"] = [*schema["required"], self.plan.next_key]
        return made

    def _size(self, call: Call) -> int | None:
        place = self.real.origin(call)
        return None if place is None else self.plan.sizes.get(place)

    def show_call(self, call: Call) -> Call:
        return call if self._size(call) is None else set_apart(call, self.plan.argument)

    def read_call(self, call: Call) -> Call | Failure:
        tool = self.real.by_name.get(call.name)
        if tool is None or not any(one in self.plan.sizes for one in tool.stands_for):
            return call
        return put_back(call, self.plan.argument)

    def show_returns(self, call: Call, schema: Schema) -> Schema:
        return schema if self._size(call) is None else self._page_schema(schema)

    def show_result(self, call: Call, result: Result) -> Result:
        size = self._size(call)
        return result if size is None else self._page(self._listing(call, result), 0, size, {})

    def start(self) -> Pages:
        return {}

    def handle(self, call: Call, memory: Pages) -> Handling:
        inner = self.read_call(call)
        if isinstance(inner, Failure):
            return inner
        size = self._size(inner)
        cursor = call.arguments.get(self.plan.argument) if size is not None else None
        if size is not None and cursor is not None:
            known = memory.get(cursor) if isinstance(cursor, str) else None
            if known is None or self.real.origin(known[0].call) != self.real.origin(inner):
                way_out = f"Give the `{self.plan.next_key}` of a page of this tool, or leave it out for the first page."
                return refused(self.real, call, self.plan.argument, way_out)
            return self._page(*known, size, memory)
        answer = yield inner
        assert answer is not None
        if size is None or isinstance(answer, Failure):
            return answer
        return self._page(self._listing(inner, answer), 0, size, memory)

    def _listing(self, call: Call, result: Result) -> Listing:
        # The same call may give another list later: its pages are others.
        return Listing(call, result, digest([call, result.data]))

    def _page(self, listing: Listing, start: int, size: int, memory: Pages) -> Result:
        call, result = listing.call, listing.result
        rows = self._rows(call, result)
        if rows is None:
            return result
        following: str | None = None
        if start + size < len(rows):
            following = digest([listing.name, start + size], 10)
            memory[following] = (listing, start + size)
        page = rows[start : start + size]
        key = list_key(self.real.returns(call))
        if key == "":
            return Result({self.plan.rows_key: page, self.plan.next_key: following}, result.renderer)
        others = {self._apart(name): value for name, value in result.data.items()}
        return Result({**others, str(key): page, self.plan.next_key: following}, result.renderer)

    def _apart(self, name: str) -> str:
        """A key that the result has undeclared, called like the cursor's, is set apart from it."""
        return schemas.apart(name) if name.rstrip("_") == self.plan.next_key else name

    def _rows(self, call: Call, result: Result) -> list[JSON] | None:
        key = list_key(self.real.returns(call))
        if key is None:
            return None
        rows = result.data if key == "" else result.data.get(key) if isinstance(result.data, dict) else None
        return rows if isinstance(rows, list) else None

    def perform(self, call: Call) -> Performing:
        shown = self.show_call(call)
        answer: Answer = yield shown
        key = list_key(self.real.returns(call))
        if self._size(call) is None or key is None or isinstance(answer, Failure):
            return answer
        if not isinstance(answer.data, dict) or self.plan.next_key not in answer.data:
            return answer
        rows: list[JSON] = []
        page = answer.data
        while True:
            rows += page[self.plan.rows_key if key == "" else key]
            cursor = page[self.plan.next_key]
            if cursor is None:
                break
            following: Answer = yield Call(shown.name, {**shown.arguments, self.plan.argument: cursor})
            if isinstance(following, Failure):
                return following
            page = following.data
        renderer = answer.renderer
        if key == "":
            return Result(rows, renderer)
        return Result(
            {
                schemas.joined(name) if name.rstrip("_") == self.plan.next_key else name: rows if name == key else value
                for name, value in page.items()
                if name != self.plan.next_key
            },
            renderer,
        )
