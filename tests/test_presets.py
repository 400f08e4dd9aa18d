"""Presets: every one is made of operators that there are, is drawn as one stack, proven, run and shown by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest
from command_line import Here

from perturb import laws
from perturb.loading import load_toolset
from perturb.operator import NotApplicable, Operator, SeededPick, Stack, dose, lens_for
from perturb.operators import TABLE, by_id, select
from perturb.operators.distractor_bank import bank
from perturb.operators.presets import MIXTURES, PRESETS, Member, Mixture
from perturb.operators.presets.ours import VENDORS
from perturb.operators.renamed_properties import own_name
from perturb.replay import Gold
from perturb.types import HEADLINE_KINDS

MIXED = [pytest.param(by_id(one), id=one) for one in MIXTURES]
SOME = [
    pytest.param(by_id(one), id=one, marks=() if place % 9 == 0 else pytest.mark.slow) for place, one in enumerate(MIXTURES)
]


@pytest.fixture
def perturb(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: object) -> Here:
    monkeypatch.chdir(str(tmp_path))
    return Here(capsys)


@pytest.fixture(scope="module")
def airline() -> Gold:
    return Gold(load_toolset("airline"))


def test_a_preset_says_what_it_follows_and_how_it_differs() -> None:
    for preset in PRESETS.values():
        assert preset.summary.endswith(".")
        assert bool(preset.source) == bool(preset.differs)
        for one in preset.parts:
            assert one.id == preset.name or one.id.startswith(f"{preset.name}/")
            assert one.summary.endswith(".")
            assert {member.operator for member in one.every} <= {operator.id for operator in TABLE}


def test_no_plan_has_an_operator_twice() -> None:
    for one in MIXTURES.values():
        for seed in range(20):
            drawn = [member.operator for member in one.drawn(SeededPick(seed, one.id))]
            assert len(drawn) == len(set(drawn)), one.id


@pytest.mark.parametrize("operator", SOME)
def test_it_is_drawn_as_one_stack_and_keeps_the_laws(operator: type[Operator], airline: Gold) -> None:
    plan = operator.plan(airline.setup, SeededPick(7, operator.id), 1.0)
    assert isinstance(plan, Stack), plan
    drawn = {member.operator for member in MIXTURES[operator.id].drawn(SeededPick(7, operator.id))}
    # The airline's own names are in snake case already, which some vendors keep to.
    assert drawn - {one.id for one in plan.operators} <= {"arguments.case_style", "results.key_style"}
    assert laws.on_setup(plan, airline.setup) == []
    proofs = [anyio.run(airline.prove, task, plan) for task in airline.toolset.tasks[::20]]
    if plan.kind in HEADLINE_KINDS:
        # A fault of few tools is not met by every task.
        assert {proof.status for proof in proofs if proof.reason != "not_met"} == {"solvable"}, proofs


@pytest.mark.parametrize("operator", MIXED)
def test_intensity_0_changes_nothing(operator: type[Operator], airline: Gold) -> None:
    plan = operator.plan(airline.setup, SeededPick(7, operator.id), 0.0)
    assert isinstance(plan, NotApplicable) or not plan.places()


def member(plan: object, operator: str) -> Any:
    """One member of a plan that was drawn."""
    assert isinstance(plan, Stack), plan
    (found,) = (one for one in plan.operators if one.id == operator)
    return found


def test_a_member_touches_its_share_of_what_it_would_touch_alone(airline: Gold) -> None:
    mixture = Mixture("some", "Some.", (Member("tools.synonym", 0.3),)).operator(by_id)
    alone: Any = by_id("tools.synonym").plan(airline.setup, SeededPick(7, "tools.synonym"), 1.0)
    assert len(alone.places()) > 10
    for intensity in (1.0, 0.5):
        plan = mixture.plan(airline.setup, SeededPick(7, "some"), intensity)
        assert len(member(plan, "tools.synonym").places()) == dose(0.3 * intensity, len(alone.places()))


@pytest.mark.parametrize("operator", ["arguments.synonym", "results.rename_keys"])
def test_properties_of_one_name_go_together_where_they_are_to(operator: str, airline: Gold) -> None:
    mixture = Mixture("some", "Some.", (Member(operator, 0.3, alike=True),)).operator(by_id)
    whole: Any = by_id(operator).plan(airline.setup, SeededPick(7, operator), 1.0)
    every = {own_name(place) for place in whole.names}
    before: set[str] = set()
    for intensity in (0.2, 0.5, 1.0):
        renamed = set(member(mixture.plan(airline.setup, SeededPick(7, "some"), intensity), operator).names)
        names = {own_name(place) for place in renamed}
        assert renamed == {place for place in whole.names if own_name(place) in names}
        assert len(names) == dose(0.3 * intensity, len(every))
        assert before <= renamed
        before = renamed


def test_a_choice_that_is_not_offered_leaves_its_member_out_and_a_needed_one_the_mixture(airline: Gold) -> None:
    wrong = Member("results.envelope", fixed={"wrapper": "none such"})
    pick = SeededPick(7, "some")
    beside = Mixture("some", "Some.", (wrong, Member("toolset.shuffle"))).operator(by_id).plan(airline.setup, pick, 1.0)
    assert [one.id for one in beside.operators] == ["toolset.shuffle"]
    needed = Mixture("some", "Some.", (wrong._replace(needed=True), Member("toolset.shuffle"))).operator(by_id)
    missing = needed.plan(airline.setup, pick, 1.0)
    assert missing == NotApplicable("nothing_to_change", "there is no wrapper 'none such'")


GRAMMARS = {
    # the names of tools, a result's cursor, what follows it, the style of errors, and how arguments and keys are spelt
    "stripe": ("stripe", "page", "next_page", "stripe", None),
    "google_rest": ("google_rest", "pageToken", "nextPageToken", "google", "camel"),
    "google_rpc": ("google_rpc", "page_token", "next_page_token", "google", None),
    "aws": ("aws", "NextToken", "NextToken", "aws", "pascal"),
    "graphql": (None, "after", "pageInfo.endCursor", "graphql", "camel"),
}


@pytest.mark.slow
def test_a_vendor_is_one_and_the_same_in_all_that_is_shown(airline: Gold) -> None:
    found = set()
    for seed in range(16):
        plan: Any = by_id("vendor-swap").plan(airline.setup, SeededPick(seed, "vendor-swap"), 1.0)
        drawn = {one.id: one for one in plan.operators}
        named, keys = drawn.get("tools.vendor_style"), drawn.get("results.key_style")
        pages = drawn["results.paginate"]
        (errors,) = set(drawn["errors.style"].tools.values())
        (spelt,) = set(keys.styles.values()) if keys else {None}
        seen = (named.house if named else None, pages.argument, pages.next_key, errors, spelt)
        assert seen in GRAMMARS.values()
        found.add(seen)
        assert ("arguments.case_style" in drawn) == (keys is not None)
        wrappers = {name for one in plan.operators if one.id == "results.envelope" for name in one.wrappers.values()}
        assert wrappers == ({"graphql"} if errors == "graphql" else set())
    assert found == set(GRAMMARS.values())
    assert set(VENDORS) == set(GRAMMARS)


def test_every_tool_of_a_catalogue_has_its_server_and_every_trade_one_of_its_own(airline: Gold) -> None:
    for seed in range(10):
        plan: Any = by_id("mcp-catalogue").plan(airline.setup, SeededPick(seed, "mcp-catalogue"), 1.0)
        form = member(plan, "toolset.distractors").form
        assert form
        behind = Stack(operators=tuple(one for one in plan.operators if one.id != "toolset.search"))
        shown = [tool.name for tool in lens_for(behind, airline.setup).setup.tools]
        assert len(shown) == len(airline.setup.tools) + 60
        listed = len(shown) - dose(0.8, len(shown))
        seen = lens_for(plan, airline.setup).setup.tools
        assert len(seen) == listed + 2, "what finds and calls, and what is listed all the same"
        own = member(plan, "tools.prefix").names["get_flight"].removesuffix("get_flight")
        servers = {form.format(trade) for trade in bank()}
        for name in shown:
            assert name.startswith(own) != any(name.startswith(server) for server in servers), name


def test_operators_and_presets_are_named_beside_one_another() -> None:
    assert [one.id for one in select("tools.opaque,preset:vendor-swap")] == ["tools.opaque", "vendor-swap"]
    assert [one.id for one in select("vendor-swap")] == ["vendor-swap"]


@pytest.mark.slow
def test_a_run_of_a_preset_has_its_row_alone(perturb: Here) -> None:
    ended = perturb("run", "--preset", "vendor-swap", "--limit", "3", "--json")
    assert ended.status == 0, ended.err
    (row,) = ended.json["operators"]
    assert (row["id"], row["axis"]) == ("vendor-swap", "mixed")
    assert "--preset vendor-swap" in ended.json["reproduce"]
    beside = perturb("run", "--preset", "vendor-swap", "--operators", "tools.opaque", "--limit", "1", "--json")
    assert {one["id"] for one in beside.json["operators"]} == {"vendor-swap", "tools.opaque"}


def test_a_preset_is_checked_shown_and_listed(perturb: Here) -> None:
    checked = perturb("check", "--preset", "mcp-catalogue", "--task", "cancel-two", "--json")
    assert [row["id"] for row in checked.json["operators"]] == ["mcp-catalogue"]
    shown = perturb("show", "vendor-swap", "--task", "cancel-two", "--json")
    assert shown.json["operator"] == "vendor-swap"
    assert shown.json["plan"]["op"] == "stack"
    listed = perturb("list", "presets", "--json")
    assert [one["name"] for one in listed.json] == list(PRESETS)
    told = {one["name"]: one["mixtures"] for one in listed.json}
    assert told["mcp-catalogue"][0]["members"][1] == {
        "operator": "toolset.distractors", "fixed": {"most": 60}, "needed": True,
    }  # fmt: skip
    (vendor,) = told["vendor-swap"][0]["members"]
    assert vendor["drawn"] == "vendor"
    assert list(vendor["groups"]) == list(VENDORS)


def test_a_wrong_name_is_told_with_the_nearest(perturb: Here) -> None:
    ended = perturb("run", "--preset", "vendor-swop")
    assert ended.status == 2
    assert "there is no preset 'vendor-swop'; did you mean 'vendor-swap'?" in ended.err


SHOP = """
from perturb.authoring import Call, Task, read, toolset


class Shop:
    def __init__(self):
        self.stock = {"lamp": 3}

    @read
    def count_items(self, item: str) -> dict[str, int]:
        \"\"\"Count how many of an item are left.\"\"\"
        return {"left": self.stock.get(item, 0)}

    def order_items(self, item: str, number: int) -> dict[str, int]:
        \"\"\"Order items from the supplier.\"\"\"
        return {"left": 9}


TASK = Task(id="a", prompt="How many lamps?", gold=(Call("count_items", {"item": "lamp"}),), check=lambda *_: True)
TOOLSET = toolset(Shop, name="shop", tasks=[TASK])
"""


def test_a_tool_that_no_task_calls_is_shown_with_a_call_made_up(perturb: Here) -> None:
    Path("shop.py").write_text(SHOP)
    ended = perturb("show", "tools.opaque", "--toolset", "shop.py", "--tool", "order_items", "--json")
    (exchange,) = (one for one in ended.json["sections"] if one["title"].startswith("call of order_items, made up"))
    assert exchange["before"].startswith("order_items")
    assert '"number": 1' in exchange["before"]
    assert '"left": 9' in exchange["after"]
    assert not exchange["after"].startswith("order_items")
