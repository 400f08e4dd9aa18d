"""A run as data: the one source of every report, and the JSON of `perturb run --json`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import msgspec

from perturb.rendering.trajectories import first_difference
from perturb.statistics import COUNTED, EpisodeRow, Summary, summarize

CONFIDENCE = 0.95
TRAJECTORY_KEYS = ("clean", "perturbed", "prompt_clean", "prompt_perturbed", "plan")
"""The long parts of a failure, which the JSON leaves out unless they are asked for."""


class Floor(msgspec.Struct, frozen=True):
    """How many tasks an agent passes that does nothing at all, and one that only states the gold answer. `vacuous` are those
    that the first passes: to pass them says nothing of an agent."""

    silent: int
    answer_only: int
    vacuous: tuple[str, ...] = ()


class RunHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What a report says of a run beside its episodes.

    `tasks` counts the tasks, `pairs` the planned (task, operator, trial) triples that apply, `proven` those whose gold
    calls survived, `not_proven` those without gold calls, `unsolvable` those whose gold calls did not survive. `started`
    is an ISO 8601 time, `seconds` wall-clock time, `command` what runs it again, `version` that of Perturb. `plan_scope`
    says whether each pair had plans of its own (`pair`) or one plan served the whole run (`run`). `notice` is what the toolset
    wants to be said of it. `model` holds what the
    settings of a model have that could change an episode; `proxied` are the options of
    `perturb proxy openai` by which a program that was run is shown a plan again.
    """

    run: str
    agent: str
    agent_is_reference: bool
    toolset: str
    tasks: int
    operators: list[str]
    seed: int
    intensity: float
    trials: int
    clean_trials: int
    started: str
    seconds: float
    proven: int
    pairs: int
    not_proven: int
    unsolvable: int
    floor: Floor | None
    command: str
    version: str
    plan_scope: str = "pair"
    notice: str = ""
    model: dict[str, Any] | None = None
    proxied: str | None = None


class Usage(msgspec.Struct):
    """What all episodes took together; `cost` is in US dollars and `None` where no episode knew its price. `unpriced` counts
    the episodes that took tokens whose price nobody knew: the cost is without theirs. A row without a key is a pair that was
    never run."""

    episodes: int = 0
    calls: int = 0
    seconds: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    unpriced: int = 0

    def watch(self, rows: Iterable[EpisodeRow]) -> Iterator[EpisodeRow]:
        """Pass `rows` on, and add them up on the way."""
        for row in rows:
            self.episodes += bool(row.key)
            self.calls += row.calls
            self.seconds += row.seconds
            self.input_tokens += row.input_tokens
            self.output_tokens += row.output_tokens
            self.unpriced += row.cost is None and row.input_tokens + row.output_tokens > 0
            if row.cost is not None:
                self.cost = (self.cost or 0.0) + row.cost
            yield row


class Errors:
    """Why episodes ended in something else than the verdict of a check, with how many did so in each arm."""

    _KEPT, _TOLD = 1000, 20

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], dict[str, int]] = {}

    def watch(self, rows: Iterable[EpisodeRow]) -> Iterator[EpisodeRow]:
        """Pass `rows` on, and count their errors on the way; of very many different ones only the first are counted."""
        for row in rows:
            if row.error is not None and row.outcome != "not_applicable":
                cause = row.outcome, row.error
                if cause in self._counts or len(self._counts) < self._KEPT:
                    self._counts.setdefault(cause, {"clean": 0, "perturbed": 0})[row.arm] += 1
            yield row

    def told(self) -> list[dict[str, Any]]:
        """The commonest first, each with its `outcome`, the `error` and its number in either arm."""
        ordered = sorted(self._counts.items(), key=lambda one: -sum(one[1].values()))
        return [{"outcome": outcome, "error": error, **arms} for (outcome, error), arms in ordered[: self._TOLD]]


