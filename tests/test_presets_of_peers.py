"""Presets by the names of papers: one mixture for each of their conditions, dosed as they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from command_line import Here
from depot import DEPOT
from real_toolsets import DATA

from perturb.loading import load_toolset
from perturb.operator import NotApplicable, Operator, SeededPick, Setup, Stack, lens_for
from perturb.operators import TABLE, by_id
from perturb.operators.presets import MIXTURES, PRESETS, Preset
from perturb.toolset import Toolset
from perturb.types import Tool

AIRLINE = Setup.of(load_toolset("airline"))


def drawn(name: str, setup: Setup = AIRLINE, seed: int = 7, intensity: float = 1.0) -> Operator | NotApplicable:
    return by_id(name).plan(setup, SeededPick(seed, name), intensity)


def members(plan: Any) -> dict[str, Any]:
    assert isinstance(plan, Stack), plan
    return {one.id: one for one in plan.operators}


def one_tool(tool: Tool) -> Setup:
    class One(Toolset):
        name = "one"

    One.tools = (tool,)
    return Setup.of(One())


def test_the_peers_are_all_there() -> None:
    named = {preset.name for preset in PRESETS.values() if preset.source}
    assert named == {
        "rotbench-slight", "rotbench-medium", "rotbench-heavy", "rotbench-union",
        "toolsandbox", "bfcl-format", "robustbench-tc", "reliabilitybench",
    }  # fmt: skip


@pytest.mark.parametrize("most", [3, 10])
@pytest.mark.parametrize("setup", [AIRLINE, Setup.of(DEPOT), one_tool(Tool(name="look"))], ids=["airline", "depot", "one"])
def test_so_many_further_tools_whatever_the_toolset(setup: Setup, most: int) -> None:
    plan = members(drawn(f"toolsandbox/{most}-distraction-tools", setup))
    assert len(plan["toolset.distractors"].tools) == most
    half = members(drawn(f"toolsandbox/{most}-distraction-tools", setup, intensity=0.5))
    assert len(half["toolset.distractors"].tools) == (most + 1) // 2


def test_a_condition_that_a_toolset_cannot_meet_is_not_applicable() -> None:
    """Three further tools alone would be another condition."""
    bare = one_tool(Tool(name="look"))
    assert isinstance(drawn("toolsandbox/argument-names", bare), NotApplicable)
    assert isinstance(drawn("rotbench-slight/arguments", bare), NotApplicable)
    assert "tools.opaque" in members(drawn("toolsandbox/tool-names", bare))


@pytest.mark.parametrize(("part", "dropped"), [("tool-descriptions", "tool"), ("argument-descriptions", "arguments")])
def test_what_is_dropped_is_the_condition_s_own(part: str, dropped: str) -> None:
    for seed in range(8):
        plan = members(drawn(f"toolsandbox/{part}", seed=seed))["descriptions.drop"]
        assert set(plan.dropped.values()) == {dropped}


@pytest.mark.slow
def test_a_union_has_one_level_for_tools_and_one_for_arguments() -> None:
    of_tools = {"tools.abbreviate": "slight", "tools.opaque": "medium", "tools.swap_names": "heavy"}
    of_arguments = {"arguments.case_style": "slight", "arguments.opaque": "medium", "arguments.constant": "heavy"}
    found = set()
    for seed in range(120):
        plan = members(drawn("rotbench-union", seed=seed))
        (tools,) = (level for operator, level in of_tools.items() if operator in plan)
        (arguments,) = (level for operator, level in of_arguments.items() if operator in plan)
        found.add((tools, arguments))
    assert len(found) == 9


def items(level: str) -> Iterator[tuple[list[Any], list[Any]]]:
    """The tools of each item of RoTBench's first turn, without noise and with that of a level."""
    clean = {item["id"]: _tools(item) for item in _published("clean")}
    for item in _published(level):
        yield clean[item["id"]], _tools(item)


def _published(level: str) -> Any:
    path = DATA / "rotbench" / f"first_turn_{level}.json"
    if not path.is_file():
        pytest.skip("the shared data of RoTBench is not beside this checkout")
    return json.loads(path.read_text(encoding="utf-8"))


