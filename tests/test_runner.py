"""Runs: resume, repeats, budgets, every outcome, interrupts, and what a killed process leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import anyio
import pytest
from depot import DEPOT

import perturb
from perturb.agent_files import LoadedAgent
from perturb.authoring import toolset
from perturb.environments import AuthoredToolset
from perturb.operator import Lens, NotApplicable, Operator, Setup
from perturb.operators import select
from perturb.planning import Design, Limits, RunPlan, plan_run
from perturb.replay import Gold
from perturb.runner import Ended, run_episodes
from perturb.store import Store
from perturb.toolset import Task
from perturb.types import Answer, Call, Result

PATHS = os.pathsep.join(str(path) for path in (Path(perturb.__file__).parents[1], Path(__file__).parent))


class Shop:
    def __init__(self) -> None:
        self.stock = {"lamp": 3, "vase": 1}

    def order_items(self, item: str, number: int) -> dict[str, int]:
        """Order items from the supplier."""
        self.stock[item] += number
        return {"now": self.stock[item]}


def shop(check: Callable[..., bool] | None = None, tasks: int = 3) -> AuthoredToolset:
    def lamps(number: int) -> Callable[..., bool]:
        return lambda subject, answer, calls: subject.stock["lamp"] == 3 + number

    return toolset(
        Shop,
        name="shop",
        tasks=[
            Task(
                id=str(number),
                prompt=f"Order {number} lamps.",
                gold=(Call("order_items", {"item": "lamp", "number": number}),),
                check=check or lamps(number),
            )
            for number in range(1, tasks + 1)
        ],
    )


async def order(episode: Any) -> str:
    number = int(episode.prompt.split()[1])
    await episode.call("order_items", {"item": "lamp", "number": number})
    return "done"


class Bench:
    """A toolset, an agent and a store, to run again and again."""

    def __init__(self, agent: Any = order, *, subject: AuthoredToolset | None = None, name: str = "agent") -> None:
        self.toolset = subject or shop()
        self.agent = LoadedAgent(name=name, function=agent, digest=name)
        self.store = Store(":memory:")
        self.plan = RunPlan(run="run")

    async def go(
        self, operators: Any = "arguments.nest", design: Design | None = None, limits: Limits | None = None, **options: Any
    ) -> Ended:
        gold = Gold(self.toolset)
        chosen = select(operators) if isinstance(operators, str) else operators
        limits = limits or Limits()
        self.plan = await plan_run(self.toolset, self.agent, chosen, design or Design(), limits, gold=gold, store=self.store)
        self.planned = list(self.store.planned("run"))
        self.store.begin_run("run", 0.0, {})
        return await run_episodes(self.toolset, self.agent, self.plan, limits, store=self.store, setup=gold.setup, **options)

    def run(self, *arguments: Any, **options: Any) -> Ended:
        async def start() -> Ended:
            return await self.go(*arguments, **options)

        return anyio.run(start)

    def outcomes(self, arm: str = "clean") -> dict[str, int]:
        return dict(Counter(one.outcome for one in self.store.finished("run") if one.arm == arm))


def test_running_again_runs_nothing_and_trials_are_real_repeats() -> None:
    seen: list[str] = []

    async def counting(episode: Any) -> str:
        seen.append(episode.prompt)
        return await order(episode)

    bench = Bench(counting)
    first = bench.run(design=Design(trials=2, clean_trials=3))
    assert (first.how, first.episodes, first.resumed, first.left) == ("complete", 15, 0, 0)
    assert Counter(seen) == {f"Order {number} lamps.": 5 for number in (1, 2, 3)}
    again = bench.run(design=Design(trials=2, clean_trials=3))
    assert (again.how, again.episodes, again.resumed, len(seen)) == ("complete", 0, 15, 15)
    more = bench.run(design=Design(trials=3, clean_trials=3))
    assert (more.episodes, more.resumed) == (3, 15)
    bench.run(design=Design(trials=2, clean_trials=3), fresh=True)
    assert len(seen) == 33


def test_another_agent_seed_or_limit_is_another_episode() -> None:
    bench = Bench()
    bench.run()
    keys = {one.key for one in bench.planned}
    assert len(keys) == len(bench.planned)
    for other in (Design(seed=8), Design(intensity=0.0)):
        bench.run(design=other)
        perturbed = {one.key for one in bench.planned if one.arm == "perturbed"}
        assert not perturbed & keys
    bench.run(limits=Limits(max_calls=7))
    assert not {one.key for one in bench.planned} & keys
    bench.agent = LoadedAgent(name="agent", function=order, digest="changed")
    bench.run()
    assert not {one.key for one in bench.planned} & keys


def test_clean_and_perturbed_of_a_task_lie_side_by_side() -> None:
    bench = Bench()
    bench.run("arguments.nest,tools.opaque", design=Design(trials=2, clean_trials=2))
    order_of_launch = [(one.trial, one.task, one.arm) for one in bench.planned]
    assert order_of_launch == [
        (trial, task, arm) for trial in (0, 1) for task in "123" for arm in ("clean", "perturbed", "perturbed")
    ]


@pytest.mark.parametrize(
    ("limits", "why", "done"),
    [
        (Limits(episodes=4, concurrency=2), "the budget of 4 episodes is spent", 4),
        (Limits(seconds=0.0), "the budget of 0 s is spent", 0),
    ],
)
def test_a_spent_budget_leaves_the_rest_unrun_and_can_be_resumed(limits: Limits, why: str, done: int) -> None:
    bench = Bench()
    ended = bench.run(limits=limits)
    assert (ended.how, ended.why, ended.episodes, ended.left) == ("budget", why, done, 9 - done)
    rest = bench.run()
    assert (rest.how, rest.episodes, rest.resumed) == ("complete", 9 - done, done)


# One outcome after the other


async def raising(episode: Any) -> str:
    raise LookupError("no key")


async def silent(episode: Any) -> None:
    return None


async def returning_a_number(episode: Any) -> int:
    return 3


async def calling_for_ever(episode: Any) -> str:
    while True:
        await episode.call("no_such_tool", "{not json")


async def calling_for_ever_and_hiding_it(episode: Any) -> str:
    try:
        return await calling_for_ever(episode)
    except Exception:
        return "done"


async def hanging(episode: Any) -> str:
    await anyio.sleep(60)
    return ""


async def blocking(episode: Any) -> str:
    time.sleep(60)
    return ""


def plain(episode: Any) -> str:
    episode.calls([("order_items", {"item": "lamp", "number": int(episode.prompt.split()[1])})])
    assert episode.next_user() is None
    return "done"


async def sending_text(episode: Any) -> str:
    number = episode.prompt.split()[1]
    assert (await episode.call("order_items", "[1]")).is_error
    assert (await episode.call("order", {})).is_error
    assert not (await episode.call("order_items", f'{{"item": "lamp", "number": {number}}}')).is_error
    return ""


@pytest.mark.parametrize(
    ("agent", "outcome", "told"),
    [
        (order, "passed", None),
        (plain, "passed", None),
        (sending_text, "passed", None),
        (silent, "failed", None),
        (raising, "agent_error", "the agent raised LookupError: no key"),
        (returning_a_number, "agent_error", "the agent returned a int"),
        (calling_for_ever, "budget_exceeded", "more than 5 calls"),
        (calling_for_ever_and_hiding_it, "budget_exceeded", "more than 5 calls"),
        (hanging, "budget_exceeded", "not done after 0.2 s"),
    ],
)
def test_what_an_agent_does_has_one_outcome(agent: Any, outcome: str, told: str | None) -> None:
    bench = Bench(agent, subject=shop(tasks=1))
    bench.run(design=Design(clean_trials=1), limits=Limits(max_calls=5, timeout=0.2 if agent is hanging else 30.0))
    assert bench.outcomes() == {outcome: 1}
    (one,) = (one for one in bench.store.finished("run") if one.arm == "clean")
    assert one.error is None if told is None else told in str(one.error)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="the watchdog needs POSIX signals")
@pytest.mark.slow
def test_an_agent_that_blocks_the_loop_is_cut_short() -> None:
    bench = Bench(blocking, subject=shop(tasks=1))
    started = time.monotonic()
    bench.run(design=Design(clean_trials=1), limits=Limits(timeout=0.2))
    assert bench.outcomes() == {"budget_exceeded": 1}
    assert time.monotonic() - started < 20


def test_a_judge_that_raises_is_our_fault() -> None:
    def check(subject: Any, answer: str, calls: Any) -> bool:
        if answer == "done":
            raise ZeroDivisionError("judge")
        return True

    bench = Bench(subject=shop(check, tasks=1))
    bench.run()
    assert bench.outcomes() == {"tester_fault": 2}
    faulty = next(one for one in bench.store.finished("run") if one.outcome == "tester_fault")
    assert "ZeroDivisionError: judge" in str(faulty.error)


class Broken(Operator, frozen=True, kw_only=True):
    """Shows the gold replay what it wants, and raises for the second episode."""

    id: ClassVar[str] = "test.broken"
    axis: ClassVar[Any] = "responses"
    phase: ClassVar[Any] = "shape"
    conditional: ClassVar[bool] = True
    calls: ClassVar[list[int]] = []

    @classmethod
    def plan(cls, setup: Setup, pick: Any, intensity: float) -> Broken | NotApplicable:
        return cls()

    def lens(self, setup: Setup) -> Lens:
        return BrokenLens(setup)


class BrokenLens(Lens):
    def show_result(self, call: Call, result: Result) -> Result:
        Broken.calls.append(1)
        if len(Broken.calls) > 1:
            raise RuntimeError("a defect")
        return result


def test_an_operator_that_raises_is_our_fault_and_is_tried_again() -> None:
    Broken.calls.clear()
    bench = Bench(subject=shop(tasks=1))
    ended = bench.run((Broken,))
    assert ended.how == "complete"
    assert bench.outcomes("perturbed") == {"tester_fault": 1}
    assert bench.outcomes("clean") == {"passed": 2}
    Broken.calls.clear()
    again = bench.run((Broken,))
    assert (again.episodes, again.resumed) == (1, 2)
    assert bench.outcomes("perturbed") == {"passed": 1}


def test_an_environment_that_breaks_is_infrastructure_and_is_tried_again() -> None:
    bench = Bench(subject=shop(tasks=1))
    whole = bench.toolset.environment
    down = False

    class Down:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def call(self, call: Call) -> Answer:
            if down:
                raise ConnectionError("the server is gone")
            answer: Answer = self.inner.call(call)
            return answer

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

    bench.toolset.environment = lambda task: Down(whole(task))  # type: ignore[method-assign, assignment, return-value]

    async def go() -> list[Ended]:
        nonlocal down
        await bench.go(limits=Limits(episodes=0))
        plan, setup = bench.plan, Gold(bench.toolset).setup
        run = {"store": bench.store, "setup": setup}
        down = True
        first = await run_episodes(bench.toolset, bench.agent, plan, Limits(), **run)  # type: ignore[arg-type]
        broken.update(bench.outcomes())
        down = False
        return [first, await run_episodes(bench.toolset, bench.agent, plan, Limits(), **run)]  # type: ignore[arg-type]

    broken: dict[str, int] = {}
    first, second = anyio.run(go)
    assert broken == {"infrastructure_error": 2}
    # In the perturbed arm the agent's call is in a retired form, which never reaches the server.
    assert (first.episodes, second.episodes, second.resumed) == (3, 2, 1)
    assert bench.outcomes() == {"passed": 2}


def test_an_interrupt_keeps_what_is_done() -> None:
    count = 0

    async def interrupted(episode: Any) -> str:
        nonlocal count
        count += 1
        if count == 5:
            signal.raise_signal(signal.SIGINT)
            await anyio.sleep(60)
        return await order(episode)

    bench = Bench(interrupted)
    ended = bench.run(limits=Limits(concurrency=1))
    assert (ended.how, ended.episodes, ended.left) == ("interrupted", 4, 5)
    rest = bench.run(limits=Limits(concurrency=1))
    assert (rest.how, rest.episodes, rest.resumed) == ("complete", 5, 4)


def test_an_interrupt_is_heard_by_work_that_never_waits() -> None:
    count = 0

    async def interrupted(episode: Any) -> str:
        nonlocal count
        count += 1
        if count == 5:
            signal.raise_signal(signal.SIGINT)
        return await order(episode)

    bench = Bench(interrupted, subject=shop(tasks=300))
    ended = bench.run((), Design(clean_trials=20))
    assert ended.how == "interrupted"
    assert ended.left > 0


def test_an_interrupt_is_heard_while_pairs_are_proven() -> None:
    bench = Bench(subject=shop(tasks=300))
    told: list[int] = []

    def interrupt(progress: Any) -> None:
        told.append(progress.done)
        if len(told) == 1:
            signal.raise_signal(signal.SIGINT)

    async def prove() -> None:
        gold = Gold(bench.toolset)
        await plan_run(
            bench.toolset, bench.agent, select("*"), Design(), Limits(), gold=gold, store=bench.store, report=interrupt
        )

    with pytest.raises(KeyboardInterrupt):
        anyio.run(prove)
    assert len(told) < 300


AGENT = """
import pathlib, time
async def agent(episode):
    done = pathlib.Path("count")
    with done.open("a") as file:
        file.write(".")
    if len(done.read_text()) == 7:
        time.sleep(600)
    return ""
