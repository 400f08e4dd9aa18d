"""The operators that rename, reword or add: what a person would look for in each, and the laws on 40 real MCP servers."""

from __future__ import annotations

from typing import Any

import pytest
from real_toolsets import livemcp, tau_airline

from perturb import laws, texts
from perturb.operator import Lens, Operator, SeededPick, Setup, Stack, lens_for
from perturb.operators import by_id
from perturb.operators.distractor_bank import by_name
from perturb.operators.renaming import choose_names
from perturb.toolset import Toolset
from perturb.types import Call, Failure, Result, Tool

MINE = (
    "descriptions.reword",
    "tools.synonym",
    "tools.vendor_style",
    "tools.opaque",
    "arguments.synonym",
    "toolset.distractors",
    "results.rename_keys",
)


class Desk(Toolset):
    """A toolset of tools alone."""

    dumps_state = False

    def __init__(self, *tools: Tool, name: str = "desk", system: str = "") -> None:
        self.name = name
        self.tools = tools
        self.system = system


def order_desk() -> Desk:
    order = {
        "type": "object",
        "properties": {"order_id": {"type": "string"}, "status": {"type": "string"}},
        "required": ["order_id"],
    }
    return Desk(
        Tool(
            name="get_order",
            description="Get the order with this `order_id`. Before `cancel_order`, read its `status`.",
            parameters={
                "type": "object",
                "properties": {
                    "order_id": {"type": "string", "title": "Order Id", "description": "The `order_id` of the order."}
                },
                "required": ["order_id"],
            },
            returns=order,
            effect="read",
        ),
        Tool(
            name="cancel_order",
            description="Cancel the order with this `order_id`.",
            parameters={
                "type": "object",
                "properties": {
                    "order_id": {"type": "string"},
                    "refunds": {
                        "type": "array",
                        "items": {"type": "object", "properties": {"amount": {"type": "number"}}, "required": ["amount"]},
                    },
                },
                "required": ["order_id"],
            },
        ),
        system="Never call cancel_order without an `order_id` from get_order.",
    )


def bound(operator_id: str, toolset: Toolset, *, seed: int = 1, intensity: float = 1.0) -> tuple[Operator, Lens]:
    setup = Setup.of(toolset)
    plan = by_id(operator_id).plan(setup, SeededPick(seed, operator_id), intensity)
    assert isinstance(plan, Operator), plan
    return plan, lens_for(plan, setup)


def tools_only(name: str, tools: list[dict[str, Any]]) -> Desk:
    made = {tool["name"]: tool for tool in tools}
    return Desk(
        *(
            Tool(name=one["name"], description=one.get("description") or "", parameters={"type": "object", **one["parameters"]})
            for one in made.values()
        ),
        name=name,
    )


def a_call(tool: Tool) -> Call:
    return Call(tool.name, {name: f"value {number}" for number, name in enumerate(tool.parameters.get("properties", {}))})


@pytest.mark.slow
@pytest.mark.parametrize("operator_id", MINE)
def test_laws_on_the_schemas_of_real_servers(operator_id: str) -> None:
    servers = {"tau-bench airline": tau_airline(), **livemcp()}
    applied = 0
    for name, tools in servers.items():
        toolset = tools_only(name, tools)
        setup = Setup.of(toolset)
        calls = [a_call(tool) for tool in setup.tools]
        found = [
            *laws.dosed(by_id(operator_id), setup, 1, calls),
            *laws.deterministic(by_id(operator_id), setup, 1, 0.5, calls),
        ]
        for intensity in (0.3, 1.0):
            plan = by_id(operator_id).plan(setup, SeededPick(3, operator_id), intensity)
            if not isinstance(plan, Operator):
                continue
            applied += 1
            lens = lens_for(plan, setup)
            found += [*laws.on_setup(plan, setup), *laws.round_trip(lens, calls, ()), *laws.one_to_one(lens, calls)]
            if plan.retires_calls:
                found += laws.strict(lens, calls)
        assert [str(one) for one in found] == [], name
    assert applied == 2 * sum(_has_what_it_needs(operator_id, tools) for tools in servers.values())


def _has_what_it_needs(operator_id: str, tools: list[dict[str, Any]]) -> bool:
    if operator_id == "results.rename_keys":
        return False  # these servers declare no output schemas
    if operator_id == "descriptions.reword":
        return any((tool.get("description") or "").strip() for tool in tools)
    return operator_id != "arguments.synonym" or any(tool["parameters"].get("properties") for tool in tools)


@pytest.mark.parametrize("operator_id", ["tools.synonym", "tools.vendor_style", "tools.opaque"])
def test_a_renamed_tool_is_renamed_wherever_it_is_named(operator_id: str) -> None:
    _, lens = bound(operator_id, order_desk())
    names = [tool.name for tool in lens.setup.public_tools]
    shown = " ".join([lens.setup.system, *(tool.description for tool in lens.setup.public_tools)])
    assert "cancel_order" not in shown
    assert f"`{names[1]}`" in shown
    assert lens.show_text("Use cancel_order, then cancel the order.") == f"Use {names[1]}, then cancel the order."
    assert lens.show_call(Call("cancel_order", {"order_id": "7"})) == Call(names[1], {"order_id": "7"})


