"""Episodes a second: clean, under a stack of five with one plan, and with a fresh plan for each episode.

    python benchmarks/episodes.py [--episodes 2000] [--rounds 5] [--agentdojo]

All arms are measured in turn within each round, in one process on one core; the medians over the rounds are printed. The
store is a file, and every check is on. With `--agentdojo` the ratio of perturbed to clean time on its four suites too.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from benchmarks.trivial import Instant, Trivial, draw_stack, episodes  # noqa: E402
from perturb.operator import Operator, Setup  # noqa: E402
from perturb.planning import Limits, RunPlan  # noqa: E402
from perturb.runner import run_episodes  # noqa: E402
from perturb.store import Planned, Store  # noqa: E402
from perturb.toolset import Toolset  # noqa: E402

LIMITS = Limits(concurrency=8)


def timed(
    toolset: Toolset, agent: Any, planned: Iterator[Planned], setup: Setup, folder: Path, mark: str
) -> tuple[float, float]:
    """Wall-clock and processor seconds for one run of those episodes, drawing their plans included."""
    path = folder / f"{mark}.sqlite"
    with Store(path) as store:
        wall, cpu = time.perf_counter(), time.process_time()
        store.add_pairs(mark, 0, planned)
        plan = RunPlan(run=mark, episodes=sum(1 for _ in store.planned(mark)))
        ended = anyio.run(_run, toolset, agent, plan, store, setup)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        passed = sum(number for (_, outcome), number in store.outcomes(mark).items() if outcome == "passed")
    if ended.how != "complete" or passed != plan.episodes:
        raise SystemExit(f"{mark}: {passed} of {plan.episodes} episodes passed; a benchmark of failures says nothing")
    for file in folder.glob(f"{mark}.sqlite*"):
        file.unlink()
    return wall, cpu


async def _run(toolset: Toolset, agent: Any, plan: RunPlan, store: Store, setup: Setup) -> Any:
    return await run_episodes(toolset, agent, plan, LIMITS, store=store, setup=setup)


def trivial(count: int, rounds: int, folder: Path) -> None:
    """The three arms over the trivial environment."""
    toolset, agent = Trivial(), Instant()
    setup = Setup.of(toolset)
    one = draw_stack(setup, 0)
    arms: dict[str, Any] = {
        "clean": lambda _: itertools.repeat(None),
        "stack of five, one plan": lambda _: itertools.repeat(one),
        "stack of five, fresh plans": lambda start: (draw_stack(setup, start + index) for index in itertools.count()),
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in arms}
    for number in range(rounds):
        for name, plans in arms.items():
            # Every plan of a round is new, so that nothing kept from the round before helps.
            planned = episodes(toolset, count, plans(1 + number * count), name)
            found[name].append(timed(toolset, agent, planned, setup, folder, name.replace(" ", "-")))
    print(f"{count} episodes of five calls, {rounds} rounds, medians")
    print(f"{'':<28} {'a second':>9} {'a processor second':>19} {'ratio to clean':>15}")
    for name, times in found.items():
        wall, cpu = (statistics.median(each) for each in zip(*times, strict=True))
        ratio = statistics.median(mine[1] / clean[1] for mine, clean in zip(times, found["clean"], strict=True))
        print(f"{name:<28} {count / wall:>9,.0f} {count / cpu:>19,.0f} {ratio:>15.2f}")


SUITES = ("banking", "slack", "travel", "workspace")


def agentdojo(count: int, rounds: int, folder: Path) -> None:
    """Clean against perturbed on AgentDojo, whose environments are real work: each suite, and all of them together."""
    together = [_suite(count, rounds, folder, suite) for suite in SUITES]
    clean, perturbed = (sum(each) for each in zip(*together, strict=True))
    print(f"agentdojo, all suites: perturbed takes {perturbed / clean:.2f} times as long")


def _suite(count: int, rounds: int, folder: Path, suite: str) -> tuple[float, float]:
    """The processor seconds of an episode of a suite, clean and perturbed."""
    from perturb.loading import load_toolset
    from perturb.replay import Gold

    toolset = load_toolset(f"agentdojo:{suite}")
    gold, agent = Gold(toolset), Instant()
    one = draw_stack(gold.setup, 0, ("tools.synonym", "arguments.synonym", "arguments.nest", "results.rename_keys"))

    async def solvable() -> None:
        usable = [task for task in toolset.tasks if (await gold.prove(task, one)).status == "solvable"]
        toolset.tasks = tuple(usable)

    anyio.run(solvable)
    arms: dict[str, Operator | None] = {"clean": None, "perturbed": one}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in arms}
    for _ in range(rounds):
        for name, plan in arms.items():
            planned = episodes(toolset, count, itertools.repeat(plan), name)
            found[name].append(timed(toolset, agent, planned, gold.setup, folder, name))
    ratio = statistics.median(p[1] / c[1] for p, c in zip(found["perturbed"], found["clean"], strict=True))
    clean, perturbed = (statistics.median(cpu for _, cpu in found[name]) / count for name in arms)
    print(
        f"agentdojo:{suite}, {len(toolset.tasks)} tasks, a stack of four: {1000 * clean:.2f} ms clean, "
        f"{1000 * perturbed:.2f} ms perturbed an episode, ratio {ratio:.2f}"
    )
    return clean, perturbed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--agentdojo", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        trivial(options.episodes, options.rounds, Path(folder))
        if options.agentdojo:
            agentdojo(max(100, options.episodes // 10), options.rounds, Path(folder))


if __name__ == "__main__":
    main()
