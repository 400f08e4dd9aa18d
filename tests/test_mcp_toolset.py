"""An MCP server as a toolset: what it says of itself and what a file says beside it, its worlds, and what is refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastmcp", reason="the extra [mcp] is not installed")

import anyio
import mcp_notes
from command_line import Here, apart
from fastmcp.client.transports import FastMCPTransport
from mcp.shared.exceptions import MCPDeprecationWarning

from perturb.errors import ConfigurationError, PerturbError, ToolsetError
from perturb.loading import load_toolset
from perturb.mcp import connecting, files
from perturb.mcp.connecting import Server
from perturb.mcp.toolset import McpToolset
from perturb.operator import NotApplicable, SeededPick
from perturb.operators import by_id
from perturb.replay import Gold
from perturb.toolset import Task
from perturb.types import Answer, Call, Failure, Result

pytestmark = pytest.mark.filterwarnings(f"ignore::{MCPDeprecationWarning.__module__}.{MCPDeprecationWarning.__name__}")

NOTES = str(Path(mcp_notes.__file__))
STATE = 'import json, sys, pathlib; p = pathlib.Path(sys.argv[1]); print(p.read_text() if p.is_file() else "[]")'
FILE: dict[str, Any] = {
    "mcpServers": {"notes": {"command": sys.executable, "args": [NOTES, "{workspace}/notes.json"]}},
    "state": [sys.executable, "-c", STATE, "{workspace}/notes.json"],
    "tasks": [
        {
            "id": "read",
            "prompt": "What is note 3 called?",
            "gold": [{"name": "get_note", "arguments": {"note_id": 3}}],
            "answer": "Note 3",
            "check": {"answer": "Note 3"},
        },
        {
            "id": "write",
            "prompt": "Find the notes about the garden, and add one called Water the roses with the same tag.",
            "gold": [
                {"name": "list_notes", "arguments": {"tag": "garden"}},
                {"name": "add_note", "arguments": {"title": "Water the roses", "tag": "garden"}},
            ],
            "answer": "Done.",
            "check": {
                "state": [
                    *({"note_id": number, "tag": tag} for number, tag in enumerate(mcp_notes.TAGS, 1)),
                    {"note_id": 9, "title": "Water the roses", "tag": "garden"},
                ]
            },
        },
    ],
}


def written(folder: Path, content: Any, name: str = "notes.json") -> str:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def without(*keys: str) -> dict[str, Any]:
    return {key: value for key, value in FILE.items() if key not in keys}


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Servers in this process instead of one of their own; what is found are the arguments that each was started with."""
    made: list[list[str]] = []

    def transport(server: Server, errors: Any) -> FastMCPTransport:
        (entry,) = server.entries.values()
        made.append(entry["args"])
        files = [Path(word) for word in entry["args"] if word.endswith("notes.json")]
        return FastMCPTransport(mcp_notes.make(files[0] if files else None))

    monkeypatch.setattr(connecting, "transport_of", transport)
    return made


def call(toolset: McpToolset, *calls: Call) -> list[Answer]:
    async def all_of_them() -> list[Answer]:
        environment = toolset.environment(Task(id="", prompt=""))
        try:
            return [await environment.call(one) for one in calls]
        finally:
            environment.close()

    return anyio.run(all_of_them)


def loaded(spec: str) -> McpToolset:
    found = load_toolset(spec)
    assert isinstance(found, McpToolset)
    return found


def test_a_server_tells_its_tools_its_instructions_and_its_name(in_process: list[list[str]]) -> None:
    toolset = loaded("mcp:python notes.py")
    assert toolset.name == "notes"
    assert toolset.system == "Find notes with `list_notes` first."
    tools = {tool.name: tool for tool in toolset.tools}
    assert {name for name, tool in tools.items() if tool.effect == "read"} == {
        *("list_notes", "get_note", "count_notes", "draw_note", "watch_notes", "sum_up", "where", "crash")
    }
    assert tools["rename_note"].idempotent
    assert tools["list_notes"].returns is not None
    assert tools["list_notes"].returns["type"] == "array"
    assert tools["count_notes"].returns is None
    assert toolset.tasks == ()


