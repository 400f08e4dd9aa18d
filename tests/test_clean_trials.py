"""How many clean trials a run has where nobody says: as many as the operators that share them ask for."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import SHELF, Here

from perturb.loading import find_agent, list_agents

NINE = (
    "tools.synonym,tools.opaque,arguments.nest,faults.transient,toolset.distractors,descriptions.reword,results.paginate,"
    "errors.style,descriptions.drop"
)
OWN = "async def agent(episode):\n    return ''\n"
SURE = "DETERMINISTIC = True\n\n" + OWN


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    monkeypatch.chdir(tmp_path)
    for name, source in (("own.py", OWN), ("sure.py", SURE)):
        Path(name).write_text(source)
    return Here(capsys)


@pytest.mark.parametrize(
    ("agent", "operators", "options", "trials"),
    [
        ("own.py", NINE, (), 3),
        ("own.py", NINE, ("--trials", "3"), 9),
        ("own.py", "tools.synonym", (), 2),
        ("own.py", NINE, ("--clean-trials", "1"), 1),
        ("sure.py", NINE, ("--trials", "3"), 2),
        ("reader", NINE, ("--trials", "3"), 2),
        ("flaky:0.2", NINE, (), 3),
    ],
)
def test_clean_trials_are_those_that_the_operators_share(
    here: Here, agent: str, operators: str, options: tuple[str, ...], trials: int
) -> None:
    told = here("run", "--agent", agent, "-t", SHELF, "-o", operators, *options, "--dry-run", "--json").json
    assert told["clean_trials"] == trials, len(told["operators"])
    assert told["clean"] == trials * told["tasks"]


def test_the_number_is_said_before_a_run_and_after_it(here: Here) -> None:
    run = ("run", "--agent", "own.py", "-t", SHELF, "-o", "faults.*,errors.*,tools.*", "--limit", "1")
    dry = here(*run, "--dry-run", "--json").json
    number = f"{dry['clean_trials']} clean trials"
    assert dry["clean_trials"] > 2
    assert f"{number} of each task, shared by {len(dry['operators'])} operators" in here(*run, "--dry-run").out
    assert number in here(*run).out
    for name in ("report.md", "report.html"):
        (report,) = Path("reports/runs").glob(f"*/{name}")
        assert number in report.read_text(encoding="utf-8")
    assert "clean trials" not in here(*run, "--gate", "drop<=50%", "--dry-run").out


def test_reference_agents_say_which_of_them_always_do_the_same() -> None:
    ours = [one.name for one in list_agents() if one.origin == "perturb"]
    sure = {name for name in ours if find_agent(name).deterministic}
    assert sure == {"adaptive", "answer-only", "literal", "planner", "reader", "silent"}
