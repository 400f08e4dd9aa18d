"""Scaffolds over a real socket: a served model that does as its prompt says gives the same outcomes in every equivalent one."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from reference_server import airline, model_agent
from test_serve_reference import WIRES, at_once, forgetful, told

from perturb.episode import Episode
from perturb.operator import Operator, SeededPick, Stack
from perturb.operators import by_id, from_json

pytestmark = pytest.mark.slow

FEW = ("aisle-both-ways", "seat-taken", "merged-profile", "window-for-pekka", "one-thing-at-a-time")
"""Tasks with many steps, with an error on the way, and with several turns of the user's."""

EQUIVALENT: dict[str, list[dict[str, Any]]] = {
    **{name: [{"op": "scaffold.call_format", "formats": {"calls": name}}] for name in ("react", "json", "xml", "python")},
    **{
        f"docs in {name}": [{"op": "scaffold.tool_docs", "languages": {"docs": name}}]
        for name in ("json", "python", "typescript", "xml")
    },
    "Python calls of TypeScript": [
        {"op": "scaffold.call_format", "formats": {"calls": "python"}},
        {"op": "scaffold.tool_docs", "languages": {"docs": "typescript"}},
    ],
    "results from the user": [{"op": "scaffold.result_role", "roles": {"results": "user"}}],
    "other ids": [{"op": "scaffold.call_ids", "shapes": {"ids": "short"}}],
    "one at a time": [{"op": "scaffold.parallel", "made": {"turns": "one"}}],
    # An ablation, by which this model loses nothing on these tasks.
    "plan first": [{"op": "scaffold.planning", "plans": {"planning": "first"}}],
    "plan first, then ReAct": [
        {"op": "scaffold.planning", "plans": {"planning": "first"}},
        {"op": "scaffold.call_format", "formats": {"calls": "react"}},
    ],
}

AT_ONCE = ("react", "json", "xml", "python", "docs in typescript", "one at a time")
"""Those that the quick tests hold; the slow ones hold all."""


def stack(plans: list[dict[str, Any]], *within: Operator) -> Stack:
    return Stack(operators=(*within, *(from_json({"version": 1, **plan}) for plan in plans)))


@functools.cache
def vendor() -> tuple[Operator, ...]:
    """Another vendor's API, as `vendor-swap` draws it."""
    plan = by_id("vendor-swap").plan(airline().gold.setup, SeededPick(7, "vendor-swap"), 1.0)
    assert isinstance(plan, Stack)
    return tuple(plan.operators)


def episodes(
    model: str, plans: list[dict[str, Any]], *within: Operator, path: str = "/v1", strict: bool = False, **settings: Any
) -> list[Episode]:
    learnt = airline()
    with learnt.served(strict=strict) as served:
        return learnt.run(model_agent(model, served.url + path, **settings), *FEW, operator=stack(plans, *within))


@functools.cache
def native(model: str, changed: bool) -> list[Any]:
    return told(episodes(model, [], *(vendor() if changed else ())))


