"""The main job from end to end: load, prove, run in pairs, and put together what a report is made of.

The command line and the pytest plugin are two faces of this module.
"""

from __future__ import annotations

import time
from collections.abc import Container, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from shlex import quote
from typing import Any

import msgspec

from perturb import __version__
from perturb.agent import AgentContext
from perturb.choosing import Choice, Failed, Shard, failed_pairs
from perturb.dosing import dose_data, dosed
from perturb.episode import AGENT_OUTCOMES, Episode, EpisodeStep
from perturb.errors import ConfigurationError, nearest
from perturb.gate_pairs import Gate, arranged
from perturb.gating import RunningGate, gate_data
from perturb.learned_gold import learn, use_learned
from perturb.loading import FoundAgent, LoadedAgent, find_agent, load_toolset
from perturb.models.settings import ModelSettings
from perturb.operator import Operator
from perturb.operators import select
from perturb.plan_files import PlanFile, write_plan_file
from perturb.planning import Arrange, Design, LeftOut, Limits, Report, RunPlan, Workers, plan_run, toolset_digest
from perturb.rendering.data import Floor, RunHeader, report_data
from perturb.replay import Gold
from perturb.runner import Ended, run_episodes
from perturb.sharding import join_shards
from perturb.statistics.rows import EpisodeRow
from perturb.store import Finished, Store
from perturb.thinking import thinking_data
from perturb.toolset import Task, Toolset
from perturb.types import JSON, Call, digest

FAILURES_KEPT, FEWEST_OF_AN_OPERATOR = 200, 4
"""How many failed episodes a report carries with their trajectories, and at least how many of each operator; every one stays
in the store."""
LINES_KEPT = 2000
"""How many further ones it carries with the line that reproduces each."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What to evaluate, in the words of a user. `tasks` are ids; `limit` takes the first so many of them. `folder` is where
    runs go, `gold` the folder of learnt gold calls (beside `folder` where it is not named); `model` are the settings of
    an agent that asks one; `command` reproduces the run. With a `gate` the run consists of the pairs that it is judged by,
    in place of the trials of the `design`. Of all pairs those are run that `filter` means (see `perturb.filtering`), with
    `only_failed` those that failed in the last run of the same request, and with `shard` those of a part of the tasks.
    With `doses`, each operator is run at each of these intensities."""

    agent: str = "reader"
    toolset: str = "airline"
    operators: tuple[str, ...] = ("*",)
    tasks: tuple[str, ...] = ()
    limit: int | None = None
    design: Design = Design()
    limits: Limits = Limits()
    folder: Path = Path("reports/runs")
    store: Path | None = None
    gold: Path | None = None
    fresh: bool = False
    model: ModelSettings | None = None
    gate: Gate | None = None
    filter: str = ""
    only_failed: bool = False
    shard: Shard | None = None
    doses: tuple[float, ...] = ()
    command: str = "perturb run"


class Prepared(msgspec.Struct, kw_only=True):
    """What a request names, loaded and checked. `choice` says which pairs are meant, `failed` which failed where they alone are
    wanted; `whole` is the name of the run that `run` is a shard of, and else its own."""

    request: Request
    toolset: Toolset
    tasks: tuple[Task, ...]
    operators: tuple[type[Operator], ...]
    agent: LoadedAgent
    gold: Gold
    run: str
    whole: str
    choice: Choice = msgspec.field(default_factory=Choice)
    failed: Failed | None = None


class Evaluation(msgspec.Struct, kw_only=True):
    """A run that has ended: the data of its report, how it ended, and where it lies."""

    run: str
    data: dict[str, Any]
    ended: Ended
    plan: RunPlan
    folder: Path