"""

RUN = """
import anyio, sys
from pathlib import Path
from perturb.evaluation import Request, evaluate, prepare
from perturb.planning import Design, Limits

async def main():
    request = Request(
        agent="bot.py", toolset=sys.argv[1], operators=("arguments.nest",), limit=5,
        design=Design(clean_trials=2), limits=Limits(concurrency=1), folder=Path("runs"),
    )
    done = await evaluate(await prepare(request))
    print("EPISODES", done.ended.episodes, done.ended.resumed)

anyio.run(main)
"""


@pytest.mark.slow
def test_a_killed_run_loses_no_finished_episode(tmp_path: Path) -> None:
    (tmp_path / "bot.py").write_text(AGENT)
    (tmp_path / "run.py").write_text(RUN)
    (tmp_path / "parcels.py").write_text("from depot import DEPOT\n\nTOOLSET = DEPOT\n")
    command = [sys.executable, "run.py", "./parcels.py"]
    environment = os.environ | {"PYTHONPATH": PATHS}
    running = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE)
    count = tmp_path / "count"
    deadline = time.monotonic() + 60
    while not (count.is_file() and len(count.read_text()) == 7) and time.monotonic() < deadline:
        assert running.poll() is None, "the run ended before it could be killed"
        time.sleep(0.05)
    running.kill()
    running.communicate()
    again = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    mark, episodes, resumed = again.stdout.split()
    assert (mark, resumed) == ("EPISODES", "6")
    assert len(count.read_text()) == 7 + int(episodes)


PLANS = """
import anyio, sys
from perturb.agent_files import LoadedAgent
from depot import DEPOT as toolset
from perturb.operators import TABLE
from perturb.replay import Gold
from perturb.planning import Design, Limits, plan_run
from perturb.store import Store
from perturb.types import digest

async def main():
    agent = LoadedAgent(name="a", function=print, digest="a")
    with Store(":memory:") as store:
        plan = await plan_run(toolset, agent, TABLE, Design(intensity=0.5), Limits(), gold=Gold(toolset), store=store)
        planned = [[one.key, one.plan, one.proof] for one in store.planned("run")]
    print(plan.episodes, digest(planned, 64))

anyio.run(main)
"""


@pytest.mark.slow
def test_plans_and_keys_are_the_same_in_any_process() -> None:
    command = [sys.executable, "-c", PLANS]
    told = {
        subprocess.run(
            command,
            env=os.environ | {"PYTHONPATH": PATHS, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    (line,) = told
    assert int(line.split()[0]) > len(DEPOT.tasks)