@pytest.mark.parametrize("changed", [pytest.param(False, marks=pytest.mark.slow), pytest.param(True, id="vendor-swap")])
@pytest.mark.parametrize("model", ["chat:reader", pytest.param("chat:adaptive", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "name", [name if name in AT_ONCE else pytest.param(name, marks=pytest.mark.slow) for name in EQUIVALENT]
)
def test_the_same_calls_are_made_and_the_same_comes_of_them(name: str, model: str, changed: bool) -> None:
    found = episodes(model, EQUIVALENT[name], *(vendor() if changed else ()))
    assert told(found) == native(model, changed)
    assert {one.unparsed for one in found} == {0}
    # This model never makes two calls at once.
    assert all(one.exposed for one in found) == (changed or name != "one at a time")


QUICK = ("chat, MiniMax inline, streamed",)
EACH = [pytest.param(wire, marks=() if wire in QUICK else pytest.mark.slow) for wire in WIRES]


@pytest.mark.parametrize("wire", EACH)
@pytest.mark.parametrize("name", ["react", pytest.param("xml", marks=pytest.mark.slow)])
def test_a_format_of_text_goes_over_every_wire(wire: str, name: str) -> None:
    """The server refuses any reasoning that does not come back to the last byte."""
    model, path, settings = WIRES[wire]
    found = episodes(model.format("reader"), EQUIVALENT[name], *vendor(), path=path, strict=True, **settings)
    assert told(found) == native("chat:reader", changed=True)
    assert {one.unparsed for one in found} == {0}


@pytest.mark.slow
@pytest.mark.parametrize("changed", [False, pytest.param(True, id="vendor-swap")])
def test_a_check_leaves_the_outcomes_of_a_model_that_has_nothing_to_put_right(changed: bool) -> None:
    """Between two turns of the user's it may do more, so that its calls come in another order."""
    found = episodes("chat:reader", [{"op": "scaffold.verify", "checks": {"verify": "self"}}], *(vendor() if changed else ()))
    assert [one.outcome for one in found] == [outcome for _, outcome, *_ in native("chat:reader", changed)]
    assert all(one.exposed and one.usage.turns > len(one.steps) + 1 for one in found)


POLICIES = ("drop_all", "truncate", "wrong_field")


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
def test_a_reasoning_policy_costs_what_the_notes_were_worth(policy: str) -> None:
    learnt = airline()
    tasks = at_once(learnt)
    plan = stack([{"op": "scaffold.reasoning", "policies": {"reasoning": policy}}])
    with learnt.served() as served:
        agent = model_agent("chat:notekeeper", f"{served.url}/vllm/v1")
        kept = learnt.run(agent, *tasks)
        lost = learnt.run(agent, *tasks, operator=plan)
    assert told(kept) == told(learnt.run(learnt.direct("reader"), *tasks))
    assert told(lost) == told(learnt.run(forgetful(learnt), *tasks))
    assert all(one.exposed for one in lost if len(one.steps) > 1)


@functools.cache
def without_notes() -> list[Any]:
    return told(airline().run(forgetful(airline()), *FEW))


REFUSING = {
    ("chat, DeepSeek", "drop_all"): "reasoning_content is missing",
    ("chat, DeepSeek", "wrong_field"): "reasoning_content is missing",
    ("anthropic", "truncate"): "signature",
}
"""Servers that refuse to go on without the reasoning that they sent, and why."""
THINKING = ("chat, reasoning", "chat, append_think", "chat, MiniMax split", "chat, DeepSeek", "responses, items", "anthropic")


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("wire", [THINKING[0], *(pytest.param(wire, marks=pytest.mark.slow) for wire in THINKING[1:])])
def test_a_policy_loses_the_notes_on_every_wire(wire: str, policy: str) -> None:
    model, path, settings = WIRES[wire]
    plans = [{"op": "scaffold.reasoning", "policies": {"reasoning": policy}}]
    found = episodes(model.format("notekeeper"), plans, path=path, **settings)
    refused = REFUSING.get((wire, policy))
    if refused is not None:
        assert {one.outcome for one in found} == {"invalid_setup"}
        assert all(refused in str(one.error) for one in found)
    elif (wire, policy) == ("responses, items", "truncate"):
        # What is sealed cannot be cut.
        assert {one.outcome for one in found} == {"passed"}
    else:
        assert told(found) == without_notes()
        assert "failed" in {one.outcome for one in found}


def test_what_follows_the_users_last_message_is_kept_and_what_comes_before_is_not() -> None:
    learnt = airline()
    task = next(one.id for one in learnt.toolset.tasks if one.follow_ups)
    plan = stack([{"op": "scaffold.reasoning", "policies": {"reasoning": "drop_before_last_user"}}])
    with learnt.served() as served:
        agent = model_agent("chat:notekeeper", f"{served.url}/vllm/v1")
        (one,) = learnt.run(agent, FEW[0], operator=plan)
        (several,) = learnt.run(agent, task, operator=plan)
    assert (one.outcome, one.exposed) == ("passed", False)
    assert several.exposed
