"""The baseline of a test: what its agent did, in a small file to review and commit, and a later run against it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from perturb.comparing import Compared, Measured, compare
from perturb.errors import ConfigurationError
from perturb.statistics.tallies import Tally

if TYPE_CHECKING:
    from perturb.testing.marker import Marker

CLEAN = "clean"
NAME = "baseline"


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a file. `passed` says of each operator, and of `clean`, which tasks passed how often, as in
    `{"2 of 2": ["12"]}`; `drop`, `clean` and `perturbed` are there to be read."""

    test: str
    perturb: str
    toolset: str
    state: str | None
    seed: int
    intensity: float
    clean: str
    perturbed: str
    drop: str
    versions: dict[str, int]
    passed: dict[str, dict[str, list[str]]]


def baseline_path(config: pytest.Config, nodeid: str) -> Path:
    """Where the baseline of a test lies."""
    from perturb.testing.measuring import file_name

    return config.rootpath / str(config.getini("perturb_baselines")) / f"{file_name(nodeid)}.json"


def baseline_of(test: str, measured: Measured, data: dict[str, Any], marker: Marker) -> Baseline:
    """The baseline that a run makes; nothing in it changes with the machine or the hour."""
    from perturb.rendering.wording import interval, percent, points

    headline = data["headline"]
    passed: dict[str, dict[str, list[str]]] = {}
    cells = [((task, CLEAN), tally) for task, tally in measured.clean.items()] + list(measured.cells.items())
    for (task, operator), tally in cells:
        passed.setdefault(operator, {}).setdefault(f"{tally.passed} of {tally.trials}", []).append(task)
    return Baseline(
        test=test,
        perturb=measured.release,
        toolset=marker.toolset,
        state=measured.state,
        seed=measured.seed,
        intensity=measured.intensity,
        clean=percent(headline["clean"]),
        perturbed=percent(headline["perturbed"]),
        drop=f"{points(headline['drop'])} points {interval(headline['interval'])}",
        versions={name: version for name, version in sorted(measured.versions.items()) if name in passed},
        passed={
            name: {counts: sorted(passed[name][counts]) for counts in sorted(passed[name])}
            for name in sorted(passed, key=lambda name: (name != CLEAN, name))
        },
    )


def write_baseline(path: Path, baseline: Baseline) -> None:
    """Write the file: a line an operator and count, so that a change of the agent is a change of few lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_laid_out(msgspec.to_builtins(baseline)) + "\n", encoding="utf-8")


def _laid_out(value: Any, depth: int = 0) -> str:
    if not isinstance(value, dict) or not value:
        return json.dumps(value, ensure_ascii=False)
    indent = "  " * (depth + 1)
    lines = [f"{indent}{json.dumps(name, ensure_ascii=False)}: {_laid_out(inner, depth + 1)}" for name, inner in value.items()]
    return "{\n" + ",\n".join(lines) + "\n" + "  " * depth + "}"


def read_baseline(path: Path) -> Baseline | None:
    """The baseline that a file holds, `None` where there is no file. Raises `ConfigurationError` where it holds none."""
    if not path.is_file():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Baseline)
    except (msgspec.DecodeError, OSError) as error:
        raise ConfigurationError(f"{path} is no baseline: {error}; --perturb-save-baseline writes it anew") from None


def against(baseline: Baseline, measured: Measured, marker: Marker) -> Compared:
    """A run against a baseline: `difference` is above 0 where the run loses more. Raises `ConfigurationError` where the two
    cannot be compared.

    Source: see `perturb.statistics.compare_agents`.
    """
    return compare(msgspec.structs.replace(measured, run="this run", toolset=marker.toolset), _measured(baseline))


def _measured(baseline: Baseline) -> Measured:
    clean: dict[str, Tally] = {}
    cells: dict[tuple[str, str], Tally] = {}
    for operator, by_count in baseline.passed.items():
        for told, tasks in by_count.items():
            passed, _, trials = told.partition(" of ")
            try:
                tally = Tally(trials=int(trials), passed=int(passed))
            except ValueError:
                raise ConfigurationError(
                    f"the baseline of {baseline.test} counts {told!r} under {operator}; write it as '2 of 2'"
                ) from None
            for task in tasks:
                if operator == CLEAN:
                    clean[task] = tally
                else:
                    cells[task, operator] = tally
    return Measured(
        run=NAME,
        agent=NAME,
        toolset=baseline.toolset,
        state=baseline.state,
        seed=baseline.seed,
        intensity=baseline.intensity,
        plan_scope="pair",
        release=baseline.perturb,
        versions=baseline.versions,
        clean=clean,
        cells=cells,
    )


def told(compared: Compared, most: int = 5) -> list[str]:
    """A comparison in a few lines, the difference first."""
    from perturb.rendering.wording import count, interval, p_value, percent, points

    now, then = compared.runs
    lines = [
        f"against the baseline: the drop is {points(now.drop)} points, it was {points(then.drop)}; "
        f"difference {points(compared.difference)} {interval(compared.interval)}, {p_value(compared.p_value)}",
        f"  clean {percent(now.clean)}, was {percent(then.clean)}; "
        + (
            "nothing to retain"
            if now.retention is None or then.retention is None
            else f"retained {percent(now.retention)}, was {percent(then.retention)}"
        ),
    ]
    lost = [flip for flip in compared.flips if flip.better == 1]
    gained = len(compared.flips) - len(lost)
    for flip in lost[:most]:
        lines.append(f"  lost: task {flip.task}, {flip.operator or CLEAN}: {flip.passed[0]}, was {flip.passed[1]}")
    if len(lost) > most:
        lines.append(f"  and {len(lost) - most} more")
    if gained:
        lines.append(f"  {count(gained, 'pair')} mostly passed now, and did not before")
    return lines + [f"  caution: {caution}" for caution in compared.cautions]


def lost_more(compared: Compared) -> bool:
    """Whether the agent surely loses more than its baseline: the whole interval of the difference lies above 0."""
    return compared.interval[0] > 0
