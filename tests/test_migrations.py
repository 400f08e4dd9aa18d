"""Realism: changes of public APIs, each expressed as a plan of ours that turns the old form into the new, exactly."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import anyio
import msgspec
import pytest
from real_migrations import Exchange, Migration, Recorded, bare, migrations

from perturb import laws, texts
from perturb.boundary import Boundary
from perturb.operator import Operator, Performing, Setup, Stack, StackLens, lens_for
from perturb.operators import from_json
from perturb.replay import Gold
from perturb.types import JSON, Answer, Call, Failure, Reply, to_json

EVERY = migrations()
EXPRESSED = [one for one in EVERY if one.plan is not None]
LIMITS = [one for one in EVERY if one.plan is None]

COUNTED = (46, 25)
"""How many changes are expressed, and how many are not."""

each = pytest.mark.parametrize("migration", EXPRESSED, ids=lambda migration: migration.id)


def bound(migration: Migration) -> tuple[Operator, StackLens, Recorded]:
    toolset = Recorded(migration)
    toolset.validate()
    plan = from_json(migration.plan)
    return plan, lens_for(plan, Setup.of(toolset)), toolset


@each
def test_the_plan_shows_the_new_tools(migration: Migration) -> None:
    _, lens, _ = bound(migration)
    shown = [{"name": one.name, "parameters": one.parameters, "returns": one.returns} for one in lens.setup.public_tools]
    assert [bare(one) for one in shown] == [bare(msgspec.to_builtins(one)) for one in migration.new]


@each
def test_the_old_failures_are_told_as_they_were(migration: Migration) -> None:
    _, _, toolset = bound(migration)
    for exchange in migration.exchanges:
        failure = exchange.old.failure
        if failure is not None and failure.text is not msgspec.UNSET:
            assert told(texts.failure_text(toolset.answers[to_json(exchange.old.call)])) == failure.text  # type: ignore[arg-type]


@each
def test_old_calls_and_answers_become_the_new_ones(migration: Migration) -> None:
    _, lens, toolset = bound(migration)

    async def play() -> None:
        for exchange, task in zip(migration.exchanges, toolset.tasks, strict=True):
            boundary = Boundary(lens, task, toolset.environment(task))
            made_up: dict[str, str] = {}
            for step in exchange.new:
                call = filled(msgspec.to_builtins(step.call), made_up)
                reply = await boundary.call(call["name"], call["arguments"])
                compare(reply, step, made_up)

    anyio.run(play)


@each
def test_an_informed_agent_makes_the_new_calls(migration: Migration) -> None:
    _, lens, toolset = bound(migration)
    for exchange in migration.exchanges:
        old = toolset.answers[to_json(exchange.old.call)]
        made_up: dict[str, str] = {}
        memory, performing = lens.start(), lens.perform(exchange.old.call)
        call = next(performing)
        for index, step in enumerate(exchange.new):
            expected = filled(msgspec.to_builtins(step.call), made_up)
            assert msgspec.to_builtins(call) == expected
            answer = drive(lens, call, memory, old)
            reply = Reply(texts.failure_text(answer), True) if isinstance(answer, Failure) else Reply("", data=answer.data)
            learn(reply.data, step.result, made_up)
            following, ended = resumed(performing, answer)
            assert (following is None) == (index == len(exchange.new) - 1)
            call = following or call
        assert ended == old or any(layer.withholds for layer in lens.layers)


@each
def test_the_old_form_of_a_call_is_refused(migration: Migration) -> None:
    _, lens, _ = bound(migration)
    assert list(laws.strict(lens, [one.old.call for one in migration.exchanges])) == []


@each
def test_the_laws_hold(migration: Migration) -> None:
    plan, lens, toolset = bound(migration)
    calls = [one.old.call for one in migration.exchanges]
    answered = [(call, toolset.answers[to_json(call)]) for call in calls]
    found = laws.on_setup(plan, Setup.of(toolset))
    found += laws.round_trip(lens, calls, answered)
    found += laws.valid(lens, calls, answered)
    found += laws.one_to_one(lens, calls, answered)
    assert [str(one) for one in found] == []

    async def prove() -> list[Any]:
        gold = Gold(toolset)
        return [await gold.prove(task, plan, lens) for task in toolset.tasks]

    for proof in anyio.run(prove):
        assert (proof.status, proof.reason, proof.detail) == ("solvable", "", "")
    assert plan.kind in ("equivalent", "fault", "ablation")
    members = plan.operators if isinstance(plan, Stack) else (plan,)
    assert all(member.places() for member in members)


def test_there_are_enough_of_every_part_and_the_limits_are_counted() -> None:
    assert len(EXPRESSED) >= 25
    assert {one.part for one in EXPRESSED} >= {
        "names", "tools", "types", "enums", "nesting", "results", "pages", "errors", "limits"
    }  # fmt: skip
    assert len({one.vendor for one in EXPRESSED}) >= 12
    assert (len(EXPRESSED), len(LIMITS)) == COUNTED


def test_records_are_whole() -> None:
    ids = [one.id for one in EVERY]
    assert len(ids) == len(set(ids))
    for one in EVERY:
        assert urlsplit(one.source.url).scheme == "https", one.id
        assert one.source.title, one.id
        assert one.change.endswith("."), one.id
        assert (one.plan is None) == bool(one.limit), one.id
        if one.plan is not None:
            assert one.old, one.id
            assert one.new, one.id
            assert one.exchanges, one.id
            reached = {exchange.old.call.name for exchange in one.exchanges}
            assert reached == {tool.name for tool in one.old}, one.id
            assert any(differs(exchange) for exchange in one.exchanges), one.id


def differs(exchange: Exchange) -> bool:
    """Whether a reader of the exchange before and after would see another call or another answer."""
    old, new = exchange.old, exchange.new[-1]
    answer = (
        old.result if old.failure is None else old.failure.message if old.failure.text is msgspec.UNSET else old.failure.text
    )
    later = [one for one in (new.result, new.text, new.failure) if one is not msgspec.UNSET]
    return len(exchange.new) > 1 or old.call != new.call or later != [answer]


def compare(reply: Reply, step: Any, made_up: dict[str, str]) -> None:
    if step.failure is not msgspec.UNSET:
        assert reply.is_error, reply.text
        learn(told(reply.text), step.failure, made_up)
        assert told(reply.text) == filled(step.failure, made_up)
        return
    assert not reply.is_error, reply.text
    data = reply.data if reply.data is not None else told(reply.text)
    if step.text is not msgspec.UNSET:
        assert reply.text == step.text
        assert reply.data is None or reply.data == step.text
    if step.result is not msgspec.UNSET:
        learn(data, step.result, made_up)
        assert data == filled(step.result, made_up)


def told(text: str) -> JSON:
    try:
        return json.loads(text)
    except ValueError:
        return text


def learn(data: JSON, expected: JSON, made_up: dict[str, str]) -> None:
    """What stands where the record has a made-up string."""
    if isinstance(expected, str) and expected.startswith("<") and expected.endswith(">") and isinstance(data, str):
        made_up.setdefault(expected, data)
    elif isinstance(expected, dict) and isinstance(data, dict):
        for key in expected.keys() & data.keys():
            learn(data[key], expected[key], made_up)
    elif isinstance(expected, list) and isinstance(data, list):
        for one, other in zip(data, expected, strict=False):
            learn(one, other, made_up)


def filled(value: JSON, made_up: dict[str, str]) -> Any:
    if isinstance(value, str):
        return made_up.get(value, value)
    if isinstance(value, list):
        return [filled(item, made_up) for item in value]
    return {key: filled(item, made_up) for key, item in value.items()} if isinstance(value, dict) else value


def resumed(performing: Performing, answer: Answer) -> tuple[Call | None, Answer | None]:
    """What comes next: another call, or the real answer."""
    try:
        return performing.send(answer), None
    except StopIteration as stop:
        return None, stop.value


def drive(lens: StackLens, call: Call, memory: Any, answer: Answer) -> Answer:
    """The shown answer to a shown call, where the server gives one and the same answer to all."""
    generator = lens.handle(call, memory)
    try:
        request = next(generator)
        while True:
            request = generator.send(answer if isinstance(request, Call) else None)
    except StopIteration as stop:
        shown: Answer = stop.value
        return shown
