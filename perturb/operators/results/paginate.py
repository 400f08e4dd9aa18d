"""`results.paginate`: a long list comes in pages, with a cursor for the next."""

from __future__ import annotations

from typing import ClassVar, Literal, NamedTuple

import msgspec

from perturb import schemas
from perturb.operator import Example, Handling, Lens, NotApplicable, Operator, Performing, Phase, Pick, Setup, dose
from perturb.operators.added_argument import put_back, set_apart
from perturb.operators.added_tool import refused
from perturb.operators.results.page_keys import at, fits, list_key, put, without
from perturb.operators.results.page_schemas import declared_tool, page_schema
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
    beside it. A plan may be written with the keys of a vendor: a path to the cursor, what the last page holds in its place,
    a flag that says whether there is more, the key of the last row as the cursor, an argument for the size of a page. Places
    are tools with such a result; a higher intensity takes more of them and makes the pages smaller. Does not apply where no
    tool declares a list as its result.
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
    """Where the next cursor is told, as a path (`response_metadata.next_cursor`); `""` where it is the row's own key alone."""
    rows_key: str = ""
    more_key: str = ""
    """Where it is told, as true or false, whether there are more rows; `""` where it is not."""
    last: Literal["null", "empty", "absent"] = "null"
    """What stands at `next_key` on the last page."""
    row_key: str = ""
    """The key of a row whose value is the cursor after that row; `""` where cursors are the server's own."""
    size_argument: str = ""
    """The argument by which fewer rows can be asked for; `""` where there is none."""

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


class Page(NamedTuple):
    """Where a page begins: the real call, its whole result, a name of both, and the number of its first row."""

    call: Call
    result: Result
    name: str
    start: int

    @classmethod
    def first(cls, call: Call, result: Result) -> Page:
        # The same call may give another list later: its pages are others.
        return cls(call, result, digest([call, result.data]), 0)


