"""The MCP proxy as people run it: processes, pipes and sockets, with the clients of `mcp` and of `fastmcp`."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastmcp", reason="the extra [mcp] is not installed")

import anyio
import httpx2
import mcp_notes
import mcp_types as mcp
from command_line import ENVIRONMENT, Here, apart, command
from fastmcp import Client as FastClient
from fastmcp.client.transports import StdioTransport
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_wire import GOLD, Reader, itself, tools_of

from perturb.mcp.remote import Introduction, Remote, ServerToolset, introduction
from perturb.operator import Setup, lens_for
from perturb.proxies.plans import Wanted, drawn
from perturb.replay import same_answer
from perturb.store import Store
from perturb.types import Answer, Call, Failure

NOTES = str(Path(mcp_notes.__file__))
TIME = 90.0
_SERVING = re.compile(r"serving .* at (http://\S+)")


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str]) -> Here:
    return Here(capsys)


@contextmanager
def started(*words: str, until: Callable[[str], str | None]) -> Generator[str]:
    """A process that says on its standard error where it listens."""
    process = subprocess.Popen(words, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        said = ""
        while (found := until(said)) is None:
            line = process.stderr.readline()
            assert line, f"it ended with {process.wait()}: {said}"
            said += line
        yield found
    finally:
        process.terminate()
        process.wait(20)
        process.stderr.close()


@contextmanager
def notes_over_http(file: Path) -> Generator[str]:
    """The server of notes behind a port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, NOTES, str(file), "--http", str(port)], env=ENVIRONMENT)
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        process.wait(20)


def proxy_words(store: Path, operators: str, *more: str) -> list[str]:
    chosen = ["-o", operators] if operators else []
    return command("proxy", "mcp", *chosen, "--store", str(store), *more)


@contextmanager
def way(wire: str, folder: Path, operators: str) -> Generator[Callable[[], Any]]:
    """What makes a client that reaches the notes over a wire."""
    file, store = folder / "notes.json", folder / "episodes.sqlite"
    served, reached = wire.split(" to ")
    if reached == "http":
        with notes_over_http(file) as url:
            yield from _served(served, store, operators, "--upstream", url)
    else:
        yield from _served(served, store, operators, "--", sys.executable, NOTES, str(file))


def _served(served: str, store: Path, operators: str, *upstream: str) -> Generator[Callable[[], Any]]:
    if served == "stdio":
        words = proxy_words(store, operators, *upstream)
        yield lambda **options: FastClient(StdioTransport(words[0], words[1:], env=ENVIRONMENT, keep_alive=False), **options)
        return

    def url_in(said: str) -> str | None:
        found = _SERVING.search(said)
        return found[1] if found else None

    with started(*proxy_words(store, operators, "--http", "0", *upstream), until=url_in) as url:
        yield lambda **options: Client(url, **options)


class Known:
    """What the server itself lists and answers, and the file that it leaves."""

    introduced: Introduction
    answers: list[Answer]
    rows: Any


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    found = Known()
    file = tmp_path_factory.mktemp("direct") / "notes.json"

    async def ask() -> None:
        async with itself() as client:
            found.introduced = await introduction(client.session)
        async with Client(mcp_notes.make(file)._mcp_server, mode="legacy") as client:
            toolset = ServerToolset(found.introduced)
            environment = Remote(toolset.own, toolset.listed, client.session)
            found.answers = [await environment.call(call) for call in GOLD]

    anyio.run(ask)
    found.rows = json.loads(file.read_text())
    return found


def run(test: Callable[[], Any]) -> None:
    async def within() -> None:
        with anyio.fail_after(TIME):
            await test()

    anyio.run(within)


