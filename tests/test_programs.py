"""Programs under test, in any language: started for each episode, judged by what they say, and reported as any agent."""

from __future__ import annotations

import functools
import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from command_line import SHELF, Ended, Here
from reference_server import Learnt
from scripted_provider import message, provided

from perturb.episode import Episode
from perturb.errors import ConfigurationError, PerturbError
from perturb.operator import SeededPick, Setup, lens_for
from perturb.operators import select
from perturb.planning import Limits
from perturb.proxies.openai_tools import among_clients
from perturb.proxies.program_agent import Program, learnt_tools
from perturb.proxies.programs import ProgramSettings, ProgramToolset, read_tasks
from perturb.store import Planned
from perturb.toolset import Task
from perturb.trial import run_episode

PROGRAM = Path(__file__).with_name("lamp_program.py")
NODE = shutil.which("node")


@functools.cache
def shelf() -> Learnt:
    return Learnt(SHELF)


def command(*how: str) -> str:
    return shlex.join([sys.executable, "-S", str(PROGRAM), *how])


def episode(
    upstream: str, *how: str, operator: str | None = None, timeout: float = 30.0, max_calls: int = 100, trial: int = 0
) -> Episode:
    """One episode of a program."""
    own = among_clients(shelf().toolset)
    setup = Setup.of(own)
    plan = None
    if operator is not None:
        plan = select([operator])[0].plan(setup.for_agent(takes_scaffold=False), SeededPick(7, operator), 1.0)
    program = Program(ProgramSettings(command=command(*how), upstream=upstream), setup)
    limits = Limits(timeout=timeout, max_calls=max_calls)

    async def go() -> Episode:
        program.start()
        try:
            planned = Planned(key="abc123", task="lamps-2", arm="clean", trial=trial)
            toolset = ProgramToolset(own)
            return await run_episode(toolset, toolset.tasks[1], program, lens_for(plan, setup), planned, limits)
        finally:
            await program.aclose()

    return anyio.run(go)


@contextmanager
def reference() -> Iterator[str]:
    with shelf().served() as served:
        yield f"{served.url}/v1"


ORDER = message(None, ("order_items", {"item": "lamp", "number": 2}), number=1)
DONE = message("Done.", number=2)

ENDS: dict[str, tuple[str, str | None]] = {
    "does": ("passed", None),
    "gives up": ("failed", None),
    "says so by a call": ("passed", None),
    "says so in a file": ("passed", None),
    "says nothing in a file": ("agent_error", "it wrote no verdict into PERTURB_OUTCOME_FILE"),
    "is killed": ("agent_error", "it was ended by signal 9"),
    "never asks": ("agent_error", "it ended with status 1 and never asked a model: no such module: my_agent"),
}


BRIEF = ("gives up", "says so by a call", "is killed")


@pytest.mark.parametrize("how", [how if how in BRIEF else pytest.param(how, marks=pytest.mark.slow) for how in ENDS])
def test_each_end_of_a_program_has_the_outcome_that_it_deserves(how: str) -> None:
    outcome, error = ENDS[how]
    with provided(ORDER, DONE) as provider:
        ended = episode(provider.url, how)
    assert ended.outcome == outcome
    assert (error or "") in (ended.error or "")
    if how != "never asks":
        assert [(step.call.name, step.reply.text) for step in ended.steps] == [("order_items", '{"now": 5}')]


