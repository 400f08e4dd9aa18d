"""Gates of real runs: they stop as soon as the answer is certain, in launch order, and the answer is that of the whole run."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import anyio
import pytest
from command_line import Ended, Here, apart

from perturb.agent_files import LoadedAgent
from perturb.errors import ConfigurationError
from perturb.evaluation import Request, evaluate, prepare
from perturb.gate_pairs import Gate, Per, launches, read_gate
from perturb.gating import RunningGate
from perturb.operator import Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.planning import Limits
from perturb.statistics import drawn_pairs
from perturb.statistics.gate import family_verdicts
from perturb.store import Planned, Store
from perturb.types import Axis

AXES = {"tools.synonym": "tools", "tools.opaque": "tools", "results.paginate": "responses"}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    """The first project that `perturb init` makes, as the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    run = Here(capsys)
    run("init", ".")
    return run


# --- how it is written ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("drop<=10%", 0.1),
        ("drop <= 2.5 %", 0.025),
        ("drop<10points", 0.1),
        ("drop<=0.1", 0.1),
        ("DROP<=.05", 0.05),
        ("drop<=0", 0),
    ],
)
def test_a_gate_is_written_as_the_drop_that_is_allowed(text: str, limit: float) -> None:
    assert read_gate(text) == pytest.approx(limit)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("10%", "write the drop that is allowed"),
        ("drop>=10%", "is no gate"),
        ("drop<=10", "write 'drop<=10%' for points"),
        ("drop<=100%", "holds whatever is lost"),
    ],
)
def test_what_is_no_gate_is_refused_with_what_is_right(text: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        read_gate(text)


# --- planted streams --------------------------------------------------------------------------------------------------


def stream(pairs: int, per: Per, seed: int, tasks: int = 10) -> list[Planned]:
    """A plan of so many pairs for each family, in the order in which the planning launches them."""
    families: dict[str, list[str]] = {}
    for operator, axis in AXES.items():
        families.setdefault({"headline": "headline", "axis": axis, "operator": operator}[per], []).append(operator)
    draws = {name: drawn_pairs([len(operators)] * tasks, seed, "blocks") for name, operators in families.items()}
    visits: Counter[tuple[str, int]] = Counter()
    cleaned: Counter[int] = Counter()
    planned = []
    for number in range(pairs):
        for name, operators in families.items():
            task, cell = next(draws[name])
            visit, operator = visits[name, task], operators[cell]
            visits[name, task] += 1
            if visit == cleaned[task]:
                cleaned[task] += 1
                planned.append(Planned(key=f"c {task} {visit}", task=str(task), arm="clean", trial=visit))
            key = f"p {name} {number}"
            axis = AXES[operator]
            one = Planned(key=key, task=str(task), arm="perturbed", trial=0, operator=operator, axis=axis, kind="equivalent")
            planned.append(one)
    return planned


def outcomes_of(planned: list[Planned], clean: float, perturbed: Callable[[Planned], float], seed: int) -> dict[str, str]:
    draw = random.Random(f"outcomes {seed}")
    chances = [clean if one.operator is None else perturbed(one) for one in planned]
    return {one.key: "passed" if draw.random() < chance else "failed" for one, chance in zip(planned, chances, strict=True)}


def run_at_once(gate: RunningGate, planned: list[Planned], outcomes: dict[str, str], at_once: int, seed: int) -> int:
    """Run a plan with so many episodes under way, which end in any order, failures sooner; how many were run."""
    order = random.Random(f"order {seed}")
    under_way: list[Planned] = []
    ran = 0

    def end_one() -> None:
        nonlocal ran
        waits = [order.random() * (1 if outcomes[one.key] == "failed" else 8) for one in under_way]
        one = under_way.pop(waits.index(min(waits)))
        gate.take(one.key, outcomes[one.key])
        ran += 1

    for one in planned:
        if not gate.wants(one):
            continue
        under_way.append(one)
        if len(under_way) >= at_once:
            end_one()
    while under_way:
        end_one()
    return ran


STREAMS: dict[str, tuple[Per, float, Callable[[Planned], float]]] = {
    "nothing lost": ("headline", 0.9, lambda one: 0.9),
    "half lost": ("headline", 0.9, lambda one: 0.4),
    "at the limit": ("headline", 0.9, lambda one: 0.8),
    "one axis lost": ("axis", 0.9, lambda one: 0.9 if one.axis == "tools" else 0.3),
    "no axis lost": ("axis", 1.0, lambda one: 1.0),
    "one operator lost": ("operator", 0.9, lambda one: 0.2 if one.operator == "tools.opaque" else 0.9),
    "some tasks lost": ("operator", 1.0, lambda one: float(one.task not in "012")),
}


BRIEF = ("nothing lost", "half lost", "one axis lost")


@pytest.mark.parametrize("name", [name if name in BRIEF else pytest.param(name, marks=pytest.mark.slow) for name in STREAMS])
def test_stopping_early_answers_as_the_whole_run_whatever_ends_first(name: str) -> None:
    per, clean, perturbed = STREAMS[name]
    for seed in range(4):
        planned = stream(272, per, seed)
        outcomes = outcomes_of(planned, clean, perturbed, seed)
        whole = RunningGate(Gate(limit=0.1, per=per, early_stop=False), planned)
        assert run_at_once(whole, planned, outcomes, 1, seed) == len(planned)
        for at_once in (1, 8, 32):
            early = RunningGate(Gate(limit=0.1, per=per), planned)
            ran = run_at_once(early, planned, outcomes, at_once, seed)
            assert early.answer == whole.answer
            # A family that failed ends the others, which the whole run goes on with.
            if early.answer != "fail":
                assert early.families.standings() == whole.families.standings()
            assert ran <= len(planned)
            assert ran < len(planned) * 0.8 or name in ("nothing lost", "at the limit")


def test_the_answers_are_right_on_streams_that_leave_no_doubt() -> None:
    def answer(name: str) -> str:
        per, clean, perturbed = STREAMS[name]
        planned = stream(272, per, 1)
        gate = RunningGate(Gate(limit=0.1, per=per), planned)
        run_at_once(gate, planned, outcomes_of(planned, clean, perturbed, 1), 8, 1)
        return gate.answer

    assert [answer(name) for name in ("half lost", "one axis lost", "one operator lost")] == ["fail"] * 3
    assert answer("some tasks lost") == "fail"
    assert answer("no axis lost") == "pass"


def test_a_longer_plan_goes_on_from_where_a_shorter_one_ended() -> None:
    planned = stream(400, "headline", 3)
    # At the limit itself: one of ten pairs is lost.
    outcomes = {one.key: "failed" if one.operator and one.key.endswith("0") else "passed" for one in planned}
    short = [one for one in planned if one.operator is None or int(one.key.split()[-1]) < 272]
    after = []
    for plan in (short, planned):
        gate = RunningGate(Gate(limit=0.1), plan)
        for one in short:
            gate.take(one.key, outcomes[one.key])
        after.append(gate.families.standings()["headline"])
    assert after[0].answer == "undecided"
    assert (after[1].seen, after[1].for_fail, after[1].for_pass) == (272, after[0].for_fail, after[0].for_pass)
    assert gate.wants(planned[-1])


def test_a_missing_episode_speaks_against_either_answer() -> None:
    planned = stream(272, "headline", 1)
    for arm, outcome, answer in (
        ("perturbed", "passed", "pass"),
        ("perturbed", "infrastructure_error", "inconclusive"),
        ("both", "infrastructure_error", "inconclusive"),
    ):
        gate = RunningGate(Gate(limit=0.1), planned)
        for one in planned:
            gate.take(one.key, outcome if one.arm == arm or arm == "both" else "passed")
        # Clean passes beside perturbed outages are a drop of anything between none and all.
        assert gate.answer == answer


def test_each_pair_of_a_family_has_a_clean_episode_of_its_own_which_families_share() -> None:
    planned = stream(40, "operator", 2)
    pairs = list(launches(planned, "operator"))
    for operator in AXES:
        mine = [pair for pair in pairs if pair.family == operator]
        assert [pair.number for pair in mine] == list(range(40))
        assert len({pair.clean for pair in mine}) == 40
    assert len({pair.clean for pair in pairs}) == 40


@pytest.mark.slow
def test_at_the_limit_it_answers_wrongly_no_more_often_than_it_may() -> None:
    runs, wrong = 400, Counter[str]()
    for seed in range(runs):
        planned = stream(272, "headline", seed)
        gate = RunningGate(Gate(limit=0.1), planned)
        run_at_once(gate, planned, outcomes_of(planned, 0.9, lambda one: 0.8, seed), 32, seed)
        wrong[gate.answer] += 1
    allowed = runs * 0.05 + 3 * (runs * 0.05 * 0.95) ** 0.5
    assert max(wrong["pass"], wrong["fail"]) <= allowed, wrong


# --- real runs --------------------------------------------------------------------------------------------------------


class Told(NamedTuple):
    data: dict[str, Any]
    calls: list[str]


def run(
    folder: Path, chance: Callable[[bool], float], *, concurrency: int = 8, gate: Gate | None = None, luck: int = 0, **more: Any
) -> Told:
    """A run of an agent with known chances, clean (`True`) and perturbed, whose failures are faster than its successes."""
    seen: list[str] = []

    async def agent(episode: Any) -> str:
        clean = any(tool.name == "search_books" for tool in episode.tools)
        seen.append(episode.prompt)
        draw = random.Random(f"{luck} {episode.prompt} {clean} {episode.repeat} {[tool.name for tool in episode.tools]}")
        if draw.random() >= chance(clean):
            return ""
        await anyio.sleep(draw.random() * 0.002)
        return f"{await solve(episode)}"

    async def both() -> dict[str, Any]:
        request = Request(
            toolset="toolsets/bookshop.py",
            operators=("tools.opaque",),
            limits=Limits(concurrency=concurrency),
            folder=folder,
            gate=gate or Gate(limit=0.1),
            **more,
        )
        return (await evaluate(await prepare(request, LoadedAgent(name="planted", function=agent, digest="1")))).data

    return Told(anyio.run(both), seen)


async def solve(episode: Any) -> str:
    """As the first agent of a project does."""
    scope: dict[str, Any] = {}
    exec(Path("agents/first.py").read_text(), scope)
    answer: str = await scope["agent"](episode)
    return answer


def standing(data: dict[str, Any]) -> dict[str, Any]:
    gate = data["gate"]
    return {name: gate[name] for name in ("answer", "families", "pairs")}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("perturbed", "answer"),
    [
        pytest.param(1.0, "pass", marks=pytest.mark.slow),
        pytest.param(0.0, "fail", marks=pytest.mark.slow),
        (0.9, "inconclusive"),
    ],
)
def test_the_answer_of_a_run_is_the_same_at_any_concurrency_and_without_early_stop(
    here: Here, tmp_path: Path, perturbed: float, answer: str
) -> None:
    def chance(clean: bool) -> float:
        return 1.0 if clean else perturbed

    gate = Gate(limit=0.1, trials=40)
    told = [run(tmp_path / str(n), chance, concurrency=n, gate=gate) for n in (1, 32)]
    whole = run(tmp_path / "whole", chance, gate=Gate(limit=0.1, trials=40, early_stop=False))
    assert whole.data["gate"]["answer"] == answer
    assert standing(told[0].data) == standing(told[1].data) == standing(whole.data)
    assert len(whole.calls) == 240 == whole.data["gate"]["episodes"]["run"]
    for one in told:
        episodes = one.data["gate"]["episodes"]
        assert episodes["planned"] == 240
        assert len(one.calls) == episodes["run"] == 240 - episodes["saved"]
        assert (one.data["ended"]["how"] == "settled") == (answer != "inconclusive") == (episodes["saved"] > 0)


