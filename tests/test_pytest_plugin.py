"""The marker `perturb` under plain pytest: what passes, what fails and how it is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from xml.etree import ElementTree

import pytest
from command_line import ROOT
from marked import PATIENT, STUBBORN, TOOLSET, Run, agent, project

pytest_plugins = ["pytester"]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    return project(pytester, monkeypatch)


def test_an_agent_that_keeps_its_success_passes(run: Run) -> None:
    result = run(agent(PATIENT, "operators='faults.transient', max_drop=0.1"), "-rA")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "*Captured perturb call*",
            "clean 100.0 %, perturbed 100.0 %: drop 0.0 points [[]0.0, 0.0[]] (suite drop, 95 %)",
            "*= perturb =*",
            "test_agent.py::test_it: drop 0.0 points [[]0.0, 0.0[]], limit 10.0: held",
        ]
    )


@pytest.mark.parametrize("plain", [False, True])
def test_an_agent_that_loses_its_success_fails_and_says_how_to_see_it(run: Run, pytester: pytest.Pytester, plain: bool) -> None:
    result = run(agent(STUBBORN, "operators=['arguments.nest'], max_drop=0.1", plain=plain))
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert "the drop is 100.0 points [100.0, 100.0], and even the lower end is above max_drop, 10.0 points" in text
    assert "task lamp-1 under arguments.nest: 0 of 2 passed, clean 4 of 4" in text
    assert "Traceback" not in text
    assert "perturb/testing" not in text
    lines = [line.strip() for line in text.splitlines() if "perturb replay " in line]
    assert 1 <= len(lines) <= 5
    plan = json.loads((pytester.path / lines[0].split()[-1]).read_text())
    assert (plan["task"], plan["plan"]["op"], plan["agent"]) == ("lamp-1", "arguments.nest", "test_agent.py:test_it")


def test_without_a_limit_the_test_only_reports(run: Run) -> None:
    result = run(agent(STUBBORN, "operators='arguments.nest'"))
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["test_agent.py::test_it: drop 100.0 points [[]100.0, 100.0[]]"])


def test_a_limit_within_the_interval_is_inconclusive(run: Run) -> None:
    flaky = STUBBORN.replace(
        "    await", "    test_it.n = getattr(test_it, 'n', 0) + 1\n    if test_it.n % 3 == 0: return ''\n    await"
    )
    result = run(agent(flaky, "operators='toolset.distractors', max_drop=0.05, concurrency=1"))
    text = result.stdout.str()
    result.assert_outcomes(failed=1)
    assert "inconclusive: the drop is " in text
    assert "more trials would settle it: trials=" in text


def test_a_gate_ends_the_run_as_soon_as_it_is_certain(run: Run, pytester: pytest.Pytester) -> None:
    source = "async def count(episode):\n    with open('calls.txt', 'a') as file:\n        file.write('1')\n"
    good = agent("\n    await count(episode)" + PATIENT, "operators='faults.transient', gate='drop<=10%'")
    bad = agent(STUBBORN, "operators='arguments.nest', gate='drop<=10%', per='axis'").replace("test_it", "test_worse")
    unsure = agent(PATIENT, "operators='faults.transient', gate='drop<=10%', trials=2").replace("test_it", "test_unsure")
    result = run(source + good + bad + unsure, "--junit-xml=out.xml")
    result.assert_outcomes(passed=1, failed=2)
    ran = len((pytester.path / "calls.txt").read_text())
    result.stdout.fnmatch_lines(
        [
            "perturb: fail: tools 100.0 over * pairs; at most 10.0 points may be lost; * of 544 episodes were not needed",
            "perturb: inconclusive: the drop is 0.0 points over 12 pairs; *; * trials of each task under * would tell *",
            f"*test_it: gate drop<=10% by headline: pass; the drop is 0.0 points *; {544 - ran} of 544 episodes were not *",
        ]
    )
    assert ran < 200
    told = ElementTree.parse(pytester.path / "out.xml").getroot().iter("property")
    saved = [one.get("value") for one in told if one.get("name") == "perturb.gate_saved"]
    assert saved[0] == str(544 - ran)


def test_an_agent_that_never_passes_does_not_slip_through(run: Run, pytester: pytest.Pytester) -> None:
    source = agent("\n    return ''", "operators='arguments.nest', max_drop=0.1")
    result = run(source, "--junitxml=result.xml", "-o", "junit_family=xunit1")
    result.assert_outcomes(failed=1)
    assert "inconclusive: the agent passes no task clean, so it has nothing to lose" in result.stdout.str()
    result.stdout.fnmatch_lines(["test_agent.py::test_it: drop 0.0 points [[]*[]], limit 10.0: inconclusive"])
    found = ElementTree.parse(pytester.path / "result.xml").iter("property")
    assert {one.get("name"): one.get("value") for one in found}["perturb.verdict"] == "inconclusive"


def test_a_clean_rate_below_the_least_fails(run: Run) -> None:
    lamps = STUBBORN.replace("    await", "    if item == 'vase': return ''\n    await")
    result = run(agent(lamps, "operators='faults.transient', max_drop=0.9, min_clean=0.8"))
    result.assert_outcomes(failed=1)
    assert "the agent passes 50.0 % clean, below min_clean, 80.0 %" in result.stdout.str()
    result.stdout.fnmatch_lines(["test_agent.py::test_it: drop *, limit 90.0: failed"])


def test_junit_holds_the_drop_with_its_interval(run: Run, pytester: pytest.Pytester) -> None:
    run(agent(PATIENT, "operators='faults.transient', max_drop=0.1"), "--junitxml=result.xml", "-o", "junit_family=xunit1")
    tree = ElementTree.parse(pytester.path / "result.xml")
    found = {element.get("name"): element.get("value") for element in tree.iter("property")}
    assert {
        name: float(found[f"perturb.{name}"] or "") for name in ("drop", "drop_low", "drop_high", "clean", "perturbed")
    } == {
        "drop": 0.0,
        "drop_low": 0.0,
        "drop_high": 0.0,
        "clean": 1.0,
        "perturbed": 1.0,
    }
    assert found["perturb.verdict"] == "held"
    assert len(found["perturb.run"] or "") == 6
    assert float(found["perturb.noise_floor"] or "") == 0.0


def test_other_fixtures_classes_and_parameters_are_passed_on(run: Run) -> None:
    source = """