def test_results_are_data_where_a_schema_is_declared_and_text_where_none_is(in_process: list[list[str]]) -> None:
    toolset = loaded("mcp:python notes.py")
    one, count, drawn, missing, unknown = call(
        toolset,
        Call("get_note", {"note_id": 3}),
        Call("count_notes"),
        Call("draw_note", {"note_id": 1}),
        Call("get_note", {"note_id": 99}),
        Call("get_vote", {"note_id": 3}),
    )
    assert one == Result({"note_id": 3, "title": "Note 3", "tag": "garden"}, "json")
    assert count == Result("There are 8 notes.", "text")
    assert drawn == Result("[image, image/png]", "text")
    assert missing == Failure(kind="unknown", message="There is no note 99.", tool="get_note")
    assert unknown == toolset.refusal("unknown_tool", tool="get_vote")


def test_what_a_file_declares_of_a_tool_is_taken_for_granted(in_process: list[list[str]], tmp_path: Path) -> None:
    declared = {"add_note": {"effect": "read", "idempotent": True}, "list_notes": {"ordered": False}}
    toolset = loaded("mcp:" + written(tmp_path, {**without("tasks"), "tools": declared}))
    tools = {tool.name: tool for tool in toolset.tools}
    assert (tools["add_note"].effect, tools["add_note"].idempotent) == ("read", True)
    assert not tools["list_notes"].ordered


def test_each_episode_has_a_server_and_a_folder_of_its_own_that_no_transcript_names(
    in_process: list[list[str]], tmp_path: Path
) -> None:
    toolset = loaded("mcp:" + written(tmp_path, FILE))
    assert not toolset.exclusive
    for number in (9, 9):
        (made,) = call(toolset, Call("add_note", {"title": "kept at /workspace/notes.json", "tag": "x"}))
        assert made == Result({"note_id": number, "title": "kept at /workspace/notes.json", "tag": "x"}, "json")
    toolset.wait()
    folders = [Path(words[-1]).parent for words in in_process]
    assert len(set(folders)) == 3
    assert not any(folder.exists() for folder in folders)


def test_the_state_is_what_the_command_tells_and_checks_look_into_it(in_process: list[list[str]], tmp_path: Path) -> None:
    toolset = loaded("mcp:" + written(tmp_path, FILE))
    gold = Gold(toolset)

    async def both() -> list[Any]:
        return [await gold.clean(task) for task in toolset.tasks]

    read, write = anyio.run(both)
    assert read.passed
    assert write.passed
    assert read.state == []
    assert write.state[-1] == {"note_id": 9, "title": "Water the roses", "tag": "garden"}
    environment = toolset.environment(toolset.tasks[1])
    assert not toolset.check(toolset.tasks[1], environment, "Done.", [])
    environment.close()


@pytest.mark.parametrize(
    "operator_id",
    [
        "tools.opaque",
        "arguments.synonym",
        "results.paginate",
        "results.rename_keys",
        "errors.style",
        "faults.transient",
        "toolset.live_migration",
        "toolset.search",
        "system.persona",
        "user.style",
    ],
)
def test_tasks_are_proven_under_operators_as_any_toolset_s_are(
    operator_id: str, in_process: list[list[str]], tmp_path: Path
) -> None:
    toolset = loaded("mcp:" + written(tmp_path, FILE))
    gold = Gold(toolset)
    task = toolset.tasks[1]
    plan = by_id(operator_id).plan(gold.setup.for_task(task), SeededPick(7, operator_id), 1.0)
    proof = anyio.run(gold.prove, task, plan)
    if isinstance(plan, NotApplicable):
        assert proof.status == "not_applicable"
    else:
        assert (proof.status, proof.detail) == ("solvable", "")


def test_operators_over_a_state_that_nothing_sets_do_not_apply(in_process: list[list[str]], tmp_path: Path) -> None:
    content = {**FILE, "entities": {"task": ["Water the roses"]}}
    toolset = loaded("mcp:" + written(tmp_path, content))
    gold = Gold(toolset)
    plan = by_id("environment.entities").plan(gold.setup, SeededPick(7), 1.0)
    assert not isinstance(plan, NotApplicable)
    proof = anyio.run(gold.prove, toolset.tasks[1], plan)
    assert (proof.status, proof.detail) == ("not_applicable", "the environment cannot take its state")