@pytest.mark.parametrize("operator_id", ["tools.synonym", "tools.vendor_style", "tools.opaque"])
def test_failures_name_the_shown_tool_and_read_back(operator_id: str) -> None:
    _, lens = bound(operator_id, order_desk())
    call = Call("cancel_order", {"order_id": "7"})
    real = Failure("conflict", "cancel_order refused: use get_order first", tool="cancel_order")
    shown = lens.show_failure(call, real)
    assert shown.tool == lens.setup.tools[1].name
    assert "cancel_order" not in shown.message
    assert lens.read_failure(call, shown) == real


def test_the_old_name_of_a_tool_is_stale() -> None:
    _, lens = bound("tools.synonym", order_desk())
    refused = lens.read_call(Call("cancel_order", {"order_id": "7"}))
    assert isinstance(refused, Failure)
    assert refused.stale
    assert refused.kind == "unknown_tool"


def test_one_house_names_all_tools() -> None:
    houses = set()
    for seed in range(12):
        plan, _ = bound("tools.vendor_style", order_desk(), seed=seed)
        houses.add(plan.house)  # type: ignore[attr-defined]
    assert len(houses) > 2


def test_opaque_is_an_ablation_where_descriptions_do_not_tell_tools_apart() -> None:
    told = Tool(name="get_user", description="Get a user.")
    same = [Tool(name=name, description="Search flights on a date.") for name in ("search_direct", "search_onestop")]
    bare = Tool(name="think", description="")
    assert bound("tools.opaque", Desk(told))[0].kind == "equivalent"
    assert bound("tools.opaque", Desk(told, bare))[0].kind == "ablation"
    plan, _ = bound("tools.opaque", Desk(told, *same))
    assert plan.kind == "ablation"
    assert set(plan.untold) == {"search_direct", "search_onestop"}  # type: ignore[attr-defined]


def test_an_argument_is_renamed_alike_in_all_tools_and_in_their_texts() -> None:
    plan, lens = bound("arguments.synonym", order_desk())
    names = plan.names  # type: ignore[attr-defined]
    new = names["get_order.order_id"]
    assert names["cancel_order.order_id"] == new
    first = lens.setup.public_tools[0]
    assert list(first.parameters["properties"]) == [new]
    assert first.parameters["required"] == [new]
    assert first.parameters["properties"][new]["description"] == f"The `{new}` of the order."
    assert "title" not in first.parameters["properties"][new], "the title spelt the old name"
    assert first.description.startswith(f"Get the order with this `{new}`.")
    assert first.returns is not None
    assert "order_id" in first.returns["properties"], "results are another operator's"
    assert "`order_id`" in lens.setup.system, "a key of a result still has that name"


def test_nested_arguments_are_renamed_and_old_names_are_stale() -> None:
    plan, lens = bound("arguments.synonym", order_desk())
    names = plan.names  # type: ignore[attr-defined]
    call = Call("cancel_order", {"order_id": "7", "refunds": [{"amount": 3}], "undeclared": 1})
    shown = lens.show_call(call)
    rows = names["cancel_order.refunds"]
    assert shown.arguments[rows] == [{names["cancel_order.refunds[].amount"]: 3}]
    assert shown.arguments["undeclared"] == 1
    assert lens.read_call(shown) == call
    refused = lens.read_call(Call("cancel_order", {**shown.arguments, rows: [{"amount": 3}]}))
    assert isinstance(refused, Failure)
    assert refused.stale
    assert refused.field == "amount"


def test_failures_name_the_shown_argument_and_read_back() -> None:
    plan, lens = bound("arguments.synonym", order_desk())
    names = plan.names  # type: ignore[attr-defined]
    call = Call("cancel_order", {"order_id": "7"})
    real = Failure("invalid_argument", "order_id: no such order", tool="cancel_order", field="order_id")
    shown = lens.show_failure(call, real)
    assert shown.field == names["cancel_order.order_id"]
    assert shown.message == f"{shown.field}: no such order"
    assert lens.read_failure(call, shown) == real
    nested = Failure("invalid_argument", "must be positive", tool="cancel_order", field="refunds.amount")
    path = f"{names['cancel_order.refunds']}.{names['cancel_order.refunds[].amount']}"
    assert lens.show_failure(call, nested).field == path
    assert lens.read_failure(call, lens.show_failure(call, nested)) == nested


