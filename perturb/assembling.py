"""A stored run as the data of its report: its numbers, its failures with their trajectories, and the files that replay them."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from itertools import islice
from pathlib import Path
from shlex import quote
from typing import Any

import msgspec

from perturb.designs import design_data, in_tables
from perturb.dosing import dose_data
from perturb.episode import AGENT_OUTCOMES, Episode, EpisodeStep
from perturb.errors import ConfigurationError, nearest
from perturb.gate_pairs import Gate
from perturb.gating import gate_data
from perturb.plan_files import PlanFile, write_plan_file
from perturb.planning import LeftOut
from perturb.rendering.data import RunHeader, report_data
from perturb.statistics.rows import EpisodeRow
from perturb.store import Finished, Store
from perturb.thinking import thinking_data
from perturb.types import JSON, Call, digest

FAILURES_KEPT, FEWEST_OF_AN_OPERATOR = 200, 4
"""How many failed episodes a report carries with their trajectories, and at least how many of each operator; every one stays
in the store."""
LINES_KEPT = 2000
"""How many further ones it carries with the line that reproduces each."""


def assemble(store: Store, run: str, folder: Path, gate: Gate | None = None) -> dict[str, Any]:
    """The data of a stored run's report, without running anything; plan files of its failures are written to `folder`. With
    `gate` it is judged by that one, in place of its own."""
    kept = store.header(run)
    if kept is None:
        known = [name for name, _, _ in store.runs()]
        raise ConfigurationError(f"there is no run {run!r} in {store.path}; {nearest(run, known)}")
    header = msgspec.convert(kept["header"], RunHeader)
    left_out = msgspec.convert(kept["left_out"], list[LeftOut])
    failures = list(_failures(store, run, header, folder))
    shown = {(one["operator"], one["task"], one["trial"]) for one in failures}
    others = list(islice(_other_failures(store, run, header, folder, shown), LINES_KEPT))
    designed = kept.get("designed")
    data = report_data(
        header, stored_rows(store, run, left_out), failures, others, stored_rows(store, run, left_out, apart=True)
    )
    data["gold_fails_clean"] = kept["gold_fails_clean"]
    data["not_proven_tasks"] = kept["not_proven_tasks"]
    data["unsolvable"] = [_left(one, header, folder) for one in left_out if one.outcome == "unsolvable"]
    data["faults"] = [*_faults(store, run, "tester_fault", header, folder)]
    data["faults"] += [_left(one, header, folder) for one in left_out if one.outcome == "tester_fault"]
    data["infrastructure"] = [*_faults(store, run, "infrastructure_error", header, folder)]
    data["refused"] = [*_faults(store, run, "invalid_setup", header, folder)]
    data["ended"] = kept.get("ended")
    data["unparsed"] = _unparsed(store, run)
    data["filter"] = (kept.get("request") or {}).get("filter") or None
    doses = (kept.get("request") or {}).get("doses") or []
    data["doses"] = dose_data(store, run, doses, header.trials) if doses else None
    data |= design_data(store, run, designed, header.seed, data)
    data["thinking"] = thinking_data(store, run, header.operators)
    data["failed_in"] = kept.get("failed_in")
    data["shards"] = kept.get("shards")
    data["gate"] = gate_data(store, run, data, gate)
    return data


def _unparsed(store: Store, run: str) -> dict[str, Any] | None:
    """The turns of a model that its scaffold could not read; `None` where there are none."""
    setups = [{"operator": operator, "turns": turns, "episodes": count} for operator, turns, count in store.unparsed(run)]
    if not setups:
        return None
    return {"turns": sum(one["turns"] for one in setups), "episodes": sum(one["episodes"] for one in setups), "setups": setups}


def stored_rows(store: Store, run: str, left_out: Sequence[LeftOut] = (), *, apart: bool = False) -> Iterator[EpisodeRow]:
    """The episodes of a run as the statistics take them, and the pairs that were left out. Of a run by a design they are those
    that its tables of drops hold, or with `apart` all others (`perturb.designs.in_tables`)."""
    shown = in_tables((store.header(run) or {}).get("designed"))
    for one in store.finished(run):
        if shown(one.operator, one.trial) == apart:
            continue
        yield EpisodeRow(
            task=one.task,
            arm="clean" if one.arm == "clean" else "perturbed",
            trial=one.trial,
            outcome=one.outcome,
            key=one.key,
            operator=one.operator,
            axis=one.axis,  # type: ignore[arg-type]
            kind=one.kind,  # type: ignore[arg-type]
            exposed=one.exposed,
            error=one.error,
            seconds=one.seconds,
            calls=one.calls,
            stale=one.stale,
            cost=one.cost,
            input_tokens=one.input_tokens,
            output_tokens=one.output_tokens,
        )
    for pair in left_out:
        if shown(pair.operator, pair.trial) == apart:
            continue
        yield EpisodeRow(
            task=pair.task,
            arm="perturbed",
            trial=pair.trial,
            outcome=pair.outcome,
            key="",
            operator=pair.operator,
            axis=pair.axis,  # type: ignore[arg-type]
            kind=pair.kind,  # type: ignore[arg-type]
            error=pair.reason,
        )


def _left(one: LeftOut, header: RunHeader, folder: Path) -> dict[str, Any]:
    """A pair that the proof has left out, with the file that shows why."""
    return _told(one.operator, one.task, one.trial, one.reason, one.plan, header, folder)


def _faults(store: Store, run: str, outcome: str, header: RunHeader, folder: Path) -> Iterator[dict[str, Any]]:
    """The first episodes of a run that ended in a fault which is not the agent's."""
    for one in islice((one for one in store.finished(run) if one.outcome == outcome), FAILURES_KEPT):
        yield _told(one.operator, one.task, one.trial, one.error or "", store.plan(run, one.key), header, folder)


