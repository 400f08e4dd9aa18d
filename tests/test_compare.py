"""Two stored runs side by side: whose drop is larger, what flipped, and whether they can be compared at all."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from command_line import Here

from perturb.comparing import Compared, compare_runs
from perturb.episode import Episode
from perturb.errors import ConfigurationError
from perturb.statistics import hull_t
from perturb.store import Planned, Store

OPERATORS = ("tools.synonym", "tools.opaque")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    """The first project that `perturb init` makes, as the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "agents")  # and off again, or agents/anthropic.py would stand for the package
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    run = Here(capsys)
    run("init", ".")
    return run


HEADER: dict[str, Any] = {
    "toolset": "shop", "seed": 7, "intensity": 1.0, "plan_scope": "pair", "version": "0.1.0",
}  # fmt: skip


def keep(
    store: Store, run: str, chances: dict[str | None, float], *, trials: int = 2, tasks: int = 12, luck: int = 1, **other: Any
) -> None:
    """A stored run with known chances: clean under `None`, else by operator; a chance of 0 or 1 leaves nothing to luck."""
    draw = random.Random(f"{run} {luck}")
    made_of = {"toolset": other.pop("digest", "d"), "operators": other.pop("versions", dict.fromkeys(OPERATORS, 1))}
    header = HEADER | {"agent": f"agent {run}"} | other
    planned, outcomes = [], []
    for task in range(tasks):
        for operator, chance in chances.items():
            for trial in range(trials):
                plan: Any = None if operator is None else {"op": operator, "version": 1, "task": task, "seed": header["seed"]}
                one = Planned(
                    key=f"{run} {task} {operator} {trial}",
                    task=f"t{task}",
                    arm="clean" if operator is None else "perturbed",
                    trial=trial,
                    operator=operator,
                    axis=None if operator is None else "tools",
                    kind=None if operator is None else "equivalent",
                    plan=plan,
                )
                planned.append(one)
                outcomes.append("passed" if draw.random() < chance else "failed")
    store.begin_plan(run)
    store.add_pairs(run, 0, planned)
    for one, outcome in zip(planned, outcomes, strict=True):
        record = {"key": one.key, "task": one.task, "arm": one.arm, "trial": one.trial, "outcome": outcome, "plan": one.plan}
        store.add(msgspec.convert(record | {"operator": one.operator}, Episode))
    store.begin_run(run, 0.0, {"header": header, "made_of": made_of})


def both(a: dict[str | None, float], b: dict[str | None, float], **other: Any) -> Compared:
    with Store(":memory:") as store:
        keep(store, "a", a)
        keep(store, "b", b, **other)
        return compare_runs((store, "a"), (store, "b"))


SOUND: dict[str | None, float] = {None: 1.0, "tools.synonym": 1.0, "tools.opaque": 1.0}
BROKEN: dict[str | None, float] = {None: 1.0, "tools.synonym": 1.0, "tools.opaque": 0.0}


def test_the_difference_is_that_of_the_drops_with_its_interval() -> None:
    got = both(BROKEN, SOUND)
    assert got.difference == pytest.approx(0.5)
    assert got.interval == pytest.approx(hull_t([0.5] * 12, 2 / (1 / (8 / 3) + 1 / (8 / 3)))[1:3])
    assert got.interval[0] > 0
    assert [(side.drop, side.retention) for side in got.runs] == [(0.5, 0.5), (0.0, 1.0)]
    assert (got.tasks, got.pairs, got.same_plans, got.cautions) == (12, 48, 48, [])
    assert [(row.operator, row.difference) for row in got.operators] == [("tools.opaque", 1.0), ("tools.synonym", 0.0)]
    assert got.operators[0].p_adjusted < 0.001 < got.operators[1].p_adjusted
    turned = both(SOUND, BROKEN)
    assert (turned.difference, turned.interval) == (-0.5, (-got.interval[1], -got.interval[0]))


def test_flips_are_told_with_the_run_that_passes() -> None:
    got = both({None: 0.0, "tools.synonym": 1.0, "tools.opaque": 0.0}, SOUND)
    clean = [flip for flip in got.flips if flip.operator is None]
    assert {(flip.better, flip.passed) for flip in clean} == {(1, ("0 of 2", "2 of 2"))}
    assert {flip.operator for flip in got.flips} == {None, "tools.opaque"}
    assert len(got.flips) == 24


def test_equal_agents_are_seldom_told_apart() -> None:
    noisy: dict[str | None, float] = {None: 0.8, "tools.synonym": 0.6, "tools.opaque": 0.6}
    told = 0
    for luck in range(60):
        with Store(":memory:") as store:
            for run in "ab":
                keep(store, run, noisy, luck=luck)
            got = compare_runs((store, "a"), (store, "b"))
            told += got.interval[0] > 0 or got.interval[1] < 0
    assert told <= 60 * 0.05 + 3 * (60 * 0.05 * 0.95) ** 0.5