class PaginateLens(Lens):
    """Cuts lists and remembers the rest under its cursor for as long as the episode lasts."""

    def __init__(self, real: Setup, plan: Paginate) -> None:
        super().__init__(real)
        self.plan = plan
        self._added = tuple(name for name in (plan.argument, plan.size_argument) if name)
        self._paths = tuple(path for path in (plan.next_key, plan.more_key) if path)
        tools = [
            declared_tool(tool, plan) if any(name in plan.sizes for name in tool.stands_for) else tool for tool in real.tools
        ]
        if plan.sizes:
            self.setup = self.shown(tools=tools)

    def _size(self, call: Call) -> int | None:
        place = self.real.origin(call)
        return None if place is None else self.plan.sizes.get(place)

    def show_call(self, call: Call) -> Call:
        if self._size(call) is not None:
            for name in self._added:
                call = set_apart(call, name)
        return call

    def read_call(self, call: Call) -> Call | Failure:
        tool = self.real.by_name.get(call.name)
        if tool is not None and any(one in self.plan.sizes for one in tool.stands_for):
            for name in self._added:
                call = put_back(call, name)
        return call

    def show_returns(self, call: Call, schema: Schema) -> Schema:
        return schema if self._size(call) is None else page_schema(schema, self.plan)

    def show_result(self, call: Call, result: Result) -> Result:
        size = self._size(call)
        return result if size is None else self._page(Page.first(call, result), size, {})

    def start(self) -> dict[JSON, Page]:
        return {}

    def handle(self, call: Call, memory: dict[JSON, Page]) -> Handling:
        inner = self.read_call(call)
        if isinstance(inner, Failure):
            return inner
        size = self._size(inner)
        if size is None:
            answer = yield inner
            assert answer is not None
            return answer
        asked = call.arguments.get(self.plan.size_argument) if self.plan.size_argument else None
        if asked is not None:
            if not isinstance(asked, int) or isinstance(asked, bool) or asked < 1:
                return refused(self.real, call, self.plan.size_argument, "Give a whole number of rows, 1 or more.")
            size = min(size, asked)
        cursor = call.arguments.get(self.plan.argument)
        if cursor is not None:
            page = memory.get(self._remembered(inner, cursor)) if isinstance(cursor, (str, int)) else None
            if page is None or self.real.origin(page.call) != self.real.origin(inner):
                return refused(self.real, call, self.plan.argument, self._way_out())
            return self._page(page, size, memory)
        answer = yield inner
        assert answer is not None
        return answer if isinstance(answer, Failure) else self._page(Page.first(inner, answer), size, memory)

    def _way_out(self) -> str:
        """What to give as a cursor."""
        given = f"`{self.plan.next_key}` of a page of this tool"
        if self.plan.row_key:
            given = f"`{self.plan.row_key}` of the last row of a page of the same call"
        return f"Give the {given}, or leave it out for the first page."

    def _remembered(self, call: Call, cursor: JSON) -> JSON:
        """Under what a page is kept: the key of a row says where to go on only together with what is asked for."""
        return digest([call, cursor]) if self.plan.row_key else cursor

    def _page(self, page: Page, size: int, memory: dict[JSON, Page]) -> Result:
        call, result, name, start = page
        rows = self._rows(call, result)
        if rows is None:
            return result
        key = list_key(self.real.returns(call))
        shown = rows[start : start + size]
        more = start + size < len(rows)
        cursor: JSON = digest([name, start + size], 10)
        if self.plan.row_key:
            cursor = at(shown[-1], self.plan.row_key) if shown else None
        if more and cursor is not None:
            memory[self._remembered(call, cursor)] = page._replace(start=start + size)
        if key == "":
            data: dict[str, JSON] = {self.plan.rows_key: shown}
        else:
            fresh = self._fresh(self.real.returns(call))
            data = {
                schemas.apart(name) if name.rstrip("_") in fresh else name: value
                for name, value in result.data.items()
                if name != key
            }
            data[str(key)] = shown
        if self.plan.next_key:
            if more:
                data = put(data, self.plan.next_key, cursor)
            elif self.plan.last != "absent":
                data = put(data, self.plan.next_key, None if self.plan.last == "null" else "")
        if self.plan.more_key:
            data = put(data, self.plan.more_key, more)
        return Result(data, result.renderer)

    def _fresh(self, schema: Schema | None) -> set[str]:
        """The keys of a page that the result has not declared: one that it has all the same is set apart from them."""
        return {path.partition(".")[0] for path in self._paths} - ((schema or {}).get("properties") or {}).keys()

    def _rows(self, call: Call, result: Result) -> list[JSON] | None:
        key = list_key(self.real.returns(call))
        if key is None:
            return None
        if key == "":
            rows = result.data
        else:
            fresh = self._fresh(self.real.returns(call))
            given = [path for path in self._paths if path.partition(".")[0] not in fresh]
            # An object that should be there and is not would be there afterwards.
            if not isinstance(result.data, dict) or not all(fits(result.data, path) for path in given):
                return None
            rows = result.data.get(key)
        if not isinstance(rows, list):
            return None
        # A row without the key that serves as the cursor leaves nothing to go on from.
        if self.plan.row_key and not all(isinstance(at(row, self.plan.row_key), (str, int)) for row in rows):
            return None
        return rows

    def perform(self, call: Call) -> Performing:
        shown = self.show_call(call)
        answer: Answer = yield shown
        schema = self.real.returns(call)
        key = list_key(schema)
        if self._size(call) is None or key is None or isinstance(answer, Failure):
            return answer
        name = self.plan.rows_key if key == "" else key
        if not isinstance(answer.data, dict) or not isinstance(answer.data.get(name), list):
            return answer
        if key != "" and self._rows(call, answer) is None:
            # It could not be cut.
            return answer
        rows: list[JSON] = []
        page = answer.data
        while True:
            rows += page[name]
            cursor = self._following(page, rows)
            if cursor is None:
                break
            following: Answer = yield Call(shown.name, {**shown.arguments, self.plan.argument: cursor})
            if isinstance(following, Failure):
                return following
            page = following.data
        renderer = answer.renderer
        if key == "":
            return Result(rows, renderer)
        fresh = self._fresh(schema)
        for path in self._paths:
            page = without(page, path, schema)
        return Result(
            {
                schemas.joined(other) if other.rstrip("_") in fresh else other: rows if other == key else value
                for other, value in page.items()
            },
            renderer,
        )

    def _following(self, page: JSON, rows: list[JSON]) -> JSON:
        """The cursor of the next page; `None` on the last one."""
        if self.plan.more_key and at(page, self.plan.more_key) is not True:
            return None
        told = at(page, self.plan.next_key) if self.plan.next_key else at(rows[-1], self.plan.row_key) if rows else None
        return None if told == "" else told