async def prepare(request: Request, agent: LoadedAgent | None = None) -> Prepared:
    """Load what a request names; raises `ConfigurationError` or `ToolsetError` before anything has been run.

    `agent` stands in for the one that the request names (a function at hand, in a test).
    """
    select(request.operators)  # before anything that takes time: a name may be misspelt
    toolset = loaded(request)
    found: FoundAgent | None = find_agent(request.agent) if agent is None else None
    failed = _failed(request)
    gold = Gold(toolset)
    if agent is None:
        assert found is not None
        agent = await made_agent(found, gold, request)
    operators = select(request.operators, scaffold=agent.takes_scaffold)
    choice = Choice(request.filter, failed)
    tasks = choice.tasks(_tasks(toolset, request), operators)
    operators = choice.operators(tasks, operators)
    if not tasks:
        raise ConfigurationError(f"no pair of task and operator is meant by the filter {request.filter!r}; give another")
    whole = _name(request, toolset, tasks, agent, operators, failed)
    tasks = _of_shard(tasks, request.shard)
    return Prepared(
        request=request,
        toolset=toolset,
        tasks=tasks,
        operators=operators,
        agent=agent,
        gold=gold,
        run=whole if request.shard is None else digest([whole, request.shard], 6),
        whole=whole,
        choice=choice,
        failed=failed,
    )


def _name(
    request: Request,
    toolset: Toolset,
    tasks: Sequence[Task],
    agent: LoadedAgent,
    operators: Sequence[type[Operator]],
    failed: Failed | None,
) -> str:
    """The name of a run: a digest of all that it consists of."""
    parts = [
        __version__,
        toolset.name,
        toolset_digest(toolset),
        [task.id for task in tasks],
        agent.name,
        agent.digest,
        [f"{one.id}@{one.version}" for one in operators],
        request.design,
        request.limits.max_calls,
        request.limits.timeout,
    ]
    if request.gate is not None:
        parts.append(msgspec.structs.replace(request.gate, early_stop=True))
    if request.filter.strip():
        parts.append(request.filter)
    if failed is not None:
        parts.append(sorted(failed.pairs))
    if request.doses:
        parts.append({"doses": request.doses})
    return digest(parts, 6)


def _failed(request: Request) -> Failed | None:
    if request.doses and (request.gate is not None or request.only_failed):
        raise ConfigurationError(
            "--dose runs each operator at several intensities; it does not go with --gate or --only-failed"
        )
    if request.doses and request.design.intensity != 1.0:
        raise ConfigurationError("--dose names the intensities itself; leave --intensity out")
    for name in ("only_failed", "shard"):
        if request.gate is not None and getattr(request, name):
            raise ConfigurationError(
                f"a gate judges pairs of the whole suite in the order of their launch, so it does not go with "
                f"--{name.replace('_', '-')}; judge a stored run by perturb report RUN --gate"
            )
    if not request.only_failed:
        return None
    path = store_path(request)
    if not path.is_file():
        raise ConfigurationError(f"there is no store {path}, so no failed pairs; leave --only-failed out to make a run")
    with Store(path) as store:
        return failed_pairs(store, request)


def _of_shard(tasks: tuple[Task, ...], shard: Shard | None) -> tuple[Task, ...]:
    if shard is None:
        return tasks
    mine = tasks[shard.number - 1 :: shard.of]
    if not mine:
        raise ConfigurationError(f"shard {shard} holds no task, since there are only {len(tasks)}; make fewer shards")
    return mine


def loaded(request: Request) -> Toolset:
    """The toolset that a request names, with the gold calls that were learnt."""
    toolset = load_toolset(request.toolset)
    use_learned(toolset, learned_path(request))
    return toolset


async def made_agent(found: FoundAgent, gold: Gold, request: Request) -> LoadedAgent:
    """The agent, with what it learns from or with the settings of the model that it asks."""
    seed = request.design.seed
    if not found.asks_model:
        if request.model is not None:
            raise ConfigurationError(
                f"agent {found.name!r} asks no model, so the options of a model mean nothing to it; leave them out, or name a "
                "model, as in --agent chat:MODEL"
            )
        transcripts = await gold.transcripts() if found.wants_transcripts else ()
        return found.make(AgentContext(transcripts=transcripts, option=found.option, seed=seed))
    settings = request.model or ModelSettings()
    agent = found.make(AgentContext(option=found.option, seed=seed, settings=settings, store=str(store_path(request))))
    if request.limits.cost is not None and getattr(agent.function, "price", None) is None:
        raise ConfigurationError(
            f"a budget in US dollars cannot be held for agent {found.name!r}, since nobody knows what it costs; give "
            "--price IN,OUT in dollars for a million tokens, or a budget in tokens"
        )
    server = getattr(agent.function, "url_digest", None)
    return msgspec.structs.replace(agent, digest=digest([agent.digest, settings.identity(), server]))