@pytest.mark.slow
def test_the_same_command_again_runs_nothing_and_answers_the_same(here: Here, tmp_path: Path) -> None:
    first = run(tmp_path, lambda clean: 0.95)
    again = run(tmp_path, lambda clean: 0.95)
    assert first.data["gate"]["answer"] == "pass"
    assert again.calls == []
    assert again.data["gate"] == first.data["gate"]
    # Without early stopping the same run goes on to its end, and answers the same.
    rest = run(tmp_path, lambda clean: 0.95, gate=Gate(limit=0.1, early_stop=False))
    assert len(first.calls) + len(rest.calls) == 2 * 272
    assert standing(rest.data) == standing(first.data)


def test_tasks_take_turns_in_the_order_of_launch(here: Here, tmp_path: Path) -> None:
    run(tmp_path, lambda clean: 1.0, gate=Gate(limit=0.1, trials=5))
    with Store(tmp_path / "episodes.sqlite") as store:
        planned = list(store.planned(store.runs()[0][0]))
    perturbed = [one.task for one in planned if one.operator is not None]
    assert all(len(set(perturbed[i : i + 3])) == 3 for i in range(0, 15, 3))
    # Clean and perturbed interleave: each pair's clean episode comes right before it.
    assert [one.arm for one in planned] == ["clean", "perturbed"] * 15
    assert [(one.task, one.trial) for one in planned[::2]] == [(one.task, one.trial) for one in planned[1::2]]