def _tools(item: Any) -> Any:
    system = item["conversations"][0]["value"]
    return json.JSONDecoder().raw_decode(system, system.index("following tools:\n") + len("following tools:\n"))[0]


@cache
def published_shares(level: str) -> tuple[float, float, float]:
    """Of a level's items with noise in that part: the shares of tools renamed, of arguments renamed, of tools that ask for
    more."""
    tools = renamed = arguments = changed = asking = asked = 0
    for clean, noisy in items(level):
        pairs = list(zip(clean, noisy, strict=True))
        if any(old["name"] != new["name"] for old, new in pairs):
            tools += len(pairs)
            renamed += sum(old["name"] != new["name"] for old, new in pairs)
            continue
        asking += len(pairs)
        for old, new in pairs:
            before, after = (list(one["parameters"]["properties"]) for one in (old, new))
            asked += len(after) > len(before)
            arguments += len(before)
            changed += sum(one != other for one, other in zip(before, after, strict=False))
    return renamed / tools, changed / arguments, asked / asking


def given_shares(level: str) -> tuple[float, float]:
    """The shares of tools and of arguments that a level of ours renames on the airline."""
    shown = {}
    for part in ("tools", "arguments"):
        plan = drawn(f"rotbench-{level}/{part}")
        assert isinstance(plan, Operator)
        shown[part] = lens_for(plan, AIRLINE).setup
    own = [(old, new) for old, new in zip(AIRLINE.tools, shown["tools"].tools, strict=True)]
    tools = sum(old.name != new.name for old, new in own) / len(own)
    plans = members(drawn(f"rotbench-{level}/arguments")).values()
    places = {place for plan in plans for place in plan.places()}
    every = members(by_id(f"rotbench-{level}/arguments").plan(AIRLINE, SeededPick(7, "all"), 1.0))
    total = sum(len(one.plan(AIRLINE, SeededPick(7), 1.0).places()) for one in map(by_id, every))  # type: ignore[union-attr]
    return tools, len(places) / total


@pytest.mark.parametrize("level", ["slight", "medium", "heavy"])
def test_levels_rename_as_much_as_the_published_ones(level: str) -> None:
    tools, arguments, asking = published_shares(level)
    given_tools, given_arguments = given_shares(level)
    assert given_tools == pytest.approx(tools, abs=0.1)
    assert given_arguments == pytest.approx(asking if level == "heavy" else arguments, abs=0.06)


def test_faults_alike_share_the_rate_of_a_profile() -> None:
    for name, rate in (("lambda-0.1", 0.075), ("lambda-0.2", 0.175), ("timeout", 0.175), ("rate-limit", 0.175)):
        every = MIXTURES[f"reliabilitybench/{name}"].every
        assert sum(member.share for member in every) == pytest.approx(rate)
        plan = members(drawn(f"reliabilitybench/{name}"))
        assert set(plan) == {member.operator for member in every}
        hit = sum(len(one.places()) for one in plan.values())
        assert rate * len(AIRLINE.tools) <= hit <= rate * len(AIRLINE.tools) + len(every)


def test_a_call_in_an_old_form_is_told_by_an_error_where_a_schema_drifts() -> None:
    for seed in range(8):
        for name in ("robustbench-tc/schema-drift", "reliabilitybench/lambda-0.3"):
            assert members(drawn(name, seed=seed))["toolset.live_migration"].announced == "error"


@pytest.mark.parametrize("preset", [preset for preset in PRESETS.values() if preset.source], ids=lambda preset: preset.name)
def test_operators_named_in_how_it_differs_are_there(preset: Preset) -> None:
    known = {operator.id for operator in TABLE}
    assert {word for word in preset.differs.split("`")[1::2] if "." in word} <= known


@pytest.mark.slow
def test_a_report_has_a_row_for_each_condition(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    perturb = Here(capsys)
    ended = perturb("run", "--preset", "rotbench-slight", "--limit", "2", "--agent", "literal", "--json")
    assert ended.status == 0, ended.err
    assert {row["id"] for row in ended.json["operators"]} == {"rotbench-slight/tools", "rotbench-slight/arguments"}
    for failure in ended.json["failures"]:
        replayed = perturb("replay", failure["plan_file"], "--json")
        assert replayed.status in (0, 1), replayed.err
    assert ended.json["failures"]