@pytest.fixture
def word():
    return "done"

@pytest.mark.perturb(toolset="shelf.py", max_drop=0.1)
class TestShop:
    @pytest.mark.perturb(operators="faults.transient", limit=2, trials=1)
    @pytest.mark.parametrize("times", [1, 5])
    async def test_it(self, episode, word, times):
        number, item = re.match(r"Order (\\d+) more (\\w+)s", episode.prompt).groups()
        for _ in range(times):
            reply = await episode.call("order_items", {"item": item, "number": int(number)})
            if not reply.is_error:
                return word
"""
    result = run(source)
    result.assert_outcomes(failed=2)
    text = result.stdout.str()
    assert "TestShop::test_it[1]: drop 100.0 points" in text
    assert "TestShop::test_it[5]: drop 0.0 points" in text
    assert "2 tasks, 1 operator" in text
    # A method cannot be called with an episode alone, so pytest itself runs it again.
    line = next(line.strip() for line in text.splitlines() if "--perturb-replay" in line)
    assert line.startswith("python -m pytest 'test_agent.py::TestShop::test_it[1]' --perturb-replay .pytest_cache")


def test_one_failed_episode_is_run_again_by_its_line(run: Run, pytester: pytest.Pytester) -> None:
    source = agent(STUBBORN, "operators='arguments.nest', max_drop=0.1", parameters="episode, tmp_path")
    line = next(line.strip() for line in run(source).stdout.lines if "--perturb-replay" in line)
    _, _, nodeid, option, file = line.removeprefix("python ").split()
    again = run(source, nodeid, option, file)
    again.assert_outcomes(failed=1)
    again.stdout.fnmatch_lines(["task lamp-*, clean: passed", "*call order_items*", "task lamp-*, perturbed: failed"])
    again.assert_outcomes(failed=1)
    missing = run(source, nodeid, option, "nothing.json")
    assert "nothing.json cannot be read" in missing.stdout.str()
    pytester.makefile(".json", broken="{}")
    assert "is no plan: " in run(source, nodeid, option, "broken.json").stdout.str()


def test_a_named_agent_is_run_and_the_body_asserts_on_its_result(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(bot="import re\nasync def agent(episode):" + PATIENT)
    source = """
