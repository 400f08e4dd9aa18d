"""How planning and showing grow with the number of tools.

    python benchmarks/catalogue.py [--sizes 10 100 1000 5000] [--operators GLOB] [--rounds 3]

A catalogue is made of tools with nested schemas (objects within objects, lists of objects, enums, defaults), no two alike.
For each operator a plan is drawn at intensity 1 and what it shows is made: the whole set of tools, without our own marks.
Both are timed in processor time, medians over rounds, each round with a seed of its own. `worst step` is the largest factor
by which the time grew from one size to the next, divided by the factor of n log n; at most 1 is no worse than n log n. Times
under 2 ms are left out of it, since they are mostly fixed cost.
"""

from __future__ import annotations

import argparse
import gc
import math
import random
import statistics
import sys
import time
from fnmatch import fnmatch
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from benchmarks.trivial import Shelves  # noqa: E402
from perturb.operator import NotApplicable, Operator, SeededPick, Setup, lens_for  # noqa: E402
from perturb.operators import TABLE  # noqa: E402
from perturb.toolset import Task, Toolset  # noqa: E402
from perturb.types import JSON, Tool  # noqa: E402

VERBS = ("get", "list", "create", "update", "delete", "search", "send", "open", "close", "assign")
THINGS = (
    *("order", "invoice", "customer", "ticket", "shipment", "payment", "product", "refund", "contract", "message"),
    *("booking", "account", "file", "report", "campaign", "device", "order_line", "address", "event", "user"),
)
PARTS = ("billing", "archived", "monthly", "regional", "internal", "draft", "shared", "recurring", "partner", "legacy")
FLOOR = 0.002


class Catalogue(Toolset):
    """So many tools, of which one task needs one."""

    name = "catalogue"
    system = "You keep the books."

    def __init__(self, size: int) -> None:
        chance = random.Random(size)
        self.tools = tuple(_tool(index, chance) for index in range(size))
        self.tasks = (Task(id="one", prompt="Do it.", gold=(), answer="done", check=lambda *_: True),)

    def environment(self, task: Task) -> Shelves:
        return Shelves()


def _tool(index: int, chance: random.Random) -> Tool:
    verb, rest = VERBS[index % len(VERBS)], index // len(VERBS)
    thing, rest = THINGS[rest % len(THINGS)], rest // len(THINGS)
    part, rest = PARTS[rest % len(PARTS)], rest // len(PARTS)
    name = "_".join(filter(None, (verb, part, thing, str(rest) if rest else "")))
    return Tool(
        name=name,
        description=f"{verb.title()} one {part} {thing.replace('_', ' ')}; see `{thing}_id` for which.",
        parameters={
            "type": "object",
            "properties": {f"{thing}_id": {"type": "string", "description": f"Which {thing}."}, **_fields(chance, 3)},
            "required": [f"{thing}_id"],
            "additionalProperties": False,
        },
        returns={"type": "object", "properties": {"id": {"type": "string"}, **_fields(chance, 2)}, "required": ["id"]},
        effect="read" if verb in ("get", "list", "search") else "write",
        idempotent=verb in ("get", "list", "search"),
    )


def _fields(chance: random.Random, depth: int) -> dict[str, JSON]:
    """Some properties: scalars, and below the last depth objects and lists of objects."""
    scalars: dict[str, Any] = {
        "status": {"type": "string", "enum": ["open", "closed", "waiting"], "description": "Where it stands."},
        "limit": {"type": "integer", "default": 20, "minimum": 1, "description": "How many at most."},
        "created_on": {"type": "string", "format": "date", "description": "The day, as YYYY-MM-DD."},
        "note": {"type": "string", "description": "What else to know."},
        "express": {"type": "boolean", "description": "Whether it is urgent."},
    }
    found = {key: scalars[key] for key in chance.sample(sorted(scalars), 3)}
    if depth > 1:
        within = {"type": "object", "properties": _fields(chance, depth - 1)}
        found["details"] = within if chance.random() < 0.5 else {"type": "array", "items": within}
    return found


def measure(operator: type[Operator], setup: Setup, rounds: int) -> tuple[float, float] | None:
    """Seconds to plan, and to show; `None` where the operator does not apply."""
    planned, shown = [], []
    gc.collect()
    gc.disable()  # what one operator has left behind is not to be collected at the cost of another
    for seed in range(rounds):
        start = time.process_time()
        plan = operator.plan(setup, SeededPick(seed, operator.id), 1.0)
        planned.append(time.process_time() - start)
        if isinstance(plan, NotApplicable):
            return None
        start = time.process_time()
        lens = lens_for(plan, setup)
        assert lens.setup.public_tools
        shown.append(time.process_time() - start)
    gc.enable()
    return statistics.median(planned), statistics.median(shown)


def growth(sizes: list[int], seconds: list[float]) -> float:
    """The worst step: how much more than n log n the time grew from one size to the next."""
    steps = [
        (after / max(before, FLOOR)) / ((large * math.log(large)) / (small * math.log(small)))
        for (small, before), (large, after) in pairwise(zip(sizes, seconds, strict=True))
        if after >= FLOOR
    ]
    return max(steps, default=0.0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 100, 1000, 5000])
    parser.add_argument("--operators", default="*")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    setups = [Setup.of(Catalogue(size)) for size in options.sizes]
    for setup in setups:
        # What is kept with a toolset is made once for all its plans, and is no operator's cost.
        assert setup.words | setup.names | setup.values
        assert setup.public_tools
    print(f"{'operator':<26} {'ms to plan and to show, by number of tools':<64} {'worst step':>10}")
    print(f"{'':<26} " + " ".join(f"{size:>15,}" for size in options.sizes))
    worse = []
    for operator in TABLE:
        if not fnmatch(operator.id, options.operators):
            continue
        found = [measure(operator, setup, options.rounds) for setup in setups]
        if any(one is None for one in found):
            print(f"{operator.id:<26} does not apply to such a catalogue")
            continue
        times = [one for one in found if one is not None]
        step = max(growth(options.sizes, [one[part] for one in times]) for part in (0, 1))
        worse += [operator.id] if step > 1 else []
        told = " ".join(f"{1e3 * plan:>7.1f} {1e3 * show:>7.1f}" for plan, show in times)
        print(f"{operator.id:<26} {told} {step:>10.2f}", flush=True)
    print(f"worse than n log n: {', '.join(worse) or 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
