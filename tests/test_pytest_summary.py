"""What a pytest run says of all its marked tests: subtests, budgets, settings, and the numbers of all processes together."""

from __future__ import annotations

from importlib.util import find_spec
from xml.etree import ElementTree

import pytest
from marked import PATIENT, STUBBORN, Run, agent, project

pytestmark = pytest.mark.slow

pytest_plugins = ["pytester"]

TWO = "operators='faults.transient, toolset.distractors'"
EACH = f"{TWO}, max_drop=0.1, per='operator'"
PROCESSES = pytest.mark.parametrize("options", [(), pytest.param(("-n", "2"), marks=pytest.mark.slow)])


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    return project(pytester, monkeypatch)


def test_each_operator_is_a_subtest(run: Run) -> None:
    result = run(agent(STUBBORN, TWO), "-v", "-p", "no:asyncio")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines_random(["*SUBPASSED[[]faults.transient[]]*", "*SUBPASSED[[]toolset.distractors[]]*"])
    assert "SUBPASSED" not in run(agent(STUBBORN, TWO)).stdout.str()


@PROCESSES
def test_by_operator_each_subtest_is_judged(run: Run, options: tuple[str, ...]) -> None:
    if options and find_spec("xdist") is None:
        pytest.skip("xdist is not installed")
    result = run(agent(STUBBORN, EACH), "-v", *options, subprocess=bool(options))
    result.assert_outcomes(failed=2)  # the subtest, and the test that it belongs to
    result.stdout.fnmatch_lines_random(
        [
            "*SUBFAILED[[]faults.transient[]]*",
            "*SUBPASSED[[]toolset.distractors[]]*",
            "perturb: faults.transient: more is lost than the limit, 10.0 points: the drop is 100.0 points *",
            "perturb: fail: faults.transient 100.0 [[]100.0, 100.0[]]; at most 10.0 points may be lost",
            "test_agent.py::test_it: gate drop<=10% by operator: fail; *",
        ]
    )
    assert "perturb replay " in result.stdout.str().partition("more is lost than the limit")[2]
    run(agent(PATIENT, EACH), *options, subprocess=bool(options)).assert_outcomes(passed=1)


def test_by_axis_each_axis_is_judged_and_no_operator(run: Run) -> None:
    result = run(agent(STUBBORN, f"{TWO}, max_drop=0.6, per='axis'"))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["perturb: fail: responses 100.0 [[]100.0, 100.0[]]; at most 60.0 points may be lost"])
    run(agent(PATIENT, f"{TWO}, max_drop=0.6, per='axis'")).assert_outcomes(passed=1)


@pytest.mark.slow
def test_what_an_early_gate_has_not_settled_is_skipped(run: Run) -> None:
    result = run(agent(STUBBORN, f"{TWO}, gate='drop<=10%', per='operator'"), "-v")
    outcomes = result.parseoutcomes()
    assert outcomes["failed"] == 2
    result.stdout.fnmatch_lines_random(["*SUBFAILED[[]faults.transient[]]*", "*SUBSKIPPED[[]toolset.distractors[]]*"])


def test_a_test_that_is_expected_to_fail_is_as_any_other(run: Run) -> None:
    source = "@pytest.mark.xfail(strict=True, reason='known')\n"
    run(source + agent(STUBBORN, EACH)).assert_outcomes(xfailed=1)
    run(source + agent(PATIENT, EACH)).assert_outcomes(failed=1)


def test_junit_holds_the_drop_of_each_operator(run: Run, pytester: pytest.Pytester) -> None:
    run(agent(STUBBORN, EACH), "--junitxml=out.xml", "-o", "junit_family=xunit1")
    cases = list(ElementTree.parse(pytester.path / "out.xml").iter("testcase"))
    assert [case.get("name") for case in cases] == ["test_it"]
    found = {tag.get("name"): tag.get("value") for tag in cases[0].iter("property")}
    assert (found["perturb.drop.faults.transient"], found["perturb.drop.toolset.distractors"]) == ("1.0", "0.0")
    assert found["perturb.episodes"] == "48"


def test_last_failed_runs_the_tests_that_failed(run: Run) -> None:
    source = f"""
@pytest.mark.perturb(toolset="shelf.py", operators=["faults.transient", "toolset.distractors"], max_drop=0.1, per="operator")
async def test_it(episode):{STUBBORN}"""
    run(source).assert_outcomes(passed=1, failed=2)
    run(source, "--lf").assert_outcomes(failed=2)