def test_writes_that_nothing_takes_back_are_refused_unless_they_are_allowed(
    in_process: list[list[str]], tmp_path: Path
) -> None:
    lasting = {"mcpServers": {"notes": {"command": "python", "args": ["notes.py"]}}}
    spec = "mcp:" + written(tmp_path, lasting)
    toolset = loaded(spec)
    assert isinstance(call(toolset, Call("list_notes"))[0], Result)
    with pytest.raises(ToolsetError, match=r"'add_note' is not declared to be read-only.*--allow-writes"):
        call(toolset, Call("add_note", {"title": "x", "tag": "y"}))
    allowed = loaded(spec.replace("mcp:", "mcp:--allow-writes "))
    assert allowed.exclusive
    assert isinstance(call(allowed, Call("add_note", {"title": "x", "tag": "y"}))[0], Result)
    with pytest.raises(ToolsetError, match="a gold call of task 'write' of toolset 'notes': 'add_note' is not declared"):
        loaded("mcp:" + written(tmp_path, {**lasting, "tasks": FILE["tasks"]}))


def test_episodes_that_share_a_world_come_one_after_the_other(in_process: list[list[str]], tmp_path: Path) -> None:
    shared = tmp_path / "shared-notes.json"
    words = [sys.executable, NOTES, str(shared)]
    content = {
        **FILE,
        "mcpServers": {"notes": {"command": words[0], "args": words[1:]}},
        "reset": ["rm", "-f", str(shared)],
        "state": [sys.executable, "-c", STATE, str(shared)],
    }
    toolset = loaded("mcp:" + written(tmp_path, content, "spec.json"))
    assert toolset.exclusive
    add = Call("add_note", {"title": "x", "tag": "y"})
    for _ in range(2):
        assert call(toolset, add)[0].data["note_id"] == 9

    async def at_once() -> None:
        one, other = toolset.environment(toolset.tasks[0]), toolset.environment(toolset.tasks[0])
        await one.call(add)
        try:
            await other.call(add)
        finally:
            one.close()
            other.close()

    with pytest.raises(ToolsetError, match="would share one world; run them one at a time"):
        anyio.run(at_once)


def test_the_digest_tells_tasks_commands_and_the_first_state_apart_and_no_secret(
    in_process: list[list[str]], tmp_path: Path
) -> None:
    def told(**changes: Any) -> str:
        return loaded("mcp:" + written(tmp_path, {**FILE, **changes})).digest()

    assert told() == told()
    assert told() != told(reset=["true"])
    assert told() != told(state=[sys.executable, "-c", "print([1])"])
    secret = {"notes": {**FILE["mcpServers"]["notes"], "env": {"TOKEN": "s3cr3t"}}}
    assert told() == told(mcpServers=secret)


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("", "names no server"),
        ("'python", "close the quotation"),
        ("--task x python", "did you mean '--tasks'?"),
        ("--tasks", "it takes a file"),
        ("none.yaml", "none.yaml cannot be read"),
        ("--tasks none.yaml python", "none.yaml cannot be read"),
    ],
)
def test_a_name_that_cannot_be_meant_is_told_in_one_line(spec: str, told: str) -> None:
    with pytest.raises(PerturbError, match=told.replace("?", r"\?")) as caught:
        files.read_spec(spec)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "line 1, column 2"),
        ([1], "holds no object"),
        ({"servers": {}}, "describes no server"),
        ({"mcpServers": {"a": 3}}, "describes no server"),
        ({**FILE, "rest": "x"}, "has the key 'rest', which means nothing here; did you mean 'reset'"),
        ({**FILE, "reset": 3}, r"Expected `str \| array \| null`, got `int` - at `\$.reset`"),
        ({**FILE, "tasks": {"id": "a"}}, "are no list"),
        ({**FILE, "tasks": [{"id": "a"}]}, "task 'a' in .* has prompt null; write a text"),
        ({**FILE, "tasks": [{"id": "a", "prompt": "b", "check": "solved"}]}, r'has the check "solved"; write \{"state"'),
        ({**FILE, "tasks": [{"id": "a", "prompt": "b", "gold": [{"tool": "x"}]}]}, "a gold call is written"),
    ],
)
def test_a_bad_file_is_told_with_the_place(content: Any, told: str, tmp_path: Path) -> None:
    with pytest.raises(PerturbError, match=told) as caught:
        files.read_spec(written(tmp_path, content))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"tools": {"get_vote": {"effect": "read"}}},
            "has no tool 'get_vote', of which more is declared; did you mean 'get_note'",
        ),
        ({"tools": {"get_note": {"name": "x"}}}, "'name' is declared, which means nothing"),
        ({"tools": {"get_note": {"effect": "none"}}}, "cannot be read: Invalid enum value 'none'"),
        ({"reset": ["no-such-command-at-all"]}, "the reset command 'no-such-command-at-all' cannot be run"),
        ({"reset": "echo it is broken >&2; exit 4"}, "ended with 4: it is broken"),
        ({"state": ["false"]}, "the state command 'false' ended with 1"),
        (
            {"tasks": [{**FILE["tasks"][0], "gold": [{"name": "get_vote"}]}]},
            "has a gold call of 'get_vote', which is no tool of it",
        ),
    ],
)
def test_a_file_that_does_not_fit_its_server_is_told(
    changes: dict[str, Any], told: str, in_process: list[list[str]], tmp_path: Path
) -> None:
    with pytest.raises(PerturbError, match=told) as caught:
        loaded("mcp:" + written(tmp_path, {**FILE, **changes})).digest()
    assert "\n" not in str(caught.value)


