"""Stored responses: nothing that was received is asked for again, repeats are repeats, and no key is ever written down."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from command_line import ENVIRONMENT, Here
from reference_server import airline, model_agent
from starlette.responses import JSONResponse

from perturb.episode import Episode
from perturb.models.kept import Kept, KeptResponses, key_of
from perturb.models.records import Told
from perturb.models.settings import CacheMode

TASKS = ("seat-taken", "merged-profile")


def outcomes(episodes: list[Episode]) -> list[Any]:
    return [(one.task, one.outcome, one.answer, one.usage.input_tokens, one.usage.output_tokens) for one in episodes]


def test_the_key_holds_all_that_could_change_a_response() -> None:
    body = {"model": "m", "temperature": 0.0, "messages": [{"role": "user", "content": "a"}], "tools": [{"name": "t"}]}
    first = ("https://a/v1", "/chat/completions", body, 0, 0)
    others = [
        ("https://b/v1", *first[1:]),
        (first[0], "/responses", *first[2:]),
        *((*first[:2], {**body, name: value}, 0, 0) for name, value in (("model", "n"), ("temperature", 0.1))),
        *((*first[:2], {**body, name: value}, 0, 0) for name, value in (("messages", []), ("tools", []), ("top_p", 1))),
        (*first[:3], 1, 0),
        (*first[:3], 0, 1),
    ]
    keys = {key_of(*parts) for parts in (first, *others)}
    assert len(keys) == len(others) + 1
    assert key_of(first[0], first[1], dict(reversed(body.items())), 0, 0) == key_of(*first)


@pytest.mark.parametrize("stream", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_nothing_that_was_received_is_asked_for_again(stream: bool, tmp_path: Path) -> None:
    learnt, store = airline(), str(tmp_path / "store.sqlite")
    with learnt.served() as served:
        first = learnt.run(model_agent("chat:reader", f"{served.url}/v1", store=store, stream=stream), *TASKS)
        asked = len(served.log)
        again = learnt.run(model_agent("chat:reader", f"{served.url}/v1", store=store, stream=stream), *TASKS)
        assert len(served.log) == asked == sum(one.usage.turns for one in first)
        assert outcomes(again) == outcomes(first)
        assert [one.usage.latency for one in again] == [one.usage.latency for one in first]
        learnt.run(model_agent("chat:reader", f"{served.url}/v1", store=store, stream=stream, body={"top_p": 0.9}), TASKS[0])
        assert len(served.log) > asked


def test_replaying_needs_no_server_and_asks_for_nothing_else(tmp_path: Path) -> None:
    learnt, store = airline(), str(tmp_path / "store.sqlite")
    with learnt.served() as served:
        url = f"{served.url}/v1"
        first = learnt.run(model_agent("chat:reader", url, store=store), TASKS[0])
    replayed = learnt.run(model_agent("chat:reader", url, store=store, cache="replay-only"), *TASKS)
    assert outcomes(replayed[:1]) == outcomes(first)
    assert replayed[1].outcome == "infrastructure_error"
    assert "no response of 'reader' is stored" in str(replayed[1].error)


@pytest.mark.parametrize(("mode", "stored"), [("refresh", True), ("off", False)])
def test_what_is_stored_can_be_passed_over(mode: CacheMode, stored: bool, tmp_path: Path) -> None:
    learnt, store = airline(), str(tmp_path / "store.sqlite")
    with learnt.served() as served:
        url = f"{served.url}/v1"
        learnt.run(model_agent("chat:reader", url, store=store), TASKS[0])
        asked = len(served.log)
        learnt.run(model_agent("chat:reader", url, store=store, cache=mode), TASKS[0])
        assert len(served.log) == 2 * asked
        latest = {one.id for one in served.log[asked:]}
    with sqlite3.connect(store) as database:
        ids = {json.loads(body)["id"] for (body,) in database.execute("select body from responses")}
    assert (latest <= ids) is stored
    assert stored or not latest & ids


@pytest.mark.slow
def test_a_server_that_is_named_in_the_environment_is_another_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    learnt = airline()
    run = ("run", "--agent", "chat:reader", "--limit", "1", "--operators", "tools.opaque", "--json")
    with learnt.served() as first, learnt.served() as second:
        for served in (first, second, first):
            monkeypatch.setenv("OPENAI_BASE_URL", f"{served.url}/v1")
            assert Here(capsys)(*run).status == 0
        assert len(first.log) == len(second.log) > 0


def test_one_response_serves_all_that_ask_the_same_at_once_and_no_repeat() -> None:
    learnt = airline()

    class Repeated:
        def __init__(self, repeat: int) -> None:
            self.repeat = repeat

        def used(self, usage: Any, **more: Any) -> None: ...

    async def ask(asker: Any, repeat: int, times: int) -> None:
        conversation = asker.conversation(Repeated(repeat))
        for _ in range(times):
            await conversation.ask([Told("user", "Hello")], ())

    async def go(agent: Any) -> None:
        async with anyio.create_task_group() as group:
            for repeat in (0, 0, 0, 1, 1):
                group.start_soon(ask, agent.function.asker, repeat, 2)
        await agent.aclose()

    with learnt.served(latency=0.05) as served:
        anyio.run(go, model_agent("chat:silent", f"{served.url}/v1"))
        # Two repeats, each of which asks the same twice: by asking again an agent wants another response.
        assert len(served.log) == 4


def test_what_was_in_flight_at_a_kill_is_counted(tmp_path: Path) -> None:
    path = str(tmp_path / "store.sqlite")
    code = (
        "import os, sys; from perturb.models.kept import KeptResponses; kept = KeptResponses(sys.argv[1]); "
        "kept.asked('k1', 'e', 'm', ''); kept.failed(kept.asked('k2', 'e', 'm', ''), 'cut'); "
        "kept.asked('k3', 'e', 'm', ''); os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", code, path], env=ENVIRONMENT, check=False)
    assert killed.returncode == -9
    mine = KeptResponses(path)
    number = mine.asked("k4", "e", "m", "")
    assert mine.lost == 2
    other = KeptResponses(path)
    assert other.lost == 2, "a request of a process that lives is not lost"
    mine.received(number, "k4", "e", "m", 0, Kept({"a": 1}, 0.5))
    assert other.find("k4") == Kept({"a": 1}, 0.5)
    for kept in (mine, other):
        kept.close()


def test_half_a_surrogate_pair_is_kept_and_travels() -> None:
    kept = KeptResponses(None)
    body = {"content": "cut \ud83d"}
    kept.received(kept.asked("k", "e", "m", ""), "k", "e", "m", 0, Kept(body, 0.1))
    assert kept.find("k") == Kept(body, 0.1)
    kept.close()


# Keys

SECRET = "sk-perturb-0123456789-abcdefgh"


class Indiscreet:
    """A server that repeats the key that it was sent, in responses and in errors."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        told = dict(scope.get("headers", ())).get(b"authorization", b"").decode()

        async def indiscreet(message: Any) -> None:
            if message["type"] == "http.response.body" and message.get("body"):
                body = message["body"].replace(b'"system_fingerprint"', f'"echo": "{told}", "system_fingerprint"'.encode())
                message = {**message, "body": body}
            elif message["type"] == "http.response.start":
                kept = [(name, value) for name, value in message["headers"] if name != b"content-length"]
                message = {**message, "headers": [*kept, (b"x-echo", told.encode())]}
            await send(message)

        if scope["type"] == "http" and scope["path"].endswith("/error/v1/chat/completions"):
            error = JSONResponse({"error": {"message": f"the key {told} is wrong", "type": "invalid_request_error"}}, 400)
            await error(scope, receive, send)
            return
        await self.inner(scope, receive, indiscreet)


