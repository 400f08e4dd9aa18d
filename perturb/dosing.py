"""Each operator at several intensities: the plan of such a run, and success against intensity for its report."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from perturb.episode import AGENT_OUTCOMES
from perturb.errors import ConfigurationError
from perturb.operator import Operator
from perturb.planning import LeftOut, Prover
from perturb.statistics import Dose, DoseResponse, dose_response, holm
from perturb.store import Planned, Store


def read_doses(text: str) -> tuple[float, ...]:
    """Intensities written as `0.25,0.5,1`, in order. Raises `ConfigurationError`, with what is right."""
    try:
        doses = tuple(sorted({float(part) for part in text.split(",")}))
    except ValueError:
        doses = ()
    if not doses or not all(0.0 < dose <= 1.0 for dose in doses):
        raise ConfigurationError(f"{text!r} are no doses; write intensities above 0 and up to 1, as in --dose 0.25,0.5,1")
    return doses


async def dosed(
    prover: Prover, first: Sequence[Planned], doses: Sequence[float], operators: Sequence[type[Operator]]
) -> AsyncIterator[Planned | LeftOut]:
    """The plan: for each trial and task the clean episode, then each operator that applies at each dose.

    The plans of one trial come of one draw, of which a dose takes a part: a larger dose changes what a smaller one does, and
    more. A dose has numbers of trials of its own: those of the second begin where those of the first end.
    """
    of = {operator.id: operator for operator in operators}
    cells: dict[str, list[str]] = {}
    for one in first:
        cells.setdefault(one.task, []).append(str(one.operator))
    design = prover.design
    for trial in range(max(design.trials, design.clean_trials)):
        for task_id, names in cells.items():
            task = prover.toolset.task(task_id)
            for clean in prover.clean(task, trial):
                yield clean
            for name in names if trial < design.trials else ():
                for number, dose in enumerate(doses):
                    yield await prover.pair(of[name], task, trial, intensity=dose, number=number * design.trials + trial)


def dose_data(store: Store, run: str, doses: Sequence[float], trials: int, confidence: float = 0.95) -> list[dict[str, Any]]:
    """Success against intensity for each operator, the steepest first, as data of a report; intervals hold together."""
    clean: dict[str, list[Dose]] = {}
    by_operator: dict[str, dict[str, list[Dose]]] = {}
    for one in store.finished(run):
        if one.outcome not in AGENT_OUTCOMES:
            continue
        passed = int(one.outcome == "passed")
        if one.operator is None:
            clean.setdefault(one.task, []).append(Dose(0.0, passed, 1))
        else:
            dose = Dose(doses[one.trial // trials], passed, 1)
            by_operator.setdefault(one.operator, {}).setdefault(one.task, []).append(dose)
    each = 1.0 - (1.0 - confidence) / max(1, len(by_operator))
    found = {
        name: dose_response({task: [*clean.get(task, ()), *mine] for task, mine in tasks.items()}, each)
        for name, tasks in by_operator.items()
    }
    adjusted = holm([one.slope.p_value for one in found.values()])
    rows = [_row(name, one, p) for (name, one), p in zip(found.items(), adjusted, strict=True)]
    return sorted(rows, key=lambda row: (-row["slope"], row["operator"]))


def _row(name: str, found: DoseResponse, p_adjusted: float) -> dict[str, Any]:
    slope = found.slope
    return {
        "operator": name,
        "levels": [{"intensity": level.intensity, "success": level.success} for level in found.levels],
        "slope": slope.estimate,
        "interval": None if slope.tasks < 2 else [slope.low, slope.high],
        "p_adjusted": p_adjusted,
        "tasks": slope.tasks,
    }
