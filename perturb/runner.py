"""Tasks × setups × trials: what a run consists of, the proofs before it, and the episodes, with resume and budgets.

A run is planned in full before anything is run. Its episodes are keyed by a digest of everything that could change them,
so that running the same command again goes on where the last one ended.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol

import anyio
import anyio.to_thread
import msgspec

from perturb import __version__
from perturb.agent import Agent
from perturb.boundary import Boundary, BudgetExceeded, EnvironmentFault
from perturb.episode import Episode, Outcome
from perturb.errors import ConfigurationError
from perturb.operator import NotApplicable, Operator, Pick, SeededPick, Setup, StackLens, lens_for
from perturb.replay import RAISED, Gold, Proof
from perturb.store import Planned, Store
from perturb.toolset import Task, Toolset
from perturb.types import JSON, digest
from perturb.watchdog import BlockedLoop, Watchdog


class AgentUnderTest(Protocol):
    """What a run needs of an agent: its name, the digest of its code, and the function."""

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> str: ...

    @property
    def function(self) -> Agent: ...


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of one episode and of a run.

    `max_calls` and `timeout` (seconds) are an episode's own; beyond them its outcome is `budget_exceeded`. `seconds`,
    `episodes`, `tokens` and `cost` (US dollars) are the run's; beyond them the rest stays unrun and the run can be resumed.
    `concurrency` is how many episodes are under way at once.
    """

    max_calls: int = 100
    timeout: float = 120.0
    concurrency: int = 8
    seconds: float | None = None
    episodes: int | None = None
    tokens: int | None = None
    cost: float | None = None


