"""The terminal: its tasks are solved by their gold calls and by nothing less, and its state is all that was done."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from command_line import Here

from perturb.loading import load_toolset
from perturb.operator.picking import SeededPick
from perturb.operators import by_id
from perturb.replay import Gold
from perturb.toolset import Toolset
from perturb.types import Call, Failure, Result

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed"),
]
QUESTIONS = 4
"""Tasks that ask, and want nothing changed: stating the answer solves them."""


@pytest.fixture(scope="module")
def shell() -> Toolset:
    return load_toolset("shell")


@pytest.fixture
def terminal(shell: Toolset) -> Iterator[Any]:
    environment = shell.environment(shell.tasks[0])
    yield environment
    environment.close()


def called(terminal: Any, name: str, **arguments: Any) -> Any:
    async def go() -> Any:
        answer = terminal.call(Call(name, arguments))
        return answer if isinstance(answer, (Result, Failure)) else await answer

    return anyio.run(go)


def output(terminal: Any, command: str) -> str:
    answer = called(terminal, "run", command=command)
    assert isinstance(answer, Result)
    assert isinstance(answer.data, dict)
    return str(answer.data["stdout"])


@pytest.mark.slow
def test_gold_passes_every_task_and_a_silent_agent_none(capsys: pytest.CaptureFixture[str]) -> None:
    told = Here(capsys)("check", "--toolset", "shell", "--operators", "tools.synonym", "--json").json
    assert told["tasks"] >= 25
    assert told["gold_fails_clean"] == []
    assert told["floor"] == {"silent": 0, "answer_only": QUESTIONS, "vacuous": []}
    assert [row["solvable"] for row in told["operators"]] == [told["tasks"]]


def test_where_there_is_no_bubblewrap_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("perturb.sandbox.shutil.which", lambda name: None)
    ended = Here(capsys)("check", "--toolset", "shell", "--operators", "tools.synonym")
    assert (ended.status, "Traceback" in ended.err) == (2, False)
    assert ended.err.startswith("perturb: commands of an agent run under bubblewrap, and there is none; install it")


def test_each_command_starts_in_the_home_with_what_was_left_in_files(terminal: Any) -> None:
    output(terminal, "cd projects && export A=1 && touch here")
    assert output(terminal, "pwd; echo [$A]; ls projects/here").split() == ["/home/sam", "[]", "projects/here"]
    failed = called(terminal, "run", command="cat nothing; exit 4").data
    assert (failed["exit_code"], failed["stdout"]) == (4, "")
    assert "No such file" in failed["stderr"]


@pytest.mark.slow
def test_a_command_that_hangs_is_stopped_and_says_so(terminal: Any) -> None:
    stopped = called(terminal, "run", command="echo begun; cat /dev/zero > /dev/null", timeout_seconds=1).data
    assert stopped["exit_code"] == 124
    assert "stopped after 1 seconds" in stopped["stderr"]
    assert stopped["stdout"] == "begun\n"
    refused = called(terminal, "run", command="true", timeout_seconds=1000)
    assert (refused.kind, refused.field) == ("invalid_argument", "timeout_seconds")


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../x", "~/../../etc/passwd", "link/passwd", "a/../../x", "", "/home/sam/../x"]
)
def test_files_outside_the_home_are_neither_read_nor_written(terminal: Any, path: str) -> None:
    output(terminal, "ln -s /etc link; ln -s /etc/passwd direct")
    for arguments in ({"path": path}, {"path": path, "content": "x"}):
        answer = called(terminal, "write_file" if "content" in arguments else "read_file", **arguments)
        assert isinstance(answer, Failure), path
    assert isinstance(called(terminal, "read_file", path="direct"), Failure)
    assert isinstance(called(terminal, "write_file", path="direct", content="x"), Failure)


def test_files_are_read_by_lines_and_written_whole(terminal: Any) -> None:
    assert called(terminal, "write_file", path="~/a/b.txt", content="one\ntwo\nthree\n").data == {
        "path": "~/a/b.txt",
        "characters": 14,
    }
    shown = called(terminal, "read_file", path="a/b.txt", first_line=2, last_line=2).data
    assert shown == {"path": "a/b.txt", "lines": 3, "text": "two\n"}
    assert output(terminal, "cat a/b.txt && echo four >> a/b.txt && tail -n 1 a/b.txt") == "one\ntwo\nthree\nfour\n"
    assert called(terminal, "read_file", path="a/c.txt").kind == "not_found"
    assert called(terminal, "read_file", path="a/b.txt", first_line=9).field == "first_line"


def test_the_state_is_told_and_taken_back(shell: Toolset, terminal: Any) -> None:
    output(terminal, "chmod +x notes/paint.md; ln -s notes n; mkdir new")
    output(terminal, "cd projects/site && git checkout -qb x && git commit -q --allow-empty -m x")
    state = terminal.dump()
    assert state["files"]["notes/paint.md"]["executable"] is True
    assert state["files"]["n"] == {"link": "notes"}
    assert state["files"]["new/"] == {}
    other: Any = shell.environment(shell.tasks[0])
    other.load(state)
    again = other.dump()
    other.close()
    assert {part: again[part] for part in ("files", "repositories")} == {
        part: state[part] for part in ("files", "repositories")
    }


@pytest.mark.slow
def test_two_episodes_share_nothing_and_equal_work_makes_equal_commits(shell: Toolset, terminal: Any) -> None:
    other: Any = shell.environment(shell.tasks[0])
    work = "cd projects/site && echo a > a && git add a && git commit -qm a && git rev-parse HEAD"
    mine = output(terminal, work)
    assert "a" not in output(other, "ls projects/site").split()
    assert output(other, work) == mine
    other.close()


def test_less_than_what_was_asked_for_does_not_pass(shell: Toolset, terminal: Any) -> None:
    task = shell.task("change-port")
    output(terminal, "sed -i 's/^port = .*/port = 9090/' config/app.ini")  # the admin page too
    assert not shell.check(task, terminal, task.answer, ())
    output(terminal, "sed -i '/admin/,$s/^port = .*/port = 8080/' config/app.ini")
    assert shell.check(task, terminal, task.answer, ())
    output(terminal, "touch left-behind")
    assert not shell.check(task, terminal, task.answer, ())


@pytest.mark.slow
@pytest.mark.parametrize("operator", ["toolset.merge", "results.paginate", "arguments.nest", "errors.style", "results.format"])
def test_gold_survives_what_operators_change(shell: Toolset, operator: str) -> None:
    gold = Gold(shell)
    plan = by_id(operator).plan(gold.setup, SeededPick(3, operator), 1.0)
    for name in ("change-port", "merge-footer", "count-errors"):
        if hasattr(plan, "lens"):
            assert anyio.run(gold.prove, shell.task(name), plan).status == "solvable", name