@pytest.mark.slow
def test_a_program_that_hangs_is_killed_with_all_that_it_has_started(tmp_path: Path) -> None:
    with provided() as provider:
        ended = episode(provider.url, "hangs", str(tmp_path / "pids"), timeout=0.7)
    assert (ended.outcome, ended.steps) == ("budget_exceeded", ())
    assert "was not done after 0.7 s" in (ended.error or "")
    for pid in (tmp_path / "pids").read_text().split():
        assert not _runs(int(pid))


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_program_is_told_its_task_and_never_that_it_is_perturbed(tmp_path: Path) -> None:
    told = []
    for operator in (None, "tools.opaque"):
        with reference() as url:
            assert episode(url, "tells its environment", str(tmp_path / "told"), operator=operator, trial=1).outcome == "passed"
        told.append(json.loads((tmp_path / "told").read_text()))
    clean, perturbed = told
    assert clean["PERTURB_TASK"] == "lamps-2"
    assert clean["PERTURB_PROMPT"] == "Order 2 more lamps."
    assert json.loads(clean["PERTURB_TURNS"]) == ["Order 2 more lamps."]
    assert clean["PERTURB_TRIAL"] == "1"
    assert clean["OPENAI_BASE_URL"].endswith("/episodes/abc123/v1")
    assert clean["OPENAI_API_KEY"]
    ours = ("OPENAI_BASE_URL", "OPENAI_API_BASE", "PERTURB_OUTCOME_URL", "PERTURB_OUTCOME_FILE")
    assert [{name: value for name, value in one.items() if name not in ours} for one in (clean, perturbed)] == [
        {name: value for name, value in clean.items() if name not in ours}
    ] * 2


@pytest.mark.parametrize(
    ("status", "error", "outcome"),
    [
        (500, {"message": "down", "type": "server_error"}, "infrastructure_error"),
        *(
            pytest.param(*one, marks=pytest.mark.slow)
            for one in (
                (429, {"message": "slow down", "type": "requests"}, "infrastructure_error"),
                (401, {"message": "no key", "type": "invalid_request_error"}, "infrastructure_error"),
                (400, {"message": "Invalid schema for function 'x'", "code": "invalid_function_parameters"}, "invalid_setup"),
                (400, {"message": "maximum context length is 8192", "type": "invalid_request_error"}, "budget_exceeded"),
                (400, {"message": "no such parameter", "type": "invalid_request_error"}, "failed"),
            )
        ),
    ],
)
def test_what_the_provider_has_done_is_no_fault_of_the_program(status: int, error: dict[str, Any], outcome: str) -> None:
    with provided((status, {"error": error})) as provider:
        assert episode(provider.url).outcome == outcome


def test_the_limit_of_calls_holds_for_programs() -> None:
    with provided(ORDER, message(None, ("order_items", {"item": "lamp", "number": 2}), number=3)) as provider:
        assert episode(provider.url, max_calls=1).outcome == "budget_exceeded"


@pytest.mark.slow
def test_a_program_has_a_fault_served_without_hearing_of_it() -> None:
    with reference() as url:
        ended = episode(url, operator="faults.transient")
    assert ended.outcome == "passed"
    assert [len(step.real) for step in ended.steps][-1] == 1
    assert len(ended.steps) > 1


# Runs


def run(here: Here, *options: str, upstream: str, how: tuple[str, ...] = ()) -> Ended:
    return here(
        *("run", "--agent-command", command(*how), "--upstream", upstream, "--clean-trials", "1", "--json", *options),
    )


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    tasks = '{"id": "one", "prompt": "Order 1 more lamps."}\n\n{"prompt": "Order 2 more lamps."}\n'
    (tmp_path / "tasks.jsonl").write_text(tasks)
    return Here(capsys)


@pytest.mark.slow
def test_a_run_over_prompts_alone_is_paired_and_not_proven(here: Here) -> None:
    """The tools are learnt from the program's first request, which reaches no provider."""
    with shelf().served() as served:
        ended = run(here, "--tasks", "tasks.jsonl", "-o", "tools.opaque,results.paginate", upstream=f"{served.url}/v1")
        asked = len(served.log)
    data = ended.json
    assert ended.status == 0, ended.err
    assert (data["toolset"], data["tasks"], data["floor"]) == ("tasks.jsonl", 2, None)
    assert (data["proof"]["proven"], data["proof"]["not_proven"]) == (0, 2)
    assert data["not_proven_tasks"] == ["one", "task-3"]
    assert (data["headline"]["clean"], data["headline"]["perturbed"]) == (1.0, 1.0)
    assert asked == 2 * (2 + 2)  # two turns of each episode, and none to learn the tools


