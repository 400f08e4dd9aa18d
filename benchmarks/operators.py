"""Microseconds that each operator adds to a call, and that binding its plan to a toolset takes.

    python benchmarks/operators.py [--toolset airline] [--rounds 5]

The gold calls of every task that an operator applies to are driven through the operator's lens and, in turn with it,
through none; the difference over the real calls, medians over the rounds, is what the operator adds.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

import anyio

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from perturb.loading import load_toolset  # noqa: E402
from perturb.operator import NotApplicable, SeededPick, StackLens, lens_for  # noqa: E402
from perturb.operators import TABLE  # noqa: E402
from perturb.replay import Gold, run_gold  # noqa: E402
from perturb.toolset import Task, Toolset  # noqa: E402


async def _seconds(toolset: Toolset, tasks: list[Task], lens: StackLens) -> float:
    start = time.process_time()
    for task in tasks:
        await run_gold(toolset, task, lens)
    return time.process_time() - start


async def measure(toolset: Toolset, rounds: int) -> None:
    """Print a row for each operator."""
    gold = Gold(toolset)
    clean = lens_for(None, gold.setup)
    print(f"toolset {toolset.name}, {len(gold.setup.tools)} tools, {rounds} rounds, medians of processor time")
    print(f"{'operator':<26} {'us added a call':>16} {'ms to bind':>11} {'tasks':>6} {'calls':>6}")
    for operator in TABLE:
        plan = operator.plan(gold.setup, SeededPick(7, operator.id), 1.0)
        if isinstance(plan, NotApplicable):
            print(f"{operator.id:<26} not applicable: {plan.reason}")
            continue
        start = time.process_time()
        lens = lens_for(plan, gold.setup)
        bind = time.process_time() - start
        tasks = [task for task in toolset.tasks if (await gold.prove(task, plan, lens)).status == "solvable"]
        calls = sum(len(task.gold or ()) for task in tasks)
        if not calls:
            print(f"{operator.id:<26} no task meets it")
            continue
        added = []
        for _ in range(rounds):
            without = await _seconds(toolset, tasks, clean)
            added.append((await _seconds(toolset, tasks, lens) - without) / calls)
        print(
            f"{operator.id:<26} {1e6 * statistics.median(added):>16.0f} {1e3 * bind:>11.2f} {len(tasks):>6} {calls:>6}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--toolset", default="airline")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    anyio.run(measure, load_toolset(options.toolset), options.rounds)


if __name__ == "__main__":
    main()