@pytest.mark.perturb(toolset="shelf.py", agent="bot.py", operators="faults.transient", max_drop=0.1)
def test_it(robustness):
    assert (robustness.clean, robustness.drop, robustness.low) == (1.0, 0.0, 0.0)
    assert robustness.data["agent"] == "bot.py"
    assert robustness.estimand == "population drop"
"""
    result = run(source)
    result.assert_outcomes(failed=1)
    assert "assert 'suite drop' == 'population drop'" in result.stdout.str()


@pytest.mark.parametrize(
    ("marker", "told"),
    [
        ("max_dorp=0.1", "takes no argument 'max_dorp'; did you mean 'max_drop'"),
        ("max_drop=10", "max_drop is 10.0; it is a fraction from 0 to 1"),
        ("gate='10%'", "'10%' is no gate; write the drop that is allowed"),
        ("gate='drop<=10%', max_drop=0.1", "leave one of them out"),
        ("per='axis'", "per is about a gate; name it as gate='drop<=10%'"),
        ("trials=0", "trials is 0; it must be a number above 0"),
        ("timeout=float('nan')", "timeout is nan; it must be a number above 0"),
        ("trials='3'", "Expected `int`, got `str` - at `$.trials`"),
        ("operators='arguments.nets'", "no operator is called 'arguments.nets'; did you mean 'arguments.nest'"),
        ("tasks=['lamp-9']", "toolset 'shelf' has no task 'lamp-9'; did you mean"),
        ("agent='bot.py'", "takes an 'episode', but its marker names the agent 'bot.py'"),
    ],
)
def test_a_mistake_in_the_marker_is_one_clear_message(run: Run, marker: str, told: str) -> None:
    result = run(agent(STUBBORN, marker))
    result.assert_outcomes(errors=1)
    text = result.stdout.str()
    assert told in text
    assert "Traceback" not in text
    assert "perturb/testing" not in text


def test_an_unknown_toolset_and_a_positional_argument_are_told(run: Run) -> None:
    result = run("@pytest.mark.perturb(toolset='airlin')\ndef test_it(episode): ...\n")
    result.assert_outcomes(errors=1)
    assert "'airlin'" in result.stdout.str()
    result = run("@pytest.mark.perturb('airline')\ndef test_it(episode): ...\n")
    assert "write toolset='airline'" in result.stdout.str()
    result = run("@pytest.mark.perturb()\ndef test_it(): ...\n")
    assert "takes no 'episode'; it is run as an agent" in result.stdout.str()


def test_the_fixture_is_refused_to_an_unmarked_test(run: Run) -> None:
    result = run("def test_it(episode): ...\n")
    result.assert_outcomes(errors=1)
    assert "the fixture 'episode' is for tests marked @pytest.mark.perturb" in result.stdout.str()


def test_an_agent_that_raises_fails_by_its_own_fault(run: Run) -> None:
    raising = STUBBORN.replace(
        "    await", "    assert 'order_items' in [t.name for t in episode.tools] and 'deadline' > ''\n    await"
    )
    raising = raising.replace(
        "'deadline' > ''", "not any('object' in str(t.parameters.get('properties')) for t in episode.tools)"
    )
    result = run(agent(raising, "operators='arguments.nest', max_drop=0.1"))
    result.assert_outcomes(failed=1)
    assert "the drop is 100.0 points" in result.stdout.str()


def test_faults_that_are_not_the_agents_are_no_measurement(run: Run, pytester: pytest.Pytester) -> None:
    broken = TOOLSET.replace(
        "return lambda shop, answer, calls: shop", "return lambda shop, answer, calls: 1 / 0 if answer else shop"
    )
    source = agent(STUBBORN, "operators='faults.transient', max_drop=0.1")
    result = run(source)
    result.assert_outcomes(failed=1)
    pytester.makepyfile(shelf=broken)
    text = run(source).stdout.str()
    assert "no measurement: 48 of 48 episodes" not in text
    assert "ended in no fault of the agent's (" in text
    assert "tester_fault); the first: the check of task 'lamp-1' raised ZeroDivisionError" in text


@pytest.mark.slow
def test_a_finished_run_is_measured_afresh_and_a_cut_one_is_resumed(run: Run, pytester: pytest.Pytester) -> None:
    counted = STUBBORN.replace("    await", "    note()\n    await")
    note = """
def note():
    note.calls = getattr(note, "calls", 0) + 1
    with open("count", "a") as file:
        file.write(".")

