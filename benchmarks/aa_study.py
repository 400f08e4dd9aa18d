"""Whether nothing is found where nothing is: runs of an agent that fails at random, under operators that do it no harm.

    python benchmarks/aa_study.py [--runs 200] [--processes 2] [--rate 0.3]

Each run is a real one, with the runner, the store and the report of `perturb run`. The agent is `flaky`, whose failures end
sooner than its right answers; the operators are proven inert first: under none of them does `reader`, which `flaky` is but for
its failures, lose anything. A row is a question; an alarm is a loss that is called certain. The gate allows a drop of 0, which
is the true one, so that any failure is false. Fails where alarms are more frequent than the stated level by more than three
Monte Carlo errors.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import msgspec

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from perturb.evaluation import Request, evaluate, prepare  # noqa: E402
from perturb.gate_pairs import Gate  # noqa: E402
from perturb.planning import Design, Limits  # noqa: E402

LEVEL = 0.05
TOOLSET = str(ROOT / "benchmarks" / "trivial.py")
INERT = (
    *("toolset.shuffle", "arguments.reorder", "schema.references", "schema.dialect"),
    *("tools.case_style", "results.key_style", "arguments.case_style", "results.reorder"),
)
TASKS = 12
LONGEST = 0.004
"""Seconds that a right answer takes at most."""


class Question(NamedTuple):
    """What is asked of a run, how it is made, and which alarms its report may raise, each with a name."""

    name: str
    request: dict[str, Any]
    alarms: tuple[str, ...]


QUESTIONS = (
    Question("report", {}, ("headline", "an operator, Holm", "an axis, Holm")),
    Question(
        "gate, concurrency 1",
        {"operators": INERT[:1], "gate": Gate(limit=0.0, trials=10), "limits": Limits(concurrency=1)},
        ("fails",),
    ),
    Question(
        "gate, concurrency 32",
        {"operators": INERT[:1], "gate": Gate(limit=0.0, trials=10), "limits": Limits(concurrency=32)},
        ("fails",),
    ),
    Question("--find-worst", {"find_worst": True, "limits": Limits(episodes=120)}, ("the confirmed drop",)),
    Question(
        "--design factorial",
        {"crossed": "factorial", "operators": INERT[:5]},
        ("a share, Holm", "an interaction, Holm", "the drop with all on"),
    ),
    Question("--design pairwise", {"crossed": "pairwise", "operators": INERT[:5]}, ("a pair breaks",)),
)


def alarms(data: dict[str, Any]) -> list[bool]:
    """Which alarms a report raises, in the order of its question's."""

    def any_of(rows: Sequence[dict[str, Any]]) -> bool:
        return any(row["p_adjusted"] is not None and row["p_adjusted"] < LEVEL for row in rows)

    if data["gate"] is not None:
        return [data["gate"]["answer"] == "fail"]
    if data["worst"] is not None:
        return [data["worst"]["confirmation"]["p_value"] < LEVEL]
    if data["attribution"] is not None:
        low, high = data["attribution"]["total"]["interval"]
        return [any_of(data["attribution"]["factors"]), any_of(data["attribution"]["interactions"]), low > 0 or high < 0]
    if data["pairwise"] is not None:
        return [any(one["breaks"] for one in data["pairwise"]["pairs"])]
    return [data["headline"]["p_value"] < LEVEL, any_of(data["operators"]), any_of(data["axes"])]


async def run(request: dict[str, Any], seed: int, agent: str, folder: Path) -> dict[str, Any]:
    asked: dict[str, Any] = {"operators": INERT, "limit": TASKS} | request
    prepared = await prepare(Request(agent=agent, toolset=TOOLSET, design=Design(seed=seed), folder=folder, **asked))
    hasty = msgspec.structs.replace(prepared.agent, function=_hasty(prepared.agent.function, seed))
    return (await evaluate(msgspec.structs.replace(prepared, agent=hasty))).data


def _hasty(agent: Any, seed: int) -> Any:
    """The same agent, whose failures come at once and whose answers take their time: under concurrency they overtake these."""
    delay = random.Random(seed)

    async def hasty(episode: Any) -> str:
        answer: str = await agent(episode)
        if answer:
            await anyio.sleep(delay.random() * LONGEST)
        return answer

    return hasty


def measured(question: str, seeds: Sequence[int], rate: float) -> list[tuple[list[bool], int]]:
    """The alarms and the episodes of one run for each seed."""
    request = next(one.request for one in QUESTIONS if one.name == question)
    found = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            data = anyio.run(run, request, seed, f"flaky:{rate}", Path(folder))
            found.append((alarms(data), data["usage"]["episodes"]))
    return found


def harmful() -> list[str]:
    """The operators that are not inert after all, or that apply nowhere."""
    with tempfile.TemporaryDirectory() as folder:
        data = anyio.run(run, {}, 0, "reader", Path(folder))
    rows = {row["id"]: row["drop"] for row in data["operators"]}
    return [one for one in INERT if rows.get(one) != 0.0]


def allowed(runs: int) -> float:
    """The largest share of alarms that chance explains at the stated level."""
    return LEVEL + 3 * math.sqrt(LEVEL * (1 - LEVEL) / runs)


def study(runs: int, processes: int, rate: float, questions: Sequence[Question] = QUESTIONS) -> list[str]:
    """Print the table; what is wrong with it."""
    wrong = [f"{one} is not inert" for one in harmful()]
    print(f"{runs} runs a question, flaky:{rate:g}, {len(INERT)} inert operators, {TASKS} tasks; level {LEVEL:g}, ", end="")
    print(f"allowed {allowed(runs):.3f}\n\n| Question | Alarm | Episodes a run | False alarms | Share |\n|---|---|---|---|---|")
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        for question in questions:
            parts = [range(part, runs, processes) for part in range(processes)]
            taken = pool.map(measured, [question.name] * processes, parts, [rate] * processes)
            found = [one for part in taken for one in part]
            episodes = sum(number for _, number in found) / runs
            for index, alarm in enumerate(question.alarms):
                false = sum(raised[index] for raised, _ in found)
                print(f"| {question.name} | {alarm} | {episodes:.0f} | {false} of {runs} | {false / runs:.3f} |", flush=True)
                if false / runs > allowed(runs):
                    wrong.append(f"{question.name}: {alarm} in {false} of {runs} runs")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rate", type=float, default=0.3, help="How often the agent fails.")
    asked = parser.parse_args()
    start = time.perf_counter()
    wrong = study(asked.runs, asked.processes, asked.rate)
    print(f"\n{time.perf_counter() - start:.0f} s")
    for problem in wrong:
        print(f"error: {problem}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
