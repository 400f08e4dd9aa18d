"""What episodes can tell before they are run: `perturb plan`, and what a dry run says of its plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Here

from perturb.foreseeing import PerEpisode, Way, detectable, tokens_of, ways
from perturb.gate_pairs import Gate
from perturb.rendering.wording import detectable_told
from perturb.statistics import Spread, clean_trials, detectable_drop, gate_margin, hull_t, pairs_to_gate
from perturb.store import Planned
from perturb.types import Call, Reply, Step, Tool, Transcript

FEW = "-o", "tools.opaque,tools.synonym"
DEFAULT: dict[str, Spread | None] = {"headline": None, "operator": None}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    """The first project that `perturb init` makes, as the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "agents")  # and off again, or agents/anthropic.py would stand for the package
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    run = Here(capsys)
    run("init", ".")
    return run


def plan(tasks: int, clean: int, trials: int, operators: int, kind: str = "equivalent") -> list[Planned]:
    made = []
    for task in map(str, range(tasks)):
        made += [Planned(key="", task=task, arm="clean", trial=trial) for trial in range(clean)]
        made += [
            Planned(key="", task=task, arm="perturbed", trial=trial, operator=f"o{number}", axis="tools", kind=kind)
            for number in range(operators)
            for trial in range(trials)
        ]
    return made


def test_a_plan_of_one_operator_detects_what_the_formula_says() -> None:
    got = detectable(plan(30, 3, 3, 1))
    # The published smallest drop at 30 tasks and 3 trials.
    assert got.headline == pytest.approx(0.18, abs=0.005)
    assert got.headline == got.operator == detectable_drop(30, 3, 3)
    assert (got.tasks, got.clean_trials, got.operators) == (30, 3, 1)


def test_operators_share_the_error_and_together_they_are_many_trials() -> None:
    got = detectable(plan(40, 2, 1, 16))
    assert got.headline == pytest.approx(detectable_drop(40, 2, 16))
    assert got.operator == pytest.approx(detectable_drop(40, 2, 1, families=16))


def test_what_is_shown_apart_and_tasks_without_both_arms_detect_nothing() -> None:
    assert detectable(plan(40, 2, 1, 3, "ablation")).headline is None
    assert detectable(plan(40, 0, 1, 3)).tasks == 0
    assert detectable(plan(2, 1, 1, 1)).headline is None
    assert "no drop can be detected" in detectable_told({"tasks": 0, "headline": None, "gate": None})[0]


@pytest.mark.parametrize("trials", [1, 3])
def test_a_drop_that_is_called_detectable_is_found_as_often_as_is_said(trials: int) -> None:
    """Simulated agents with that very drop; the test is the one that reports make."""
    rng = np.random.default_rng(trials)
    spread = Spread(between=0.0, clean=0.21, perturbed=0.25)
    drop = detectable(plan(60, trials, trials, 1), spread=spread).headline
    assert drop is not None
    ability = np.full((1500, 60), 0.7)
    clean = rng.binomial(trials, ability) / trials
    perturbed = rng.binomial(trials, ability - drop) / trials
    found = np.mean([hull_t(list(d), trials).p_value < 0.05 for d in clean - perturbed])
    assert found == pytest.approx(0.8, abs=0.05)


def test_a_gate_of_so_many_pairs_settles_what_the_pairs_were_asked_for() -> None:
    for margin in (0.05, 0.1, 0.2):
        assert gate_margin(pairs_to_gate(margin)) == pytest.approx(margin, rel=0.01)
    got = detectable(plan(34, 8, 1, 8), Gate(limit=0.1))
    assert got.gate == pytest.approx((0.1 - gate_margin(272), 0.1 + gate_margin(272)))
    assert (
        "drops up to 0.0 points pass, those from 20.0 points on fail"
        in detectable_told({"tasks": 34, "headline": 0.1, "gate": got.gate})[0]
    )
    assert detectable(plan(34, 8, 1, 8), Gate(limit=0.1, per="axis")).gate is None


# --- how many ---------------------------------------------------------------------------------------------------------


def detects(way: Way, operators: int) -> float:
    assert way.tasks is not None
    assert way.trials is not None
    perturbed, families = (way.trials * operators, 1) if way.question == "headline" else (way.trials, operators)
    return detectable_drop(way.tasks, clean_trials(way.trials, operators), perturbed, families=families)


def test_each_way_detects_the_drop_and_no_smaller_one_does() -> None:
    for drop, tasks, operators in ((0.1, 82, 6), (0.15, 30, 16), (0.1, 60, 1)):
        for way in ways(drop, tasks, operators, DEFAULT):
            if way.pairs is not None:
                assert (way.pairs, way.episodes) == (pairs_to_gate(drop), 2 * pairs_to_gate(drop))
                continue
            assert way.tasks is not None
            assert way.trials is not None
            assert way.clean_trials == clean_trials(way.trials, operators)
            assert way.episodes == way.tasks * (operators * way.trials + way.clean_trials)
            assert way.enough == (way.tasks <= tasks)

            def reached(
                tasks: int, trials: int, drop: float = drop, operators: int = operators, question: str = way.question
            ) -> bool:
                perturbed, families = (trials * operators, 1) if question == "headline" else (trials, operators)
                return detectable_drop(tasks, clean_trials(trials, operators), perturbed, families=families) <= drop

            assert reached(way.tasks, way.trials)
            fewer = (way.tasks, way.trials - 1) if way.trials > 1 else (way.tasks - 1, 1)
            assert not reached(*fewer) or way.tasks == tasks


def test_tasks_that_differ_are_not_made_up_for_by_trials() -> None:
    spread = Spread(between=0.2, clean=0.1, perturbed=0.1)
    found = ways(0.05, 20, 4, {"headline": spread, "operator": spread})
    assert not any(way.enough for way in found if way.pairs is None)


