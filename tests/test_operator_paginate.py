"""Pages: lists that may be missing, cursors of other calls, and results of merged tools."""

from __future__ import annotations

from typing import Any

import msgspec
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from perturb import laws, schemas
from perturb.operator import NotApplicable, SeededPick, Setup, Stack, StackLens, lens_for
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


class Settled(SeededPick):
    """A pick for which a house and the size of its pages are settled."""

    def settled(self, what: str, default: Any) -> Any:
        return {"house": "relay", "largest": 3}.get(what, default)


def test_a_house_and_its_size_of_pages_may_be_settled() -> None:
    plan = Paginate.plan(Setup.of(Rows()), Settled(1), 1.0)
    assert isinstance(plan, Paginate)
    assert (plan.argument, plan.next_key, plan.rows_key) == ("after", "pageInfo.endCursor", "nodes")
    assert plan.more_key == "pageInfo.hasNextPage"
    assert set(plan.sizes.values()) <= {2, 3}
    lens = lens_for(plan, Setup.of(Rows()))
    page = ask(lens, lens.start(), Call("find_notes", {}), rows(7))
    assert page["pageInfo"]["hasNextPage"]
    assert set(page) == {"nodes", "pageInfo"}


def test_a_house_whose_words_are_taken_gives_no_pages() -> None:
    class Taken(Rows):
        tools = (Tool(name="find_rows", returns=ROWS, parameters={"type": "object", "properties": {"first": {}}}),)

    planned = Paginate.plan(Setup.of(Taken()), Settled(1), 1.0)
    assert isinstance(planned, NotApplicable)
    assert planned.reason == "names_exhausted"
    assert isinstance(Paginate.plan(Setup.of(Taken()), SeededPick(1), 1.0), Paginate)


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


def pages(plan: Paginate, data: Any, name: str = "find_rows", toolset: Toolset | None = None) -> tuple[list[Any], Any]:
    """What an informed agent is shown one after the other, and the real result that it ends with."""
    lens = lens_for(plan, Setup.of(toolset or Rows()))
    memory, performing = lens.start(), lens.perform(Call(name))
    call, seen = next(performing), []
    while True:
        seen.append(ask(lens, memory, call, data))
        try:
            call = performing.send(Result(seen[-1]))
        except StopIteration as stop:
            return seen, stop.value.data


BY_ROW = Paginate(sizes={"find_rows": 2}, argument="after", row_key="row_id", more_key="has_more", size_argument="limit")
BY_PATH = Paginate(sizes={"find_rows": 2}, argument="cursor", next_key="meta.paging.next", more_key="meta.more", last="absent")
EMPTY = Paginate(
    sizes={"find_rows": 2, "find_notes": 2}, argument="cursor", next_key="meta.next", rows_key="notes", last="empty"
)


def test_the_key_of_the_last_row_is_the_cursor() -> None:
    seen, real = pages(BY_ROW, {"rows": rows(3), "total": 3})
    assert seen == [
        {"rows": [{"row_id": 0}, {"row_id": 1}], "total": 3, "has_more": True},
        {"rows": [{"row_id": 2}], "total": 3, "has_more": False},
    ]
    assert real == {"rows": rows(3), "total": 3}
    parameters = lens_for(BY_ROW, Setup.of(Rows())).setup.public_tools[0].parameters["properties"]
    assert parameters["after"]["type"] == "integer"
    assert "`row_id` of the last row" in parameters["after"]["description"]


def test_a_cursor_can_be_told_below_a_key_and_be_left_out_or_empty_at_the_end() -> None:
    seen, real = pages(BY_PATH, {"rows": rows(3), "total": 3})
    assert [set(page["meta"]) for page in seen] == [{"paging", "more"}, {"more"}]
    assert real == {"rows": rows(3), "total": 3}
    seen, real = pages(EMPTY, rows(3), "find_notes")
    assert [list(page) for page in seen] == [["notes", "meta"], ["notes", "meta"]]
    assert seen[-1]["meta"] == {"next": ""}
    assert real == rows(3)


def test_a_key_that_was_there_undeclared_is_set_apart() -> None:
    for meta in ({"took": 5}, "none"):
        data = {"rows": rows(3), "total": 3, "meta": meta}
        seen, real = pages(BY_PATH, data)
        assert (seen[0]["meta_"], seen[0]["meta"]["more"]) == (meta, True)
        assert real == data


class Dated(Toolset):
    """A list with a declared object beside it."""

    name = "dated"
    dumps_state = False
    tools = (
        Tool(
            name="find_rows",
            returns={
                "type": "object",
                "properties": {"meta": {"type": "object", "properties": {"took": {"type": "integer"}}}, "rows": ROWS},
                "required": ["rows"],
            },
        ),
    )


def test_a_path_may_lead_into_an_object_that_is_declared() -> None:
    data = {"meta": {"took": 5}, "rows": rows(3)}
    seen, real = pages(BY_PATH, data, toolset=Dated())
    assert seen[0]["meta"]["paging"]["next"]
    assert seen[1]["meta"] == {"took": 5, "more": False}
    assert real == data
    for uncut in ({"meta": None, "rows": rows(3)}, {"rows": rows(3)}):
        assert pages(BY_PATH, uncut, toolset=Dated()) == ([uncut], uncut)


def test_fewer_rows_can_be_asked_for_and_never_more() -> None:
    lens = lens_for(BY_ROW, Setup.of(Rows()))
    memory = lens.start()
    data = {"rows": rows(5), "total": 5}
    assert len(ask(lens, memory, Call("find_rows", {"limit": 1}), data)["rows"]) == 1
    assert len(ask(lens, memory, Call("find_rows", {"limit": 9, "after": 0}), data)["rows"]) == 2
    for limit in (0, "2", True):
        assert ask(lens, memory, Call("find_rows", {"limit": limit}), data).endswith("Give a whole number of rows, 1 or more.")


def test_the_key_of_a_row_goes_on_only_from_where_it_was_shown() -> None:
    lens = lens_for(BY_ROW, Setup.of(Rows()))
    memory = lens.start()
    way_out = "Give the `row_id` of the last row of a page of the same call, or leave it out for the first page."
    ask(lens, memory, Call("find_rows", {"owner": "Ada"}), {"rows": rows(5), "total": 5})
    assert ask(lens, memory, Call("find_rows", {"after": 1}), {}).endswith(way_out)
    assert ask(lens, memory, Call("find_rows", {"owner": "Ada", "after": 1}), {})["rows"] == [{"row_id": 2}, {"row_id": 3}]


def test_rows_without_the_key_are_not_cut() -> None:
    data = {"rows": [{"row_id": 1}, {}, {"row_id": 3}], "total": 3}
    assert pages(BY_ROW, data) == ([data], data)


@examples(200)
@given(st.integers(0, 9), st.integers(1, 4), st.sampled_from([BY_ROW, BY_PATH, EMPTY, PLAN]), st.booleans())
def test_any_list_comes_back_whole(count: int, size: int, plan: Paginate, extra: bool) -> None:
    plan = msgspec.structs.replace(plan, sizes=dict.fromkeys(plan.sizes, size))
    data = {"rows": rows(count), "total": count, **({"has_more": 1, "meta_": 2} if extra else {})}
    seen, real = pages(plan, data)
    assert real == data
    assert len(seen) == max(1, -(-count // size))