class Design(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is to consist of.

    `trials` is the number of perturbed episodes for each pair of task and operator, `clean_trials` of clean ones for each
    task. `plan_scope` says whether a plan is drawn for each pair and trial or once for the run.
    """

    seed: int = 7
    intensity: float = 1.0
    trials: int = 1
    clean_trials: int = 2
    plan_scope: Literal["pair", "run"] = "pair"


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A task under a plan (or under none, the clean arm), and what the gold replay has shown of it."""

    task: str
    trial: int
    operator: Operator | None
    proof: Proof
    planned: Planned


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """A pair that no episode is spent on: `outcome` says which way, `reason` why; a `tester_fault` is an operator that raised
    while it planned or while the gold calls were carried through it."""

    operator: str
    axis: str
    kind: str
    task: str
    trial: int
    outcome: Literal["not_applicable", "unsolvable", "tester_fault"]
    reason: str
    plan: dict[str, JSON] | None = None


class RunPlan(msgspec.Struct, kw_only=True):
    """Everything a run consists of. `episodes` is in launch order: clean and perturbed of a task lie close in time.

    `gold_fails_clean` are the tasks whose own gold calls fail their own check, which are kept out of every pair;
    `not_proven_tasks` those without gold calls. `proven` and `not_proven` count pairs.
    """

    episodes: list[Pair] = msgspec.field(default_factory=list)
    gold_fails_clean: list[str] = msgspec.field(default_factory=list)
    not_proven_tasks: list[str] = msgspec.field(default_factory=list)
    left_out: list[LeftOut] = msgspec.field(default_factory=list)
    proven: int = 0
    not_proven: int = 0


class Progress(msgspec.Struct):
    """Where a run stands; handed to the callback after each step. `phase` is `proving` or `running`."""

    phase: Literal["proving", "running"]
    total: int
    done: int = 0
    resumed: int = 0
    passed: dict[str, int] = msgspec.field(default_factory=lambda: {"clean": 0, "perturbed": 0})
    counted: dict[str, int] = msgspec.field(default_factory=lambda: {"clean": 0, "perturbed": 0})
    cost: float = 0.0
    seconds: float = 0.0


Report = Callable[[Progress], None]


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended: `complete`, `budget` (its own budget is spent) or `interrupted`."""

    how: Literal["complete", "budget", "interrupted"]
    episodes: int
    resumed: int
    left: int
    seconds: float
    why: str = ""


def episode_key(
    toolset: Toolset, task: Task, agent: AgentUnderTest, plan: Mapping[str, JSON] | None, trial: int, seed: int, limits: Limits
) -> str:
    """The digest of everything that could change an episode; the trial is in it, so that repeats are repeats."""
    parts = [
        __version__,
        toolset_digest(toolset),
        task.id,
        agent.name,
        agent.digest,
        plan,
        trial,
        seed,
        limits.max_calls,
        limits.timeout,
    ]
    return digest(parts, 24)


def toolset_digest(toolset: Toolset) -> str:
    """The toolset's own digest and its tasks as they are now, gold calls that were learnt since among them."""
    known: tuple[tuple[Task, ...], str] | None = toolset.__dict__.get("_run_digest")
    if known is None or known[0] is not toolset.tasks:
        tasks = [[task.id, task.prompt, task.gold, task.answer, task.follow_ups] for task in toolset.tasks]
        known = toolset.__dict__["_run_digest"] = (toolset.tasks, digest([toolset.digest(), tasks]))
    return known[1]


def draw(operator: type[Operator], setup: Setup, task: Task, trial: int, design: Design) -> Operator | NotApplicable:
    """The plan of one operator for one task and trial: the same for every agent."""
    scope: tuple[object, ...] = (operator.id,) if design.plan_scope == "run" else (operator.id, task.id, trial)
    pick: Pick = SeededPick(design.seed, *scope)
    return operator.plan(setup, pick, design.intensity)


class LensCache:
    """Lenses by the digest of their plan; those used last are kept."""

    def __init__(self, setup: Setup, size: int = 512) -> None:
        self.setup = setup
        self._size = size
        self._lenses: dict[str, StackLens] = {}
        self._keys: dict[int, tuple[Operator, str]] = {}

    def _key(self, operator: Operator | None) -> str:
        if operator is None:
            return ""
        known = self._keys.get(id(operator))
        if known is None:
            if len(self._keys) >= self._size:
                self._keys.clear()
            # The operator is kept beside its digest, so that no other one can get its id meanwhile.
            known = self._keys[id(operator)] = operator, digest(operator.to_json())
        return known[1]

    def get(self, operator: Operator | None) -> StackLens:
        key = self._key(operator)
        lens = self._lenses.pop(key, None)
        if lens is None:
            lens = lens_for(operator, self.setup)
            if len(self._lenses) >= self._size:
                del self._lenses[next(iter(self._lenses))]
        self._lenses[key] = lens
        return lens


async def plan_run(
    toolset: Toolset,
    agent: AgentUnderTest,
    operators: Sequence[type[Operator]],
    design: Design,
    limits: Limits,
    *,
    gold: Gold,
    store: Store,
    tasks: Sequence[Task] | None = None,
    report: Report | None = None,
) -> RunPlan:
    """Draw every plan and prove every pair, before anything is paid for. Proofs are kept in the store."""
    if design.trials < 1 or design.clean_trials < 1:
        raise ConfigurationError(
            f"trials is {design.trials} and clean_trials is {design.clean_trials}; each must be at least 1"
        )
    tasks = toolset.tasks if tasks is None else tasks
    lenses = LensCache(gold.setup)
    plan = RunPlan()
    progress = Progress("proving", total=len(tasks) * len(operators) * design.trials)
    usable: list[Task] = []
    for task in tasks:
        clean = await gold.clean(task)
        if clean is None:
            plan.not_proven_tasks.append(task.id)
        elif not clean.passed:
            plan.gold_fails_clean.append(task.id)
            continue
        usable.append(task)
    for trial in range(max(design.trials, design.clean_trials)):
        for task in usable:
            if trial < design.clean_trials:
                key = episode_key(toolset, task, agent, None, trial, design.seed, limits)
                planned = Planned(key=key, task=task.id, arm="clean", trial=trial)
                plan.episodes.append(
                    Pair(task=task.id, trial=trial, operator=None, proof=Proof(status="solvable"), planned=planned)
                )
            if trial >= design.trials:
                continue
            for operator in operators:
                await _add_pair(plan, toolset, agent, operator, task, trial, design, limits, gold, store, lenses)
                progress.done += 1
                if report is not None:
                    report(progress)
    return plan


async def _add_pair(
    plan: RunPlan,
    toolset: Toolset,
    agent: AgentUnderTest,
    operator: type[Operator],
    task: Task,
    trial: int,
    design: Design,
    limits: Limits,
    gold: Gold,
    store: Store,
    lenses: LensCache,
) -> None:
    try:
        drawn = draw(operator, gold.setup, task, trial, design)
    except Exception as error:
        raised = f"{operator.id} raised {type(error).__name__} while it planned: {error}"
        plan.left_out.append(_left_out(operator, operator.promises, task, trial, "tester_fault", raised, None))
        return
    if isinstance(drawn, NotApplicable):
        plan.left_out.append(_left_out(operator, operator.promises, task, trial, "not_applicable", drawn.reason, None))
        return
    as_json = drawn.to_json()
    proof_key = digest([__version__, toolset_digest(toolset), task.id, as_json], 24)
    proof = store.proof(proof_key)
    if proof is None:
        try:
            proof = await gold.prove(task, drawn, lenses.get(drawn))
        except Exception as error:
            proof = Proof(status="unsolvable", reason=RAISED, detail=f"{type(error).__name__}: {error}")
        if proof.reason != RAISED:
            store.add_proof(proof_key, proof)
    if proof.reason == RAISED:
        raised = f"{operator.id} raised while it was proven: {proof.detail}"
        plan.left_out.append(_left_out(operator, drawn.kind, task, trial, "tester_fault", raised, as_json))
        return
    if proof.status == "not_applicable" or proof.status == "unsolvable":
        reason = proof.reason if proof.status == "not_applicable" else f"{proof.reason}: {proof.detail}"
        plan.left_out.append(_left_out(operator, drawn.kind, task, trial, proof.status, reason, as_json))
        return
    if proof.status == "solvable":
        plan.proven += 1
    else:
        plan.not_proven += 1
    key = episode_key(toolset, task, agent, as_json, trial, design.seed, limits)
    planned = Planned(
        key=key,
        task=task.id,
        arm="perturbed",
        trial=trial,
        operator=operator.id,
        axis=operator.axis,
        kind=drawn.kind,
        plan=as_json,
        proof=proof.status,
    )
    plan.episodes.append(Pair(task=task.id, trial=trial, operator=drawn, proof=proof, planned=planned))


def _left_out(
    operator: type[Operator],
    kind: str,
    task: Task,
    trial: int,
    outcome: Literal["not_applicable", "unsolvable", "tester_fault"],
    reason: str,
    plan: dict[str, JSON] | None,
) -> LeftOut:
    return LeftOut(
        operator=operator.id,
        axis=operator.axis,
        kind=kind,
        task=task.id,
        trial=trial,
        outcome=outcome,
        reason=reason,
        plan=plan,
    )


async def run_episode(
    toolset: Toolset,
    task: Task,
    agent: Agent,
    lens: StackLens,
    planned: Planned,
    limits: Limits,
    watchdog: Watchdog | None = None,
) -> Episode:
    """One episode, from a fresh environment to exactly one outcome. Never raises for what an agent, an operator, a check or
    an environment does."""
    started = time.perf_counter()
    environment = None
    boundary: Boundary | None = None
    answer: str | None = None
    answer_real: str | None = None
    outcome: Outcome
    error: str | None = None
    try:
        environment = toolset.environment(task)
        boundary = Boundary(lens, task, environment, max_calls=limits.max_calls)
    except Exception as problem:
        outcome = "infrastructure_error" if environment is None else "tester_fault"
        what = "the environment could not be made" if environment is None else "the setup could not be shown"
        error = f"{what}: {type(problem).__name__}: {problem}"
    else:
        answer, outcome_or_none, error = await _act(agent, boundary, limits, watchdog)
        if outcome_or_none is not None:
            outcome = outcome_or_none
        else:
            outcome, answer_real, error = _judge(toolset, task, boundary, answer or "")
    finally:
        if environment is not None:
            environment.close()
    return Episode(
        key=planned.key,
        task=task.id,
        arm="clean" if planned.arm == "clean" else "perturbed",
        trial=planned.trial,
        outcome=outcome,
        operator=planned.operator,
        plan=planned.plan,
        system=boundary.system if boundary else "",
        prompt=boundary.prompt if boundary else task.prompt,
        steps=tuple(boundary.steps) if boundary else (),
        answer=answer,
        answer_real=answer_real,
        exposed=boundary.exposed if boundary else False,
        error=error,
        seconds=time.perf_counter() - started,
        delayed=boundary.delayed if boundary else 0.0,
    )


async def _act(
    agent: Agent, boundary: Boundary, limits: Limits, watchdog: Watchdog | None
) -> tuple[str | None, Outcome | None, str | None]:
    """Let the agent act: its answer, or the outcome that it ends in without one, with the reason."""
    answer: Any = None
    problem: BaseException | None = None
    late = False
    try:
        with anyio.move_on_after(limits.timeout) as scope:
            if watchdog is not None:
                watchdog.beat()
            if inspect.iscoroutinefunction(agent):
                answer = await agent(boundary)
            else:
                answer = await _call_plain(agent, boundary)
        late = scope.cancelled_caught
    except BlockedLoop:
        late = True
    except Exception as raised:
        problem = raised
    if boundary.fault is not None:
        ours: Outcome = "infrastructure_error" if isinstance(boundary.fault, EnvironmentFault) else "tester_fault"
        return None, ours, str(boundary.fault)
    if late:
        return None, "budget_exceeded", f"the agent was not done after {limits.timeout:g} s; a run allows more with --timeout"
    if boundary.over_budget or isinstance(problem, BudgetExceeded):
        return None, "budget_exceeded", f"the agent made more than {limits.max_calls} calls; a run allows more with --max-calls"
    if problem is not None:
        return None, "agent_error", f"the agent raised {type(problem).__name__}: {problem}{_place(problem)}"
    if answer is not None and not isinstance(answer, str):
        return None, "agent_error", f"the agent returned a {type(answer).__name__}; it must return its answer as text, or None"
    return answer, None, None


async def _call_plain(agent: Agent, boundary: Boundary) -> Any:
    """A function that is no coroutine function: it may still give an awaitable; else it is run in a thread, where it can use
    the episode through a blocking face."""
    if inspect.iscoroutinefunction(getattr(agent, "__call__", None)):  # noqa: B004 - an object with an async __call__
        return await agent(boundary)  # type: ignore[misc]
    blocking = BlockingEpisode(boundary)
    # A limiter of its own: a thread that never returns must not keep a later episode waiting.
    answer = await anyio.to_thread.run_sync(lambda: agent(blocking), abandon_on_cancel=True, limiter=anyio.CapacityLimiter(1))
    if inspect.isawaitable(answer):
        answer = await answer
    return answer


class BlockingEpisode:
    """A live episode for an agent that is a plain function: the same names, and calls that return their replies."""

    def __init__(self, boundary: Boundary) -> None:
        self._boundary = boundary

    @property
    def system(self) -> str:
        return self._boundary.system

    @property
    def prompt(self) -> str:
        return self._boundary.prompt

    @property
    def tools(self) -> Any:
        return self._boundary.tools

    def call(self, name: str, arguments: Any) -> Any:
        return _awaited(self._boundary.call, name, arguments)

    def calls(self, calls: Any) -> Any:
        return _awaited(self._boundary.calls, calls)

    def next_user(self) -> Any:
        return _awaited(self._boundary.next_user)


def _awaited(function: Callable[..., Any], *arguments: Any) -> Any:
    import anyio.from_thread

    return anyio.from_thread.run(function, *arguments)


def _judge(toolset: Toolset, task: Task, boundary: Boundary, answer: str) -> tuple[Outcome, str | None, str | None]:
    """The verdict on a finished episode; a judge that raises is our fault, never the agent's."""
    fresh: list[Any] = []

    def make() -> Any:
        fresh.append(toolset.environment(task))
        return fresh[-1]

    try:
        answer_real = boundary.read_answer(answer)
        final = boundary.final_environment(make)
        passed = toolset.check(task, final, answer_real, boundary.real_calls)
    except Exception as error:
        return "tester_fault", None, f"the check of task {task.id!r} raised {type(error).__name__}: {error}"
    finally:
        for environment in fresh:
            environment.close()
    return ("passed" if passed else "failed"), answer_real, None


def _place(problem: BaseException) -> str:
    """The last place of the agent's own code in a traceback, as `, file.py line 12`."""
    import pathlib
    import traceback

    frames = [
        frame for frame in traceback.extract_tb(problem.__traceback__) if "perturb" not in pathlib.Path(frame.filename).parts
    ]
    return f", {pathlib.Path(frames[-1].filename).name} line {frames[-1].lineno}" if frames else ""


async def run_episodes(
    toolset: Toolset,
    agent: AgentUnderTest,
    plan: RunPlan,
    limits: Limits,
    *,
    store: Store,
    setup: Setup,
    report: Report | None = None,
    fresh: bool = False,
) -> Ended:
    """Run what a plan still lacks, in launch order. Finished episodes are stored at once; `fresh` runs all of them again.

    An interrupt (Ctrl-C) ends the run after storing what is done: it is told by `Ended.how`, not raised.
    """
    started = time.perf_counter()
    keys = [pair.planned.key for pair in plan.episodes]
    if fresh:
        store.forget(keys)
    known = store.outcomes(keys)
    # Faults that are not the agent's are tried again; everything else is never run twice.
    known = {key: outcome for key, outcome in known.items() if outcome not in ("infrastructure_error", "tester_fault")}
    left = [pair for pair in plan.episodes if pair.planned.key not in known]
    progress = Progress("running", total=len(plan.episodes), done=len(known), resumed=len(known))
    for pair in plan.episodes:
        if pair.planned.key in known:
            _count(progress, pair.planned.arm, known[pair.planned.key], None)
    lenses = LensCache(setup)
    tasks = {task.id: task for task in toolset.tasks}
    run = _Running(iter(left), progress, limits, started)

    async def work() -> None:
        for pair in run:
            episode = await run_episode(
                toolset, tasks[pair.task], agent.function, lenses.get(pair.operator), pair.planned, limits, watchdog
            )
            store.add(episode)
            run.finished(episode)
            if report is not None:
                report(progress)

    interrupted = False
    with Watchdog(limits.timeout) as watchdog:
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(watchdog.tick)
                async with anyio.create_task_group() as workers:
                    for _ in range(max(1, min(limits.concurrency, len(left)))):
                        workers.start_soon(work)
                group.cancel_scope.cancel()
        except* (KeyboardInterrupt, anyio.get_cancelled_exc_class()):
            interrupted = True
    done = progress.done - progress.resumed
    how: Literal["complete", "budget", "interrupted"] = "interrupted" if interrupted else "budget" if run.spent else "complete"
    return Ended(
        how=how,
        episodes=done,
        resumed=progress.resumed,
        left=len(left) - done,
        seconds=time.perf_counter() - started,
        why=run.spent or "",
    )


class _Running:
    """The queue of pairs, which dries up when the budget of the run is spent."""

    def __init__(self, queue: Iterable[Pair], progress: Progress, limits: Limits, started: float) -> None:
        self._queue = iter(queue)
        self.progress = progress
        self.limits = limits
        self.started = started
        self.launched = 0
        self.tokens = 0
        self.spent: str | None = None

    def __iter__(self) -> _Running:
        return self

    def __next__(self) -> Pair:
        pair = next(self._queue)
        self.spent = self.spent or self._over()
        if self.spent is not None:
            raise StopIteration
        self.launched += 1
        return pair

    def _over(self) -> str | None:
        limits = self.limits
        if limits.episodes is not None and self.launched >= limits.episodes:
            return f"the budget of {limits.episodes} episodes is spent"
        if limits.seconds is not None and time.perf_counter() - self.started >= limits.seconds:
            return f"the budget of {limits.seconds:g} s is spent"
        if limits.tokens is not None and self.tokens >= limits.tokens:
            return f"the budget of {limits.tokens} tokens is spent"
        if limits.cost is not None and self.progress.cost >= limits.cost:
            return f"the budget of ${limits.cost:g} is spent"
        return None

    def finished(self, episode: Episode) -> None:
        self.tokens += episode.usage.input_tokens + episode.usage.output_tokens
        self.progress.done += 1
        self.progress.seconds = time.perf_counter() - self.started
        _count(self.progress, episode.arm, episode.outcome, episode.usage.cost)


def _count(progress: Progress, arm: str, outcome: str, cost: float | None) -> None:
    from perturb.episode import AGENT_OUTCOMES

    if outcome in AGENT_OUTCOMES:
        progress.counted[arm] += 1
        progress.passed[arm] += outcome == "passed"
    progress.cost += cost or 0.0
