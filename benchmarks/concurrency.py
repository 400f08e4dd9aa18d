"""Many episodes at once, with a model that takes 200 ms: how near a run comes to the physical limit, and what memory it takes.

    python benchmarks/concurrency.py [--episodes 2000] [--at-once 200] [--latency 0.2] [--rounds 3]
    python benchmarks/concurrency.py --memory [--most 1000]

The limit is that of the waiting alone: the turns that have to follow one another, each of one latency. `sleeps` is an agent
that waits in this process, so that what is missing is the engine's; `asks` is `chat:` with the SDK, over sockets, with every
response stored, so that what is missing is that of a whole request. Memory is the largest resident size of a process that runs
`--most` episodes, all of them at once, beside that of one that runs as many one after the other.
"""

from __future__ import annotations

import argparse
import itertools
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from benchmarks.canned_model import TURNS, canned  # noqa: E402
from benchmarks.growth import peak  # noqa: E402
from benchmarks.trivial import Instant, Trivial, episodes  # noqa: E402
from perturb.agent import AgentContext  # noqa: E402
from perturb.agent_files import find_agent  # noqa: E402
from perturb.models.settings import ModelSettings  # noqa: E402
from perturb.operator import Setup  # noqa: E402
from perturb.planning import Limits, RunPlan  # noqa: E402
from perturb.runner import run_episodes  # noqa: E402
from perturb.store import Store  # noqa: E402

ARMS = ("sleeps", "asks")
LONG = 5.0
"""Seconds of a turn, so that a thousand episodes are all under way before the first is done."""


class Sleeping(Instant):
    """An agent that waits before each of its turns."""

    def __init__(self, latency: float) -> None:
        super().__init__()
        self._latency = latency

    async def function(self, boundary: Any) -> str:
        for call in boundary.task.gold:
            await anyio.sleep(self._latency)
            await boundary.call(call.name, call.arguments)
        await anyio.sleep(self._latency)
        return str(boundary.task.answer)


def ideal(count: int, at_once: int, latency: float) -> float:
    """Seconds that nobody can save: the waits of the episodes that follow one another."""
    return math.ceil(count / at_once) * TURNS * latency


def took(arm: str, url: str, count: int, at_once: int, latency: float) -> tuple[float, float]:
    """Wall-clock and processor seconds of one run."""
    toolset = Trivial()
    setup = Setup.of(toolset)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "at-once.sqlite"
        with Store(path) as store:
            store.add_pairs("at-once", 0, episodes(toolset, count, itertools.repeat(None), "at-once"))
            agent: Any = Sleeping(latency)
            if arm == "asks":
                found = find_agent("chat:canned")
                agent = found.make(AgentContext(option=found.option, settings=ModelSettings(base_url=url), store=str(path)))
            plan = RunPlan(run="at-once", episodes=count)

            async def run() -> None:
                await run_episodes(toolset, agent, plan, Limits(concurrency=at_once), store=store, setup=setup)
                if arm == "asks":
                    await agent.aclose()

            wall, cpu = time.perf_counter(), time.process_time()
            anyio.run(run)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            passed = sum(number for (_, outcome), number in store.outcomes("at-once").items() if outcome == "passed")
    if passed != count:
        raise SystemExit(f"{arm}: {passed} of {count} episodes passed; a benchmark of failures says nothing")
    return wall, cpu


def shares(arms: Sequence[str], url: str, count: int, at_once: int, latency: float, rounds: int) -> None:
    limit = ideal(count, at_once, latency)
    print(f"{count:,} episodes of {TURNS} turns, {at_once} at once, {latency * 1000:g} ms a turn: at least {limit:.2f} s")
    print(f"{'':>8} {'s':>8} {'share of the limit':>20} {'ms of processor a turn':>24}")
    runs: dict[str, list[tuple[float, float]]] = {arm: [] for arm in arms}
    for _ in range(rounds):
        for arm in arms:
            runs[arm].append(took(arm, url, count, at_once, latency))
    for arm, found in runs.items():
        wall, cpu = (statistics.median(one) for one in zip(*found, strict=True))
        print(f"{arm:>8} {wall:>8.2f} {limit / wall:>19.1%} {cpu * 1000 / count / TURNS:>24.2f}")


def memory(arms: Sequence[str], quick: str, slow: str, most: int) -> None:
    print(f"{most:,} episodes: largest resident memory, MiB")
    print(f"{'':>8} {'one by one':>12} {'all at once':>12} {'KiB an episode':>16}")
    for arm in arms:
        alone = _in_a_process(arm, quick, most, 1, 0.0)
        together = _in_a_process(arm, slow, most, most, LONG)
        print(f"{arm:>8} {alone:>12.0f} {together:>12.0f} {(together - alone) * 1024 / most:>16.0f}")


def _in_a_process(arm: str, url: str, most: int, at_once: int, latency: float) -> float:
    words = [sys.executable, __file__, "--one", arm, url, str(most), str(at_once), str(latency)]
    return float(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=2000)
    parser.add_argument("--at-once", type=int, default=200)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--most", type=int, default=1000)
    parser.add_argument("--arm", choices=ARMS, default=None, help="only this one")
    parser.add_argument("--one", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        arm, url, count, at_once, latency = options.one
        took(arm, url, int(count), int(at_once), float(latency))
        print(peak())
        return
    arms = [options.arm] if options.arm else ARMS
    if options.memory:
        with canned(0.0) as quick, canned(LONG) as slow:
            memory(arms, quick, slow, options.most)
        return
    with canned(options.latency) as url:
        shares(arms, url, options.episodes, options.at_once, options.latency, options.rounds)


if __name__ == "__main__":
    main()