class Fickle(Operator, frozen=True, kw_only=True):
    """Changes nothing, and applies in the first trial and every third after it."""

    id: ClassVar[str] = "test.fickle"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "noise"

    trial: int = 0

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Fickle | NotApplicable:
        return cls() if PLANNED.pop(0) % 3 == 0 else NotApplicable("nothing_to_change")

    def lens(self, setup: Setup) -> Lens:
        return Lens(setup)


PLANNED: list[int] = []


def test_where_a_further_trial_does_not_apply_another_pair_takes_its_place(
    here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perturb.evaluation.select", lambda chosen, **_: (Fickle,))
    # The three tasks in the first trial, then one that applies in three.
    PLANNED[:] = [0, 0, 0, *range(1, 400)]
    told = run(tmp_path, lambda clean: 1.0, gate=Gate(limit=0.1, trials=10))
    assert told.data["gate"]["families"][0]["planned"] == 30
    assert told.data["outcomes"]["not_applicable"] == 2 * 27
    PLANNED[:] = [0, 0, 0, *([1] * 400)]
    few = run(tmp_path / "few", lambda clean: 1.0, gate=Gate(limit=0.1, trials=10))
    assert few.data["gate"]["families"][0]["planned"] == 3
    assert few.data["gate"]["answer"] == "inconclusive"


@pytest.mark.slow
@pytest.mark.parametrize("concurrency", [1, 32])
def test_real_runs_at_the_limit_and_without_any_drop_answer_wrongly_no_more_often_than_they_may(
    here: Here, tmp_path: Path, concurrency: int
) -> None:
    runs, limit = 12, Counter[str]()
    nothing = Counter[str]()
    for luck in range(runs):
        options: dict[str, Any] = {"concurrency": concurrency, "luck": luck}
        at_limit = run(tmp_path / f"a{luck}", lambda clean: 0.9 if clean else 0.8, **options)
        inert = run(tmp_path / f"b{luck}", lambda clean: 0.9, **options)
        limit[at_limit.data["gate"]["answer"]] += 1
        nothing[inert.data["gate"]["answer"]] += 1
        assert inert.data["gate"]["episodes"]["saved"] or inert.data["gate"]["answer"] == "inconclusive"
    allowed = runs * 0.05 + 3 * (runs * 0.05 * 0.95) ** 0.5
    assert max(limit["pass"], limit["fail"]) <= allowed, limit
    assert nothing["fail"] <= allowed
    assert nothing["pass"] >= runs * 0.6, nothing


@pytest.mark.slow
def test_several_processes_answer_as_one(tmp_path: Path) -> None:
    told = []
    for jobs in ("1", "2"):
        folder = tmp_path / jobs
        folder.mkdir()
        arguments = ("run", "--agent", "literal", "--operators", "tools.*", "--limit", "8", "--gate", "drop<=30%")
        ended = apart(*arguments, "--per", "operator", "--jobs", jobs, "--json", folder=folder)
        assert ended.status == 1
        episodes = ended.json["gate"]["episodes"]
        assert episodes["saved"] > episodes["planned"] / 3
        told.append(standing(ended.json))
    assert told[0]["answer"] == told[1]["answer"] == "fail"
    failed = [[one["family"] for one in data["families"] if one["answer"] == "fail"] for data in told]
    # The first family that fails settles it; which others had come as far by then is a matter of time.
    assert set(failed[0]) & set(failed[1])


# --- on the command line ----------------------------------------------------------------------------------------------

COUNTING = """
import json, pathlib, random
from first import agent as solve

async def agent(episode):
    with open("calls.txt", "a") as file:
        file.write("1\\n")
    clean = any(tool.name == "search_books" for tool in episode.tools)
    chance = json.loads(pathlib.Path("chance.json").read_text())[0 if clean else 1]
    draw = random.Random(f"{episode.prompt} {clean} {episode.repeat}")
    return await solve(episode) if draw.random() < chance else ""
"""


@pytest.fixture
def planted(here: Here, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    """`perturb` with an agent that has known chances and counts its episodes."""
    monkeypatch.syspath_prepend("agents")
    Path("agents/counting.py").write_text(COUNTING)

    def go(*arguments: str, chance: tuple[float, float] | None = None) -> Ended:
        if chance is not None:
            Path("chance.json").write_text(json.dumps(chance))
            Path("calls.txt").write_text("")
        return here(*arguments)

    return go


RUN = ("run", "--agent", "agents/counting.py:agent", "--operators", "tools.opaque")


def calls() -> int:
    return len(Path("calls.txt").read_text().split())


@pytest.mark.parametrize(
    ("chance", "status", "said"), [((1.0, 1.0), 0, "pass: the drop is 0.0"), ((1.0, 0.1), 1, "fail: the drop is ")]
)
def test_pass_and_fail_have_their_exit_status_and_say_what_they_saved(
    planted: Callable[..., Ended], chance: tuple[float, float], status: int, said: str
) -> None:
    ended = planted(*RUN, "--gate", "drop<=10%", chance=chance)
    assert ended.status == status
    assert said in ended.err
    assert f"{544 - calls()} of 544 episodes were not needed" in ended.err
    assert calls() < 300
    assert "drop<=10% by headline" in ended.out


def test_inconclusive_has_its_own_status_and_says_what_it_would_take(planted: Callable[..., Ended]) -> None:
    ended = planted(*RUN, "--gate", "drop<=10%", "--trials", "4", chance=(1.0, 0.95))
    assert ended.status == 3
    assert "inconclusive: the drop is" in ended.err
    assert "trials of each task under each operator would tell (about" in ended.err
    data = planted("report", "--json").json
    takes = data["gate"]["takes"]
    assert data["gate"]["answer"] == "inconclusive"
    assert takes["episodes"] == 2 * takes["pairs"] > 0
    assert takes["trials"] >= 4 + takes["pairs"] // 3


@pytest.mark.slow
def test_a_report_gates_a_stored_run_again_without_an_episode(planted: Callable[..., Ended]) -> None:
    planted(*RUN, "--gate", "drop<=10%", chance=(1.0, 0.7))
    before = calls()
    again = planted("report", "--gate", "drop<=10%", "--json")
    assert (again.status, again.json["gate"]["answer"]) == (1, "fail")
    assert planted("report", "--gate", "drop<=80%").status == 0
    assert planted("report", "--gate", "drop<=30%").status == 3
    assert planted("report").status == 0
    mistaken = planted("report", "--gate", "drop<=10%", "--per", "axis")
    assert mistaken.status == 2
    assert "drawn for a gate by headline, and say nothing by axis" in mistaken.err
    assert calls() == before


@pytest.mark.slow
def test_a_report_gates_a_run_that_had_no_gate_by_its_intervals(planted: Callable[..., Ended]) -> None:
    planted(*RUN, "--trials", "4", "--clean-trials", "4", chance=(1.0, 1.0))
    before = calls()
    assert planted("report", "--gate", "drop<=10%").status == 0
    assert planted("report", "--json").json["gate"] is None
    planted(*RUN, "--trials", "4", "--clean-trials", "4", "--fresh", chance=(1.0, 0.0))
    assert planted("report", "--gate", "drop<=10%", "--per", "operator").status == 1
    assert calls() == before
    told = planted("report", "--gate", "drop<=10%", "--per", "operator").err
    assert "fail: tools.opaque 100.0 [100.0, 100.0]; at most 10.0 points may be lost" in told


def test_an_agent_that_never_passes_has_nothing_to_lose(planted: Callable[..., Ended]) -> None:
    ended = planted(*RUN, "--gate", "drop<=10%", chance=(0.0, 0.0))
    assert ended.status == 3
    assert "the agent passes no task clean, so it has nothing to lose" in ended.err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--per", "axis"), "--per is about a gate"),
        (("--no-early-stop",), "--no-early-stop is about a gate"),
        (("--gate", "drop<=10%", "--max-drop", "0.1"), "leave one of them out"),
        (("--gate", "at most ten"), "is no gate"),
    ],
)
def test_what_does_not_fit_together_is_told(here: Here, arguments: tuple[str, ...], why: str) -> None:
    ended = here("run", *arguments)
    assert ended.status == 2
    assert why in ended.err