def test_files_of_mcp_clients_may_hold_more_and_yaml_is_read_as_json_is(tmp_path: Path) -> None:
    found = files.read_spec(written(tmp_path, {"mcpServers": FILE["mcpServers"], "inputs": [], "theme": "dark"}))
    assert found.tasks == ()
    text = "mcpServers: {notes: {command: python}}\ntasks:\n- {id: a, prompt: On 2026-01-02, check: {answer: 2026-01-02}}\n"
    found = files.read_spec(written(tmp_path, text, "notes.yaml"))
    assert found.tasks[0].check is not None
    assert found.tasks[0].check(None, "it was on 2026-01-02", [])


def test_a_settled_name_of_a_server_is_no_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from perturb.plugins import split_path

    assert split_path("mcp:npx @acme/server /tmp/x.py") == (None, "")


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str]) -> Here:
    return Here(capsys)


@pytest.mark.parametrize("command", ["check", "show", "run"])
def test_writes_are_allowed_on_the_command_line_for_servers_alone(command: str, here: Here) -> None:
    words = ("tools.opaque",) if command == "show" else ()
    ended = here(command, *words, "--toolset", "airline", "--allow-writes")
    assert ended.status == 2
    assert (
        ended.err == "perturb: --allow-writes is about servers (mcp:, openapi:), and toolset 'airline' is none; leave it out\n"
    )


def test_show_and_check_take_a_server_for_a_toolset(in_process: list[list[str]], here: Here, tmp_path: Path) -> None:
    spec = "mcp:" + written(tmp_path, FILE)
    shown = here("show", "tools.opaque", "--toolset", spec, "--json")
    assert shown.status == 0
    assert shown.json["toolset"] == spec
    checked = here("check", "--toolset", spec, "-o", "tools.opaque,results.paginate", "--jobs", "1", "--json")
    assert checked.status == 0
    assert sum(row["solvable"] for row in checked.json["operators"]) == 4


@pytest.mark.slow
def test_a_run_on_a_real_process_in_a_world_that_episodes_share(tmp_path: Path) -> None:
    """With the reference agent: one episode at a time, each begun anew, and the same again runs nothing twice."""
    content = {
        **FILE,
        "mcpServers": {"notes": {"command": sys.executable, "args": [NOTES, "shared-notes.json"]}},
        "reset": "rm -f shared-notes.json",
        "state": [sys.executable, "-c", STATE, "shared-notes.json"],
    }
    written(tmp_path, content, "spec.json")
    few = ("-o", "results.paginate", "--task", "write", "--clean-trials", "2")
    words = ("run", "-t", "mcp:spec.json", "-a", "adaptive", *few, "--json")
    ended = apart(*words, folder=tmp_path)
    assert ended.status == 0, ended.err
    assert ended.json["ended"]["how"] == "complete"
    assert ended.json["ended"]["episodes"] == 3
    assert not ended.json["infrastructure"]
    assert not ended.json["faults"]
    again = apart(*words, folder=tmp_path)
    assert again.json["ended"]["episodes"] == 0


@pytest.mark.slow
def test_a_server_that_dies_in_the_middle_is_no_fault_of_the_agent() -> None:
    toolset = loaded(f"mcp:{sys.executable} {NOTES}")
    with pytest.raises(PerturbError, match="the MCP server has gone in the middle of a call of 'crash'"):
        call(toolset, Call("crash"))


@pytest.mark.slow
def test_a_server_that_hangs_at_its_start_is_told_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting.Connection.__init__, "__kwdefaults__", {"errors": None, "patience": 1.0})
    with pytest.raises(PerturbError, match="did not introduce itself within 1 s"):
        load_toolset("mcp:sleep 60")


def test_an_extra_key_of_a_command_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="names a server itself"):
        files.read_spec(f"--tasks {written(tmp_path, FILE)} python")
