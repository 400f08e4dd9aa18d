"""Two runs side by side: whether they can be compared, which agent loses less, and which pairs flipped which way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from perturb.assembling import stored_rows
from perturb.errors import ConfigurationError
from perturb.statistics import Estimate, compare_agents, holm, hull_t
from perturb.statistics.contrast import Contrast, contrast, plain, pooled
from perturb.statistics.tallies import Tally, count
from perturb.store import Store
from perturb.types import HEADLINE_KINDS, digest

CONFIDENCE = 0.95
Cells = dict[tuple[str, str], Tally]
"""The counts of each task under each operator that counts towards the headline."""


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two runs, over the tasks and operators that both have; rates and drops are fractions."""

    run: str
    agent: str
    clean: float
    perturbed: float
    drop: float
    interval: tuple[float, float]
    retention: float | None
    retention_interval: tuple[float, float | None]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One operator: its drop in either run, and the first minus the second; intervals of a table hold together."""

    operator: str
    tasks: int
    drops: tuple[float, float]
    difference: float
    interval: tuple[float, float]
    p_adjusted: float


class Flip(msgspec.Struct, frozen=True, kw_only=True):
    """A task, clean (`operator` is `None`) or under an operator, that one run mostly passes and the other mostly does not:
    `better` is 0 or 1, the run that passes."""

    task: str
    operator: str | None
    better: int
    passed: tuple[str, str]


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """Two runs compared. `difference` is the first drop minus the second, above 0 where the first loses more. `cautions` say
    what is not alike in the two; `same_plans` of `pairs` pairs had the same perturbation."""

    runs: tuple[Side, Side]
    difference: float
    interval: tuple[float, float]
    p_value: float
    tasks: int
    pairs: int
    same_plans: int
    operators: list[Row]
    flips: list[Flip]
    cautions: list[str]


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What is compared of one run: what it was made of, and its counts. `state` is the digest of its toolset, `versions` are
    those of its operators, `plans` the digests of the perturbations that count, by task, operator and trial."""

    run: str
    agent: str
    toolset: str
    state: str | None
    seed: int
    intensity: float
    plan_scope: str
    release: str
    versions: dict[str, int]
    clean: dict[str, Tally]
    cells: Cells
    plans: dict[tuple[str, str, int], str] = {}

    def contrast(self, shared: Mapping[tuple[str, str], object], operator: str | None = None) -> Contrast:
        tasks: dict[str, dict[str, Tally]] = {}
        for task, name in shared:
            if operator in (None, name):
                tasks.setdefault(task, {})[name] = self.cells[task, name]
        return contrast(plain(self.clean), {task: pooled(cells) for task, cells in tasks.items()})


def read_measured(store: Store, run: str) -> Measured:
    """What a stored run has measured."""
    kept = store.header(run)
    assert kept is not None
    header, made_of = kept["header"], kept.get("made_of") or {}
    tallies = count(stored_rows(store, run))
    return Measured(
        run=run,
        agent=header["agent"],
        toolset=header["toolset"],
        state=made_of.get("toolset"),
        seed=header["seed"],
        intensity=header["intensity"],
        plan_scope=header["plan_scope"],
        release=header["version"],
        versions=made_of.get("operators") or {},
        clean={task: tally for task, tally in tallies.clean.items() if tally.trials},
        cells={(task, name): tally for task, cells in tallies.headline().items() for name, tally in cells.items()},
        plans={
            (one.task, one.operator, one.trial): digest(one.plan)
            for one in store.planned(run)
            if one.operator is not None and one.kind in HEADLINE_KINDS
        },
    )


def compare_runs(first: tuple[Store, str], second: tuple[Store, str]) -> Compared:
    """Compare two stored runs over the tasks and operators that both have, by the double difference of each task.

    Raises `ConfigurationError` where they cannot be compared: toolsets, or versions of all operators, that differ.

    Source: see `perturb.statistics.compare_agents`.
    """
    return compare(read_measured(*first), read_measured(*second))


