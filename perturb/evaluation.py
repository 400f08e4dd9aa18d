"""The main job from end to end: load, prove, run in pairs, and hand over what a report is made of.

The command line and the pytest plugin are two faces of this module.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import Any, Literal

import msgspec

from perturb import __version__
from perturb.agent import AgentContext
from perturb.assembling import assemble
from perturb.choosing import Choice, Failed, Shard, failed_pairs
from perturb.designs import Designed, designed
from perturb.dosing import dosed
from perturb.errors import ConfigurationError, nearest
from perturb.gate_pairs import Gate, arranged
from perturb.gating import RunningGate
from perturb.learned_gold import learn, use_learned
from perturb.loading import FoundAgent, LoadedAgent, find_agent, load_toolset
from perturb.models.settings import ModelSettings
from perturb.operator import Operator, Setup
from perturb.operators import select
from perturb.planning import Arrange, Design, Limits, More, Prover, Report, RunPlan, Workers, extend, plan_run, toolset_digest
from perturb.proxies.programs import ProgramSettings, ProgramToolset, read_tasks
from perturb.rendering.data import Floor, RunHeader
from perturb.replay import Gold
from perturb.runner import Ended, run_episodes
from perturb.sharding import join_shards
from perturb.store import Store
from perturb.toolset import Task, Toolset
from perturb.types import digest


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What to evaluate, in the words of a user. `tasks` are ids; `limit` takes the first so many of them. `folder` is where
    runs go, `gold` the folder of learnt gold calls (beside `folder` where it is not named); `model` are the settings of
    an agent that asks one; `command` reproduces the run. With a `gate` the run consists of the pairs that it is judged by,
    in place of the trials of the `design`. Of all pairs those are run that `filter` means (see `perturb.filtering`), with
    `only_failed` those that failed in the last run of the same request, and with `shard` those of a part of the tasks.
    With `doses`, each operator is run at each of these intensities. With `crossed`, operators are laid over one another by a
    design of that name; with `find_worst`, the budget of episodes goes to the search for the worst operator."""

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
    crossed: Literal["factorial", "pairwise"] | None = None
    find_worst: bool = False
    program: ProgramSettings | None = None
    command: str = "perturb run"


class Prepared(msgspec.Struct, kw_only=True):
    """What a request names, loaded and checked. `choice` says which pairs are meant, `failed` which failed where they alone are
    wanted; `whole` is the name of the run that `run` is a shard of, and else its own. `designed` is the design of a run that is
    more than each operator by itself; it knows one run."""

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
    designed: Designed | None = None


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
    operators = select(request.operators)
    if request.program is not None:
        toolset, gold, agent = await program_under_test(request, request.program)
    else:
        toolset = loaded(request)
        gold = Gold(toolset)
    found: FoundAgent | None = find_agent(request.agent) if agent is None else None
    designed(request, operators)  # what does not go together is told before anything that takes time
    failed = _failed(request)
    if agent is None:
        assert found is not None
        agent = await made_agent(found, gold, request)
    operators = select(request.operators, scaffold=agent.takes_scaffold)
    design = designed(request, operators)
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
        designed=design,
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
    if request.crossed is not None:
        parts.append({"crossed": request.crossed})
    if request.find_worst:
        parts.append({"find_worst": request.limits.episodes})
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


async def program_under_test(request: Request, program: ProgramSettings) -> tuple[Toolset, Gold, LoadedAgent]:
    """A program as an agent: the toolset that it carries out itself, what proves pairs of it, and the agent. Without a named
    toolset its tools are learnt from its first request, and nothing is proven."""
    from perturb.proxies.extra import needs_serve

    with needs_serve():
        from perturb.proxies.openai_tools import among_clients
        from perturb.proxies.program_agent import Program, learnt_tools

    if request.model is not None:
        raise ConfigurationError(
            "a program asks its model itself, so the options of a model mean nothing to it; leave them out, and name the "
            "provider with --upstream"
        )
    if request.limits.cost is not None:
        raise ConfigurationError("nobody knows what a program's model costs; give a budget in tokens, episodes or time")
    changes = program.digest()
    if program.tasks is None:
        own = among_clients(load_toolset(request.toolset))
    else:
        own = await learnt_tools(program, read_tasks(program.tasks))
    own.validate()
    function = Program(program, Setup.of(own))
    function.start()
    return ProgramToolset(own), Gold(own), LoadedAgent(name=program.command, function=function, digest=changes)


def _proxied(program: ProgramSettings, toolset: str) -> str:
    """The options by which a proxy shows a program what a run has shown it."""
    known = "" if program.tasks is not None else f" --toolset {quote(toolset)}"
    return f"--upstream {quote(program.upstream)}{known}"


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
    """How many tasks pass without any call: with no answer, which ones those are, and with the gold answer alone."""
    passed: dict[str, list[str]] = {"silent": [], "answer_only": []}
    for task in tasks:
        for name, answer in (("silent", ""), ("answer_only", task.answer)):
            environment = toolset.environment(task)
            try:
                passed[name] += [task.id] if toolset.check(task, environment, answer, []) else []
            finally:
                environment.close()
    silent, answer_only = passed.values()
    return Floor(silent=len(silent), answer_only=len(answer_only), vacuous=tuple(silent))


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
    return None if prepared.designed is None else prepared.designed.arranged


def _more(prepared: Prepared, store: Store, plan: RunPlan) -> More | None:
    """What lets a run grow by what has ended; see `perturb.designs.Designed`."""
    design, request = prepared.designed, prepared.request
    if design is None:
        return None
    prover = Prover(prepared.toolset, prepared.agent, request.design, request.limits, prepared.gold, store)

    async def more() -> bool:
        before = plan.episodes
        extend(plan, store, await design.more(prover, store, plan.run))
        return plan.episodes > before

    return more


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
            "designed": None if prepared.designed is None else prepared.designed.kept(),
            "made_of": {
                "toolset": toolset_digest(prepared.toolset),
                "operators": {one.id: one.version for one in prepared.operators},
            },
        }
        store.begin_run(prepared.run, started, kept)
        more = _more(prepared, store, plan)
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
                more=more,
            )
            requests = getattr(prepared.agent.function, "requests", None)
        finally:
            await prepared.agent.aclose()
        seconds = time.time() - started
        if more is not None:
            header = header_of(prepared, plan, started)
            kept["left_out"] = msgspec.to_builtins(plan.left_out)
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
    if not unknown or prepared.request.program is not None:  # nothing of ours could carry its calls out again
        return
    keys = (one.key for one in store.planned(plan.run) if one.arm == "clean" and one.task in unknown)
    episodes = (episode for key in keys if (episode := store.get(key)) is not None)
    learn(prepared.toolset, episodes, learned_path(prepared.request))


def header_of(prepared: Prepared, plan: RunPlan, started: float) -> RunHeader:
    program = prepared.request.program
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
        floor=None if program is not None else floor(prepared.toolset, prepared.tasks),
        command=prepared.request.command,
        version=__version__,
        plan_scope=design.plan_scope,
        notice=prepared.toolset.notice,
        model=None if prepared.request.model is None else prepared.request.model.identity(),
        proxied=None if program is None else _proxied(program, prepared.request.toolset),
    )