def _told(
    operator: str | None, task: str, trial: int, error: str, plan: dict[str, JSON] | None, header: RunHeader, folder: Path
) -> dict[str, Any]:
    path = plan_path(folder, operator, task, trial) if plan is not None else None
    if path is not None:
        plan_file(path, header, task, trial, plan)
    return {
        "operator": operator,
        "task": task,
        "trial": trial,
        "error": error,
        "plan": plan,
        "plan_file": None if path is None else str(path),
        "reproduce": None if path is None else _reproduced(header, path),
    }


def _reproduced(header: RunHeader, path: Path) -> str:
    """The command that shows the plan in a file again: to the agent of the run, or to a program, which is started by hand."""
    if header.proxied is not None:
        return f"perturb proxy openai {header.proxied} --plan {quote(str(path))}"
    return f"perturb replay {quote(str(path))}"


class _Cell:
    """How often a task passed in one arm, and the key of an episode to show: one that passed if there is one."""

    __slots__ = ("counted", "key", "passed")

    def __init__(self) -> None:
        self.passed = self.counted = 0
        self.key: str | None = None

    def add(self, one: Finished) -> None:
        if self.key is None or (one.outcome == "passed" and not self.passed):
            self.key = one.key
        self.counted += one.outcome in AGENT_OUTCOMES
        self.passed += one.outcome == "passed"

    def __str__(self) -> str:
        return f"{self.passed} of {self.counted}"


def _failures(store: Store, run: str, header: RunHeader, folder: Path) -> Iterator[dict[str, Any]]:
    cells: dict[tuple[str | None, str], _Cell] = {}
    failed: dict[str, list[Finished]] = {}
    each = max(FEWEST_OF_AN_OPERATOR, FAILURES_KEPT // max(1, len(header.operators)))
    for one in store.finished(run):
        cells.setdefault((one.operator, one.task), _Cell()).add(one)
        mine = failed.setdefault(one.operator, []) if one.operator is not None else []
        if one.outcome in AGENT_OUTCOMES and one.outcome != "passed" and len(mine) < each:
            mine.append(one)
    best: dict[str, Episode | None] = {}
    for operator, episodes in failed.items():
        for one in episodes:
            perturbed = store.get(one.key)
            if perturbed is None:
                continue
            clean = cells.get((None, one.task), _Cell())
            if one.task not in best:
                best[one.task] = store.get(clean.key) if clean.key is not None else None
            beside = best[one.task]
            path = plan_path(folder, operator, one.task, one.trial)
            plan_file(path, header, one.task, one.trial, perturbed.plan)
            yield {
                "task": one.task,
                "operator": operator,
                "kind": one.kind,
                "axis": one.axis,
                "trial": one.trial,
                "plan": perturbed.plan,
                "plan_file": str(path),
                "reproduce": _reproduced(header, path),
                "prompt_clean": beside.prompt if beside else None,
                "prompt_perturbed": perturbed.prompt,
                "clean": [step_data(step) for step in beside.steps] if beside else [],
                "perturbed": [step_data(step) for step in perturbed.steps],
                "answer_clean": beside.answer if beside else None,
                "answer_perturbed": perturbed.answer,
                "outcome": one.outcome,
                "error": one.error,
                "passed_clean": str(clean),
                "passed_perturbed": str(cells[operator, one.task]),
            }


def _other_failures(
    store: Store, run: str, header: RunHeader, folder: Path, shown: Container[tuple[str | None, str, int]]
) -> Iterator[dict[str, Any]]:
    """The failed episodes that are not shown with their trajectories, each with the file by which it is run again."""
    for one in store.finished(run):
        lost = one.operator is not None and one.outcome in AGENT_OUTCOMES and one.outcome != "passed"
        if not lost or (one.operator, one.task, one.trial) in shown:
            continue
        path = plan_path(folder, one.operator, one.task, one.trial)
        plan_file(path, header, one.task, one.trial, store.plan(run, one.key))
        yield {
            "operator": one.operator,
            "kind": one.kind,
            "task": one.task,
            "trial": one.trial,
            "outcome": one.outcome,
            "plan_file": str(path),
            "reproduce": _reproduced(header, path),
        }


def plan_path(folder: Path, operator: str | None, task: str, trial: int) -> Path:
    """Where the plan of one perturbed episode lies; two tasks whose ids look alike as file names keep two files."""
    name = "".join(character if character.isalnum() or character in "-_." else "-" for character in task)[:60]
    if name != task:
        name += f"-{digest(task, 4)}"
    # The id of a preset's mixture has the preset's name before a slash.
    arm = (operator or "clean").replace("/", "-")
    return folder / "plans" / f"{arm}-{name}-{trial}.json"


def plan_file(path: Path, header: RunHeader, task: str, trial: int, plan: dict[str, JSON] | None) -> None:
    """Write the file by which `perturb replay` runs one perturbed episode again."""
    record = PlanFile(
        perturb=header.version,
        toolset=header.toolset,
        task=task,
        trial=trial,
        seed=header.seed,
        agent=header.agent,
        plan=plan,
        model=header.model,
    )
    write_plan_file(path, record)


def step_data(step: EpisodeStep) -> dict[str, Any]:
    """A step as reports take it; see `perturb.rendering.trajectories`."""

    def told(call: Call) -> dict[str, Any]:
        return {"name": call.name, "arguments": call.arguments}

    shown = {"name": step.call.name, "arguments": step.malformed if step.malformed is not None else step.call.arguments}
    return {
        "call": shown,
        "reply": {"text": step.reply.text, "is_error": step.reply.is_error},
        "real": told(step.real[0]) if step.real else None,
    }