def compare(a: Measured, b: Measured) -> Compared:
    """The same of what was measured, wherever it is kept."""
    cautions = list(_cautions(a, b))
    others = _other_versions(a, b)
    cells = (cell for cell in a.cells if cell in b.cells and cell[1] not in others)
    shared = dict.fromkeys(cell for cell in cells if cell[0] in a.clean and cell[0] in b.clean)
    if not shared:
        why = f"; operators of other versions: {', '.join(sorted(others))}" if others else ""
        raise ConfigurationError(
            f"runs {a.run} and {b.run} have no task under the same operator in both arms, so nothing can be compared{why}"
        )
    ours, theirs = a.contrast(shared), b.contrast(shared)
    got = compare_agents(ours, theirs, CONFIDENCE)
    pairs = [pair for pair in a.plans if pair in b.plans and pair[:2] in shared]
    return Compared(
        runs=(_side(a, ours, got.retention_a), _side(b, theirs, got.retention_b)),
        difference=got.difference.estimate,
        interval=(max(-2.0, got.difference.low), min(2.0, got.difference.high)),
        p_value=got.difference.p_value,
        tasks=len(got.tasks),
        pairs=len(pairs),
        same_plans=sum(a.plans[pair] == b.plans[pair] for pair in pairs),
        operators=_rows(a, b, shared),
        flips=list(_flips(a, b, shared)),
        cautions=cautions,
    )


def _cautions(a: Measured, b: Measured) -> Iterator[str]:
    mine, theirs = a.state, b.state
    if a.toolset != b.toolset and (mine is None or mine != theirs):
        names = f"{a.toolset!r} and {b.toolset!r}"
        raise ConfigurationError(f"runs {a.run} and {b.run} are of two toolsets, {names}, so they cannot be compared")
    if mine is None or theirs is None:
        yield "one of the runs does not say which state of the toolset it was made with"
    elif mine != theirs:
        yield "the toolset has changed between the runs: tasks of one name may be other tasks"
    for name, words in (("seed", "seeds"), ("intensity", "intensities"), ("plan_scope", "plan scopes")):
        if getattr(a, name) != getattr(b, name):
            yield f"the {words} differ ({getattr(a, name)} and {getattr(b, name)}), and so do the perturbations"
    for operator in sorted(_other_versions(a, b)):
        yield f"{operator} is of another version in either run, and is left out"
    if a.release != b.release:
        yield f"the runs were made by two releases of Perturb ({a.release} and {b.release})"


def _other_versions(a: Measured, b: Measured) -> set[str]:
    return {name for name in a.versions if name in b.versions and a.versions[name] != b.versions[name]}


def _side(run: Measured, paired: Contrast, kept: Estimate) -> Side:
    estimate = paired.estimate(CONFIDENCE)
    known = kept.estimate == kept.estimate
    return Side(
        run=run.run,
        agent=run.agent,
        clean=paired.clean_rate or 0.0,
        perturbed=paired.perturbed_rate or 0.0,
        drop=estimate.estimate,
        interval=(max(-1.0, estimate.low), min(1.0, estimate.high)),
        retention=kept.estimate if known else None,
        retention_interval=(kept.low, kept.high if kept.high < float("inf") else None),
    )


def _rows(a: Measured, b: Measured, shared: Mapping[tuple[str, str], object]) -> list[Row]:
    operators = list(dict.fromkeys(operator for _, operator in shared))
    each = 1.0 - (1.0 - CONFIDENCE) / len(operators)
    found = [(name, a.contrast(shared, name), b.contrast(shared, name)) for name in operators]
    compared = [(name, x, y, compare_agents(x, y, each).difference) for name, x, y in found]
    adjusted = holm([difference.p_value for *_, difference in compared])
    rows = [
        Row(
            operator=name,
            tasks=difference.tasks,
            drops=(hull_t(x.differences, x.k).estimate, hull_t(y.differences, y.k).estimate),
            difference=difference.estimate,
            interval=(max(-2.0, difference.low), min(2.0, difference.high)),
            p_adjusted=p,
        )
        for (name, x, y, difference), p in zip(compared, adjusted, strict=True)
    ]
    return sorted(rows, key=lambda row: (-abs(row.difference), row.operator))


def _flips(a: Measured, b: Measured, shared: Mapping[tuple[str, str], object]) -> Iterator[Flip]:
    tasks = dict.fromkeys(task for task, _ in shared)
    cells: list[tuple[str, str | None, Tally, Tally]] = [(task, None, a.clean[task], b.clean[task]) for task in tasks]
    cells += [(task, operator, a.cells[task, operator], b.cells[task, operator]) for task, operator in shared]
    for task, operator, mine, theirs in cells:
        sides = [2 * tally.passed - tally.trials for tally in (mine, theirs)]
        if sides[0] * sides[1] < 0:
            told = (f"{mine.passed} of {mine.trials}", f"{theirs.passed} of {theirs.trials}")
            yield Flip(task=task, operator=operator, better=int(sides[1] > 0), passed=told)