@pytest.mark.parametrize("places", [["claim.amount"], ["claim.amount.amount"], ["claim.amount", "claim.amount.amount"]])
def test_the_text_of_a_failure_reads_back_where_two_arguments_have_one_name(places: list[str]) -> None:
    class Claims(Toolset):
        name = "claims"
        tools = (
            Tool(
                name="claim",
                parameters={
                    "type": "object",
                    "properties": {"amount": {"type": "object", "properties": {"amount": {"type": "number"}}}},
                },
            ),
        )

    names = {place: f"p_{number}" for number, place in enumerate(places)}
    lens = lens_for(by_id("arguments.opaque")(names=names), Setup.of(Claims()))  # type: ignore[call-arg]
    call = Call("claim", {"amount": {"amount": 52.8}})
    real = Failure("invalid_argument", "At most 40.", tool="claim", field="amount", renderer="json")
    text = texts.failure_text(lens.show_failure(call, real))
    seen = Failure("unknown", text, tool="claim")
    assert texts.failure_text(lens.read_failure(call, seen)) == texts.failure_text(real)


def test_keys_of_results_are_renamed_and_free_keys_stay() -> None:
    plan, lens = bound("results.rename_keys", order_desk())
    names = plan.names  # type: ignore[attr-defined]
    call = Call("get_order", {"order_id": "7"})
    real = Result({"order_id": "7", "status": "open", "extra": 1})
    shown = lens.show_result(call, real)
    assert shown.data == {names["get_order>order_id"]: "7", names["get_order>status"]: "open", "extra": 1}
    assert lens.read_result(call, shown) == real
    tool = lens.setup.public_tools[0]
    assert f"read its `{names['get_order>status']}`" in tool.description
    assert "with this `order_id`" in tool.description, "the argument keeps its name"


def test_distractors_answer_a_refusal_and_leave_the_rest_alone() -> None:
    plan, lens = bound("toolset.distractors", order_desk())
    names = [tool.name for tool in lens.setup.public_tools]
    assert len(names) == 2 + 8
    assert [name for name in names if name in ("get_order", "cancel_order")] == ["get_order", "cancel_order"]
    added = next(name for name in names if name in plan.places())
    refused = lens.read_call(Call(added, {"anything": 1}))
    assert isinstance(refused, Failure)
    assert refused.message == by_name()[added].refusal.message
    assert refused.tool == added
    assert not refused.stale
    assert lens.read_call(Call("get_order", {})) == Call("get_order", {})


def test_distractors_are_named_in_the_style_of_the_toolset() -> None:
    _, lens = bound("toolset.distractors", Desk(Tool(name="getOrder"), Tool(name="cancelOrder")))
    assert all("_" not in tool.name and tool.name[0].islower() for tool in lens.setup.public_tools)


def test_more_distractors_at_a_higher_intensity() -> None:
    sizes = [len(bound("toolset.distractors", order_desk(), intensity=t)[0].places()) for t in (0.0, 0.3, 0.6, 1.0)]
    assert sizes == [0, 3, 5, 8]


def test_reworded_descriptions_stay_apart() -> None:
    desk = Desk(
        Tool(name="one", description="Gets the order."),
        Tool(name="two", description="Get the order."),
        Tool(name="three", description="Retrieve the order."),
    )
    for seed in range(20):
        _, lens = bound("descriptions.reword", desk, seed=seed)
        shown = [tool.description for tool in lens.setup.public_tools]
        assert len(set(shown)) == 3
        assert not set(shown) & {tool.description for tool in desk.tools}


def test_a_stack_of_all_of_them_reads_back() -> None:
    toolset = order_desk()
    setup = Setup.of(toolset)
    stack, left_out = Stack.of(map(by_id, MINE), setup, lambda name: SeededPick(4, name), 1.0)
    assert not left_out
    lens = lens_for(stack, setup)
    call = Call("cancel_order", {"order_id": "7", "refunds": [{"amount": 3}]})
    shown = lens.show_call(call)
    assert shown.name != call.name
    assert not shown.arguments.keys() & call.arguments.keys()
    assert lens.read_call(shown) == call
    assert [str(one) for one in laws.on_setup(stack, setup)] == []


@pytest.mark.parametrize("dropped", MINE)
def test_leaving_one_out_leaves_the_choices_of_the_others(dropped: str) -> None:
    setup = Setup.of(order_desk())

    def plans(ids: list[str]) -> dict[str, Any]:
        stack, _ = Stack.of(map(by_id, ids), setup, lambda name: SeededPick(4, name), 1.0)
        return {member.id: member.to_json() for member in stack.operators}

    whole = plans(list(MINE))
    rest = plans([one for one in MINE if one != dropped])
    assert rest == {one: plan for one, plan in whole.items() if one != dropped}


def test_names_that_look_like_identifiers_stay_so() -> None:
    offered = {"get_user": ("fetch", "fetch_member"), "think": ("reflect",)}
    names = choose_names({name: name for name in offered}, offered.__getitem__, (), SeededPick(1))
    assert names == {"get_user": "fetch_member", "think": "reflect"}


def test_taken_names_are_never_given() -> None:
    names = choose_names({"a_b": "a_b", "c_d": "c_d"}, lambda name: ("a_b", "x_y", "z_z"), {"z_z"}, SeededPick(1))
    assert names == {"a_b": "x_y"}