def report_data(
    header: RunHeader,
    rows: Iterable[EpisodeRow],
    failures: Sequence[Mapping[str, Any]],
    other_failures: Sequence[Mapping[str, Any]] = (),
    apart: Iterable[EpisodeRow] = (),
) -> dict[str, Any]:
    """A run as plain data, ready for JSON; rates, drops and intervals are fractions.

    `rows` is read once and may be a stream. `failures` are the perturbed episodes that failed, each with the keys `task`,
    `operator`, `kind`, `axis`, `plan`, `plan_file`, `reproduce`, `prompt_clean`, `prompt_perturbed`, `clean`,
    `perturbed` (lists of steps, see `perturb.rendering.trajectories`), `answer_clean`, `answer_perturbed`,
    `first_difference`, `outcome`, `error`, `passed_clean` ("3 of 3") and `passed_perturbed`. A missing
    `first_difference` is computed. They are put in an order in which each operator has its turn, the worst first.
    `other_failures` are further ones without their trajectories: `operator`, `kind`, `task`, `trial`, `outcome`, `reproduce`.
    `apart` are episodes that count among the outcomes and in what the run took, and in no rate, drop or table.
    """
    usage, errors = Usage(), Errors()
    vacuous = header.floor.vacuous if header.floor else ()
    summary = summarize(errors.watch(usage.watch(rows)), CONFIDENCE, vacuous=vacuous)
    headline = msgspec.to_builtins(summary.headline)
    arms = {"clean": dict(summary.outcomes_clean), "perturbed": dict(summary.outcomes_perturbed)}
    exposed = summary.exposed
    for row in errors.watch(usage.watch(apart)):
        arms[row.arm][row.outcome] = arms[row.arm].get(row.outcome, 0) + 1
        exposed += row.exposed and row.arm == "perturbed" and row.outcome in COUNTED
    total: dict[str, int] = dict(arms["clean"])
    for outcome, number in arms["perturbed"].items():
        total[outcome] = total.get(outcome, 0) + number
    data = {
        "run": header.run,
        "agent": header.agent,
        "agent_is_reference": header.agent_is_reference,
        "model": header.model,
        "toolset": header.toolset,
        "notice": header.notice,
        "seed": header.seed,
        "headline": headline,
        "without_vacuous": msgspec.to_builtins(summary.without_vacuous),
        "estimand": "population drop",
        "plan_scope": header.plan_scope,
        "confidence": CONFIDENCE,
        "p_value": headline["p_value"],
        "axes": msgspec.to_builtins(summary.axes),
        "operators": msgspec.to_builtins(summary.operators),
        "tasks": header.tasks,
        "by_task": [{**msgspec.to_builtins(task), "vacuous": task.task in vacuous} for task in summary.tasks],
        "collapsed": msgspec.to_builtins(summary.collapsed),
        "pass_hat_k": summary.clean_pass_hat_k,
        **msgspec.to_builtins(summary.beside),
        "outcomes": total,
        "outcomes_by_arm": arms,
        "errors": errors.told(),
        "proof": {
            "pairs": header.pairs,
            "proven": header.proven,
            "not_proven": header.not_proven,
            "unsolvable": header.unsolvable,
            "exposed": exposed,
        },
        "floor": msgspec.to_builtins(header.floor),
        "usage": msgspec.to_builtins(usage),
        "intensity": header.intensity,
        "trials": header.trials,
        "clean_trials": header.clean_trials,
        "planned_operators": header.operators,
        "started": header.started,
        "seconds": header.seconds,
        "version": header.version,
        "other_failures": [dict(failure) for failure in other_failures],
        "failures": _in_turn([_with_difference(failure) for failure in failures], summary),
        "reproduce": header.command,
    }
    try:
        msgspec.json.encode(data)
    except UnicodeEncodeError:
        data = _encodable(data)
    return data


def _encodable(value: Any) -> Any:
    """`value` with half surrogate pairs, which a model may write and no file can hold, replaced."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_encodable(name): _encodable(inner) for name, inner in value.items()}
    return [_encodable(inner) for inner in value] if isinstance(value, list | tuple) else value


def _with_difference(failure: Mapping[str, Any]) -> dict[str, Any]:
    known = dict(failure)
    if "first_difference" not in known:
        known["first_difference"] = first_difference(known.get("clean") or [], known.get("perturbed") or [])
    return known


def _in_turn(failures: list[dict[str, Any]], summary: Summary) -> list[dict[str, Any]]:
    """One failure of each operator in turn, worst operator first; tasks that always passed clean come before others."""
    clean_rate = {task.task: task.passed / task.trials if task.trials else 0.0 for task in summary.tasks}
    groups: dict[tuple[str, str | None], list[dict[str, Any]]] = {(row.id, row.kind): [] for row in summary.operators}
    for failure in failures:
        groups.setdefault((failure["operator"], failure.get("kind")), []).append(failure)
    for group in groups.values():
        group.sort(key=lambda failure: -clean_rate.get(failure["task"], 0.0))
    return [failure for turn in zip_longest(*groups.values()) for failure in turn if failure is not None]


def render_json(data: Mapping[str, Any], *, trajectories: bool = False) -> str:
    """The data as indented JSON; the trajectories, prompts and plans of the failures only where they are asked for."""
    shown = dict(data)
    if not trajectories:
        shown["failures"] = [{k: v for k, v in f.items() if k not in TRAJECTORY_KEYS} for f in data["failures"]]
    return msgspec.json.format(msgspec.json.encode(shown), indent=2).decode()
