"""Baselines: a small file to commit, and a changed agent held against it by the difference of drops."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from marked import PATIENT, STUBBORN, TOOLSET, Run, agent, project

pytest_plugins = ["pytester"]

MARKER = "operators='faults.transient, toolset.distractors'"
SAVE, COMPARE = "--perturb-save-baseline", "--perturb-compare"


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    return project(pytester, monkeypatch)


def files(pytester: pytest.Pytester) -> list[Path]:
    return sorted((pytester.path / "perturb-baselines").glob("*"))


def test_a_baseline_is_small_and_says_the_same_again(run: Run, pytester: pytest.Pytester) -> None:
    run(agent(STUBBORN, MARKER), SAVE).stdout.fnmatch_lines(
        ["test_agent.py::test_it: drop *", "  baseline written to perturb-baselines/test_agent.py--test_it-*.json"]
    )
    (path,) = files(pytester)
    text = path.read_text()
    kept = json.loads(text)
    everything = ["lamp-1", "lamp-2", "lamp-3", "vase-1", "vase-2", "vase-3"]
    assert kept["passed"] == {
        "clean": {"4 of 4": everything},
        "faults.transient": {"0 of 2": everything},
        "toolset.distractors": {"2 of 2": everything},
    }
    assert kept["versions"].keys() == {"toolset.distractors", "faults.transient"}
    assert (kept["test"], kept["toolset"], kept["seed"]) == ("test_agent.py::test_it", "shelf.py", 7)
    assert kept["clean"] == "100.0 %"
    assert str(pytester.path) not in text
    assert len(text.splitlines()) < 30
    path.unlink()
    run(agent(STUBBORN, MARKER), SAVE)
    assert files(pytester)[0].read_text() == text


def test_an_agent_that_loses_more_than_its_baseline_fails(run: Run, pytester: pytest.Pytester) -> None:
    run(agent(PATIENT, MARKER), SAVE).assert_outcomes(passed=1)
    run(agent(PATIENT, MARKER), COMPARE).assert_outcomes(passed=1)
    result = run(agent(STUBBORN, MARKER), COMPARE, "--junitxml=out.xml", "-o", "junit_family=xunit1")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "perturb: against the baseline: the drop is 50.0 points, it was 0.0; difference 50.0 [[]*[]], p *",
            "  clean 100.0 %, was 100.0 %; retained 50.0 %, was 100.0 %",
            "  lost: task lamp-1, faults.transient: 0 of 2, was 2 of 2",
            "  and 1 more",
            "  against its baseline: 50.0 points [[]*[]]",
        ]
    )
    found = {tag.get("name"): tag.get("value") for tag in ElementTree.parse(pytester.path / "out.xml").iter("property")}
    assert float(found["perturb.baseline_difference"] or "") == 0.5
    assert float(found["perturb.baseline_low"] or "") > 0
    assert found["perturb.verdict"] == "failed"


def test_an_agent_that_loses_less_passes_and_is_told_so(run: Run) -> None:
    run(agent(STUBBORN, MARKER), SAVE)
    result = run(agent(PATIENT, MARKER), "-o", "perturb_compare=true", "-rA")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["against the baseline: the drop is 0.0 points, it was 50.0; difference −50.0 *", "  6 pairs mostly passed now, and *"]
    )


def test_a_difference_that_chance_can_make_does_not_fail(run: Run) -> None:
    run(agent(PATIENT, MARKER), SAVE)
    once = PATIENT.replace("    for _", "    if (item, number) == ('lamp', '1') and sold(episode): return ''\n    for _")
    source = "def sold(episode):\n    return len(episode.tools) > 2\n\n" + agent(once, MARKER)
    result = run(source, COMPARE)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["  against its baseline: *"])


def test_what_differs_between_the_two_is_said(run: Run, pytester: pytest.Pytester) -> None:
    run(agent(PATIENT, MARKER), SAVE)
    (path,) = files(pytester)
    pytester.makepyfile(shelf=TOOLSET.replace("Throw items away.", "Throw items into the sea."))
    result = run(agent(PATIENT, MARKER), COMPARE, "--perturb-seed=8", "-rA")
    result.stdout.fnmatch_lines(["  caution: the toolset has changed*", "  caution: the seeds differ (8 and 7), *"])
    kept = json.loads(path.read_text())
    path.write_text(json.dumps(kept | {"versions": dict.fromkeys(kept["versions"], 99)}))
    result = run(agent(PATIENT, MARKER), COMPARE)
    result.assert_outcomes(failed=1)
    assert "nothing can be compared; operators of other versions: faults.transient, toolset.distractors" in result.stdout.str()
    path.write_text("{}")
    result = run(agent(PATIENT, MARKER), COMPARE)
    assert "is no baseline: " in result.stdout.str()
    assert "--perturb-save-baseline writes it anew" in result.stdout.str()
    path.write_text(json.dumps(kept | {"passed": {"clean": {"all": ["lamp-1"]}}}))
    assert "counts 'all' under clean; write it as '2 of 2'" in run(agent(PATIENT, MARKER), COMPARE).stdout.str()


def test_a_test_without_a_baseline_says_so_and_another_folder_is_a_setting(run: Run, pytester: pytest.Pytester) -> None:
    result = run(agent(PATIENT, MARKER), COMPARE)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["  no baseline yet at perturb-baselines/test_agent.py--test_it-*; --perturb-save-baseline *"])
    run(agent(PATIENT, MARKER), SAVE, "-o", "perturb_baselines=kept")
    assert not files(pytester)
    assert len(list((pytester.path / "kept").iterdir())) == 1


@pytest.mark.slow
def test_each_parameter_has_a_baseline_of_its_own_also_in_two_processes(run: Run, pytester: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    source = "@pytest.mark.perturb(toolset='shelf.py', operators=['faults.*', 'faults.transient'], trials=1)"
    source += f"\nasync def test_it(episode):{PATIENT}"
    run(source, SAVE, "-n", "2", subprocess=True).assert_outcomes(passed=2)
    assert len(files(pytester)) == 2
    result = run(source.replace("range(5)", "range(1)"), COMPARE, "-n", "2", subprocess=True)
    result.assert_outcomes(failed=2)
    assert result.stdout.str().count("  against its baseline: ") == 2


def test_a_run_that_was_cut_is_no_baseline(run: Run, pytester: pytest.Pytester) -> None:
    result = run(agent(PATIENT, MARKER), SAVE, "--perturb-budget=20episodes")
    result.stdout.fnmatch_lines(["  no baseline: this run has not been made whole, *"])
    assert not files(pytester)


def test_the_result_beside_its_baseline_is_at_hand_in_the_test(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(bot="import re\nasync def agent(episode):" + PATIENT)
    source = f"""
@pytest.mark.perturb(toolset="shelf.py", agent="bot.py", {MARKER})
def test_it(robustness):
    assert robustness.baseline.difference == 0.0
"""
    run(source, SAVE).assert_outcomes(failed=1)
    run(source, COMPARE).assert_outcomes(passed=1)