def learned_path(request: Request) -> Path:
    """Where gold calls learnt from clean runs of the request's toolset lie."""
    name = "".join(character if character.isalnum() else "-" for character in request.toolset).strip("-")
    return (request.gold or request.folder.parent / "gold") / f"{name}.json"


def store_path(request: Request) -> Path:
    return request.store or request.folder / "episodes.sqlite"


def _tasks(toolset: Toolset, request: Request) -> tuple[Task, ...]:
    known = {task.id: task for task in toolset.tasks}
    for task_id in request.tasks:
        if task_id not in known:
            raise ConfigurationError(f"toolset {toolset.name!r} has no task {task_id!r}; {nearest(task_id, known)}")
    chosen = tuple(task for task in toolset.tasks if not request.tasks or task.id in request.tasks)[: request.limit]
    if not chosen:
        raise ConfigurationError(f"toolset {toolset.name!r} has no tasks; give it some, each with a prompt and a check")
    return chosen


def floor(toolset: Toolset, tasks: Sequence[Task]) -> Floor:
    """How many tasks pass without any call: with no answer, and with the gold answer alone."""
    passed = {"silent": 0, "answer_only": 0}
    for task in tasks:
        for name, answer in (("silent", ""), ("answer_only", task.answer)):
            environment = toolset.environment(task)
            try:
                passed[name] += bool(toolset.check(task, environment, answer, []))
            finally:
                environment.close()
    return Floor(**passed)


async def planned_run(
    prepared: Prepared, store: Store, run: str, report: Report | None = None, workers: Workers | None = None
) -> RunPlan:
    """Plan what a request asks for, and prove it; see `perturb.planning.plan_run`."""
    request = prepared.request
    return await plan_run(
        prepared.toolset,
        prepared.agent,
        prepared.operators,
        request.design,
        request.limits,
        gold=prepared.gold,
        store=store,
        run=run,
        tasks=prepared.tasks,
        report=report,
        workers=workers,
        keep=prepared.choice or None,
        arrange=_arrangement(prepared),
    )


def _arrangement(prepared: Prepared) -> Arrange | None:
    """What a run consists of, where that is not each pair as often as the design says."""
    gate, doses, operators = prepared.request.gate, prepared.request.doses, prepared.operators
    if gate is not None:
        return lambda prover, first: arranged(prover, first, gate, operators)
    if doses:
        return lambda prover, first: dosed(prover, first, doses, operators)
    return None


async def evaluate(prepared: Prepared, report: Report | None = None, workers: Workers | None = None) -> Evaluation:
    """Prove, run and report. Resumes by itself; an interrupted run gives what it has. With `workers` they prove, and run the
    episodes of an agent that takes nothing but the processor: one of the reference agents."""
    request = prepared.request
    started = time.time()
    with Store(store_path(request)) as store:
        plan = await planned_run(prepared, store, prepared.run, report, workers)
        header = header_of(prepared, plan, started)
        kept = {
            "header": msgspec.to_builtins(header),
            "left_out": msgspec.to_builtins(plan.left_out),
            "gold_fails_clean": plan.gold_fails_clean,
            "not_proven_tasks": plan.not_proven_tasks,
            "request": msgspec.to_builtins(request, enc_hook=str),
            "gate": msgspec.to_builtins(request.gate),
            "failed_in": None if prepared.failed is None else prepared.failed.run,
            "shard": _shard(prepared),
            "made_of": {
                "toolset": toolset_digest(prepared.toolset),
                "operators": {one.id: one.version for one in prepared.operators},
            },
        }
        store.begin_run(prepared.run, started, kept)
        try:
            ended = await run_episodes(
                prepared.toolset,
                prepared.agent,
                plan,
                request.limits,
                store=store,
                setup=prepared.gold.setup,
                report=report,
                fresh=request.fresh,
                workers=workers if prepared.agent.is_reference else None,
                stopping=None if request.gate is None else RunningGate(request.gate, store.planned(prepared.run)),
            )
            requests = getattr(prepared.agent.function, "requests", None)
        finally:
            await prepared.agent.aclose()
        seconds = time.time() - started
        kept["header"] = msgspec.to_builtins(msgspec.structs.replace(header, seconds=seconds))
        kept["ended"] = msgspec.to_builtins(ended) | ({} if requests is None else {"requests": requests})
        store.update_header(prepared.run, kept)
        _learn(prepared, plan, store)
        join_shards(store, prepared.whole)
        folder = request.folder / prepared.run
        data = assemble(store, prepared.run, folder)
    return Evaluation(run=prepared.run, data=data, ended=ended, plan=plan, folder=folder)