def test_a_run_over_a_known_toolset_is_proven(here: Here) -> None:
    with reference() as url:
        ended = run(here, "-t", SHELF, "-o", "tools.opaque,arguments.nest", upstream=url)
    assert ended.status == 0, ended.err
    assert (ended.json["proof"]["proven"], ended.json["proof"]["not_proven"]) == (4, 0)


@pytest.mark.slow
def test_a_failure_names_the_command_that_shows_it_again(here: Here, tmp_path: Path) -> None:
    with provided(message("I cannot."), again=True) as provider:
        ended = run(here, "-t", SHELF, "-o", "tools.opaque", "--task", "lamps-1", upstream=provider.url)
    (failure,) = ended.json["failures"]
    plan = failure["plan_file"]
    assert failure["reproduce"] == f"perturb proxy openai --upstream {provider.url} --toolset {SHELF} --plan {plan}"
    assert (tmp_path / plan).is_file()


@pytest.mark.slow
def test_a_program_is_started_for_a_plan_again(here: Here, tmp_path: Path) -> None:
    """Over a toolset that is known, whose proof is told, and over a file of tasks, whose tools are learnt."""
    with provided(message("I cannot."), again=True) as provider:
        failed = run(here, "-t", SHELF, "-o", "tools.opaque", "--task", "lamps-1", upstream=provider.url)
    (failure,) = failed.json["failures"]
    with reference() as url:
        known = here("replay", failure["plan_file"], "--agent-command", command(), "--upstream", url, "--json")
    assert known.status == 0, known.err
    assert known.json["passed"] == {"clean": 1, "perturbed": 1, "of": 1}
    assert (known.json["proof"]["status"], known.json["agent"]) == ("solvable", command())
    (step,) = known.json["perturbed"][0]["steps"]
    assert step["call"]["name"] != step["real"]["name"] == "order_items"


@pytest.mark.slow
def test_a_program_is_started_for_a_plan_over_a_file_of_tasks(here: Here) -> None:
    with provided(message("I cannot."), again=True) as provider:
        failed = run(here, "--tasks", "tasks.jsonl", "-o", "tools.opaque", "--task", "one", upstream=provider.url)
    plan = failed.json["failures"][0]["plan_file"]
    with reference() as url:
        options = ("--agent-command", command(), "--tasks", "tasks.jsonl", "--upstream", url, "--trials", "2", "--json")
        ended = here("replay", plan, *options)
        shown = here("replay", plan, *options[:-1])
    assert ended.status == shown.status == 0, ended.err
    assert ended.json["passed"] == {"clean": 2, "perturbed": 2, "of": 2}
    assert ended.json["proof"]["status"] == "not_proven"
    assert "clean 2 of 2, perturbed 2 of 2" in shown.out


@pytest.mark.slow
def test_the_smallest_perturbation_that_breaks_a_program_is_found(here: Here, tmp_path: Path) -> None:
    (tmp_path / "rigid.py").write_text(PROGRAM.read_text(encoding="utf-8").replace('"adaptive"', '"literal"'), encoding="utf-8")
    rigid = shlex.join([sys.executable, "-S", "rigid.py"])
    with reference() as url:
        told = here(
            *("search", "--agent-command", rigid, "--upstream", url, "-t", SHELF, "-o", "tools.opaque,tools.synonym", "--json"),
        )
        assert told.status == 1, told.err
        again = here("replay", told.json["plan_file"], "--agent-command", rigid, "--upstream", url, "--json")
    assert again.status == 1, again.err
    assert again.json["passed"] == {"clean": 1, "perturbed": 0, "of": 1}


@pytest.mark.slow
def test_a_run_goes_on_where_it_ended(here: Here) -> None:
    options = ("-t", SHELF, "-o", "tools.opaque")
    with shelf().served() as served:
        first = run(here, *options, "--budget", "2episodes", upstream=f"{served.url}/v1")
        assert first.json["ended"]["how"] == "budget"
        then = run(here, *options, upstream=f"{served.url}/v1")
        asked = len(served.log)
        last = run(here, *options, upstream=f"{served.url}/v1")
        assert len(served.log) == asked
    assert (then.json["ended"]["how"], then.json["ended"]["resumed"]) == ("complete", 2)
    assert last.json["ended"]["resumed"] == 4


