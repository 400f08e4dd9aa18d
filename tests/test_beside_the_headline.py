"""What a report shows beside its drop: retention, eligible tasks, missing episodes, reliability, collapsed tasks, the gate."""

from __future__ import annotations

import io
import random
from typing import Any
from xml.etree import ElementTree

import pytest
import synthetic_run
from rich.console import Console

from perturb.rendering import print_report, render_html, render_junit, render_markdown, report_data
from perturb.rendering.wording import gate_told
from perturb.statistics import EpisodeRow, summarize

OPERATORS = ("tools.synonym", "tools.opaque")


def rows(clean: dict[str, str], perturbed: dict[str, dict[str, str]]) -> list[EpisodeRow]:
    """Rows by task of one letter a trial: P passed, F failed, I infrastructure error, N never run."""
    outcome = {"P": "passed", "F": "failed", "I": "infrastructure_error", "N": "tester_fault"}
    made = []
    arms: list[tuple[str, str | None, str]] = [(task, None, letters) for task, letters in clean.items()]
    arms += [(task, name, letters) for task, cells in perturbed.items() for name, letters in cells.items()]
    for task, operator, letters in arms:
        for trial, letter in enumerate(letters):
            made.append(
                EpisodeRow(
                    task=task,
                    arm="clean" if operator is None else "perturbed",
                    trial=trial,
                    outcome=outcome[letter],
                    key="" if letter == "N" else f"{task} {operator} {trial}",
                    operator=operator,
                    axis=None if operator is None else "tools",
                    kind=None if operator is None else "equivalent",
                )
            )
    return made


def both(letters: str) -> dict[str, str]:
    return dict.fromkeys(OPERATORS, letters)


def test_retention_is_the_share_of_the_clean_success_that_remains() -> None:
    got = summarize(rows({"a": "PP", "b": "PF", "c": "FF"}, {"a": both("PP"), "b": both("FF"), "c": both("FF")}))
    assert got.beside.retention is not None
    assert got.beside.retention.kept == pytest.approx((1 / 3) / 0.5)
    never = summarize(rows({"a": "FF", "b": "FF"}, {"a": both("FF"), "b": both("FF")}))
    assert never.beside.retention is None
    assert never.beside.eligible is None


def test_the_eligible_drop_leaves_out_tasks_that_never_pass_and_the_headline_does_not() -> None:
    clean = {"a": "PPP", "b": "PPP", "c": "FFF", "d": "FFF"}
    got = summarize(rows(clean, {"a": both("FF"), "b": both("PP"), "c": both("FF"), "d": both("FF")}))
    assert got.headline.drop == pytest.approx(0.25)
    assert got.headline.tasks == 4
    assert got.beside.eligible is not None
    assert (got.beside.eligible.drop, got.beside.eligible.tasks, got.beside.eligible.of) == (pytest.approx(0.5), 2, 4)


def test_nothing_changed_is_no_drop_over_eligible_tasks_either() -> None:
    """Selecting on the trials that also estimate would show some twenty points here."""
    draw = random.Random(5)
    drops = []
    for _ in range(120):
        ability = {str(n): draw.choice([0.4, 0.7, 1.0]) for n in range(30)}

        def letters(task: str, k: int, ability: dict[str, float] = ability) -> str:
            return "".join("P" if draw.random() < ability[task] else "F" for _ in range(k))

        clean = {task: letters(task, 2) for task in ability}
        got = summarize(rows(clean, {task: {"tools.synonym": letters(task, 2)} for task in ability}))
        assert got.beside.eligible is not None
        drops.append(got.beside.eligible.drop)
    assert abs(sum(drops) / len(drops)) < 3 * 0.09 / len(drops) ** 0.5


def test_missing_episodes_bound_the_drop_and_pairs_that_were_never_run_are_none() -> None:
    clean = {"a": "PPPP", "b": "PPPI"}
    got = summarize(rows(clean, {"a": both("PPII"), "b": both("PPPP")})).beside.missing
    assert got is not None
    assert (got.clean, got.perturbed) == (1, 4)
    # Least: the clean one failed, the perturbed ones passed. Most: the other way.
    assert (got.least, got.most) == (pytest.approx(-0.125), pytest.approx(0.25))
    assert got.interval[0] < got.least < 0 < got.most < got.interval[1]
    assert summarize(rows({"a": "PP", "b": "PP"}, {"a": both("PN"), "b": both("PP")})).beside.missing is None