@pytest.mark.parametrize(
    ("spec", "stream"),
    [
        pytest.param("chat:reader", "--no-stream", marks=pytest.mark.slow),
        ("chat:reader", "--stream"),
        pytest.param("responses:reader", "--stream", marks=pytest.mark.slow),
        pytest.param("anthropic:reader", "--no-stream", marks=pytest.mark.slow),
    ],
)
def test_no_artefact_holds_a_key(
    spec: str, stream: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from perturb.serving.app import Reference

    plain = Reference.app
    monkeypatch.setattr(Reference, "app", lambda self: Indiscreet(plain(self)))
    learnt = airline()
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(name, SECRET)
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", f"X-Gateway-Token: {SECRET}-too")
    monkeypatch.setenv("PERTURB_TRACEBACK", "1")
    with learnt.served() as served:
        root = served.url if spec.startswith("anthropic") else f"{served.url}/v1"
        error = served.url + "/error" if spec.startswith("anthropic") else f"{served.url}/error/v1"
        written = []
        for url in (root, error):
            ended = Here(capsys)(
                *("run", "--agent", spec, "--base-url", url, stream, "--limit", "2", "--operators", "tools.opaque"),
                *("--markdown", "report.md", "--junit", "junit.xml", "--json"),
            )
            written += [ended.out, ended.err]
        assert served.log, "the server was not asked"
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"report.html", "report.json", "episodes.sqlite", "junit.xml"} <= {path.name for path in files}
    for path in files:
        assert SECRET.encode() not in path.read_bytes(), path
    assert not any(SECRET in text for text in written)
    if spec == "chat:reader":
        with sqlite3.connect(tmp_path / "reports" / "runs" / "episodes.sqlite") as database:
            bodies = [json.loads(body) for (body,) in database.execute("select body from responses")]
        assert bodies
        assert all(body["echo"] == "Bearer [redacted]" for body in bodies)
        assert "the key Bearer [redacted] is wrong" in written[2] + written[3]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--base-url", f"https://user:{SECRET}@host/v1"), "holds a name or a password"),
        (("--base-url", f"https://host/v1?api_key={SECRET}"), "which looks like a secret"),
        (("--base-url", "host/v1"), "is no URL of a server"),
        (("--header", f"Authorization: Bearer {SECRET}"), "looks like a secret"),
        (("--header", "no colon"), "a header is written 'Name: value'"),
        (("--body", "messages=[]"), "is written by the agent"),
        (("--body", "nothing"), "write it as name=value"),
        (("--price", "cheap"), "is no price"),
        (("--budget", "1usd", "--base-url", "http://127.0.0.1:9/v1"), "nobody knows what it costs"),
    ],
)
def test_settings_that_cannot_be_used_are_told_without_the_secret(
    options: tuple[str, ...], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    ended = Here(capsys)("run", "--agent", "chat:m", *options)
    assert ended.status == 2
    assert told in ended.err
    assert SECRET not in ended.err + ended.out
    assert not list(tmp_path.rglob("*.sqlite"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--agent", "chat:"), "has no model"),
        (("--agent", "chat"), "has no model"),
        (("--agent", "chat:gpt-5"), "set OPENAI_API_KEY"),
        (("--agent", "reader", "--temperature", "0"), "asks no model"),
    ],
)
def test_an_agent_that_cannot_ask_says_why(
    arguments: tuple[str, ...], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("OPENAI_", "ANTHROPIC_"))]:
        monkeypatch.delenv(name)
    ended = Here(capsys)("run", *arguments)
    assert (ended.status, told in ended.err) == (2, True), ended.err
