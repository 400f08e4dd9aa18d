"""The pytest plugin: a test marked `perturb` is an agent, run over tasks clean and perturbed.

    @pytest.mark.perturb(toolset="airline", operators="tools.*", max_drop=0.10)
    async def test_my_agent(episode):
        ...
        return answer

This module is loaded in every pytest run, so it imports nothing; the work is done in `perturb.pytest_support`, which is
imported when the first marked test is collected, and where all arguments of the marker are explained.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

MARKER = (
    "perturb(toolset='airline', operators='*', max_drop=None, ...): run the test as an agent over the tasks of a toolset, "
    "clean and under perturbations, and fail it when it loses more than max_drop of its success (0.1 is ten points)."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("perturb", "robustness of agents (tests marked perturb)")
    group.addoption("--perturb-trials", type=int, metavar="N", help="trials of each task under each operator, for every test")
    group.addoption("--perturb-seed", type=int, metavar="N", help="seed of the perturbations, for every test")
    group.addoption("--perturb-report", metavar="DIR", help="write an HTML report of each test into DIR")
    group.addoption("--perturb-replay", metavar="FILE", help="run the one episode of a plan file, clean and perturbed")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pycollect_makeitem() -> Generator[None, Any, Any]:
    """Make the marked functions items of our own, after every other plugin has had its turn: so neither the plugins for
    async tests take them, nor does their return value draw a warning."""
    made = yield
    items = made if isinstance(made, list) else [made]
    if not any(_is_marked(item) for item in items):
        return made
    from perturb.pytest_support import PerturbedTest

    return [PerturbedTest.of(item) if _is_marked(item) else item for item in items]


def _is_marked(item: object) -> bool:
    return isinstance(item, pytest.Function) and item.get_closest_marker("perturb") is not None


@pytest.fixture
def episode(request: pytest.FixtureRequest) -> Any:
    """The live episode of a test marked `perturb`: system, prompt, tools, call(), calls(), next_user()."""
    return _of_marked_test(request, "episode")


@pytest.fixture
def robustness(request: pytest.FixtureRequest) -> Any:
    """The result of a test marked `perturb(agent=...)`: clean, perturbed, drop, low, high, noise_floor, data."""
    return _of_marked_test(request, "robustness")


def _of_marked_test(request: pytest.FixtureRequest, name: str) -> None:
    # The plugin puts the real thing in the place of this `None` for each call of the test.
    if request.scope == "function" and not _is_marked(request.node):
        pytest.fail(f"the fixture {name!r} is for tests marked @pytest.mark.perturb(...); {request.node.nodeid} is not", False)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    lines = [
        dict(report.user_properties).get("perturb.summary")
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
    ]
    shown = [line for line in lines if line is not None]
    if shown:
        terminalreporter.section("perturb")
        for line in shown:
            terminalreporter.line(line)