def test_a_budget_in_tokens_ends_a_run(here: Here) -> None:
    with reference() as url:
        ended = run(here, "-t", SHELF, "-o", "tools.opaque", "--budget", "1tokens", "--concurrency", "1", upstream=url)
    assert ended.json["ended"]["how"] == "budget"
    assert ended.json["ended"]["left"] == 4


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.slow
def test_a_program_of_another_language_is_run_alike(here: Here) -> None:
    with reference() as url:
        program = f"{NODE} {Path(__file__).with_name('lamps.mjs')}"
        ended = here(
            *("run", "--agent-command", program, "--upstream", url, "--tasks", "tasks.jsonl", "-o", "arguments.nest", "--json")
        )
    assert ended.status == 0, ended.err
    assert (ended.json["headline"]["clean"], ended.json["headline"]["perturbed"]) == (1.0, 1.0)


WRONG: list[tuple[tuple[str, ...], str]] = [
    (("--tasks", "tasks.jsonl"), "--tasks is about a program; name that with --agent-command"),
    (("--upstream", "http://127.0.0.1:9/v1"), "--upstream is about a program"),
    (("--agent-command", "true", "--agent", "reader"), "--agent and --agent-command are two agents"),
    (("--agent-command", "true"), "nobody has said what the program is to do: name its tasks with --tasks FILE"),
    (("--agent-command", "true", "--tasks", "a", "-t", SHELF), "--tasks and --toolset are two ways to name tasks"),
    (("--agent-command", "no-such-program x", "-t", SHELF), "there is no program 'no-such-program'"),
    (("--agent-command", "true 'x", "-t", SHELF), "close the quotation"),
    (("--agent-command", "", "-t", SHELF), "--agent-command names no program"),
    (("--agent-command", "true", "--tasks", "none.jsonl"), "--tasks none.jsonl cannot be read"),
    (("--agent-command", "true", "--upstream", "http://127.0.0.1:9/v1", "-t", SHELF), "127.0.0.1:9/v1 cannot be reached"),
    (("--agent-command", "true", "-t", SHELF, "--budget", "5usd"), "nobody knows what a program's model costs"),
    (("--agent-command", "true", "-t", SHELF, "--temperature", "1"), "a program asks its model itself"),
]


@pytest.mark.parametrize(("options", "told"), WRONG)
def test_what_a_user_gets_wrong_is_told_in_a_line(here: Here, options: tuple[str, ...], told: str) -> None:
    ended = here("run", *options)
    assert ended.status == 2
    assert told in ended.err
    assert len(ended.err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "holds no task"),
        ('{"prompt": "a"', "line 1, column 15"),
        ('{"prompt": "a"}\n{"prompt": 3}', "task 2 in"),
        ('{"prompt": "a", "gold": []}', "has the key 'gold', which means nothing here"),
        ('{"id": "x", "prompt": "a"}\n{"id": "x", "prompt": "b"}', "two tasks with the id 'x'"),
        ('{"prompt": "a", "follow_ups": "b"}', "write a list of texts"),
    ],
)
def test_a_file_of_tasks_is_told_where_it_is_wrong(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "tasks.jsonl"
    path.write_text(text)
    with pytest.raises(PerturbError, match=told):
        read_tasks(path)


def test_tools_that_cannot_be_learnt_are_told_with_the_last_words_of_the_program() -> None:
    with provided() as provider:
        settings = ProgramSettings(command=command("never asks"), upstream=provider.url)
        with pytest.raises(ConfigurationError, match="it ended with status 1: no such module: my_agent; it asks its model at"):
            anyio.run(learnt_tools, settings, (Task(id="t", prompt="Order 1 more lamps."),))
    assert provider.bodies == []


def test_a_program_that_has_changed_has_other_episodes(tmp_path: Path) -> None:
    program = tmp_path / "agent.py"
    program.write_text("print(1)")
    settings = ProgramSettings(command=f"{sys.executable} {program}")
    before = settings.digest()
    program.write_text("print(2)")
    assert settings.digest() != before
    assert os.environ.get("PERTURB_TASK") is None