def test_a_spent_budget_leaves_a_gate_open_and_the_same_command_goes_on(planted: Callable[..., Ended]) -> None:
    arguments = (*RUN, "--gate", "drop<=10%", "--budget", "20episodes")
    ended = planted(*arguments, chance=(1.0, 1.0))
    assert (ended.status, calls()) == (3, 20)
    assert "the run is not whole: the same command goes on" in ended.err
    assert "were not needed" not in ended.err


def test_a_dry_run_says_what_a_gate_takes_at_most(here: Here) -> None:
    ended = here("run", "--operators", "tools.opaque", "--gate", "drop<=10%", "--dry-run")
    assert "at most 544 episodes would be run: 272 clean, 272 perturbed" in ended.out
    assert (
        "at most 12 episodes"
        in here(*("run", "--operators", "tools.opaque", "--gate", "drop<=10%", "--dry-run", "--trials", "2")).out
    )


# --- by intervals -----------------------------------------------------------------------------------------------------


def test_families_are_judged_by_intervals_with_the_error_of_failing_shared() -> None:
    def cell(operator: str, passed: int) -> dict[str, Any]:
        return {"operator": operator, "kind": "equivalent", "passed": passed, "trials": 10}

    tasks = [
        {"task": str(n), "passed": 10, "trials": 10, "operators": [cell("a.bad", 2), cell("a.good", 10), cell("b.fair", 8)]}
        for n in range(6)
    ]
    rows = [{"id": "a.bad", "axis": "a"}, {"id": "a.good", "axis": "a"}, {"id": "b.fair", "axis": "b"}]
    data = {"by_task": tasks, "operators": rows}
    by_operator = family_verdicts(data, 0.15, "operator")
    assert {name: one.verdict for name, one in by_operator.items()} == {
        "a.bad": "failed",
        "a.good": "held",
        "b.fair": "inconclusive",
    }
    assert by_operator["b.fair"].factor is not None
    by_axis = family_verdicts(data, 0.15, "axis")
    assert (by_axis["a"].drop, by_axis["b"].drop) == pytest.approx((0.4, 0.2))
    # A lower end that alone lies above the limit does not where the error is shared among three.
    assert by_operator["b.fair"].low > 0.09
    assert family_verdicts(data, 0.09, "operator")["b.fair"].verdict == "inconclusive"
    assert family_verdicts(data, 0.1, "headline")["headline"].verdict == "failed"
