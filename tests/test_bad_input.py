"""What a user can get wrong, and what agents, operators and processes can do: the message, the outcome, what is kept."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest
from command_line import ENVIRONMENT, Here, apart, command

from perturb import operators
from perturb.operator import Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.types import Axis

ONE = ("--task", "order-dune", "--operators", "descriptions.reword", "--clean-trials", "1")

AGENTS = """
import asyncio, time

async def raises(episode):
    return {}["missing"]

async def sleeps(episode):
    await asyncio.sleep(600)

async def blocks(episode):
    time.sleep(600)

def hangs_in_a_thread(episode):
    time.sleep(600)

async def unknown_tool(episode):
    return (await episode.call("make_coffee", {})).text

async def no_json(episode):
    reply = await episode.call("order_book", '{"title": "Dune", ')
    assert reply.is_error
    return reply.text

async def no_object(episode):
    reply = await episode.call("order_book", "[1, 2]")
    assert reply.is_error
    return reply.text

async def nothing(episode):
    return None

async def number(episode):
    return 7

async def endless(episode):
    while True:
        await episode.call("get_stock", {"title": "Dune"})

async def slow(episode):
    await asyncio.sleep(0.2)
    return "done"

broken = 3
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    """A project with the first toolset and agent, and a file of agents that misbehave."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    run = Here(capsys)
    run("init", ".")
    Path("agents/bad.py").write_text(AGENTS)
    return run


def write_toolset(tool: str) -> None:
    Path("toolsets/mine.py").write_text(
        "from perturb.toolset import Toolset\nfrom perturb.types import Tool\n"
        f"TOOLSET = Toolset()\nTOOLSET.name = 'mine'\nTOOLSET.tools = ({tool},)\n"
    )


# What a user names


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("run", "--operators", "tools.synonim"), "no operator is called 'tools.synonim'; did you mean 'tools.synonym'"),
        (("run", "--toolset", "arline"), "there is no toolset 'arline'; did you mean 'airline', 'tau2:airline'?"),
        (("run", "--agent", "raeder"), "there is no agent 'raeder'; did you mean 'reader'?"),
        (("run", "--agent", "agents/bad.py:riases"), "has no function 'riases'; did you mean 'raises'"),
        (("run", "--agent", "agents/bad.py:broken"), "has no function 'broken'"),
        (("run", "--agent", "agents/none.py"), "there is no file"),
        (("run", "--task", "order-dun"), "has no task 'order-dun'; did you mean 'order-dune'"),
        (("run", "--trails", "3"), "No such option '--trails'"),
        (("run", "--trials", "0"), "0 is not in the range x>=1"),
        (("run", "--intensity", "2"), "2.0 is not in the range 0.0<=x<=1.0"),
        (("run", "--budget", "ten minutes"), "'ten minutes' is no budget; write it as 100episodes"),
        (("check", "--task", "order-dun"), "has no task 'order-dun'; did you mean 'order-dune'"),
        (("show", "tools.synonim"), "there is no operator 'tools.synonim'; did you mean 'tools.synonym'"),
        (("show", "tools.synonym", "--tool", "get_stok"), "has no tool 'get_stok'; did you mean 'get_stock'"),
        (("replay", "none.json"), "none.json cannot be read"),
        (("replay", "perturb.toml"), "perturb.toml holds no JSON"),
        (("report", "abc"), "so no run; `perturb run` makes one"),
        (("lst",), "there is no command 'lst'; did you mean 'list'?"),
    ],
)
def test_a_wrong_name_or_value_is_told_with_the_right_one(here: Here, arguments: tuple[str, ...], told: str) -> None:
    ended = here(*arguments)
    assert ended.status == 2
    assert told in ended.err
    assert "Traceback" not in ended.err
    assert ended.out == ""


def test_the_traceback_of_a_mistake_is_shown_only_when_asked_for(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERTURB_TRACEBACK", "1")
    ended = here("run", "--agent", "raeder")
    assert ended.status == 2
    assert "Traceback" in ended.err


@pytest.mark.parametrize(
    ("tool", "told"),
    [
        ("Tool(name='count', parameters={'type': 'objekt'})", "parameters is no valid JSON Schema at '/type'"),
        ("Tool(name='count', parameters={'type': 'array'})", 'parameters must have "type": "object" at the root'),
        (
            "Tool(name='count', parameters={'type': 'object', 'default': object()})",
            "tool 'count' of toolset 'mine': parameters is not JSON",
        ),
        ("Tool(name='count it')", "a name has 1 to 64 letters"),
        ("Tool(name='count'), Tool(name='count')", "has two tools called 'count'"),
    ],
)
def test_a_broken_tool_schema_is_told_by_tool_and_place(here: Here, tool: str, told: str) -> None:
    write_toolset(tool)
    for name in ("run", "check"):
        ended = here(name, "--toolset", "toolsets/mine.py")
        assert (ended.status, told in ended.err) == (2, True), ended.err


def test_a_file_that_cannot_be_run_is_told_with_its_line(here: Here) -> None:
    Path("agents/bad.py").write_text("import nothing_of_that_name\n")
    ended = here("run", "--agent", "agents/bad.py:raises")
    assert ended.status == 2
    assert "agents/bad.py, line 1: ModuleNotFoundError" in ended.err
    Path("toolsets/bookshop.py").write_text("def (:\n")
    assert "bookshop.py, line 1: SyntaxError" in here("check").err


def test_a_toolset_without_tasks_has_nothing_to_run_and_nothing_to_check(here: Here) -> None:
    write_toolset("Tool(name='count')")
    ended = here("run", "--toolset", "toolsets/mine.py")
    assert (ended.status, "toolset 'mine' has no tasks" in ended.err) == (2, True)
    ended = here("check", "--toolset", "toolsets/mine.py")
    assert ended.status == 3
    assert "nothing was checked" in ended.err


# What an agent does


@pytest.mark.parametrize(
    ("agent", "outcome", "error"),
    [
        ("raises", "agent_error", "the agent raised KeyError: 'missing', bad.py line 5"),
        ("sleeps", "budget_exceeded", "the agent was not done after 0.3 s; a run allows more with --timeout"),
        pytest.param(
            *("blocks", "budget_exceeded", "the agent was not done after 0.3 s; a run allows more with --timeout"),
            marks=pytest.mark.slow,
        ),
        ("unknown_tool", "failed", None),
        ("no_json", "failed", None),
        ("no_object", "failed", None),
        ("nothing", "failed", None),
        ("number", "agent_error", "the agent returned a int; it must return its answer as text, or None"),
        ("endless", "budget_exceeded", "the agent made more than 20 calls; a run allows more with --max-calls"),
    ],
)
def test_what_an_agent_does_wrong_is_an_outcome_of_its_own(here: Here, agent: str, outcome: str, error: str | None) -> None:
    ended = here("run", "--agent", f"agents/bad.py:{agent}", *ONE, "--timeout", "0.3", "--max-calls", "20", "--json")
    assert ended.status == 0, ended.err
    assert ended.json["outcomes"] == {outcome: 2}
    assert {failure["error"] for failure in ended.json["failures"]} == {error}
    assert [one["error"] for one in ended.json["errors"]] == ([error] if error else [])


def test_the_terminal_says_why_an_agent_fails_everywhere(here: Here) -> None:
    ended = here("run", "--agent", "agents/bad.py:raises", *ONE)
    told = " ".join(ended.out.split())
    assert "agent error: the agent raised KeyError: 'missing', bad.py line 5 · 1 clean, 1 perturbed" in told
    assert "The agent passes no task clean, so it has nothing to lose" in told


@pytest.mark.slow
def test_a_thread_that_never_returns_does_not_hold_the_end_up(here: Here, tmp_path: Path) -> None:
    started = time.monotonic()
    ended = apart("run", "--agent", "agents/bad.py:hangs_in_a_thread", *ONE, "--timeout", "0.3", "--json", folder=tmp_path)
    assert ended.json["outcomes"] == {"budget_exceeded": 2}
    assert ended.status == 0
    assert time.monotonic() - started < 60


# What an operator does


class _Faulty(Operator, frozen=True, kw_only=True):
    """An operator that breaks."""

    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "names"
    names: dict[str, str] = msgspec.field(default_factory=dict)


class RaisesInPlan(_Faulty, frozen=True, kw_only=True):
    """Raises while it plans."""

    id: ClassVar[str] = "broken.plan"

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> RaisesInPlan | NotApplicable:
        raise ZeroDivisionError("no plan")


class RaisesInLens(_Faulty, frozen=True, kw_only=True):
    """Raises when it is bound to a setup."""

    id: ClassVar[str] = "broken.lens"

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> RaisesInLens | NotApplicable:
        return cls(names={"get_stock": "x"})

    def lens(self, setup: Setup) -> Lens:
        raise ZeroDivisionError("no lens")


class RaisesOnAStrangeCall(_Faulty, frozen=True, kw_only=True):
    """Carries gold calls through, and raises on what only an agent sends."""

    id: ClassVar[str] = "broken.call"

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> RaisesOnAStrangeCall | NotApplicable:
        return cls()

    def lens(self, setup: Setup) -> Lens:
        class Strange(Lens):
            def read_call(self, call):  # type: ignore[no-untyped-def]
                return {"Dune": call}[call.arguments["title"]]

        return Strange(setup)


@pytest.mark.parametrize(
    ("operator", "told", "replayed"),
    [
        pytest.param(
            *(RaisesInPlan, "broken.plan raised ZeroDivisionError while it planned: no plan", False), marks=pytest.mark.slow
        ),
        pytest.param(
            *(RaisesInLens, "broken.lens raised while it was proven: ZeroDivisionError: no lens", True), marks=pytest.mark.slow
        ),
        (RaisesOnAStrangeCall, "raised KeyError: 'Mallory' while it handled a call of 'get_stock'", True),
    ],
)
def test_an_operator_that_raises_is_a_fault_of_ours_and_named(
    here: Here, monkeypatch: pytest.MonkeyPatch, operator: type[Operator], told: str, replayed: bool
) -> None:
    sound = operators.by_id("descriptions.reword")
    monkeypatch.setattr(operators, "TABLE", (operator, sound))
    Path("agents/bad.py").write_text(
        "async def agent(episode):\n    await episode.call('get_stock', {'title': 'Mallory'})\n    return ''\n"
    )
    ended = here("run", "--agent", "agents/bad.py", "--operators", "*", *ONE[:2], "--clean-trials", "2", "--json")
    assert ended.json["outcomes"] == {"failed": 3, "tester_fault": 1}
    assert ended.status == 0
    (fault,) = ended.json["faults"]
    assert fault["operator"] == operator.id
    assert told in fault["error"]
    assert f"fault of ours, {operator.id}, task order-dune: " in ended.err
    assert (fault["plan_file"] is not None) == replayed
    if replayed:
        assert Path(fault["plan_file"]).is_file()
        assert fault["reproduce"] in ended.err
    # Where most episodes are faults, there is no answer.
    alone = ("--operators", operator.id, *ONE[:2], "--clean-trials", "1", "--trials", "3")
    ended = here("run", "--agent", "agents/bad.py", *alone)
    assert ended.status == 3
    assert "inconclusive: 3 of 4 episodes ended in faults that are not the agent's" in ended.err


def test_check_names_an_operator_that_raises(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operators, "TABLE", (RaisesInPlan, RaisesInLens))
    ended = here("check", "--json")
    assert ended.status == 1
    reasons = {row["id"]: {one["reason"] for one in row["unsolvable"]} for row in ended.json["operators"]}
    assert reasons == {
        "broken.plan": {"operator raised: ZeroDivisionError while it planned: no plan"},
        "broken.lens": {"operator raised: ZeroDivisionError: no lens"},
    }


# What happens to the process


SLOW = (
    *("run", "--agent", "agents/bad.py:slow", "--operators", "descriptions.reword"),
    *("--concurrency", "1", "--trials", "4", "--clean-trials", "2"),
)


def finished(folder: Path) -> dict[str, float]:
    """The keys of the finished episodes, with how long each took."""
    path = folder / "reports/runs/episodes.sqlite"
    if not path.is_file():
        return {}
    with sqlite3.connect(path) as db:
        try:
            return dict(db.execute("select key, seconds from episodes"))
        except sqlite3.OperationalError:
            return {}


def started(folder: Path, *, at_least: int) -> subprocess.Popen[str]:
    """A slow run, once that many of its episodes are finished."""
    process = subprocess.Popen(
        command(*SLOW), cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    until = time.monotonic() + 60
    while len(finished(folder)) < at_least and time.monotonic() < until:
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    return process


@pytest.mark.slow
def test_a_killed_run_goes_on_with_nothing_lost_and_nothing_repeated(here: Here, tmp_path: Path) -> None:
    process = started(tmp_path, at_least=3)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    kept = finished(tmp_path)
    assert len(kept) >= 3
    assert here("list", "runs", "--json").json[0]["ended"] == "unfinished"
    ended = here(*SLOW, "--json")
    assert ended.status == 0
    assert ended.json["ended"] | {"seconds": 0} == {
        "how": "complete",
        "episodes": 18 - len(kept),
        "resumed": len(kept),
        "left": 0,
        "seconds": 0,
        "why": "",
    }
    everything = finished(tmp_path)
    assert len(everything) == 18
    assert {key: everything[key] for key in kept} == kept
    again = here(*SLOW, "--json").json
    assert (again["ended"]["episodes"], again["ended"]["resumed"]) == (0, 18)


def test_an_interrupt_keeps_all_that_is_done_and_says_how_to_go_on(here: Here, tmp_path: Path) -> None:
    process = started(tmp_path, at_least=3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "Traceback" not in err
    assert "are left. The same command again goes on: perturb run --agent agents/bad.py:slow" in err
    assert "toolsets/bookshop.py" in out
    kept = finished(tmp_path)
    assert 3 <= len(kept) < 18
    assert here("list", "runs", "--json").json[0]["ended"] == "interrupted"


def test_a_store_that_cannot_be_used_is_told(here: Here) -> None:
    Path("broken.sqlite").write_text("this is no database, and it is long enough to be looked at" * 10)
    ended = here("run", "--store", "broken.sqlite")
    assert ended.status == 2
    assert "the store broken.sqlite cannot be used" in ended.err


@pytest.mark.slow
def test_a_plan_for_tools_that_are_gone_is_told(tmp_path: Path) -> None:
    plan = {"op": "tools.synonym", "version": 1, "names": {"sell_tickets": "vend_tickets"}}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    ended = apart("replay", "plan.json", "--toolset", "airline", "--task", "seat-taken", folder=tmp_path)
    assert ended.status == 2
    assert "sell_tickets" in ended.err
    assert "Traceback" not in ended.err
