"""What the README and CONTRIBUTING show is run as it stands there."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from command_line import ENVIRONMENT, PLUGIN, apart
from depot import DEPOT

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

sys.path.insert(0, str(ROOT / ".ci"))


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def python_files() -> dict[str, str]:
    """The Python blocks of the README by the file name that each begins with."""
    return {block.split("\n", 1)[0].removeprefix("# "): block for block in blocks(README, "python")}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in python_files().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_three_examples_are_there_and_as_short_as_promised() -> None:
    lengths = {name: sum(bool(line.strip()) for line in text.splitlines()[1:]) for name, text in python_files().items()}
    assert {"mine.py", "shop.py", "test_robustness.py"} < set(lengths)
    assert lengths["mine.py"] <= 10
    assert lengths["shop.py"] <= 20


def test_the_agent_runs(project: Path) -> None:
    done = apart("run", "--agent", "mine.py", "--limit", "2", "--operators", "tools.synonym", "--json", folder=project)
    assert done.status == 0, done.err
    told = done.json
    assert set(told["outcomes"]) <= {"passed", "failed"}


@pytest.mark.slow
def test_the_toolset_is_proven_and_run(project: Path) -> None:
    checked = apart("check", "--toolset", "shop.py", "--json", folder=project)
    assert checked.status == 0, checked.out + checked.err
    assert checked.json["gold_fails_clean"] == []
    run = apart("run", "--toolset", "shop.py", "--agent", "reader", "--json", folder=project)
    assert run.status == 0, run.err
    assert run.json["headline"]["clean"] == 1.0


@pytest.mark.slow
def test_the_marked_test_is_judged(project: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *PLUGIN, "-q", "-rA", "test_robustness.py"],
        cwd=project,
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        check=False,
    )
    # The agent of the example calls one tool and hopes: it never passes, so its drop says nothing, and the test says that.
    assert done.returncode == 1, done.stdout
    assert "inconclusive" in done.stdout


def test_every_command_of_the_readme_exists() -> None:
    from perturb.cli import COMMANDS

    for line in [line for block in blocks(README, "") for line in block.splitlines() if line.startswith("perturb ")]:
        words = shlex.split(line)
        assert words[1] in COMMANDS
        told = apart(words[1], "--help", folder=ROOT).out
        for flag in [word for word in words if word.startswith("--")]:
            assert flag in told, f"{line}: {flag}"


def test_the_table_of_operators_is_the_one_of_the_code() -> None:
    from operator_table import CHECKED, with_tables

    assert with_tables(README, json.loads(CHECKED.read_text(encoding="utf-8"))) == README, "run .ci/operator_table.py --write"


def test_links_within_the_project_lead_somewhere() -> None:
    for text in (README, CONTRIBUTING):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
            assert (ROOT / target).exists(), target


def test_the_operator_of_contributing_obeys_the_laws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from perturb import laws, operators
    from perturb.operator import SeededPick
    from perturb.plugins import load_module
    from perturb.replay import Gold

    (tmp_path / "shout.py").write_text(blocks(CONTRIBUTING, "python")[0], encoding="utf-8")
    shout = load_module(tmp_path / "shout.py").Shout
    monkeypatch.setattr(operators, "TABLE", (*operators.TABLE, shout))
    gold = Gold(DEPOT)
    calls = [call for task in DEPOT.tasks for call in task.gold or ()]
    found = [*laws.deterministic(shout, gold.setup, 1, 1.0, calls), *laws.dosed(shout, gold.setup, 1, calls)]
    plan = shout.plan(gold.setup, SeededPick(1, shout.id), 1.0)
    found += laws.on_setup(plan, gold.setup)
    for task in DEPOT.tasks:
        found += anyio.run(laws.on_task, gold, task, plan)
    found += anyio.run(laws.felt, gold, plan)
    assert found == []