def test_reliability_under_perturbation_is_over_tasks_and_their_operators() -> None:
    got = summarize(
        rows({"a": "PP", "b": "PP"}, {"a": {"tools.synonym": "PP", "tools.opaque": "PF"}, "b": {"tools.opaque": "PF"}})
    )
    assert got.beside.perturbed_pass_hat_k == pytest.approx([((1 + 0.5) / 2 + 0.5) / 2, 0.25])
    assert got.beside.perturbed_pass_hat_k[0] == got.headline.perturbed
    assert got.clean_pass_hat_k == [1.0, 1.0]


# --- as it is shown ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    perturbed = {f"t{n}": both("PPP" if n % 3 else "FFI") for n in range(9)}
    clean = {f"t{n}": "FFF" if n == 8 else "PPF" if n == 7 else "PPP" for n in range(9)}
    data = report_data(
        synthetic_run.header(tasks=9, operators=list(OPERATORS), trials=3, clean_trials=3), rows(clean, perturbed), []
    )
    family = {"family": "headline", "answer": "fail", "drop": 0.3, "pairs": 41, "planned": 272}
    gate = {
        "gate": "drop<=10%",
        "limit": 0.1,
        "per": "headline",
        "method": "sequential",
        "estimand": "suite drop",
        "early_stop": True,
        "answer": "fail",
        "families": [family],
        "pairs": 41,
        "whole": True,
        "episodes": {"planned": 544, "run": 90, "saved": 454},
        "takes": None,
    }
    return data | {"gate": gate | {"why": gate_told(gate)}}


def test_every_form_shows_it(data: dict[str, Any]) -> None:
    console = Console(file=io.StringIO(), width=100, color_system=None)
    print_report(data, console)
    assert isinstance(console.file, io.StringIO)
    terminal = " ".join(console.file.getvalue().split())
    markdown, page = render_markdown(data), render_html(data)
    for said in (
        "over 9 tasks, population drop",
        "retained 78.3 % [",
        "eligible 34.8 points [",
        "over the 8 of 9 tasks that can pass clean",
        "6 episodes (0 clean, 6 perturbed) ended in no fault of the agent’s; counted both ways, the drop lies between",
        "pass^1..3 clean: 85.2, 81.5, 77.8 %",
        "pass^1..2 perturbed: 66.7, 66.7 %",
        "collapsed: 3 of 9 tasks always pass clean and never perturbed [7.5, 70.1] %",
        "gate fail drop<=10% by headline, suite drop",
        "the drop is 30.0 points over 41 pairs; at most 10.0 points may be lost; 454 of 544 episodes were not needed",
        "The run stopped as soon as its gate was certain",
    ):
        assert said in terminal
    for text in (markdown, page):
        for said in ("85.2", "78.3", "34.8", "8 of 9 tasks that can pass clean", "41 pairs", "454 of 544 episodes", "no fault"):
            assert said in text
    assert "**Gate drop&lt;=10% by headline: fail.** The drop is 30.0 points" in markdown
    assert "The gate: fail" in page


@pytest.mark.parametrize(("answer", "tag"), [("fail", "failure"), ("inconclusive", "error"), ("pass", "system-out")])
def test_the_gate_is_a_case_of_its_own_in_junit(data: dict[str, Any], answer: str, tag: str) -> None:
    root = ElementTree.fromstring(render_junit(data | {"gate": data["gate"] | {"answer": answer}}))
    (case,) = (case for case in root.iter("testcase") if case.get("name") == "gate drop<=10% by headline")
    assert [child.tag for child in case] == [tag]


def test_a_report_without_a_gate_says_nothing_of_one(data: dict[str, Any]) -> None:
    for text in (render_markdown(data | {"gate": None}), render_html(data | {"gate": None})):
        assert "Gate" not in text
        assert "The gate:" not in text
