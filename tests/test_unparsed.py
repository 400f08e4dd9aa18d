"""Turns that a scaffold could not read are counted, and told in every form of a report where there are any."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import SHELF, Here

pytestmark = pytest.mark.slow

MUMBLES = """

async def agent(episode):
    if len(episode.prompt) % 2:
        episode.unparsed += 3
    if episode.tools[0].name != NAME:
        episode.unparsed += 1
    return "no idea"
"""
SILENT = "async def agent(episode):\n    return 'no idea'\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return Here(capsys)


def test_every_report_tells_how_many_there_were_and_where(here: Here) -> None:
    from perturb.loading import load_toolset

    toolset = load_toolset(SHELF)
    odd = sum(len(task.prompt) % 2 for task in toolset.tasks)
    tasks = len(toolset.tasks)
    Path("mumbles.py").write_text(f"NAME = {toolset.tools[0].name!r}\n{MUMBLES}")
    ran = here("run", "--agent", "mumbles.py", "--toolset", SHELF, "--operators", "tools.opaque", "--json")
    told, trials = ran.json["unparsed"], ran.json["clean_trials"]
    setups = {one["operator"]: (one["turns"], one["episodes"]) for one in told["setups"]}
    expected = {"tools.opaque": (3 * odd + tasks, tasks)} | {None: (3 * odd * trials, odd * trials)}
    assert setups == expected
    assert (told["turns"], told["episodes"]) == tuple(map(sum, zip(*expected.values(), strict=True)))
    sentence = f"could not read {told['turns']} turns of {told['episodes']} episodes ("
    assert odd
    for form in ("terminal", "markdown", "html"):
        shown = " ".join(here("report", "--format", form).out.split())
        assert sentence in shown, form
    assert here("report", "--format", "json").json["unparsed"] == told


def test_no_report_says_anything_where_there_are_none(here: Here) -> None:
    Path("silent.py").write_text(SILENT)
    ran = here("run", "--agent", "silent.py", "--toolset", SHELF, "--operators", "tools.opaque", "--json")
    assert ran.json["unparsed"] is None
    for form in ("terminal", "markdown", "html"):
        assert "could not read" not in here("report", "--format", form).out