def _shard(prepared: Prepared) -> dict[str, Any] | None:
    """Which part of which run a shard is, and the command of the whole."""
    request = prepared.request
    if request.shard is None:
        return None
    command = request.command.replace(f" --shard {request.shard}", "")
    return {"whole": prepared.whole, "number": request.shard.number, "of": request.shard.of, "command": command}


def _learn(prepared: Prepared, plan: RunPlan, store: Store) -> None:
    unknown = set(plan.not_proven_tasks)
    if not unknown:
        return
    keys = (one.key for one in store.planned(plan.run) if one.arm == "clean" and one.task in unknown)
    episodes = (episode for key in keys if (episode := store.get(key)) is not None)
    learn(prepared.toolset, episodes, learned_path(prepared.request))


def header_of(prepared: Prepared, plan: RunPlan, started: float) -> RunHeader:
    design = prepared.request.design
    unsolvable = sum(one.outcome == "unsolvable" for one in plan.left_out)
    return RunHeader(
        run=prepared.run,
        agent=prepared.agent.name,
        agent_is_reference=prepared.agent.is_reference,
        toolset=prepared.request.toolset,
        tasks=len(prepared.tasks),
        operators=[operator.id for operator in prepared.operators],
        seed=design.seed,
        intensity=design.intensity,
        trials=design.trials,
        clean_trials=design.clean_trials,
        started=datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
        seconds=0.0,
        proven=plan.proven,
        pairs=plan.proven + plan.not_proven + unsolvable,
        not_proven=plan.not_proven,
        unsolvable=unsolvable,
        floor=floor(prepared.toolset, prepared.tasks),
        command=prepared.request.command,
        version=__version__,
        plan_scope=design.plan_scope,
        model=None if prepared.request.model is None else prepared.request.model.identity(),
    )


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
    data = report_data(header, stored_rows(store, run, left_out), failures, others)
    data["gold_fails_clean"] = kept["gold_fails_clean"]
    data["not_proven_tasks"] = kept["not_proven_tasks"]
    data["unsolvable"] = [_left(one, header, folder) for one in left_out if one.outcome == "unsolvable"]
    data["faults"] = [*_faults(store, run, "tester_fault", header, folder)]
    data["faults"] += [_left(one, header, folder) for one in left_out if one.outcome == "tester_fault"]
    data["infrastructure"] = [*_faults(store, run, "infrastructure_error", header, folder)]
    data["refused"] = [*_faults(store, run, "invalid_setup", header, folder)]
    data["ended"] = kept.get("ended")
    data["filter"] = (kept.get("request") or {}).get("filter") or None
    doses = (kept.get("request") or {}).get("doses") or []
    data["doses"] = dose_data(store, run, doses, header.trials) if doses else None
    data["thinking"] = thinking_data(store, run, header.operators)
    data["failed_in"] = kept.get("failed_in")
    data["shards"] = kept.get("shards")
    data["gate"] = gate_data(store, run, data, gate)
    return data


def stored_rows(store: Store, run: str, left_out: Sequence[LeftOut] = ()) -> Iterator[EpisodeRow]:
    """The episodes of a run as the statistics take them, and the pairs that were left out."""
    for one in store.finished(run):
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
        "reproduce": None if path is None else f"perturb replay {quote(str(path))}",
    }


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
                "reproduce": f"perturb replay {quote(str(path))}",
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
            "reproduce": f"perturb replay {quote(str(path))}",
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
