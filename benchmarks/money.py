"""What a decision costs: episodes until a release is passed or failed, by the gate and by a fixed sample, on real episodes.

    python benchmarks/money.py [--runs 60] [--processes 2]

Each run is `perturb run --gate 'drop<=10%'` on a suite of its own: forty tasks, each with an agent `flaky` at a rate that is
drawn as in the simulations (`populations.py`: success .7, correlation .3), and at another where tools go by other names, so
that the mean drop of the suite is exactly the true one. The gate runs until it is certain; the same run is then made whole, and
a one-sided t-test each way judges all of its pairs. In brackets are the published figures, of simulated pairs. Fails where the
gate passes or fails at the boundary more often than its level by more than three Monte Carlo errors, or does not save a third
of the episodes at a drop of 0 or 40.
"""

from __future__ import annotations

import argparse
import math
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
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from benchmarks import gate_runs  # noqa: E402
from benchmarks.coverage import GATE  # noqa: E402
from benchmarks.populations import Population  # noqa: E402
from benchmarks.trivial import TOOLS  # noqa: E402
from perturb.agent import Agent, AgentContext  # noqa: E402
from perturb.evaluation import Prepared, Request, evaluate, prepare, store_path  # noqa: E402
from perturb.gate_pairs import Gate, launches  # noqa: E402
from perturb.loading import find_agent  # noqa: E402
from perturb.planning import Design, Limits  # noqa: E402
from perturb.store import Store  # noqa: E402

DROPS = tuple(GATE)
TASKS, LEVEL = 40, 0.05
TOOLSET = str(ROOT / "benchmarks" / "trivial.py")
OWN_NAMES = {tool.name for tool in TOOLS}


class Decision(NamedTuple):
    """What the gate answered and after how many episodes, and what the fixed sample of the same run did."""

    gate: str
    episodes: int
    fixed: str
    fixed_episodes: int


def rates(drop: float, seed: int) -> tuple[list[float], list[float]]:
    """How often each task passes, clean and perturbed; the mean of the differences is the drop."""
    clean, perturbed = Population(drop=drop).draw(np.random.default_rng([seed, round(1000 * drop)]), (TASKS,))
    for _ in range(200):
        perturbed = np.clip(perturbed + (clean.mean() - drop - perturbed.mean()), 0.0, 1.0)
    return clean.tolist(), perturbed.tolist()


async def flaky_suite(prepared: Prepared, drop: float, seed: int) -> Agent:
    """An agent that is, in each task and arm, `flaky` at the rate of that task and arm."""
    found, transcripts = find_agent("flaky"), await prepared.gold.transcripts()

    def at(rate: float, arm: int, number: int) -> Any:
        context = AgentContext(transcripts=transcripts, option=str(1.0 - rate), seed=seed * 1000 + 2 * number + arm)
        return found.make(context).function

    arms = [[at(rate, arm, number) for number, rate in enumerate(side)] for arm, side in enumerate(rates(drop, seed))]
    number_of = {task.prompt: number for number, task in enumerate(prepared.toolset.tasks)}

    async def agent(episode: Any) -> str:
        perturbed = not OWN_NAMES & {tool.name for tool in episode.tools}
        answer: str = await arms[perturbed][number_of[episode.prompt]](episode)
        return answer

    return agent


async def decided(drop: float, seed: int, folder: Path) -> Decision:
    """One run, until its gate is certain and then whole, with one agent: its luck goes on where it was."""
    request = Request(
        agent="flaky",
        toolset=TOOLSET,
        operators=("tools.case_style",),
        design=Design(seed=seed),
        limits=Limits(concurrency=1),
        gate=Gate(limit=gate_runs.LIMIT),
        folder=folder,
    )
    prepared = await prepare(request)
    agent = msgspec.structs.replace(prepared.agent, function=await flaky_suite(prepared, drop, seed))
    first = await evaluate(msgspec.structs.replace(prepared, agent=agent))
    made_whole = msgspec.structs.replace(request, gate=Gate(limit=gate_runs.LIMIT, early_stop=False))
    whole = await evaluate(msgspec.structs.replace(await prepare(made_whole), agent=agent))
    answer, later = first.data["gate"], whole.data["gate"]["answer"]
    if later != answer["answer"] or whole.run != first.run:
        raise SystemExit(f"error: the gate says {later} of a whole run, and {answer['answer']} of its beginning")
    with Store(store_path(request)) as store:
        passed = {one.key: one.outcome == "passed" for one in store.finished(whole.run)}
        pairs = list(launches(store.planned(whole.run), "headline"))
    d = np.array([[float(passed[one.clean]) - float(passed[one.perturbed]) for one in pairs]])
    fixed = gate_runs.fixed(d)
    judged = "pass" if fixed.passed else "fail" if fixed.failed else "inconclusive"
    return Decision(answer["answer"], answer["episodes"]["run"], judged, len(passed))


def measured(drop: float, seeds: Sequence[int]) -> list[Decision]:
    found = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            found.append(anyio.run(decided, drop, seed, Path(folder)))
    return found


def row(drop: float, found: Sequence[Decision]) -> str:
    """A line of the table: mean episodes with their Monte Carlo error, the share decided rightly (at the boundary: failed)."""
    runs, way = len(found), GATE[drop][1][2]
    episodes = [one.episodes for one in found]
    error = float(np.std(episodes, ddof=1)) / math.sqrt(runs) if runs > 1 else 0.0
    fixed = sum(one.fixed == way for one in found) / runs
    gate = sum(one.gate == way for one in found) / runs
    (fixed_there, fixed_share, _), (gate_there, gate_share, _) = GATE[drop][:2]
    whole = sum(one.fixed_episodes for one in found) / runs
    return (
        f"| {100 * drop:.0f} | {whole:.0f} ({fixed_there}), {fixed:.2f} ({fixed_share:g}) | "
        f"{np.mean(episodes):.0f} ± {error:.0f} ({gate_there}), {gate:.2f} ({gate_share:g}) | "
        f"{1 - np.mean(episodes) / whole:.0%} |"
    )


def wrong_with(drop: float, found: Sequence[Decision]) -> list[str]:
    runs = len(found)
    saved = 1 - sum(one.episodes for one in found) / sum(one.fixed_episodes for one in found)
    wrong = []
    if drop == gate_runs.LIMIT:
        most = LEVEL + 3 * math.sqrt(LEVEL * (1 - LEVEL) / runs)
        for way in ("pass", "fail"):
            share = sum(one.gate == way for one in found) / runs
            if share > most:
                wrong.append(f"at the boundary the gate says {way} in {share:.3f} of the runs, and may in {most:.3f}")
    if drop in (0.0, 0.4) and saved < 1 / 3:
        wrong.append(f"at a drop of {drop:g} the gate saves {saved:.0%} of the episodes")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    start, wrong = time.perf_counter(), []
    print(f"{asked.runs} runs a drop, {TASKS} tasks, the gate at {100 * gate_runs.LIMIT:g} points\n")
    print("| True drop | fixed sample: episodes, decided | gate: episodes, decided | saved |\n|---|---|---|---|")
    with ProcessPoolExecutor(asked.processes, get_context("spawn")) as pool:
        for drop in DROPS:
            parts = [range(part, asked.runs, asked.processes) for part in range(asked.processes)]
            found = [one for part in pool.map(measured, [drop] * asked.processes, parts) for one in part]
            print(row(drop, found), flush=True)
            wrong += wrong_with(drop, found)
    print(f"\n{time.perf_counter() - start:.0f} s")
    for problem in wrong:
        print(f"error: {problem}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
