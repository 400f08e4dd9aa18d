"""Presets: every one is made of operators that there are, is drawn as one stack, proven, run and shown by its name."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from command_line import Here

from perturb import laws
from perturb.loading import load_toolset
from perturb.operator import NotApplicable, Operator, SeededPick, Setup, Stack
from perturb.operators import TABLE, by_id, select
from perturb.operators.presets import MIXTURES, PRESETS
from perturb.replay import Gold
from perturb.types import HEADLINE_KINDS

MIXED = [pytest.param(by_id(one), id=one) for one in MIXTURES]


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
            assert {member.operator for member in one.members} <= {operator.id for operator in TABLE}


@pytest.mark.parametrize("operator", MIXED)
def test_it_is_drawn_as_one_stack_and_keeps_the_laws(operator: type[Operator], airline: Gold) -> None:
    plan = operator.plan(airline.setup, SeededPick(7, operator.id), 1.0)
    assert isinstance(plan, Stack), plan
    assert len(plan.operators) == len(MIXTURES[operator.id].members), "on airline every member applies"
    assert plan.kind == operator.promises
    assert laws.on_setup(plan, airline.setup) == []
    for task in airline.toolset.tasks[::9]:
        proof = anyio.run(airline.prove, task, plan)
        assert proof.status == "solvable" or plan.kind not in HEADLINE_KINDS, proof


@pytest.mark.parametrize("operator", MIXED)
def test_intensity_0_changes_nothing(operator: type[Operator], airline: Gold) -> None:
    plan = operator.plan(airline.setup, SeededPick(7, operator.id), 0.0)
    assert isinstance(plan, NotApplicable) or not plan.places()


def test_a_member_that_is_dosed_touches_less() -> None:
    setup = Setup.of(load_toolset("airline"))
    plan = by_id("api-v2").plan(setup, SeededPick(7, "api-v2"), 1.0)
    assert isinstance(plan, Stack)
    (renamed,) = (member for member in plan.operators if member.id == "tools.synonym")
    assert len(renamed.places()) == 6  # three in ten of twenty tools


def test_operators_and_presets_are_named_beside_one_another() -> None:
    assert [one.id for one in select("tools.opaque,preset:vendor-swap")] == ["tools.opaque", "vendor-swap"]
    assert [one.id for one in select("vendor-swap")] == ["vendor-swap"]


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