@PROCESSES
def test_the_summary_joins_the_tests_of_all_processes(run: Run, options: tuple[str, ...]) -> None:
    if options and find_spec("xdist") is None:
        pytest.skip("xdist is not installed")
    source = agent(STUBBORN, f"{TWO}, max_drop=0.1") + agent(PATIENT, f"{TWO}, max_drop=0.1").replace("test_it", "test_other")
    result = run(source, "-q", *options, subprocess=bool(options))
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*= perturb =*",
            "test_agent.py::test_it: drop 50.0 points [[]50.0, 50.0[]], limit 10.0: failed",
            "test_agent.py::test_other: drop 0.0 points [[]0.0, 0.0[]], limit 10.0: held",
            "2 tests: 1 held, 1 failed; 96 episodes",
            "worst operators of all tests (population drop, points):",
            "  faults.transient   100.0  test_agent.py::test_it",
        ],
        consecutive=True,
    )


def counting(body: str) -> str:
    """An agent that leaves a mark for each episode."""
    return "\n    with open('count', 'a') as file: file.write('.')" + body


@PROCESSES
def test_the_budget_is_that_of_all_tests_together(run: Run, pytester: pytest.Pytester, options: tuple[str, ...]) -> None:
    if options and find_spec("xdist") is None:
        pytest.skip("xdist is not installed")
    marker = f"{TWO}, max_drop=0.1"
    tests = [agent(counting(PATIENT), marker).replace("test_it", f"test_{number}") for number in range(3)]
    result = run("".join(tests), "--perturb-budget=61episodes", *options, subprocess=bool(options))
    ran = len((pytester.path / "count").read_text())
    assert 48 <= ran <= 61
    outcomes = result.parseoutcomes()
    assert outcomes["failed"] == 3 - outcomes.get("passed", 0)
    assert "inconclusive: the budget of " in result.stdout.str()
    assert "of this test are left; running it again goes on" in result.stdout.str()
    if not options:
        run("".join(tests), "--perturb-budget=1000episodes").assert_outcomes(passed=3)
        # The first was whole and is measured afresh; the second goes on; the third had not begun.
        assert len((pytester.path / "count").read_text()) == 61 + 48 + (96 - 61) + 48


def test_a_test_may_have_a_budget_of_its_own_and_reports_what_it_has(run: Run, pytester: pytest.Pytester) -> None:
    source = agent(counting(PATIENT), f"{TWO}, budget='30episodes'")
    result = run(source, "-rA", "--perturb-budget=40episodes")
    result.assert_outcomes(passed=1)
    assert len((pytester.path / "count").read_text()) == 30
    result.stdout.fnmatch_lines(["the budget of 30 episodes is spent; 18 episodes are left"])


def test_settings_of_the_project_and_what_goes_before_them(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nperturb_trials = 3\nperturb_seed = 11\nperturb_budget = 1000episodes\n")
    source = agent(PATIENT, "operators='faults.transient'")
    run(source, "-rA").stdout.fnmatch_lines(["6 tasks, 1 operator, 42 episodes, seed 11, run *"])
    asked = source.replace("operators=", "trials=1, seed=5, operators=")
    run(asked, "-rA").stdout.fnmatch_lines(["6 tasks, 1 operator, 30 episodes, seed 5, run *"])
    run(asked, "-rA", "--perturb-seed=6").stdout.fnmatch_lines(["6 tasks, 1 operator, 30 episodes, seed 6, run *"])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--perturb-budget=5apples",), "--perturb-budget: '5apples' is no budget; write it as 100episodes"),
        (("-o", "perturb_budget=much"), "the setting perturb_budget: 'much' is no budget"),
        (("-o", "perturb_trials=many"), "the setting perturb_trials is 'many'; it must be a whole number"),
    ],
)
def test_a_mistake_in_the_settings_is_one_clear_message(run: Run, options: tuple[str, ...], told: str) -> None:
    result = run(agent(PATIENT, TWO), *options)
    text = result.stdout.str()
    assert told in text
    assert "Traceback" not in text
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "the marker perturb: budget: 'much' is no budget" in run(agent(PATIENT, f"{TWO}, budget='much'")).stdout.str()


def test_without_subtests_the_tests_are_judged_all_the_same(run: Run) -> None:
    result = run(agent(STUBBORN, EACH), "-p", "no:subtests")
    result.assert_outcomes(failed=1)
    assert "perturb: fail: faults.transient 100.0" in result.stdout.str()
