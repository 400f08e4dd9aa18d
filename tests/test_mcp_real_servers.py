"""MCP servers from the registries behind the proxy, with a real client: the gold calls leave the same files and commits."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastmcp", reason="the extra [mcp] is not installed")

import anyio
from command_line import ENVIRONMENT, apart, command
from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from mcp_wire import Reader

from perturb import texts
from perturb.mcp.connecting import Connection, server_of_command
from perturb.mcp.remote import Introduction, Remote, ServerToolset, introduction
from perturb.operator import Setup, lens_for
from perturb.proxies.plans import Wanted, drawn
from perturb.replay import same_answer
from perturb.types import Answer, Call, Failure, Result

pytestmark = pytest.mark.slow

FILESYSTEM = "@modelcontextprotocol/server-filesystem"
DATES = {"GIT_AUTHOR_DATE": "2026-03-01T12:00:00Z", "GIT_COMMITTER_DATE": "2026-03-01T12:00:00Z"}
WHO = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Ada"), ("EMAIL", "a@b.example"))
}
TIME = 240.0


def run(test: Callable[[], Any]) -> None:
    async def within() -> None:
        with anyio.fail_after(TIME):
            await test()

    anyio.run(within)


def tried(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, timeout=TIME, check=False, **options)


@pytest.fixture(scope="module")
def filesystem() -> list[str]:
    if shutil.which("npx") is None:
        pytest.skip("there is no npx")
    found = tried("npm", "view", FILESYSTEM, "version")
    if found.returncode:
        pytest.skip("the registry of npm cannot be reached")
    return ["npx", "--yes", FILESYSTEM]


@pytest.fixture(scope="module")
def git_server(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """In an environment of its own, since it may need another `mcp`."""
    if shutil.which("git") is None:
        pytest.skip("there is no git")
    folder = tmp_path_factory.mktemp("git-server")
    tried(sys.executable, "-m", "venv", str(folder))
    if tried(str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "mcp-server-git").returncode:
        pytest.skip("mcp-server-git cannot be installed")
    return [str(folder / "bin" / "mcp-server-git"), "--repository"]


def files_of(folder: Path) -> dict[str, str]:
    """Every file with its text, and every empty folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if ".git" not in path.relative_to(folder).parts:
            found[str(path.relative_to(folder))] = path.read_text() if path.is_file() else "(a folder)"
    return found


def _within(theirs: Answer, mine: Answer) -> bool:
    """Whether a text came with something around it, which no client takes away (lines of a log, a notice), or without the
    structure that a merged tool does not declare."""
    if not isinstance(mine, Result) or not isinstance(theirs, Result) or not isinstance(mine.data, str):
        return False
    return texts.result_text(theirs) in mine.data


class Behind:
    """What a server itself lists, what it answers to the gold calls, and what they leave."""

    def __init__(self, words: Sequence[str], gold: Sequence[Call], fresh: Callable[[], Any], left: Callable[[], Any]) -> None:
        self.words = list(words)
        self.gold = gold
        self.fresh = fresh
        self.left_now = left
        self.introduced: Introduction
        self.answers: list[Answer] = []
        fresh()
        run(self._ask)
        self.left = left()
        fresh()
        assert left() != self.left, "the gold calls change nothing"

    async def _ask(self) -> None:
        connection = Connection(server_of_command(self.words))
        async with anyio.create_task_group() as tasks:
            await tasks.start(self._held, connection)
            self.introduced = await introduction(connection.session)
            toolset = ServerToolset(self.introduced)
            remote = Remote(toolset.own, toolset.listed, connection.session)
            self.answers = [await remote.call(call) for call in self.gold]
            await connection.end()

    async def _held(self, connection: Connection, *, task_status: Any) -> None:
        await connection.run(task_status=task_status)

    def through_the_proxy(self, operators: str, store: Path, **variables: str) -> None:
        """Make the gold calls as an informed client, and hold answers and what is left against the server's own."""
        names = tuple(operators.split(",")) if operators else ()
        setup = Setup.of(ServerToolset(self.introduced))
        plan = drawn(Wanted(operators=names), setup)
        assert not plan.left_out
        chosen = ("-o", operators) if operators else ()
        words = command("proxy", "mcp", *chosen, "--store", str(store), "--", *self.words)
        environment = ENVIRONMENT | variables

        async def test() -> None:
            reader = Reader(None, lens_for(plan.operator, setup))
            transport = StdioTransport(words[0], words[1:], env=environment, keep_alive=False)
            async with Client(transport, message_handler=reader.notified) as client:
                reader.session = client
                for call, theirs in zip(self.gold, self.answers, strict=True):
                    mine = await reader(call)
                    if isinstance(mine, Failure) and isinstance(theirs, Failure):
                        assert mine.message == theirs.message
                    else:
                        assert same_answer(mine, theirs) or _within(theirs, mine), f"{call}: {mine}, not {theirs}"

        self.fresh()
        run(test)
        assert self.left_now() == self.left


@pytest.fixture(scope="module")
def files(filesystem: list[str], tmp_path_factory: pytest.TempPathFactory) -> Behind:
    folder = tmp_path_factory.mktemp("files") / "work"

    def fresh() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "notes").mkdir(parents=True)
        (folder / "notes" / "garden.txt").write_text("roses\ntulips\n")
        (folder / "todo.txt").write_text("water the roses\n")

    def at(name: str) -> str:
        return str(folder / name)

    gold = (
        Call("list_directory", {"path": at("")}),
        Call("read_text_file", {"path": at("notes/garden.txt")}),
        Call("write_file", {"path": at("notes/kitchen.txt"), "content": "thyme\nbasil\n"}),
        Call("edit_file", {"path": at("notes/garden.txt"), "edits": [{"oldText": "tulips", "newText": "lilies"}]}),
        Call("create_directory", {"path": at("done")}),
        Call("move_file", {"source": at("todo.txt"), "destination": at("done/todo.txt")}),
        Call("search_files", {"path": at(""), "pattern": "**/*.txt"}),
        Call("read_text_file", {"path": at("todo.txt")}),
    )
    return Behind([*filesystem, str(folder)], gold, fresh, lambda: files_of(folder))


