"""`perturb search` from end to end, and what it finds as a regression test."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest
from command_line import ENVIRONMENT, PLUGIN, Ended, Here, command

KEYS = {"found", "plan", "task", "clean", "perturbed", "episodes", "sentence"}
SEARCH = ("search", "--agent", "literal", "--toolset", "toolsets/bookshop.py")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    """The first project that `perturb init` makes, as the current folder."""
    monkeypatch.chdir(tmp_path)
    run = Here(capsys)
    run("init", ".")
    return run


def found(here: Here, *more: str) -> Ended:
    return here(*SEARCH, "--operators", "tools.opaque,errors.style", *more)


def test_what_is_found_is_told_in_a_sentence_a_diff_and_two_trajectories(here: Here) -> None:
    ended = found(here)
    assert ended.status == 1
    first = ended.out.splitlines()[0]
    assert first.startswith("renaming `")
    assert " breaks task " in first
    assert first.endswith(": 0 of 5, clean 5 of 5")
    assert "what the agent saw" in ended.out
    old, new = first.split("`")[1::2][:2]
    assert f'-   "name": "{old}"' in ended.out
    assert f'+   "name": "{new}"' in ended.out
    assert "they part at step " in ended.out
    assert "proven solvable · told from chance at a level of 0.005" in ended.out
    (path,) = Path("perturb-plans").iterdir()
    assert f"perturb replay {path}" in ended.out


def test_as_json_it_is_told_with_the_keys_that_are_promised(here: Here) -> None:
    ended = found(here, "--json")
    told = ended.json
    assert set(told) >= KEYS
    assert told["found"] is told["smallest"] is True
    assert told["plan"]["op"] == "tools.opaque"
    assert len(told["plan"]["names"]) == 1
    assert told["clean"] == {"passed": 5, "of": 5}
    assert told["perturbed"] == {"passed": 0, "of": 5}
    assert told["trajectories"]["clean"]["outcome"] == "passed"
    assert told["trajectories"]["perturbed"]["outcome"] == "failed"
    assert told["evidence"] >= 1 / told["error"]
    assert ended.status == 1


def test_the_plan_that_was_found_is_run_again_by_replay_and_holds_for_an_agent_that_was_mended(here: Here) -> None:
    path = found(here, "--json").json["plan_file"]
    again = here("replay", path, "--json")
    assert again.status == 1
    assert again.json["proof"]["status"] == "solvable"
    assert again.json["passed"] == {"clean": 1, "perturbed": 0, "of": 1}
    assert here("replay", path, "--agent", "reader").status == 0


@pytest.mark.slow
def test_the_plan_that_was_found_is_run_again_by_pytest(here: Here) -> None:
    path = found(here, "--json").json["plan_file"]
    Path("test_mine.py").write_text(
        "import pytest\n\n"
        '@pytest.mark.perturb(toolset="toolsets/bookshop.py", operators="tools.opaque")\n'
        "async def test_mine(episode):\n"
        '    return (await episode.call("no_such_tool", {})).text\n',
        encoding="utf-8",
    )
    ended = subprocess.run(
        [*command()[:2], "pytest", *PLUGIN, "-q", "-p", "no:cacheprovider", "test_mine.py", "--perturb-replay", path],
        env=ENVIRONMENT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert "perturbed: failed" in ended.stdout


def test_a_search_that_finds_nothing_says_so_and_holds(here: Here) -> None:
    ended = here(*SEARCH, "--operators", "descriptions.*", "--budget", "2")
    assert ended.status == 0
    assert ended.out.startswith("nothing found · ")
    assert "goes on, and runs no episode twice: perturb search --agent literal" in ended.err
    assert not Path("perturb-plans").exists()


def test_the_same_command_again_runs_nothing_and_says_the_same(here: Here) -> None:
    first, again = found(here, "--json").json, found(here, "--json").json
    assert (first["ran"], again["ran"]) == (first["episodes"], 0)
    assert first["sentence"] == again["sentence"]


def test_a_mistake_gets_one_message_with_the_remedy(here: Here) -> None:
    for wrong, message in (
        (("--budget", "many"), "'many' is no budget"),
        (("--budget", "0"), "leaves nothing to spend"),
        (("--operators", "tool.opaque"), "did you mean"),
        (("--task", "nowhere"), "has no task 'nowhere'"),
    ):
        ended = here(*SEARCH, *wrong)
        assert ended.status == 2
        assert message in ended.err
        assert "Traceback" not in ended.err


SLOW = """
import asyncio

async def agent(episode):
    await asyncio.sleep(0.2)
    return ""
"""


def test_ctrl_c_tells_what_was_done_and_how_to_go_on(here: Here) -> None:
    Path("slow.py").write_text(SLOW, encoding="utf-8")
    process = subprocess.Popen(
        command("search", "--agent", "slow.py", "--toolset", "toolsets/bookshop.py", "--operators", "tools.*", "--json"),
        env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    store = Path("reports/runs/episodes.sqlite")
    deadline = time.monotonic() + 30
    while not store.is_file() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 3
    told = json.loads(out)
    assert (told["found"], told["ended"]) == (False, "interrupted")
    assert "goes on, and runs no episode twice" in err
