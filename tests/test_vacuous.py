"""Tasks that an agent passes which does nothing: they are named in every report, and the headline is told without them too."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import synthetic_run
from command_line import Here
from rich.console import Console

from perturb.rendering import wording
from perturb.rendering.data import Floor, report_data
from perturb.rendering.html import render_html
from perturb.rendering.junit import render_junit
from perturb.rendering.markdown import render_markdown
from perturb.rendering.terminal import print_report
from perturb.statistics.rows import EpisodeRow
from perturb.statistics.summary import summarize

pytestmark = pytest.mark.slow

NAMED = ("t01", "t02")
TOOLSET = '''
"""Two tasks, one of which asks for nothing that is not there already."""

from perturb.authoring import toolset, write
from perturb.toolset import Task
from perturb.types import Call


@write
def switch(state: dict, on: bool) -> str:
    """Switch the lamp on or off."""
    state["on"] = on
    return "done"


OFF = Task(id="off", prompt="Have the lamp off.", gold=(Call("switch", {"on": False}),), check=lambda s, a, c: not s["on"])
ON = Task(id="on", prompt="Have the lamp on.", gold=(Call("switch", {"on": True}),), check=lambda s, a, c: s["on"])
TOOLSET = toolset(name="lamp", tools=[switch], state=lambda: {"on": False}, tasks=[OFF, ON])
TOOLSET.notice = "The lamp is a toy."
'''


def row(task: str, arm: Any, passed: bool) -> EpisodeRow:
    told = {} if arm == "clean" else {"operator": "tools.opaque", "axis": "tools", "kind": "equivalent"}
    return EpisodeRow(task=task, arm=arm, trial=0, outcome="passed" if passed else "failed", key=f"{task}-{arm}", **told)


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    rows, failures = synthetic_run.episodes()
    floor = Floor(silent=2, answer_only=3, vacuous=NAMED)
    return report_data(synthetic_run.header(floor=floor, notice="It is not all there is."), rows, failures)


def test_the_headline_without_them_is_that_of_a_run_without_them(data: dict[str, Any]) -> None:
    rows, failures = synthetic_run.episodes()
    rest = report_data(synthetic_run.header(), [row for row in rows if row.task not in NAMED], failures)
    assert data["without_vacuous"] == rest["headline"]
    assert data["without_vacuous"]["tasks"] == data["headline"]["tasks"] - 2
    assert {task["task"] for task in data["by_task"] if task["vacuous"]} == set(NAMED)


def test_a_task_that_cannot_be_failed_hides_a_drop() -> None:
    rows = [
        row(task, arm, task == "free" or arm == "clean") for task in ("free", "won", "lost") for arm in ("clean", "perturbed")
    ]
    found = summarize(rows, vacuous=("free",))
    assert found.without_vacuous is not None
    assert found.headline.drop == pytest.approx(2 / 3)
    assert found.without_vacuous.drop == 1.0
    assert summarize(rows).without_vacuous is None
    everything = summarize(rows, vacuous=("free", "won", "lost")).without_vacuous
    assert everything is not None
    assert everything.drop is None


def test_every_report_names_them_and_tells_both_headlines(data: dict[str, Any], tmp_path: Path) -> None:
    without = data["without_vacuous"]
    said = (
        "Vacuous, since an agent that does nothing passes them: 2 tasks (t01, t02). "
        f"Without them: clean {wording.percent(without['clean'])}, perturbed {wording.percent(without['perturbed'])}, "
        f"drop {wording.points(without['drop'])} points {wording.interval(without['interval'])}, over 40 tasks."
    )
    assert said in wording.remarks(data)
    assert "Of the toolset: It is not all there is." in wording.remarks(data)
    screen = io.StringIO()
    print_report(data, Console(file=screen, width=100))
    for text in (screen.getvalue(), render_markdown(data), render_html(data)):
        plain = " ".join(text.split())
        assert "(t01, t02)" in plain
        assert f"perturbed {wording.percent(without['perturbed'])}" in plain
        assert wording.points(data["headline"]["drop"]) in plain
    properties = {one.get("name"): one.get("value") for one in ElementTree.fromstring(render_junit(data)).iter("property")}
    assert properties["vacuous_tasks"] == "2"
    assert properties["drop_without_vacuous"] == str(without["drop"])


def test_where_none_is_vacuous_nothing_is_said_of_it() -> None:
    rows, failures = synthetic_run.episodes()
    data = report_data(synthetic_run.header(), rows, failures)
    assert data["without_vacuous"] is None
    assert not any("acuous" in said for said in wording.remarks(data))


def test_a_run_and_a_check_find_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    Path("lamp.py").write_text(TOOLSET)
    here = Here(capsys)
    asked = ("--toolset", "lamp.py", "--operators", "tools.opaque")
    ran = here("run", "--agent", "literal", *asked, "--json").json
    assert ran["floor"] == {"silent": 1, "answer_only": 1, "vacuous": ["off"]}
    assert ran["headline"]["drop"] == 0.5
    assert ran["without_vacuous"]["drop"] == 1.0
    assert ran["notice"] == "The lamp is a toy."
    assert here("check", *asked, "--json").json["floor"]["vacuous"] == ["off"]
    assert "1 task: vacuous, since a silent agent passes them: off" in " ".join(here("check", *asked).out.split())


def test_shards_are_joined_with_those_of_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    Path("lamp.py").write_text(TOOLSET)
    here = Here(capsys)
    asked = ("run", "--agent", "literal", "--toolset", "lamp.py", "--operators", "tools.opaque", "--json")
    parts = [here(*asked, "--shard", f"{number}/2").json for number in (1, 2)]
    assert sorted(task for part in parts for task in part["floor"]["vacuous"]) == ["off"]
    joined = here("report", "--json").json
    assert joined["shards"]["numbers"] == [1, 2]
    assert joined["floor"] == {"silent": 1, "answer_only": 1, "vacuous": ["off"]}
    assert joined["without_vacuous"]["drop"] == 1.0
