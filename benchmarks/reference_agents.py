"""The order of fragility of the reference agents, which calibrates the tester: drops over the episodes that met the change.

    python benchmarks/reference_agents.py airline agentdojo:workspace > reports/reference-agents/README.md

Prints one table a toolset, and each expected order with the operators where it holds and where it does not. Nothing here
tunes an agent: an order that fails is printed as it is.
"""

from __future__ import annotations

import math
import sys
import tempfile
from pathlib import Path
from typing import Any

import anyio

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from perturb.evaluation import Request, evaluate, prepare  # noqa: E402
from perturb.operators import TABLE  # noqa: E402

AGENTS = ("literal", "reader", "adaptive", "planner")
RETIRE = tuple(one.id for one in TABLE if one.retires_calls)
SLACK = 1e-9

Drops = dict[str, dict[str, float]]
"""Operator → agent → drop over the episodes that met the change, as a fraction; NaN where none did."""


async def measure(toolset: str, folder: Path) -> tuple[Drops, dict[str, float]]:
    """The drops of every agent on a toolset, and their clean rates."""
    drops: Drops = {}
    clean: dict[str, float] = {}
    for agent in AGENTS:
        data: dict[str, Any] = (await evaluate(await prepare(Request(agent=agent, toolset=toolset, folder=folder)))).data
        clean[agent] = data["headline"]["clean"]
        for row in data["operators"]:
            met = row["exposed_drop"]
            drops.setdefault(row["id"], {})[agent] = met["drop"] if met else math.nan
    return drops, clean


def orders(drops: Drops, toolset: str) -> list[tuple[str, list[str], list[str]]]:
    """Each expected order with the operators where it holds and where it fails; where nothing was met it says nothing."""

    def judged(name: str, ids: list[str], holds: Any) -> tuple[str, list[str], list[str]]:
        known = [one for one in ids if one in drops and not any(math.isnan(drop) for drop in drops[one].values())]
        return name, [one for one in known if holds(drops[one])], [one for one in known if not holds(drops[one])]

    every = list(drops)
    found = [
        judged(
            "`literal` drops more than `reader` where a call form is retired",
            list(RETIRE),
            lambda drop: drop["literal"] > drop["reader"] + SLACK,
        ),
        judged("`adaptive` at least matches `reader`", every, lambda drop: drop["adaptive"] <= drop["reader"] + SLACK),
        judged(
            "`adaptive` beats `reader` under faults",
            ["faults.transient"],
            lambda drop: drop["adaptive"] < drop["reader"] - SLACK,
        ),
        judged("`planner` is no better than `adaptive`", every, lambda drop: drop["planner"] >= drop["adaptive"] - SLACK),
        judged(
            "`planner` falls behind `adaptive` where a later call may need a changed value",
            ["results.paginate", "environment.entities"],
            lambda drop: drop["planner"] > drop["adaptive"] + SLACK,
        ),
    ]
    if toolset == "airline":
        found.insert(
            3,
            judged(
                "`adaptive` beats `reader` under other error forms",
                ["errors.style"],
                lambda drop: drop["adaptive"] < drop["reader"] - SLACK,
            ),
        )
    return found


def points(drop: float) -> str:
    return "–" if math.isnan(drop) else f"{100 * drop:.1f}"


def main() -> None:
    print("# The order of fragility of the reference agents\n")
    print("Points of success lost over the episodes that met the change. Instruments, not models.\n")
    print(f"    python benchmarks/reference_agents.py {' '.join(sys.argv[1:])}\n")
    for toolset in sys.argv[1:] or ["airline"]:
        with tempfile.TemporaryDirectory() as folder:
            drops, clean = anyio.run(measure, toolset, Path(folder))
        print(f"## {toolset}\n")
        print("Clean: " + ", ".join(f"{agent} {100 * rate:.0f} %" for agent, rate in clean.items()) + "\n")
        print("| operator | " + " | ".join(AGENTS) + " |\n|---|" + "--:|" * len(AGENTS))
        for operator, row in drops.items():
            print(f"| `{operator}` | " + " | ".join(points(row[agent]) for agent in AGENTS) + " |")
        print()
        for name, holds, fails in orders(drops, toolset):
            where = ", ".join(f"`{one}`" for one in fails)
            print(f"- {name}: holds for {len(holds)} of {len(holds) + len(fails)}" + (f"; not for {where}" if fails else ""))
        print(flush=True)


if __name__ == "__main__":
    main()
