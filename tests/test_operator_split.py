"""One tool with a mode becomes several: what they are called, what they say, and what is no mode."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from depot import DEPOT

from perturb import laws
from perturb.boundary import Boundary
from perturb.operator import Lens, NotApplicable, Operator, Phase, SeededPick, Setup, Stack, lens_for
from perturb.operators import by_id, from_json
from perturb.operators.toolset.split import Split
from perturb.operators.vocabulary import mode_names
from perturb.replay import Gold
from perturb.toolset import Toolset
from perturb.types import Call, Failure, Schema, Tool

FIND = {
    "argument": "find_parcels.speed",
    "names": {"express": "find_express_parcels", "standard": "find_standard_parcels", "any": ""},
}
SEND = {
    "argument": "send_parcel.carrier",
    "names": {"road": "send_parcel_by_road", "rail": "send_parcel_by_rail", "air": "send_parcel_by_air"},
}
PLAN = {"op": "toolset.split", "version": 1, "tools": {"find_parcels": FIND, "send_parcel": SEND}}
OWNER = {"owner": "Casimir Dunleavy"}


class Desk(Toolset):
    """A toolset of tools alone."""

    name = "desk"
    dumps_state = False

    def __init__(self, *tools: Tool) -> None:
        self.tools = tools


def tool(name: str, required: bool = True, **argument: Any) -> Tool:
    parameters: Schema = {"type": "object", "properties": {"mode": {"type": "string", **argument}}}
    return Tool(name=name, description="Does it.", parameters=parameters | ({"required": ["mode"]} if required else {}))


def live(*plans: dict[str, Any]) -> Boundary:
    plan = {"op": "stack", "operators": list(plans)}
    return Boundary(lens_for(from_json(plan), Setup.of(DEPOT)), DEPOT.tasks[0], DEPOT.environment(DEPOT.tasks[0]))


@pytest.mark.parametrize(
    ("name", "argument", "values", "default", "parts"),
    [
        ("search_flights", "cabin", "economy business", None, "search_economy_flights search_business_flights"),
        ("getStories", "type", "top new", None, "getTopStories getNewStories"),
        ("get_fare_rules", "fare", "saver flex", None, "get_saver_fare_rules get_flex_fare_rules"),
        ("get_financial_statements", "frequency", "quarterly annual", None, "get_quarterly_financial_statements …"),
        ("list_seats", "position", "window any", "any", "list_window_seats list_seats"),
        ("list_reservations", "status", "flown any", None, "list_flown_reservations list_all_reservations"),
        ("order_meal", "meal", "vegan gluten_free", None, "order_vegan_meal order_gluten_free_meal"),
        ("change_cabin", "cabin", "economy premium", None, "change_cabin_to_economy change_cabin_to_premium"),
        ("update-status", "status", "planned in_progress", None, "update-status-to-planned update-status-to-in-progress"),
        ("send_parcel", "carrier", "road rail", None, "send_parcel_by_road send_parcel_by_rail"),
        ("export_report", "format", "csv pdf", None, "export_report_as_csv export_report_as_pdf"),
        ("get_weather", "units", "metric imperial", None, "get_weather_in_metric get_weather_in_imperial"),
        ("issue_voucher", "reason", "delay other", None, "issue_voucher_for_delay issue_voucher_for_other_reasons"),
        ("format_convert", "fromFormat", "html xml", None, "format_convert_from_html format_convert_from_xml"),
        ("text_splitter", "splitBy", "lines delimiter", None, "text_splitter_by_lines text_splitter_by_delimiter"),
        ("share_file", "permission", "r rw", None, "share_file_with_read_permission share_file_with_read_write_permission"),
        ("web_search", "safeSearch", "strict off", None, "web_search_with_strict_safe_search web_search_without_safe_search"),
        ("search", "type", "all story comment", "all", "search search_stories search_comments"),
        ("search", "searchType", "web news", "web", "search_web search_news"),
        ("get_top", "top_type", "top_etfs top_companies", None, "get_top_etfs get_top_companies"),
        ("manage_flight", "action", "book cancel", None, "book_flight cancel_flight"),
        ("orders_api", "operation", "list refund", None, "list_orders refund_orders"),
        ("crm.get_user", "kind", "active former", None, "crm.get_active_user crm.get_former_user"),
    ],
)
def test_a_part_is_called_what_a_person_would_call_it(
    name: str, argument: str, values: str, default: str | None, parts: str
) -> None:
    made = mode_names(name, argument, values.split(), default)
    assert made is not None
    assert [one for one, wanted in zip(made.values(), parts.split(), strict=True) if wanted not in ("…", one)] == []


@pytest.mark.parametrize(
    "values", [["热门文章", "应用推荐"], ["6809637769959178254", "1"], ["a", "a!"], ["x" * 70, "y"], ["", "a"]]
)
def test_values_without_a_word_for_them_name_no_tools(values: list[str]) -> None:
    assert mode_names("get_news", "category", values) is None


@pytest.mark.parametrize(
    ("one", "applies"),
    [
        (tool("send", enum=["fast", "slow"]), True),
        (tool("send", required=False, enum=["fast", "slow"], default="slow"), True),
        (tool("send", anyOf=[{"const": "fast", "description": "By air."}, {"const": "slow"}]), True),
        (tool("send", required=False, enum=["fast", "slow"]), False),
        (tool("send", required=False, enum=["fast", "slow"], default="other"), False),
        (tool("send", enum=["fast"]), False),
        (tool("send", enum=[f"v{number}" for number in range(9)]), False),
        (tool("send", enum=["fast", None]), False),
        (tool("send", anyOf=[{"const": "fast"}, {"type": "string"}]), False),
        (tool("send"), False),
    ],
)
def test_a_mode_is_one_of_two_to_eight_texts_and_always_known(one: Tool, applies: bool) -> None:
    planned = Split.plan(Setup.of(Desk(one)), SeededPick(1), 1.0)
    assert isinstance(planned, Split) == applies, planned
    if isinstance(planned, NotApplicable):
        assert planned.reason == "nothing_to_change"


def test_a_tool_stays_whole_where_a_part_would_have_the_name_of_another() -> None:
    other = Tool(name="send_with_fast_mode", description="Another one.")
    planned = Split.plan(Setup.of(Desk(tool("send", enum=["fast", "slow"]), other)), SeededPick(1), 1.0)
    assert not isinstance(planned, Split) or "send_with_fast_mode" not in planned.tools["send"].names.values()


def test_each_part_lacks_the_argument_and_says_what_it_is_for() -> None:
    tools = {one.name: one for one in live(PLAN).tools}
    assert "send_parcel" not in tools
    rail = tools["send_parcel_by_rail"]
    assert "carrier" not in rail.parameters["properties"]
    assert "carrier" not in rail.parameters["required"]
    assert rail.description.endswith("Carrier: rail. How it travels: `road`, `rail` or `air`.")
    assert tools["find_parcels"].parameters["properties"].keys() == {"owner"}


def test_the_default_is_what_leaving_it_out_means() -> None:
    boundary = live(PLAN)
    replies = anyio.run(
        boundary.calls,
        [
            ("find_parcels", OWNER),
            ("find_express_parcels", OWNER),
            ("find_parcels", {**OWNER, "speed": "any"}),
            ("find_parcels", {**OWNER, "speed": "express"}),
            ("send_parcel", {}),
        ],
    )
    assert [reply.is_error for reply in replies] == [False, False, True, True, True]
    assert [step.stale for step in boundary.steps] == [False, False, True, True, True]
    assert boundary.real_calls == [Call("find_parcels", OWNER), Call("find_parcels", {**OWNER, "speed": "express"})]


def test_what_is_no_value_of_the_mode_fails_as_it_would_clean() -> None:
    lens = lens_for(from_json(PLAN), Setup.of(DEPOT))
    clean = DEPOT.environment(DEPOT.tasks[0])
    for call in (
        Call("send_parcel", {"carrier": "sea", "parcel_id": "P001"}),
        Call("send_parcel", {"parcel_id": "P001"}),
        Call("send_parcel", {"carrier": None}),
        Call("send_parcel", {"carrier_": "x"}),
        Call("find_parcels", {"owner": "x", "speed": 4}),
    ):
        assert lens.read_call(lens.show_call(call)) == call
        assert isinstance(clean.call(call), Failure)


def test_mentions_become_the_parts_and_in_a_failure_the_part_that_was_called() -> None:
    lens = lens_for(from_json(PLAN), Setup.of(DEPOT))
    parts = "`send_parcel_by_road`, `send_parcel_by_rail` or `send_parcel_by_air`"
    assert lens.setup.system == f"You work in a parcel depot. Never call {parts} twice for one parcel."
    assert f"Use {parts} to send one." in lens.setup.by_name["find_express_parcels"].description
    call = Call("send_parcel", {"carrier": "rail"})
    failure = Failure("conflict", "`send_parcel` was called twice, see 'find_parcels'.", tool="send_parcel")
    shown = lens.show_failure(call, failure)
    assert shown.message == "`send_parcel_by_rail` was called twice, see 'find_parcels'."
    assert shown.tool == "send_parcel_by_rail"
    assert lens.read_failure(call, shown) == failure
    other = Failure("not_found", 'Use "send_parcel" first.', tool="rename_parcel")
    told = lens.show_failure(Call("rename_parcel"), other)
    assert told.message == 'Use "send_parcel_by_road", "send_parcel_by_rail" or "send_parcel_by_air" first.'
    assert lens.read_failure(Call("rename_parcel"), told) == other


def test_values_in_codes_are_told_in_words_and_the_parts_named_after_them() -> None:
    codes = {
        "op": "arguments.recode_enum",
        "version": 1,
        "codes": {"send_parcel.carrier": {"road": "01", "rail": "02", "air": "03"}},
    }
    boundary = live(codes, PLAN)
    rail = next(one for one in boundary.tools if one.name == "send_parcel_by_rail")
    assert rail.description.endswith("\nCarrier: rail.")
    arguments = {"parcel_id": "P004", "insured": True, "pieces": 4}
    anyio.run(boundary.call, "send_parcel_by_rail", arguments)
    assert boundary.real_calls[-1].arguments["carrier"] == "rail"


def test_parts_may_be_merged_with_other_tools_again() -> None:
    setup = Setup.of(DEPOT)
    gold = Gold(DEPOT)
    for seed in range(8):
        stack, left_out = Stack.of(
            [by_id("toolset.split"), by_id("toolset.merge")], setup, lambda name, s=seed: SeededPick(s, name), 1.0
        )
        assert left_out == {}
        assert laws.on_setup(stack, setup) == []
        for task in DEPOT.tasks:
            assert anyio.run(laws.on_task, gold, task, stack) == []


class Careless(Operator, frozen=True, kw_only=True):
    """Leaves an argument out, and says that this means its default; it has none."""

    id = "test.careless"  # type: ignore[misc]
    axis = "tools"  # type: ignore[misc]
    phase: Phase = "arguments"  # type: ignore[misc]

    def lens(self, setup: Setup) -> Lens:
        return CarelessLens(setup)


class CarelessLens(Lens):
    def __init__(self, real: Setup) -> None:
        super().__init__(real)
        self.implied = frozenset({"send_parcel.carrier"})

    def show_call(self, call: Call) -> Call:
        return Call(call.name, {key: value for key, value in call.arguments.items() if key != "carrier"})


def test_only_a_declared_default_may_be_left_out() -> None:
    lens = lens_for(Careless(), Setup.of(DEPOT))
    assert [one.law for one in laws.round_trip(lens, [Call("send_parcel", {"carrier": "rail"})], ())] == [1]