def test_only_what_both_have_is_compared() -> None:
    got = both(BROKEN, {None: 1.0, "tools.synonym": 1.0}, tasks=5, trials=3)
    assert ([row.operator for row in got.operators], got.tasks, got.difference) == (["tools.synonym"], 5, 0.0)


def test_what_is_not_alike_is_said() -> None:
    got = both(SOUND, SOUND, digest="other", intensity=0.5, version="9")
    assert any("the toolset has changed between the runs" in caution for caution in got.cautions)
    assert "the intensities differ (1.0 and 0.5), and so do the perturbations" in got.cautions
    assert any("two releases" in caution for caution in got.cautions)


def test_other_seeds_are_other_perturbations() -> None:
    got = both(SOUND, SOUND, seed=8)
    assert got.cautions == ["the seeds differ (7 and 8), and so do the perturbations"]
    assert (got.pairs, got.same_plans) == (48, 0)


def test_an_operator_of_another_version_is_left_out() -> None:
    got = both(BROKEN, SOUND, versions={"tools.synonym": 1, "tools.opaque": 2})
    assert [row.operator for row in got.operators] == ["tools.synonym"]
    assert "tools.opaque is of another version in either run, and is left out" in got.cautions


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"toolset": "bank", "digest": "x"}, "are of two toolsets, 'shop' and 'bank', so they cannot be compared"),
        ({"versions": dict.fromkeys(OPERATORS, 2)}, "operators of other versions: tools.opaque, tools.synonym"),
    ],
)
def test_runs_that_cannot_be_compared_are_refused(other: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(why)):
        both(SOUND, SOUND, **other)


CARELESS = "from first import agent as solve\n\n\n" + (
    "async def agent(episode):\n"
    "    known = any(tool.name == 'search_books' for tool in episode.tools)\n"
    "    return await solve(episode) if known or 'Emma' not in episode.prompt else ''\n"
)


def test_two_agents_are_compared_on_the_command_line(here: Here) -> None:
    Path("agents/careless.py").write_text(CARELESS)
    arguments = ("-o", "tools.opaque,tools.synonym", "--trials", "2", "--json")
    first = here("run", "--agent", "agents/first.py", *arguments).json["run"]
    second = here("run", "--agent", "agents/careless.py:agent", *arguments).json["run"]
    ended = here("compare", first[:4], second)
    assert ended.status == 0
    assert "3 tasks, 2 operators, 12 pairs of both runs" in ended.out
    assert f"difference of drops, {first} − {second}: −33.3 points" in ended.out
    assert "neither can be told to lose more than the other" in ended.out
    assert f"2 pairs that only {first} (agents/first.py) mostly passes:" in ended.out
    assert "  task stock-of-emma, tools.opaque: 2 of 2 against 0 of 2" in ended.out
    assert ended.err == ""
    got = here("compare", first, second, "--json").json
    assert msgspec.convert(got, Compared).same_plans == 12
    by_agent = here("compare", "agents/first.py", "agents/careless.py:agent", "--json").json
    assert [side["run"] for side in by_agent["runs"]] == [first, second]
    third = here("run", "--agent", "agents/first.py", *arguments, "--seed", "8", "--store", "other.sqlite").json["run"]
    told = here("compare", first, third, "--with", "other.sqlite")
    assert "caution: the seeds differ (7 and 8)" in told.err
    assert "had the same perturbation" in told.err


def test_an_agent_named_twice_is_compared_with_its_own_last_version(here: Here) -> None:
    arguments = ("run", "--agent", "agents/changing.py:agent", "-o", "tools.opaque", "--json")
    Path("agents/changing.py").write_text(CARELESS.replace("known or 'Emma' not in episode.prompt", "True"))
    older = here(*arguments).json["run"]
    alone = here("compare", "agents/changing.py:agent", "agents/changing.py:agent")
    assert alone.status == 2
    assert f"'agents/changing.py:agent' has one run in reports/runs/episodes.sqlite, {older}" in alone.err
    Path("agents/changing.py").write_text(CARELESS)
    newer = here(*arguments).json["run"]
    got = here("compare", "agents/changing.py:agent", "agents/changing.py:agent", "--json").json
    assert [side["run"] for side in got["runs"]] == [older, newer]


@pytest.mark.parametrize(
    ("arguments", "why"), [(("a", "b"), "there is no store"), (("a",), "Missing argument 'SECOND'"), ((), "Missing argument")]
)
def test_a_mistake_is_one_clear_message(here: Here, arguments: tuple[str, ...], why: str) -> None:
    ended = here("compare", *arguments)
    assert ended.status == 2
    assert why in ended.err