WIRES = ("stdio to stdio", "http to stdio", "stdio to http", "http to http")
STACK = "tools.vendor_style,arguments.synonym,results.rename_keys,results.paginate,faults.transient"
CASES = [
    *((wire, operators) for wire in WIRES for operators in ("", STACK)),
    *(
        ("stdio to stdio", operator)
        for operator in ("toolset.live_migration", "toolset.search", "arguments.wrap", "results.envelope", "errors.language")
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("wire", "operators"), CASES, ids=[f"{wire}, {operators or 'clean'}" for wire, operators in CASES])
def test_gold_calls_over_real_wires_leave_the_same_notes(wire: str, operators: str, tmp_path: Path, known: Known) -> None:
    names = tuple(operators.split(",")) if operators else ()
    setup = Setup.of(ServerToolset(known.introduced))
    plan = drawn(Wanted(operators=names), setup)
    assert not plan.left_out

    async def test() -> None:
        reader = Reader(None, lens_for(plan.operator, setup))
        async with connect(message_handler=reader.notified) as client:
            reader.session = client
            for call, theirs in zip(GOLD, known.answers, strict=True):
                mine = await reader(call)
                if isinstance(mine, Failure) or isinstance(theirs, Failure):
                    assert (type(mine), mine.message) == (type(theirs), theirs.message)
                else:
                    assert same_answer(mine, theirs), f"{call}: {mine} where the server says {theirs}"

    with way(wire, tmp_path, operators) as connect:
        run(test)
    assert json.loads((tmp_path / "notes.json").read_text()) == known.rows
    kept = kept_in(tmp_path / "episodes.sqlite")
    assert next(step.real for episode in kept for step in episode.steps if step.real) == (GOLD[0],)
    assert [episode.outcome for episode in kept] == ["not_applicable"]
    assert kept[0].arm == ("perturbed" if operators else "clean")


@asynccontextmanager
async def several(connect: Callable[[], Any]) -> AsyncGenerator[tuple[Any, Any]]:
    async with connect() as one, connect() as other:
        yield one, other


@pytest.mark.slow
def test_clients_of_one_proxy_over_http_share_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        async with several(connect) as (one, other):
            page = (await one.call_tool("list_notes", {})).structured_content
            assert page is not None
            (cursor,) = [value for value in page.values() if isinstance(value, str)]
            (tool,) = [tool for tool in await tools_of(one) if tool.name == "list_notes"]
            (argument,) = set(tool.input_schema["properties"]) - {"tag"}
            assert (await other.call_tool("list_notes", {argument: cursor})).is_error
            assert not (await one.call_tool("list_notes", {argument: cursor})).is_error
            await one.call_tool("add_note", {"title": "Mine", "tag": "office"})
            counts = [(await client.call_tool("count_notes", {})).content[0].text for client in (one, other)]
            assert counts == ["There are 9 notes.", "There are 8 notes."]

    upstream = ("--", sys.executable, NOTES)
    with contextmanager(_served)("http", tmp_path / "e.sqlite", "results.paginate", *upstream) as connect:
        run(test)


@pytest.mark.slow
def test_a_version_without_sessions_is_refused_with_the_versions_that_have_them(tmp_path: Path) -> None:
    with contextmanager(_served)("http", tmp_path / "e.sqlite", "", "--", sys.executable, NOTES) as connect:
        answer = httpx2.post(
            connect().server,
            json={"jsonrpc": "2.0", "id": 7, "method": "server/discover", "params": {}},
            headers={"mcp-protocol-version": "2026-07-28", "accept": "application/json, text/event-stream"},
        )
    assert answer.status_code == 400
    told = answer.json()
    assert told["id"] == 7
    assert told["error"]["code"] == mcp.UNSUPPORTED_PROTOCOL_VERSION
    assert "2025-11-25" in told["error"]["data"]["supported"]


@pytest.mark.slow
def test_the_login_of_a_client_goes_along_and_is_written_nowhere(tmp_path: Path) -> None:
    """A server that wants a token, behind a proxy over HTTP."""
    seen = tmp_path / "seen"
    guard = tmp_path / "guarded.py"
    guard.write_text(GUARDED.format(folder=str(Path(NOTES).parent), seen=str(seen)))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, str(guard), str(port)], env=ENVIRONMENT)
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        upstream = ("--upstream", f"http://127.0.0.1:{port}/mcp", "--header", "X-Team: red")
        with contextmanager(_served)("http", tmp_path / "e.sqlite", "tools.opaque", *upstream) as connect:
            url = connect().server

            async def test() -> None:
                async with FastClient(url, auth="s3cr3t-t0ken") as client:
                    await client.list_tools()
                    await client.call_tool("no_such_tool", {}, raise_on_error=False)

            run(test)
    finally:
        process.terminate()
        process.wait(20)
    told = seen.read_text().splitlines()
    assert "Bearer s3cr3t-t0ken red" in told
    for file in tmp_path.iterdir():
        if file != seen:
            assert b"s3cr3t-t0ken" not in file.read_bytes()


def kept_in(path: Path) -> list[Any]:
    with Store(path) as store:
        return [store.get(key) for (key,) in store._db.execute("select key from episodes")]


