"""What a run consists of: the plans drawn, the pairs proven, and the key of each episode.

A run is planned in full before anything is run. Its episodes are keyed by a digest of everything that could change them,
so that running the same command again goes on where the last one ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from perturb import __version__
from perturb.agent import Agent
from perturb.errors import ConfigurationError
from perturb.operator import NotApplicable, Operator, Pick, SeededPick, Setup, StackLens, lens_for
from perturb.replay import RAISED, Gold, Proof
from perturb.store import Planned, Store
from perturb.toolset import Task, Toolset
from perturb.types import JSON, digest
from perturb.watchdog import Turns


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
    turns = Turns()
    usable: list[Task] = []
    for task in tasks:
        await turns.turn()
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
                await turns.turn()
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
