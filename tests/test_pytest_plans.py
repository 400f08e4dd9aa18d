"""Plan files in `perturb-plans/` are tests, with no line of Python."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from command_line import command
from marked import PATIENT, STUBBORN, Run, project

pytest_plugins = ["pytester"]

NEST = {
    "op": "arguments.nest",
    "version": 1,
    "groups": {"order_items": {"arguments": ["item", "number"], "description": "The input of the request.", "name": "input"}},
}


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    return project(pytester, monkeypatch)


@pytest.fixture
def plan(run: Run, pytester: pytest.Pytester) -> Path:
    """A plan that breaks the agent of `bot.py`."""
    bot(pytester, STUBBORN)
    path = pytester.mkdir("perturb-plans") / "arguments.nest-lamp-1.json"
    path.write_text(json.dumps({"plan": NEST, "toolset": "shelf.py", "task": "lamp-1", "agent": "bot.py"}))
    return path


def bot(pytester: pytest.Pytester, body: str) -> None:
    pytester.makepyfile(bot="import re\nasync def agent(episode):" + body)


def test_a_plan_that_breaks_its_agent_fails(run: Run, plan: Path) -> None:
    result = run("def test_other(): pass", "-rA")
    result.assert_outcomes(passed=1, failed=1)
    name = f"perturb-plans/{plan.name}::arguments.nest-lamp-1"
    result.stdout.fnmatch_lines(
        [
            "perturb: the plan breaks the task: clean 1 of 1, perturbed 0 of 1",
            "task lamp-1, clean: passed",
            "task lamp-1, perturbed: failed",
            f"perturb replay perturb-plans/{plan.name}",
            f"{name}: clean 1 of 1, perturbed 0 of 1: failed",
        ]
    )
    assert "Traceback" not in result.stdout.str()


@pytest.mark.slow
def test_what_a_search_has_found_is_a_test(run: Run, pytester: pytest.Pytester) -> None:
    bot(pytester, STUBBORN)
    done = pytester.run(
        *command("search", "--agent", "bot.py", "--toolset", "shelf.py", "--task", "lamp-1"),
        *("--operators", "arguments.nest", "--budget", "60"),
    )
    assert done.ret == 1, done.stderr.str()
    result = run("def test_other(): pass", "-k", "nest")
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines(["perturb: the plan breaks the task: clean 1 of 1, perturbed 0 of 1"])


def test_last_failed_and_names_choose_among_them(run: Run, plan: Path, pytester: pytest.Pytester) -> None:
    record = json.loads(plan.read_text())
    held = plan.with_name("held.json")
    harmless = {"op": "descriptions.drop", "version": 1, "dropped": {"order_items": "tool"}}
    held.write_text(json.dumps(record | {"plan": harmless}))
    source = "def test_other(): pass"
    run(source).assert_outcomes(failed=1, passed=2)
    run(source, "--lf").assert_outcomes(failed=1)
    run(source, "-k", "nest").assert_outcomes(failed=1, deselected=2)
    bot(pytester, PATIENT.replace("order_items", "nothing"))
    assert "never passes the task clean" in run(source, "-k", "nest").stdout.str()


@pytest.mark.parametrize(
    "options",
    [
        ("-p", "no:asyncio", "-p", "no:anyio"),
        pytest.param(("-n", "2"), marks=pytest.mark.slow),
        pytest.param(("-o", "asyncio_mode=auto"), marks=pytest.mark.slow),
    ],
)
def test_other_plugins_make_no_difference(run: Run, plan: Path, options: tuple[str, ...]) -> None:
    for module, option in (("xdist", "-n"), ("pytest_asyncio", "asyncio_mode=auto")):
        if option in options and find_spec(module) is None:
            pytest.skip(f"{module} is not installed")
    result = run("def test_other(): pass", *options, "--perturb-trials=2", subprocess="-n" in options)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines([f"perturb-plans/{plan.name}::*: clean 2 of 2, perturbed 0 of 2: failed"])


def test_another_agent_and_another_folder_are_settings(run: Run, plan: Path, pytester: pytest.Pytester) -> None:
    pytester.mkdir("regressions")
    plan.rename(pytester.path / "regressions" / plan.name)
    pytester.makepyfile(better="async def agent(episode):\n    return 'nothing'\n")
    settings = ("-o", "perturb_plans=regressions", "-o", "perturb_agent=better.py")
    result = run("def test_other(): pass", *settings)
    result.assert_outcomes(passed=1, failed=1)
    assert "never passes the task clean" in result.stdout.str()
    run("def test_other(): pass").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "holds no JSON"),
        ("{}", "is no plan"),
        (json.dumps(NEST), "names no task or no plan"),
        (json.dumps({"plan": NEST, "task": "lamp-1", "toolset": "shelf.py"}), "it names no agent; name one in the setting"),
        (json.dumps({"plan": NEST, "task": "lamp-1", "agent": "bot.py"}), "names no toolset; write one beside its plan"),
        (
            json.dumps({"plan": NEST, "task": "lamp-1", "toolset": "shelf.py", "agent": "test_a.py::test_it"}),
            "its agent is the test test_a.py::test_it, which cannot be called alone",
        ),
        (
            json.dumps({"plan": NEST, "task": "lamp-9", "toolset": "shelf.py", "agent": "bot.py"}),
            "toolset 'shelf' has no task 'lamp-9'; did you mean",
        ),
    ],
)
def test_a_file_that_cannot_be_run_is_one_message(run: Run, pytester: pytest.Pytester, content: str, told: str) -> None:
    bot(pytester, STUBBORN)
    (pytester.mkdir("perturb-plans") / "broken.json").write_text(content)
    result = run("def test_other(): pass")
    text = result.stdout.str()
    assert told in text
    assert "Traceback" not in text
    assert result.ret in (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED)
