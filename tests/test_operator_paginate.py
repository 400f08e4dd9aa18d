"""Pages: lists that may be missing, cursors of other calls, and results of merged tools."""

from __future__ import annotations

from typing import Any

from perturb import laws, schemas
from perturb.operator import SeededPick, Setup, Stack, StackLens, lens_for
from perturb.operators.results.paginate import Paginate
from perturb.operators.results.rename_keys import RenameKeys
from perturb.operators.toolset.merge import Merge, Merged
from perturb.showing import answered
from perturb.toolset import Toolset
from perturb.types import Call, Result, Schema, Tool

PLAN = Paginate(sizes={"find_rows": 2, "find_notes": 2}, argument="cursor", next_key="next_cursor", rows_key="items")
ROWS: Schema = {"type": "array", "items": {"type": "object", "properties": {"row_id": {"type": "integer"}}}}


class Rows(Toolset):
    """Two tools that list rows, one of them not always."""

    name = "rows"
    dumps_state = False
    tools = (
        Tool(
            name="find_rows",
            description="Find rows.",
            returns={"type": "object", "properties": {"rows": ROWS, "total": {"type": "integer"}}, "required": ["total"]},
        ),
        Tool(name="find_notes", description="Find notes.", returns=ROWS),
    )


def rows(count: int) -> list[dict[str, int]]:
    return [{"row_id": number} for number in range(count)]


def ask(lens: StackLens, memory: Any, call: Call, data: Any) -> Any:
    return answered(lens, call, Result(data), memory)


def test_a_result_without_its_list_is_valid_as_it_is() -> None:
    lens = lens_for(PLAN, Setup.of(Rows()))
    answers = [(Call("find_rows"), Result({"total": 0})), (Call("find_rows"), Result({"total": 3, "rows": rows(3)}))]
    assert list(laws.valid(lens, [], answers)) == []
    assert ask(lens, lens.start(), Call("find_rows"), {"total": 0}) == {"total": 0}


def test_a_cursor_of_another_tool_is_refused_also_where_both_are_one() -> None:
    merge = Merge(tools={"manage_rows": Merged("action", {"rows": "find_rows", "notes": "find_notes"})})
    for plan, mine, other in (
        (PLAN, Call("find_notes"), Call("find_rows")),
        (
            Stack(operators=(merge, PLAN)),
            Call("manage_rows", {"action": "notes"}),
            Call("manage_rows", {"action": "rows"}),
        ),
    ):
        lens = lens_for(plan, Setup.of(Rows()))
        memory = lens.start()
        cursor = ask(lens, memory, mine, rows(5))["next_cursor"]
        following = {"cursor": cursor}
        page = ask(lens, memory, Call(mine.name, mine.arguments | following), [])
        assert page["items"] == [{"row_id": 2}, {"row_id": 3}]
        refused = (
            f"Invalid argument for {other.name}: 'cursor' is not accepted. Give the `next_cursor` of a page of this tool, or "
            "leave it out for the first page."
        )
        assert ask(lens, memory, Call(other.name, other.arguments | following), []) == refused
        assert ask(lens, lens.start(), Call(other.name, other.arguments | following), []) == refused  # another episode


def test_a_cursor_goes_on_with_its_own_list_though_the_call_has_given_another_since() -> None:
    lens = lens_for(PLAN, Setup.of(Rows()))
    memory = lens.start()
    call = Call("find_notes")
    cursor = ask(lens, memory, call, rows(5))["next_cursor"]
    later = ask(lens, memory, call, [{"row_id": 70}, {"row_id": 71}, {"row_id": 72}])["next_cursor"]
    assert ask(lens, memory, Call(call.name, {"cursor": cursor}), [])["items"] == [{"row_id": 2}, {"row_id": 3}]
    assert ask(lens, memory, Call(call.name, {"cursor": later}), [])["items"] == [{"row_id": 72}]


def test_the_schema_of_a_merged_tools_result_is_made_once(monkeypatch: Any) -> None:
    setup = Setup.of(Rows())
    stack, _ = Stack.of((Merge, RenameKeys, Paginate), setup, lambda name: SeededPick(1, name), 1.0)
    assert len(stack.operators) == 3
    lens = lens_for(stack, setup)
    calls = [lens.show_call(Call("find_notes"))] * 3
    memory = lens.start()
    first = ask(lens, memory, calls[0], rows(5))
    made: list[Any] = []
    monkeypatch.setattr(schemas, "rewrite", lambda *args: made.append(args))
    assert [ask(lens, memory, call, rows(5)) for call in calls] == [first] * 3
    assert made == []
