"""How time and memory grow from a hundred to a hundred thousand episodes.

    python benchmarks/growth.py [--most 100000]

Each size runs in a process of its own, with a task for every twenty episodes, half of them clean and half under a stack of
five: planned, run, stored, and summed up for the report. Memory is the largest resident size of the process in MiB, and
what the plan, the episodes and the summary each added to it.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]


def peak() -> float:
    """The largest resident memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def one_size(count: int) -> None:
    """Run `count` episodes and print a row."""
    import anyio

    from benchmarks.trivial import Instant, Trivial, draw_stack, episodes
    from perturb.assembling import stored_rows
    from perturb.operator import Setup
    from perturb.planning import Limits, RunPlan
    from perturb.runner import run_episodes
    from perturb.statistics import summarize
    from perturb.store import Store

    # Ten trials a task in each arm; an odd number of tasks, so that each gets both arms in turn.
    toolset, agent = Trivial(count // 20 | 1), Instant()
    setup = Setup.of(toolset)
    stack = draw_stack(setup, 0)
    summarize([])
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "growth.sqlite") as store:
        base, start = peak(), time.perf_counter()
        store.add_pairs("growth", 0, episodes(toolset, count, itertools.cycle((None, stack)), "growth"))
        plan = RunPlan(run="growth", episodes=count)
        planned = peak()

        async def run() -> None:
            await run_episodes(toolset, agent, plan, Limits(), store=store, setup=setup)

        anyio.run(run)
        ran = time.perf_counter() - start
        run_peak = peak()
        summary = summarize(stored_rows(store, "growth", ()))
        seconds = time.perf_counter() - start
        size = sum(file.stat().st_size for file in Path(folder).iterdir()) / 2**20
    if summary.outcomes_clean.get("passed", 0) + summary.outcomes_perturbed.get("passed", 0) != count:
        raise SystemExit(f"only {summary.outcomes_clean} and {summary.outcomes_perturbed} of {count} passed")
    print(
        f"{count:>9,} {ran:>9.1f} {count / ran:>10,.0f} {seconds - ran:>10.2f} {peak():>9.0f} {planned - base:>10.1f} "
        f"{run_peak - planned:>9.1f} {peak() - run_peak:>9.1f} {size:>9.1f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=100_000)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        one_size(options.one)
        return
    print("                                             peak memory in MiB: whole, added by plan, episodes, summary")
    columns = {
        "episodes": 9,
        "run s": 9,
        "a second": 10,
        "summary s": 10,
        "peak": 9,
        "plan": 10,
        "run": 9,
        "sum": 9,
        "store": 9,
    }
    print(" ".join(f"{name:>{width}}" for name, width in columns.items()))
    size = 100
    while size <= options.most:
        subprocess.run([sys.executable, __file__, "--one", str(size)], check=True)
        size *= 10


if __name__ == "__main__":
    main()