@pytest.mark.parametrize(
    "operators",
    [
        "",
        "tools.vendor_style,arguments.synonym,schema.strict,results.rename_keys,errors.style,faults.transient",
        "arguments.wrap,toolset.search,results.extra_fields",
        "toolset.live_migration",
        "arguments.nest,toolset.merge",
    ],
    ids=lambda operators: operators or "clean",
)
def test_the_filesystem_server_is_left_with_the_same_files(operators: str, files: Behind, tmp_path: Path) -> None:
    files.through_the_proxy(operators, tmp_path / "e.sqlite")


@pytest.fixture(scope="module")
def commits(git_server: list[str], tmp_path_factory: pytest.TempPathFactory) -> Behind:
    folder = tmp_path_factory.mktemp("commits") / "work"
    environment = os.environ | DATES | WHO

    def git(*words: str) -> str:
        done = tried("git", "-C", str(folder), *words, env=environment)
        assert not done.returncode, done.stderr
        return done.stdout

    def fresh() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        git("init", "--quiet", "--initial-branch=main")
        (folder / "garden.txt").write_text("roses\n")
        git("add", ".")
        git("commit", "--quiet", "-m", "Begin")
        (folder / "garden.txt").write_text("roses\nlilies\n")
        (folder / "kitchen.txt").write_text("thyme\n")

    def left() -> Any:
        refs = git("for-each-ref", "--format=%(refname) %(objectname)")
        return (
            refs,
            git("log", "--all", "--stat", "--format=%H %an %s"),
            git("status", "--porcelain", "--branch"),
            files_of(folder),
        )

    repository = {"repo_path": str(folder)}
    gold = (
        Call("git_status", repository),
        Call("git_diff_unstaged", repository),
        Call("git_add", {**repository, "files": ["garden.txt"]}),
        Call("git_commit", {**repository, "message": "Plant lilies"}),
        Call("git_create_branch", {**repository, "branch_name": "herbs"}),
        Call("git_checkout", {**repository, "branch_name": "herbs"}),
        Call("git_add", {**repository, "files": ["kitchen.txt"]}),
        Call("git_commit", {**repository, "message": "Grow thyme"}),
        Call("git_log", {**repository, "max_count": 5}),
        Call("git_checkout", {**repository, "branch_name": "no-such-branch"}),
    )
    for name, value in (DATES | WHO).items():
        os.environ[name] = value
    try:
        return Behind([*git_server, str(folder)], gold, fresh, left)
    finally:
        for name in DATES | WHO:
            del os.environ[name]


@pytest.mark.parametrize(
    "operators",
    [
        "",
        "tools.case_style,arguments.synonym,arguments.reorder,descriptions.verbose,faults.transient",
        "tools.opaque,arguments.wrap,results.envelope",
        "toolset.live_migration",
        "toolset.merge,arguments.constant,results.log_noise",
    ],
    ids=lambda operators: operators or "clean",
)
def test_the_git_server_is_left_with_the_same_commits(operators: str, commits: Behind, tmp_path: Path) -> None:
    commits.through_the_proxy(operators, tmp_path / "e.sqlite", **DATES, **WHO)


SNAPSHOT = """
import json, pathlib, sys
root = pathlib.Path(sys.argv[1])
print(json.dumps({str(path.relative_to(root)): path.read_text() for path in sorted(root.rglob("*")) if path.is_file()}))
"""


def test_the_filesystem_server_is_a_toolset_with_a_folder_for_each_episode(filesystem: list[str], tmp_path: Path) -> None:
    """Its tasks are written with `/workspace`, whatever the folder of an episode is."""
    (tmp_path / "seed").mkdir()
    (tmp_path / "seed" / "todo.txt").write_text("water the roses\n")
    (tmp_path / "snapshot.py").write_text(SNAPSHOT)
    task = {
        "id": "move",
        "prompt": "Read {workspace}/todo.txt, write the same text into {workspace}/done.txt, and tell me what it says.",
        "gold": [
            {"name": "read_text_file", "arguments": {"path": "{workspace}/todo.txt"}},
            {"name": "write_file", "arguments": {"path": "{workspace}/done.txt", "content": "water the roses\n"}},
        ],
        "answer": "It says: water the roses.",
        "check": {"state": {"todo.txt": "water the roses\n", "done.txt": "water the roses\n"}, "answer": ["water the roses"]},
    }
    spec = {
        "mcpServers": {"files": {"command": filesystem[0], "args": [*filesystem[1:], "{workspace}"]}},
        "reset": "cp -r seed/. {workspace}",
        "state": [sys.executable, "snapshot.py", "{workspace}"],
        "tasks": [task],
    }
    (tmp_path / "files.json").write_text(json.dumps(spec))
    operators = "tools.synonym,arguments.wrap,results.rename_keys,faults.transient"
    ended = apart("check", "-t", "mcp:files.json", "-o", operators, "--json", folder=tmp_path)
    assert ended.status == 0, ended.err
    rows = ended.json["operators"]
    assert {row["id"]: row["solvable"] for row in rows} == dict.fromkeys(operators.split(","), 1)
