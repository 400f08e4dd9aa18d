"""Agents that do what no agent should: each ends in one outcome of its own, and none reaches another episode or the run."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_runner import Bench, order, shop

from perturb.errors import StoreError
from perturb.planning import Design, Limits
from perturb.store import Store

ONCE = Design(clean_trials=1)


def leaving(episode: Any) -> str:
    raise SystemExit(3)


async def leaving_later(episode: Any) -> str:
    raise SystemExit(3)


class Panic(BaseException):
    pass


async def panicking(episode: Any) -> str:
    raise Panic("at the bottom")


async def cancelling_itself(episode: Any) -> str:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)
    return ""


async def awaiting_what_was_cancelled(episode: Any) -> str:
    raise asyncio.CancelledError


class Untold(Exception):
    def __str__(self) -> str:
        raise ValueError


async def raising_what_cannot_be_told(episode: Any) -> str:
    raise Untold


async def raising_half_a_character(episode: Any) -> str:
    raise ValueError("\ud800")


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        (leaving, "SystemExit: 3"),
        (leaving_later, "SystemExit: 3"),
        (panicking, "Panic: at the bottom"),
        (cancelling_itself, "CancelledError"),
        (awaiting_what_was_cancelled, "CancelledError"),
        (raising_what_cannot_be_told, "Untold: (its message cannot be told)"),
        (raising_half_a_character, "ValueError: \\ud800"),
    ],
)
def test_whatever_an_agent_raises_ends_its_own_episode_alone(agent: Any, told: str) -> None:
    bench = Bench(agent, subject=shop(tasks=2))
    ended = bench.run(design=ONCE)
    assert (ended.how, ended.left) == ("complete", 0)
    assert bench.outcomes() == {"agent_error": 2}
    assert all(f"the agent raised {told}" in str(one.error) for one in bench.store.finished("run"))


class Shouted(str):
    __slots__ = ()


def _deep(levels: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for _ in range(levels):
        made = {"a": made}
    return made


@pytest.mark.parametrize(
    "arguments",
    [
        {"item": object(), "number": 1},
        {"item": "\ud800", "number": 1},
        "\ud800",
        '{"item": "\\ud800", "number": 1}',
        '{"a":' * 5000 + "1" + "}" * 5000,
        b"{}",
        None,
        7,
    ],
)
def test_arguments_that_are_not_json_are_refused_and_kept(arguments: Any) -> None:
    refused = []

    async def agent(episode: Any) -> Any:
        refused.append((await episode.call("order_items", arguments)).is_error)
        return Shouted("done")

    bench = Bench(agent, subject=shop(tasks=1))
    bench.run(design=ONCE)
    assert refused == [True, True]
    (clean,) = (one for one in bench.store.finished("run") if one.arm == "clean")
    episode = bench.store.get(clean.key)
    assert clean.outcome == "failed"
    assert episode is not None
    assert episode.answer == "done"


def test_names_and_answers_with_half_a_character_are_kept() -> None:
    async def agent(episode: Any) -> str:
        await episode.call("\ud800", {})
        return "\ud800"

    bench = Bench(agent, subject=shop(tasks=1))
    bench.run(design=ONCE)
    assert bench.outcomes() == {"failed": 1}


def test_an_agent_reaches_no_other_episode_through_what_it_was_given() -> None:
    found: set[int] = set()

    async def agent(episode: Any) -> str:
        (tool,) = episode.tools
        found.add(len(tool.parameters["properties"]))
        tool.parameters.clear()
        assert episode.tools[0].parameters == {}  # its own copy stays as it left it
        return ""

    bench = Bench(agent, subject=shop(tasks=3))
    bench.run("tools.synonym", ONCE)
    assert found == {2}
    assert bench.outcomes("perturbed") == {"failed": 3}


def test_a_record_keeps_what_was_sent_and_not_what_became_of_it() -> None:
    seen: list[Any] = []

    async def agent(episode: Any) -> str:
        arguments = {"item": "lamp", "number": 1}
        reply = await episode.call("order_items", arguments)
        arguments["number"] = 50
        reply.data.clear()
        return ""

    def check(subject: Any, answer: str, calls: Any) -> bool:
        seen.append(calls[0].arguments["number"])
        return True

    bench = Bench(agent, subject=shop(check, tasks=1))
    bench.run("faults.transient", ONCE)
    assert set(seen) == {1}
    (clean,) = (one for one in bench.store.finished("run") if one.arm == "clean")
    episode = bench.store.get(clean.key)
    assert episode is not None
    assert episode.steps[0].call.arguments == episode.steps[0].real[0].arguments == {"item": "lamp", "number": 1}


def test_a_task_that_outlives_its_agent_calls_nothing() -> None:
    raised: list[str] = []
    tasks: list[asyncio.Task[None]] = []
    subjects: list[Any] = []

    async def agent(episode: Any) -> str:
        async def late() -> None:
            await asyncio.sleep(0.01)
            try:
                await episode.call("order_items", {"item": "lamp", "number": 1})
            except Exception as error:
                raised.append(str(error))

        tasks.append(asyncio.ensure_future(late()))
        if len(tasks) == 2:
            await asyncio.sleep(0.1)
        return ""

    def check(subject: Any, answer: str, calls: Any) -> bool:
        subjects.append(subject)
        return True

    bench = Bench(agent, subject=shop(check, tasks=1))
    subjects.clear()
    bench.run("*", ONCE, Limits(concurrency=1))
    assert any("after the episode had ended" in error for error in raised)


@pytest.mark.slow
def test_one_that_blocks_the_loop_takes_no_time_from_the_others() -> None:
    async def agent(episode: Any) -> str:
        if "1 lamps" in episode.prompt:
            time.sleep(60)
        await asyncio.sleep(0.3)
        return ""

    bench = Bench(agent, subject=shop(lambda *_: True, tasks=3))
    bench.run((), ONCE, Limits(timeout=0.6))
    assert bench.outcomes() == {"budget_exceeded": 1, "passed": 2}


def test_an_environment_that_cannot_be_closed_ends_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    acting: list[str] = []

    async def agent(episode: Any) -> str:
        acting.append(episode.prompt)
        return await order(episode)

    def closing(self: Any) -> None:
        if acting:
            raise OSError("gone")

    monkeypatch.setattr("test_runner.Shop.close", closing, raising=False)
    bench = Bench(agent, subject=shop(tasks=2))
    assert bench.run(design=ONCE).how == "complete"
    assert bench.outcomes() == {"passed": 2}


def test_a_result_that_is_not_json_is_the_environments_fault() -> None:
    from perturb.types import Result

    class Odd:
        def call(self, call: Any) -> Result:
            return Result({"now": object()})

        def close(self) -> None: ...

    bench = Bench(subject=shop(tasks=1))
    environment: Callable[..., Any] = lambda task: Odd()  # noqa: E731
    made: list[int] = []
    real = bench.toolset.environment

    def later(task: Any) -> Any:
        made.append(1)
        return environment(task) if len(made) > 1 else real(task)

    bench.toolset.environment = later  # type: ignore[method-assign]
    bench.run((), ONCE)
    assert bench.outcomes() == {"infrastructure_error": 1}


def test_a_store_that_takes_no_more_is_told_in_one_message(tmp_path: Path) -> None:
    bench = Bench(subject=shop(tasks=1))
    bench.store = Store(tmp_path / "store.sqlite")
    real = bench.store._db

    class Full:
        def execute(self, text: str, *rest: Any) -> Any:
            if "into episodes" in text:
                raise sqlite3.OperationalError("database or disk is full")
            return real.execute(text, *rest)

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def __enter__(self) -> Any:
            return real.__enter__()

        def __exit__(self, *error: Any) -> Any:
            return real.__exit__(*error)

    bench.store._db = Full()  # type: ignore[assignment]
    with pytest.raises(StoreError, match=r"store\.sqlite cannot be used: database or disk is full; give another file"):
        bench.run(design=ONCE)