"""
    source = note + agent(counted, "operators='faults.transient', trials=1, clean_trials=1")
    count = pytester.path / "count"
    run(source)
    assert len(count.read_text()) == 12
    run(source)
    assert len(count.read_text()) == 24
    count.unlink()
    cut = counted.replace("    await", "    if note.calls == 7: raise KeyboardInterrupt\n    await")
    source = note + agent(cut, "operators='faults.transient', trials=1, clean_trials=1, concurrency=1")
    result = run(source, subprocess=True)
    assert "KeyboardInterrupt" in result.stdout.str()
    result = run(source, subprocess=True)
    result.assert_outcomes(passed=1)
    assert len(count.read_text()) == 13


def test_a_skip_within_the_agent_skips_the_test(run: Run) -> None:
    result = run(agent("\n    pytest.skip('no key')", "operators='arguments.nest'"))
    result.assert_outcomes(skipped=1)


@pytest.mark.skipif(find_spec("pytest_asyncio") is None, reason="pytest-asyncio is not installed")
@pytest.mark.parametrize("options", [("-o", "asyncio_mode=auto"), ("-o", "asyncio_mode=strict")])
def test_other_plugins_for_async_tests_do_not_take_it(run: Run, options: tuple[str, ...]) -> None:
    source = (
        agent(PATIENT, "operators='faults.transient', max_drop=0.1") + "\n@pytest.mark.asyncio\nasync def test_theirs(): pass\n"
    )
    run(source, *options).assert_outcomes(passed=2)


def test_without_any_plugin_for_async_tests(run: Run) -> None:
    result = run(agent(PATIENT, "operators='faults.transient', max_drop=0.1"), "-p", "no:asyncio", "-p", "no:anyio")
    result.assert_outcomes(passed=1)


def test_options_for_all_tests(run: Run, pytester: pytest.Pytester) -> None:
    result = run(
        agent(PATIENT, "operators='faults.transient'"),
        *("--perturb-trials=3", "--perturb-seed=11", "--perturb-report=out", "-rA", "--strict-markers"),
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["6 tasks, 1 operator, 42 episodes, seed 11, run *"])
    (report,) = (pytester.path / "out").iterdir()
    assert "<html" in report.read_text(encoding="utf-8")


def test_collecting_runs_nothing(run: Run, pytester: pytest.Pytester) -> None:
    result = run(agent(STUBBORN, "operators='faults.transient'"), "--collect-only", "-q", "--strict-markers")
    result.stdout.fnmatch_lines(["test_agent.py::test_it"])
    assert not list(pytester.path.glob(".pytest_cache/d/perturb/*"))


@pytest.mark.slow
@pytest.mark.skipif(find_spec("xdist") is None, reason="pytest-xdist is not installed")
def test_under_xdist(run: Run) -> None:
    source = agent(PATIENT, "operators='faults.transient', max_drop=0.1")
    source += source.replace("test_it", "test_other")
    result = run(source, "-n", "2", subprocess=True)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines_random(["test_agent.py::test_it: drop 0.0 *", "test_agent.py::test_other: drop 0.0 *"])


def test_an_unrelated_run_sees_nothing_of_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_unrelated="""
        import sys
        def test_it():
            mine = sorted(name for name in sys.modules if name.partition(".")[0] == "perturb")
            print("LOADED", mine)
            heavy = {"msgspec", "anyio", "numpy", "scipy", "jinja2", "rich", "faker", "openai", "pydantic", "jsonschema"}
            print("HEAVY", sorted(heavy & set(sys.modules)))
        """
    )
    quiet = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "perturb.pytest_plugin", "-s"],
        cwd=pytester.path,
        env=os.environ | quiet,
        capture_output=True,
        text=True,
    )
    assert "LOADED ['perturb', 'perturb.pytest_plugin']" in done.stdout, done.stdout + done.stderr
    assert "HEAVY []" in done.stdout
    assert "perturb" not in done.stdout.replace("LOADED ['perturb', 'perturb.pytest_plugin']", "")


@pytest.mark.slow
def test_it_can_be_switched_off(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(): pass")
    result = pytester.runpytest_subprocess("-p", "no:perturb", "-p", "no:perturb.pytest_plugin")
    result.assert_outcomes(passed=1)
    assert "--perturb-trials" not in pytester.runpytest_subprocess("-p", "no:perturb", "--help").stdout.str()
