"""The operators that spell, prefix, shorten and swap the names of tools: what a person would look for in each."""

from __future__ import annotations

import re

import pytest
from test_renaming_operators import Desk, bound

from perturb.operator import NotApplicable, SeededPick, Setup, lens_for
from perturb.operators import by_id, from_json
from perturb.operators.vocabulary import ABBREVIATIONS, abbreviate
from perturb.types import Call, Failure, Tool


def desk(*names: str) -> Desk:
    return Desk(*(Tool(name=name, description=f"Does {number} things.") for number, name in enumerate(names)))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("operator_id", ["tools.case_style", "tools.prefix", "tools.abbreviate"])
def test_names_are_what_providers_accept(operator_id: str, seed: int) -> None:
    toolset = desk("get_user", "search_direct_flight", "crm.cancel_order", "listHotels", "x" * 60)
    _, lens = bound(operator_id, toolset, seed=seed)
    renamed = [tool.name for tool in lens.setup.tools if tool.name not in Setup.of(toolset).by_name]
    assert renamed
    assert all(len(name) <= 64 for name in renamed)
    if operator_id == "tools.case_style":
        assert all(re.fullmatch(r"[A-Za-z0-9_-]+", name) for name in renamed)


def test_case_styles_keep_the_words() -> None:
    seen = set()
    for seed in range(30):
        _, lens = bound("tools.case_style", desk("get_user", "cancel_order"), seed=seed)
        seen.add(lens.setup.tools[0].name)
    assert seen == {"getUser", "GetUser", "get-user"}


def test_case_style_does_not_apply_where_nothing_can_change() -> None:
    setup = Setup.of(desk("2048"))
    planned = by_id("tools.case_style").plan(setup, SeededPick(1, "x"), 1.0)
    assert isinstance(planned, NotApplicable)
    assert planned.reason == "nothing_to_change"


def test_a_name_without_room_gets_no_prefix() -> None:
    setup = Setup.of(desk("x" * 64))
    planned = by_id("tools.prefix").plan(setup, SeededPick(1, "x"), 1.0)
    assert isinstance(planned, NotApplicable)
    assert planned.reason == "names_exhausted"


def test_short_forms_are_one_to_one() -> None:
    assert len(set(ABBREVIATIONS.values())) == len(ABBREVIATIONS)
    assert not set(ABBREVIATIONS.values()) & set(ABBREVIATIONS), "a short form reads as another word"
    assert all(len(short) < len(word) for word, short in ABBREVIATIONS.items())


def test_short_forms_keep_the_style() -> None:
    assert abbreviate("search_direct_flight") == "srch_dir_flt"
    assert abbreviate("searchDirectFlight") == "srchDirFlt"
    assert abbreviate("Frobnicate") == "Frobnicate"


def test_swapped_tools_answer_for_each_other() -> None:
    toolset = desk("get_user", "cancel_order", "list_hotels")
    _, lens = bound("tools.swap_names", toolset)
    by_description = {tool.description: tool.name for tool in Setup.of(toolset).tools}
    traded = [tool for tool in lens.setup.tools if by_description[tool.description] != tool.name]
    assert len(traded) == 2, "of three tools one keeps its name"
    for tool in traded:
        assert lens.read_call(Call(tool.name)) == Call(by_description[tool.description])


def test_a_swap_whose_partner_is_gone_changes_nothing() -> None:
    plan = from_json({"op": "tools.swap_names", "version": 1, "partners": {"get_user": "gone"}})
    setup = Setup.of(desk("get_user", "cancel_order"))
    assert [tool.name for tool in lens_for(plan, setup).setup.tools] == ["get_user", "cancel_order"]


def test_a_double_names_the_right_tool_as_it_is_shown() -> None:
    toolset = desk("get_user", "cancel_order")
    setup = Setup.of(toolset)
    plan = from_json(
        {
            "op": "stack",
            "operators": [
                {"op": "tools.case_style", "version": 1, "names": {"get_user": "getUser"}},
                {"op": "toolset.near_duplicates", "version": 1, "doubles": {"get_user": "legacy"}},
            ],
        }
    )
    lens = lens_for(plan, setup)
    assert [tool.name for tool in lens.setup.tools] == ["getUser", "getUserLegacy", "cancel_order"]
    assert "Deprecated" in lens.setup.by_name["getUserLegacy"].description
    answer = lens.read_call(Call("getUserLegacy"))
    assert isinstance(answer, Failure)
    assert not answer.stale
    assert "`getUser`" in answer.message
    assert "get_user" not in answer.message


def test_a_shuffled_list_holds_the_same_tools() -> None:
    toolset = desk("a_one", "b_two", "c_three", "d_four")
    for seed in range(8):
        for intensity in (0.25, 1.0):
            _, lens = bound("toolset.shuffle", toolset, seed=seed, intensity=intensity)
            names = [tool.name for tool in lens.setup.tools]
            assert sorted(names) == ["a_one", "b_two", "c_three", "d_four"]
            if intensity < 1:
                assert names != sorted(names), "one tool that moves comes to stand elsewhere"