def test_the_tokens_of_an_episode_grow_with_each_turn() -> None:
    tool = Tool(name="t" * 10, description="d" * 100, parameters={"type": "object", "properties": {}})

    def transcript(steps: int) -> Transcript:
        step = Step(Call("t" * 10, {"a": "b" * 40}), Reply("r" * 80))
        return Transcript("s" * 60, "p" * 40, (tool,), (step,) * steps, "a" * 20)

    none, two = tokens_of([transcript(0)]), tokens_of([transcript(2)])
    assert none is not None
    assert two is not None
    assert none.output == 20 / 4
    assert two.output > none.output
    # Three turns, of which each is sent what was before it.
    assert two.input > 3 * none.input
    assert tokens_of([]) is None
    assert PerEpisode(1000, 100, "run x").of(10, (1.0, 10.0)) == pytest.approx(10 * (1000 + 1000) / 1e6)
    assert PerEpisode(1000, 100, "run x", 0.5).of(10, None) == 5.0
    assert PerEpisode(1000, 100, "run x").of(10, None) is None


# --- on the command line ----------------------------------------------------------------------------------------------


def test_a_plan_says_how_many_episodes_and_what_they_cost(here: Here) -> None:
    told = here("plan", "--detect", "10%", *FEW, "--price", "0.3,1.2", "--json").json
    assert (told["detect"], told["tasks"], told["operators"]) == (0.1, 3, 2)
    by_question = {way["question"]: way for way in reversed(told["ways"])}
    assert by_question["gate"]["episodes"] == 544
    each = told["tokens"]["input"] * 0.3e-6 + told["tokens"]["output"] * 1.2e-6
    for way in told["ways"]:
        assert way["cost"] == pytest.approx(way["episodes"] * each)
    said = here("plan", "--detect", "0.1", *FEW).out
    assert "to detect a drop of 10.0 points with probability 0.8, at 5 %, by the spread of a typical suite" in said
    assert "cost: unknown; give a price with --price IN,OUT" in said
    assert "more trials of these tasks alone would not do" in said
    dear = here("plan", "--detect", "5%", *FEW, "--json").json
    assert dear["ways"][0]["episodes"] > told["ways"][0]["episodes"]


@pytest.mark.slow
def test_what_a_plan_asks_for_is_what_a_dry_run_calls_detectable(here: Here) -> None:
    (way, *_) = here("plan", "--detect", "12%", "-t", "airline", "-o", "tools.synonym", "--json").json["ways"]
    numbers = ("--trials", str(way["trials"]), "--clean-trials", str(way["clean_trials"]))
    dry = ("run", "-a", "reader", "-t", "airline", "-o", "tools.synonym", *numbers, "--limit", str(way["tasks"]), "--dry-run")
    told = here(*dry, "--json").json
    assert told["episodes"] == way["episodes"]
    assert told["detectable"]["headline"] <= 0.12
    assert "with probability 0.8 it detects a drop of " in here(*dry).out


PAID = """
from first import agent as solve
from perturb.types import Usage


async def agent(episode):
    episode.used(Usage(input_tokens=1000, output_tokens=100, cost=0.002))
    return await solve(episode)
"""


def test_a_pilot_gives_its_spread_its_size_and_what_its_episodes_took(here: Here) -> None:
    Path("agents/paid.py").write_text(PAID)
    ran = here("run", "--agent", "agents/paid.py:agent", "-o", "tools.opaque,tools.synonym", "--trials", "2", "--json").json
    assert ran["usage"]["input_tokens"] == 1000 * ran["usage"]["episodes"]
    told = here("plan", "--detect", "20%", "--pilot", ran["run"][:3], "--json").json
    assert (told["pilot"], told["tasks"], told["operators"]) == (ran["run"], 3, 2)
    assert told["tokens"] == {"input": 1000.0, "output": 100.0, "source": f"run {ran['run']}"}
    assert all(way["cost"] == pytest.approx(0.002 * way["episodes"]) for way in told["ways"])
    priced = here("plan", "--detect", "20%", "--pilot", ran["run"], "--price", "1,10", "--json").json
    assert all(way["cost"] == pytest.approx(0.002 * way["episodes"]) for way in priced["ways"])
    # An agent that never varies needs two tasks.
    assert min(way["tasks"] for way in told["ways"] if way["tasks"]) == 2


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--detect", "10"), "'10' is no drop to detect; write 10% or 0.1"),
        (("--detect", "0"), "is no drop to detect"),
        ((), "Missing option '--detect'"),
        (("--detect", "10%", "--pilot", "abc"), "so no run 'abc'"),
        (("--detect", "10%", "--price", "1"), "is no price"),
    ],
)
def test_a_mistake_is_one_clear_message(here: Here, arguments: tuple[str, ...], why: str) -> None:
    ended = here("plan", *arguments)
    assert ended.status == 2
    assert why in ended.err


@pytest.mark.slow
def test_a_dry_run_tells_about_what_it_costs_where_a_price_is_known(here: Here) -> None:
    arguments = (
        "run",
        "--agent",
        "chat:some-model",
        "--base-url",
        "http://localhost:1/v1",
        "-t",
        "airline",
        "-o",
        "tools.opaque",
    )
    told: dict[str, Any] = json.loads(here(*arguments, "--price", "1,10", "--limit", "5", "--dry-run", "--json").out)
    assert told["cost"] > 0
    assert here(*arguments, "--price", "2,20", "--limit", "5", "--dry-run", "--json").json["cost"] == pytest.approx(
        2 * told["cost"]
    )
    assert "cost: about $" in here(*arguments, "--price", "1,10", "--limit", "5", "--dry-run").out
