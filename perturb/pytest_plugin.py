"""The pytest plugin: a test marked `perturb` is an agent, run over tasks clean and perturbed; a plan file is a test too.

    @pytest.mark.perturb(toolset="airline", operators="tools.*", max_drop=0.10)
    async def test_my_agent(episode):
        ...
        return answer

This module is loaded in every pytest run, so it imports nothing; the work is done in `perturb.testing`, which is imported
when the first marked test or plan file is collected. All arguments of the marker are explained in `perturb.testing.marker`.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

MARKER = (
    "perturb(toolset='airline', operators='*', max_drop=None, ...): run the test as an agent over the tasks of a toolset, "
    "clean and under perturbations, and fail it when it loses more than max_drop of its success (0.1 is ten points)."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("perturb", "robustness of agents (tests marked perturb, and plan files)")
    group.addoption("--perturb-trials", type=int, metavar="N", help="trials of each task under each operator, for every test")
    group.addoption("--perturb-seed", type=int, metavar="N", help="seed of the perturbations, for every test")
    group.addoption(
        "--perturb-budget", metavar="AMOUNT", help="what all tests together may take: 100episodes, 10min, 200ktokens, 5usd"
    )
    group.addoption("--perturb-save-baseline", action="store_true", help="write what each test has measured as its baseline")
    group.addoption(
        "--perturb-compare", action="store_true", help="fail a test whose agent loses more than in the baseline of the test"
    )
    group.addoption("--perturb-report", metavar="DIR", help="write an HTML report of each test into DIR")
    group.addoption("--perturb-replay", metavar="FILE", help="run the one episode of a plan file, clean and perturbed")
    parser.addini("perturb_trials", "trials of each task under each operator, for tests that name none", default="")
    parser.addini("perturb_seed", "seed of the perturbations, for tests that name none", default="")
    parser.addini("perturb_budget", "what all tests together may take, as --perturb-budget", default="")
    parser.addini("perturb_compare", "compare each test with its baseline, as --perturb-compare", type="bool", default=False)
    parser.addini("perturb_baselines", "folder of the baselines, from the root directory", default="perturb-baselines")
    parser.addini("perturb_plans", "name of the folders whose plan files are tests", default="perturb-plans")
    parser.addini("perturb_agent", "agent for the plan files, in place of the one that each names", default="")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Any:
    if file_path.suffix != ".json" or file_path.parent.name != parent.config.getini("perturb_plans"):
        return None
    from perturb.testing.plans import PlanFileOfTests

    return PlanFileOfTests.from_parent(parent, path=file_path)


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if _is_marked(metafunc.definition):
        from perturb.testing.marker import parametrize

        parametrize(metafunc)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pycollect_makeitem() -> Generator[None, Any, Any]:
    """Make the marked functions items of our own, after every other plugin has had its turn: so neither the plugins for
    async tests take them, nor does their return value draw a warning."""
    made = yield
    items = made if isinstance(made, list) else [made]
    if not any(_is_marked(item) for item in items):
        return made
    from perturb.testing.items import PerturbedTest

    return [PerturbedTest.of(item) if _is_marked(item) else item for item in items]


def _is_marked(item: object) -> bool:
    return isinstance(item, pytest.Function) and item.get_closest_marker("perturb") is not None


@pytest.fixture
def episode(request: pytest.FixtureRequest) -> Any:
    """The live episode of a test marked `perturb`: system, prompt, tools, call(), calls(), next_user()."""
    return _of_marked_test(request, "episode")


@pytest.fixture
def robustness(request: pytest.FixtureRequest) -> Any:
    """The result of a test marked `perturb(agent=...)`: clean, perturbed, drop, low, high, noise_floor, data, baseline."""
    return _of_marked_test(request, "robustness")


def _of_marked_test(request: pytest.FixtureRequest, name: str) -> None:
    # The plugin puts the real thing in the place of this `None` for each call of the test.
    if request.scope == "function" and not _is_marked(request.node):
        pytest.fail(f"the fixture {name!r} is for tests marked @pytest.mark.perturb(...); {request.node.nodeid} is not", False)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    tests = []
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport) and report.when == "call":
                known = {name: value for name, value in report.user_properties if name.startswith("perturb.")}
                if "perturb.summary" in known:
                    tests.append((report.nodeid, {name.removeprefix("perturb."): value for name, value in known.items()}))
    if tests:
        from perturb.testing.summary import lines

        terminalreporter.section("perturb")
        for line in lines(sorted(tests, key=lambda test: test[0])):
            terminalreporter.line(line)
