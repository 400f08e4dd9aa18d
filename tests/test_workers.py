"""Runs that several processes share: they plan and find what one process does, and none of them is lost unnoticed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from command_line import ENVIRONMENT, SHELF, apart

RUN = ("run", "--toolset", SHELF, "--operators", "arguments.[cn]*,faults.transient", "--trials", "2", "--json")


def told(data: dict[str, Any]) -> dict[str, Any]:
    """A report without the times that things took."""

    def without(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: without(value) for key, value in node.items() if key not in ("seconds", "started")}
        return [without(item) for item in node] if isinstance(node, list) else node

    kept: dict[str, Any] = without(data)
    return kept


@pytest.mark.slow
def test_two_processes_find_what_one_finds(tmp_path: Path) -> None:
    (tmp_path / "alone").mkdir()
    (tmp_path / "shared").mkdir()
    alone = apart(*RUN, "--jobs", "1", folder=tmp_path / "alone").json
    shared = apart(*RUN, "--jobs", "2", folder=tmp_path / "shared").json
    assert told(shared) == told(alone)
    assert shared["ended"]["episodes"] > 12
    again = apart(*RUN, "--jobs", "2", folder=tmp_path / "shared").json
    assert (again["ended"]["episodes"], again["ended"]["resumed"]) == (0, shared["ended"]["episodes"])


@pytest.mark.slow
def test_an_agent_that_is_no_reference_runs_in_the_process_that_was_asked(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import os\n\n\nasync def agent(episode):\n    open('pids.txt', 'a').write(f'{os.getpid()}\\n')\n    return ''\n"
    )
    arguments = ("run", "--agent", "mine.py:agent", "--limit", "2", "--operators", "tools.*", "--jobs", "2", "--json")
    assert apart(*arguments, folder=tmp_path).json["ended"]["episodes"] > 10
    assert len(set((tmp_path / "pids.txt").read_text().split())) == 1


def started(folder: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "perturb", "run", "--operators", "arguments.*,results.*", "--jobs", "2", *more]
    return subprocess.Popen(
        command, cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="the processes of a process are listed by Linux alone")
def test_a_process_that_dies_is_told_and_what_is_done_stays(tmp_path: Path) -> None:
    process = started(tmp_path)
    mine: list[int] = []
    while len(mine) < 2 and process.poll() is None:
        time.sleep(0.1)
        mine = children(process.pid)
    time.sleep(2)
    for one in mine:
        os.kill(one, signal.SIGKILL)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 3
    assert "a process of the run died" in err
    assert "--jobs 1" in err
    assert "Traceback" not in err


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="the processes of a process are listed by Linux alone")
def test_no_process_of_a_check_outlives_it(tmp_path: Path) -> None:
    check = [sys.executable, "-m", "perturb", "check", "--jobs", "2", "--seeds", "9", "--json"]
    process = subprocess.Popen(check, cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    mine: list[int] = []
    # Beside the two workers there is the tracker of what they share.
    while len(mine) < 3 and process.poll() is None:
        time.sleep(0.1)
        mine = children(process.pid)
    time.sleep(3)
    process.kill()
    process.wait(timeout=60)
    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{one}").is_dir() for one in mine) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not [one for one in mine if Path(f"/proc/{one}").is_dir()]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="an interrupt goes to the whole group of processes on POSIX systems")
def test_an_interrupt_ends_all_processes_and_the_run_goes_on_later(tmp_path: Path) -> None:
    process = started(tmp_path)
    time.sleep(6)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3, (out, err)
    assert "Traceback" not in err
    ended = apart("run", "--operators", "arguments.*,results.*", "--limit", "2", "--json", folder=tmp_path)
    assert json.loads(ended.out)["ended"]["how"] == "complete"