@pytest.mark.slow
def test_a_server_that_dies_behind_the_proxy_is_told_to_the_client_and_blamed_on_nobody(tmp_path: Path) -> None:
    async def test() -> None:
        async with connect() as client:
            with pytest.raises(MCPError, match="the MCP server has gone in the middle of a call of 'crash'"):
                await client.call_tool("crash", {})

    with contextmanager(_served)("stdio", tmp_path / "e.sqlite", "results.envelope", "--", sys.executable, NOTES) as connect:
        run(test)
    (episode,) = kept_in(tmp_path / "e.sqlite") or [None]
    assert episode is None or episode.outcome == "infrastructure_error"


@pytest.mark.slow
@pytest.mark.parametrize("ends", ["by closing", "by a signal"])
def test_what_passed_is_kept_however_the_client_ends_and_standard_output_holds_messages_alone(
    ends: str, tmp_path: Path
) -> None:
    words = proxy_words(tmp_path / "e.sqlite", "tools.opaque", "--", sys.executable, NOTES)
    process = subprocess.Popen(words, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    about = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "by hand", "version": "1"}}
    messages: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": about},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/list"},
    ]
    for message in messages:
        process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    process.stdin.flush()
    hello, listed = (json.loads(process.stdout.readline()) for _ in range(2))
    assert hello["result"]["protocolVersion"] == "2025-06-18"
    name = listed["result"]["tools"][0]["name"]
    call = {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": name, "arguments": {}}}
    process.stdin.write(json.dumps(call) + "\n")
    process.stdin.flush()
    assert not json.loads(process.stdout.readline())["result"]["isError"]
    if ends == "by closing":
        process.stdin.close()
    else:
        process.terminate()
    assert process.wait(30) == 0
    assert process.stdout.read() == ""
    process.stdout.close()
    if not process.stdin.closed:
        process.stdin.close()
    (episode,) = kept_in(tmp_path / "e.sqlite")
    assert [step.real for step in episode.steps] == [(Call("list_notes"),)]


GUARDED = """
import sys
sys.path.insert(0, {folder!r})
import mcp_notes
from starlette.middleware import Middleware

class Look:
    def __init__(self, app):
        self.app = app
    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            headers = {{key.decode(): value.decode() for key, value in scope["headers"]}}
            with open({seen!r}, "a") as file:
                file.write(headers.get("authorization", "-") + " " + headers.get("x-team", "-") + chr(10))
        await self.app(scope, receive, send)

mcp_notes.make().run(
    transport="http", host="127.0.0.1", port=int(sys.argv[1]), middleware=[Middleware(Look)], show_banner=False,
    log_level="ERROR",
)
"""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "name one server"),
        (("--upstream", "http://127.0.0.1:9/mcp", "--", "cat"), "name one server"),
        (("--header", "X: y", "--", "cat"), "a command has none"),
        (("--upstream", "http://127.0.0.1:9/mcp", "--header", "Bearer"), "write 'NAME: VALUE'"),
        (("--http", "here", "--", "cat"), "write HOST:PORT"),
        (("--json", "--", "cat"), "--json goes with --http"),
        (("--upstream", "none.json"), "none.json cannot be read"),
        (("--", "no-such-command-at-all"), "there is no command 'no-such-command-at-all'"),
        (("--", sys.executable, "-c", "raise SystemExit(3)"), "ended before it introduced itself"),
        (("--upstream", "http://127.0.0.1:9/mcp"), "cannot be reached"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value)[:40].replace(sys.executable, "python"),
)
def test_what_cannot_be_served_is_told_in_one_line(
    words: tuple[str, ...], told: str, here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = here("proxy", "mcp", "--store", "e.sqlite", *words)
    assert ended.status in (2, 3)
    assert ended.out == ""
    assert told in ended.err
    assert ended.err.count("\n") == 1


def test_an_unknown_kind_of_proxy_is_answered_with_those_there_are(here: Here) -> None:
    ended = here("proxy", "mpc")
    assert ended.status == 2
    assert "did you mean 'mcp'?" in ended.err


@pytest.mark.slow
def test_a_missing_extra_is_told_with_the_command_that_installs_it(tmp_path: Path) -> None:
    (tmp_path / "fastmcp.py").write_text("raise ModuleNotFoundError('no fastmcp', name='fastmcp')\n")
    variables = {"PYTHONPATH": f"{tmp_path}:{ENVIRONMENT['PYTHONPATH']}"}
    for words in (("proxy", "mcp", "--", "cat"), ("show", "tools.opaque", "-t", "mcp:cat")):
        ended = apart(*words, folder=tmp_path, **variables)
        assert ended.status == 2
        assert ended.err.splitlines()[-1] == "perturb: MCP needs the package 'fastmcp': pip install 'perturb-agents[mcp]'"
