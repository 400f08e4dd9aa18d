"""The order of fragility of the reference agents, which calibrates the tester: drops over the episodes that met the change.

    python benchmarks/reference_agents.py airline agentdojo:workspace [--write]

Prints one table a toolset, and each expected order with the operators where it holds and where it does not. An order that
says that one agent loses more than another is tried where either loses something. Nothing here tunes an agent: an order
that fails is printed as it is. `--write` puts the tables into the report, whose last part is written by hand and kept.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from perturb.evaluation import Request, evaluate, prepare  # noqa: E402
from perturb.operators import TABLE  # noqa: E402

AGENTS = ("literal", "reader", "adaptive", "planner")
RETIRE = tuple(one.id for one in TABLE if one.retires_calls)
FAULTS = tuple(one.id for one in TABLE if one.promises == "fault")
ERRORS = tuple(one.id for one in TABLE if one.id.startswith("errors."))
CHANGED = ("results.paginate", *(one.id for one in TABLE if one.phase == "state"))
"""Operators under which a later call may need a value that is another one now, or stands elsewhere."""
REPORT = ROOT / "reports" / "reference-agents" / "README.md"
REASONS = "## Where an order fails, and why"
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

    known = {one: row for one, row in drops.items() if not any(math.isnan(drop) for drop in row.values())}

    def no_worse(name: str, one: str, other: str) -> tuple[str, list[str], list[str]]:
        fails = [id for id, drop in known.items() if drop[one] > drop[other] + SLACK]
        return name, [id for id in known if id not in fails], fails

    def worse(name: str, ids: tuple[str, ...], one: str, other: str) -> tuple[str, list[str], list[str]]:
        tried = [id for id in ids if id in known and max(known[id][one], known[id][other]) > SLACK]
        holds = [id for id in tried if known[id][one] > known[id][other] + SLACK]
        return name, holds, [id for id in tried if id not in holds]

    found = [
        worse("`literal` drops more than `reader` where a call form is retired", RETIRE, "literal", "reader"),
        no_worse("`adaptive` at least matches `reader`", "adaptive", "reader"),
        worse("`adaptive` beats `reader` under faults", FAULTS, "reader", "adaptive"),
        no_worse("`planner` is no better than `adaptive`", "adaptive", "planner"),
        worse("`planner` falls behind `adaptive` where a later call may need a changed value", CHANGED, "planner", "adaptive"),
    ]
    if toolset == "airline":
        found.insert(3, worse("`adaptive` beats `reader` under other errors", ERRORS, "reader", "adaptive"))
    return found


def points(drop: float) -> str:
    return "–" if math.isnan(drop) else f"{100 * drop:.1f}"


def told(toolset: str) -> Iterator[str]:
    """The lines that tell of one toolset."""
    with tempfile.TemporaryDirectory() as folder:
        drops, clean = anyio.run(measure, toolset, Path(folder))
    yield f"## {toolset}\n"
    yield "Clean: " + ", ".join(f"{agent} {100 * rate:.0f} %" for agent, rate in clean.items()) + "\n"
    yield "| operator | " + " | ".join(AGENTS) + " |\n|---|" + "--:|" * len(AGENTS)
    for operator, row in drops.items():
        yield f"| `{operator}` | " + " | ".join(points(row[agent]) for agent in AGENTS) + " |"
    yield ""
    for name, holds, fails in orders(drops, toolset):
        where = ", ".join(f"`{one}`" for one in fails)
        count = f"holds for {len(holds)} of {len(holds) + len(fails)}" if holds or fails else "neither loses anything"
        yield f"- {name}: {count}" + (f"; not for {where}" if fails else "")
    yield ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("toolsets", nargs="*", default=["airline"])
    parser.add_argument("--write", action="store_true", help="put the tables into reports/reference-agents/README.md")
    options = parser.parse_args()
    lines = [
        "# The order of fragility of the reference agents\n",
        "Points of success lost over the episodes that met the change. Instruments, not models.\n",
        f"    python benchmarks/reference_agents.py {' '.join(options.toolsets)} --write\n",
    ]
    for toolset in options.toolsets:
        for line in told(toolset):
            print(line, flush=True)
            lines.append(line)
    if options.write:
        by_hand = REPORT.read_text(encoding="utf-8").split(REASONS)[-1]
        REPORT.write_text("\n".join([*lines, REASONS]) + by_hand, encoding="utf-8")


if __name__ == "__main__":
    main()
