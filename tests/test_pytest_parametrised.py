"""Marked tests made of one: for each toolset, group of operators and plan file, by lists and by pytest's own parameters."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from marked import PATIENT, STUBBORN, TOOLSET, Run, agent, project

pytest_plugins = ["pytester"]

GIVES_UP = "operators='faults.transient'"


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    return project(pytester, monkeypatch)


def names(result: pytest.RunResult) -> list[str]:
    return [line.removeprefix("test_agent.py::") for line in result.stdout.lines if line.startswith("test_agent.py::")]


def test_a_list_makes_a_test_for_each_of_its_entries(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(store=TOOLSET.replace('name="shelf"', 'name="store"'))
    marker = "toolset=['shelf.py', 'store.py'], operators=['faults.transient', 'tools.synonym, arguments.nest'], trials=1"
    source = f"@pytest.mark.perturb({marker})\nasync def test_it(episode):{STUBBORN}"
    result = run(source, "--collect-only", "-q")
    assert names(result) == [
        f"test_it[{toolset}-{operators}]"
        for toolset in ("shelf.py", "store.py")
        for operators in ("faults.transient", "tools.synonym, arguments.nest")
    ]
    result = run(source, "-k", "transient and store", "-rA")
    result.assert_outcomes(passed=1, deselected=3)
    told = "test_agent.py::test_it[[]store.py-faults.transient[]]: drop 100.0 *"
    result.stdout.fnmatch_lines(["6 tasks, 1 operator, *", told])


@pytest.mark.parametrize(
    "parameters",
    [
        "'perturb_operators, perturb_trials', [('faults.transient', 1), ('arguments.nest', 3)]",
        "'', [pytest.param(marks=pytest.mark.perturb(operators='faults.transient', trials=1)), "
        "pytest.param(marks=pytest.mark.perturb(operators='arguments.nest', trials=3))]",
    ],
)
def test_parameters_of_pytest_itself_reach_the_marker(run: Run, parameters: str) -> None:
    if parameters.startswith("''"):
        parameters = parameters.replace("''", "'word'").replace("param(", "param('x', ")
    taken = "episode, word" if "word" in parameters else "episode"
    source = f"""
@pytest.mark.parametrize({parameters})
@pytest.mark.perturb(toolset="shelf.py", operators="tools.synonym", trials=2)
async def test_it({taken}):{PATIENT}"""
    result = run(source, "-rA")
    text = result.stdout.str()
    result.assert_outcomes(passed=2)
    assert "6 tasks, 1 operator, 30 episodes" in text
    assert "6 tasks, 1 operator, 42 episodes" in text
    assert "drop 0.0 points" in text
    assert "drop 100.0 points" in text


def test_a_parameter_that_is_no_argument_is_told(run: Run) -> None:
    result = run("@pytest.mark.parametrize('perturb_trails', [1])\n" + agent(PATIENT, GIVES_UP))
    result.assert_outcomes(errors=1)
    assert "takes no argument 'trails'; did you mean 'trials'" in result.stdout.str()


def test_a_list_at_a_single_parameter_is_told(run: Run) -> None:
    source = "@pytest.mark.parametrize('word', [pytest.param('x', marks=pytest.mark.perturb(toolset=['shelf.py']))])\n"
    result = run(f"{source}async def test_it(episode, word):{PATIENT}")
    result.assert_outcomes(errors=1)
    assert "a list of toolset makes a test of each where it stands at a function or a class" in result.stdout.str()


def test_an_empty_list_is_skipped_as_by_pytest(run: Run) -> None:
    run("@pytest.mark.perturb(toolset=[])\nasync def test_it(episode): ...\n").assert_outcomes(skipped=1)


def plans(run: Run, pytester: pytest.Pytester) -> list[str]:
    """Two plan files, made by a run that failed: one of each task's first."""
    lines = run(agent(STUBBORN, "operators='arguments.nest', max_drop=0.1")).stdout.lines
    found = [line.split()[-1] for line in lines if "perturb replay " in line][:2]
    folder = pytester.mkdir("breaks")
    made = []
    for place in found:
        source = pytester.path / place
        made.append((folder / source.name).write_bytes(source.read_bytes()) and source.stem)
    return [str(name) for name in made]


@pytest.mark.parametrize("plain", [False, True])
def test_each_plan_file_is_a_test_of_the_function(run: Run, pytester: pytest.Pytester, plain: bool) -> None:
    one, other = plans(run, pytester)
    source = agent(STUBBORN, "", plain=plain, parameters="episode, tmp_path")
    source = source.replace("toolset='shelf.py', ", "plan='breaks/*.json'")
    assert sorted(names(run(source, "--collect-only", "-q"))) == sorted(f"test_it[{name}]" for name in (one, other))
    result = run(source, "-k", one, "--perturb-trials=3", "--junitxml=out.xml", "-o", "junit_family=xunit1")
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines(
        [
            "perturb: the plan breaks the task: clean 3 of 3, perturbed 0 of 3",
            f"task {one.split('-', 1)[1][:6]}, clean: passed",
            "*call order_items*",
            f"test_agent.py::test_it[[]{one}[]]: clean 3 of 3, perturbed 0 of 3: failed",
        ]
    )
    found = {tag.get("name"): tag.get("value") for tag in ElementTree.parse(pytester.path / "out.xml").iter("property")}
    assert (found["perturb.clean"], found["perturb.perturbed"], found["perturb.verdict"]) == ("1.0", "0.0", "failed")
    cured = source.replace('{"item": item, "number": int(number)}', "filled(episode, item, int(number))")
    result = run(NESTED + cured)
    result.assert_outcomes(passed=2)


NESTED = '''
def filled(episode, item, number):
    """The arguments in the form that the tool has now."""
    def fill(schema):
        known = {"item": item, "number": number}
        return {
            name: fill(inner) if inner.get("type") == "object" else known[name]
            for name, inner in schema["properties"].items()
        }
    return fill(next(tool for tool in episode.tools if tool.name == "order_items").parameters)

'''


def test_a_plan_file_that_is_not_there_and_arguments_beside_it_are_told(run: Run) -> None:
    source = agent(STUBBORN, "plan='nothing.json'")
    result = run(source)
    result.assert_outcomes(errors=1)
    assert "nothing.json cannot be read" in result.stdout.str()
    assert "max_drop means nothing beside plan" in run(agent(STUBBORN, "plan='nothing.json', max_drop=0.1")).stdout.str()
    assert "a plan is run by the test function" in run(agent(STUBBORN, "plan='nothing.json', agent='reader'")).stdout.str()
    run(agent(STUBBORN, "plan='nothing-*.json'")).assert_outcomes(skipped=1)


def test_an_agent_that_never_passes_clean_holds_no_plan(run: Run, pytester: pytest.Pytester) -> None:
    plans(run, pytester)
    result = run(agent("\n    return ''", "plan='breaks/*.json'"))
    result.assert_outcomes(failed=2)
    assert "inconclusive: the agent never passes the task clean" in result.stdout.str()
