"""What a run consists of: the plans drawn, the pairs proven, and the key of each episode.

A run is planned in full before anything is run. Its episodes are keyed by a digest of everything that could change them,
so that running the same command again goes on where the last one ended.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Literal, Protocol

import anyio
import msgspec

from perturb import __version__
from perturb.agent import Agent
from perturb.episode import Episode
from perturb.errors import ConfigurationError, first_of
from perturb.operator import NotApplicable, Operator, Pick, SeededPick, Setup, StackLens, lens_for
from perturb.operators import from_json
from perturb.replay import OUR_FAULTS, RAISED, Gold, Proof
from perturb.store import Planned, Store
from perturb.toolset import Task, Toolset
from perturb.types import JSON, digest
from perturb.watchdog import Turns


class AgentNamed(Protocol):
    """Of an agent, what its episodes are told apart by, its name and the digest of its code; and whether it is run by the agent
    loop (`perturb.models.loop`), or by a loop of its own, in which nothing can be changed."""

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> str: ...

    @property
    def takes_scaffold(self) -> bool: ...


class AgentUnderTest(AgentNamed, Protocol):
    """What a run needs of an agent: that, and the function."""

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
    """What a run consists of, but for its episodes: these are in the store (`Store.planned`), in launch order, where clean
    and perturbed ones of a task lie close in time.

    `gold_fails_clean` are the tasks whose own gold calls fail their own check, which are kept out of every pair;
    `not_proven_tasks` those without gold calls. `episodes` counts episodes, `proven` and `not_proven` pairs.
    """

    run: str
    operators: tuple[type[Operator], ...] = ()
    episodes: int = 0
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
    toolset: Toolset, task: Task, agent: AgentNamed, plan: Mapping[str, JSON] | None, trial: int, seed: int, limits: Limits
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
    name = operator.drawn_as or operator.id
    scope: tuple[object, ...] = (name,) if design.plan_scope == "run" else (name, task.id, trial)
    pick: Pick = SeededPick(design.seed, *scope)
    return operator.plan(setup if design.plan_scope == "run" else setup.for_task(task), pick, design.intensity)


class LensCache:
    """Lenses by the digest of their plan; those used last are kept. `others` are operators beside those of the table."""

    def __init__(self, setup: Setup, size: int = 512, others: Sequence[type[Operator]] = ()) -> None:
        self.setup = setup
        self._size = size
        self._others = others
        self._plans: dict[int, tuple[dict[str, JSON], Operator]] = {}
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

    def of_plan(self, plan: dict[str, JSON] | None) -> StackLens:
        """The lens of a plan as JSON; `None` is the clean arm."""
        if plan is None:
            return self.get(None)
        known = self._plans.get(id(plan))
        if known is None:
            if len(self._plans) >= self._size:
                self._plans.clear()
            # The plan is kept beside its operator, so that no other one can get its id meanwhile.
            known = self._plans[id(plan)] = plan, from_json(plan, self._others)
        return self.get(known[1])


class Stopping(Protocol):
    """What may end a run before all of it was run: see `perturb.gating`. It is told of each episode that has ended."""

    def take(self, key: str, outcome: str) -> None: ...

    def wants(self, planned: Planned) -> bool:
        """Whether an episode can still make a difference."""
        ...


More = Callable[[], Awaitable[bool]]
"""What lets a run consist of further episodes, chosen by those that have ended; whether there are any."""


class Workers(Protocol):
    """Processes that prove pairs and run episodes: see `perturb.workers`. `number` is how many there are."""

    @property
    def number(self) -> int: ...

    async def prove(self, task: str, trial: int) -> list[Planned | LeftOut]:
        """The pairs of one task and trial, in the order of the run's operators."""
        ...

    async def run(self, planned: Sequence[Planned]) -> list[Episode]:
        """Episodes, in the order in which they were planned."""
        ...


class Keep(Protocol):
    """Which pairs a run consists of: see `perturb.choosing`."""

    def __call__(self, task: str, operator: str, axis: str, trial: int | None, kind: str | None = None) -> bool | None:
        """Whether a pair is meant; `None` where what is not known yet would decide."""
        ...


Arrange = Callable[["Prover", Sequence[Planned]], AsyncIterator["Planned | LeftOut"]]
"""What a run consists of, in launch order, made of the pairs that were proven in the first trial."""


async def plan_run(
    toolset: Toolset,
    agent: AgentUnderTest,
    operators: Sequence[type[Operator]],
    design: Design,
    limits: Limits,
    *,
    gold: Gold,
    store: Store,
    run: str = "run",
    tasks: Sequence[Task] | None = None,
    report: Report | None = None,
    workers: Workers | None = None,
    arrange: Arrange | None = None,
    keep: Keep | None = None,
) -> RunPlan:
    """Draw every plan and prove every pair, before anything is paid for. Proofs, and the episodes that the run consists of,
    are kept in the store. With `workers`, they prove; the plan is the same. With `arrange`, the run consists of what that
    makes of the first trial, in place of `design.trials` of each pair and `design.clean_trials` of each task. With `keep`,
    the pairs that it means are run, and the clean episodes of their tasks."""
    if design.trials < 1 or design.clean_trials < 1:
        raise ConfigurationError(
            f"trials is {design.trials} and clean_trials is {design.clean_trials}; each must be at least 1"
        )
    tasks = toolset.tasks if tasks is None else tasks
    prover = Prover(toolset, agent, design, limits, gold, store)
    planning = _Planning(prover, tuple(operators), run)
    trials = design.trials if arrange is None else 1

    def meant(task: str, operator: str, axis: str, trial: int, kind: str | None = None) -> bool:
        return keep is None or keep(task, operator, axis, trial, kind) is not False

    pairs = (meant(task.id, one.id, one.axis, trial) for task in tasks for one in operators for trial in range(trials))
    progress = Progress("proving", total=sum(pairs))
    first: list[Planned] = []
    turns = Turns()
    usable: list[Task] = []
    for task in tasks:
        await turns.turn()
        if await planning.takes(task):
            usable.append(task)

    waiting: dict[str, list[Planned]] = {} if keep is None else {task.id: [] for task in usable}

    def add(one: Planned) -> None:
        """A clean episode waits for the first pair of its task."""
        if one.operator is None and one.task in waiting:
            waiting[one.task].append(one)
            return
        for clean in waiting.pop(one.task, ()):
            planning.add(clean)
        planning.add(one)

    def take(some: Sequence[Planned | LeftOut]) -> None:
        for one in some:
            if one.operator is not None:
                pair = one.task, one.operator, one.axis or "", one.trial
                progress.done += meant(*pair)
                if not meant(*pair, one.kind):
                    continue
            if isinstance(one, LeftOut):
                planning.add(one)
            elif arrange is None:
                add(one)
            elif one.operator is not None:
                first.append(one)
        if report is not None:
            report(progress)

    last = max(trials, design.clean_trials) if arrange is None else 1
    steps = [(task, trial) for trial in range(last) for task in usable]
    if workers is None:
        await _prove_here(prover, operators, steps, take, turns, keep)
    else:
        await _prove_by(workers, prover, steps, take)
    if arrange is not None:
        async for one in arrange(prover, first):
            await turns.turn()
            planning.add(one)
    return planning.done()


Taken = Callable[[Sequence["Planned | LeftOut"]], None]


async def _prove_here(
    prover: Prover,
    operators: Sequence[type[Operator]],
    steps: Sequence[tuple[Task, int]],
    take: Taken,
    turns: Turns,
    keep: Keep | None = None,
) -> None:
    for task, trial in steps:
        take(prover.clean(task, trial))
        for operator in operators if trial < prover.design.trials else ():
            await turns.turn()
            if keep is None or keep(task.id, operator.id, operator.axis, trial) is not False:
                take([await prover.pair(operator, task, trial)])


async def _prove_by(workers: Workers, prover: Prover, steps: Sequence[tuple[Task, int]], take: Taken) -> None:
    """The same by workers, each of which takes the next task; what they have proven is taken in the order of the steps."""
    proven: dict[int, list[Planned | LeftOut]] = {}
    queue = iter(enumerate(steps))
    taken = 0

    async def work() -> None:
        nonlocal taken
        for index, (task, trial) in queue:
            proven[index] = await workers.prove(task.id, trial) if trial < prover.design.trials else []
            while taken in proven:
                take([*prover.clean(*steps[taken]), *proven.pop(taken)])
                taken += 1

    try:
        async with anyio.create_task_group() as group:
            for _ in range(workers.number):
                group.start_soon(work)
    except BaseExceptionGroup as group:
        first = first_of(group)
        raise first from first.__cause__


class Prover:
    """Draws the plan of a pair and proves it; proofs are kept in the store."""

    def __init__(self, toolset: Toolset, agent: AgentNamed, design: Design, limits: Limits, gold: Gold, store: Store) -> None:
        self.toolset = toolset
        self.agent = agent
        self.design = design
        self.limits = limits
        self.gold = gold
        self.store = store
        self._lenses = LensCache(gold.setup)
        self._setup = gold.setup.for_agent(takes_scaffold=agent.takes_scaffold)

    def clean(self, task: Task, trial: int) -> list[Planned]:
        """The clean episode of a task and trial; none beyond the last clean trial."""
        return [self.clean_episode(task, trial)] if trial < self.design.clean_trials else []

    def clean_episode(self, task: Task, trial: int) -> Planned:
        """The clean episode of a task and trial, whatever the number of clean trials."""
        return Planned(key=self._key(task, None, trial), task=task.id, arm="clean", trial=trial)

    async def pair(
        self, operator: type[Operator], task: Task, trial: int, *, intensity: float | None = None, number: int | None = None
    ) -> Planned | LeftOut:
        """Draw a plan and prove the pair; it becomes an episode, or is left out with the reason. `intensity` is another than
        that of the design, and `number` the trial that it is written down as, where several plans come of one draw."""
        design = self.design if intensity is None else msgspec.structs.replace(self.design, intensity=intensity)
        drawn_for, trial = trial, trial if number is None else number
        try:
            drawn = draw(operator, self._setup, task, drawn_for, design)
        except Exception as error:
            raised = f"{operator.id} raised {type(error).__name__} while it planned: {error}"
            return _left_out(operator, operator.promises, task, trial, "tester_fault", raised)
        if isinstance(drawn, NotApplicable):
            return _left_out(operator, operator.promises, task, trial, "not_applicable", drawn.reason)
        return await self.drawn(drawn, operator, task, trial)

    async def drawn(self, drawn: Operator, operator: type[Operator], task: Task, trial: int) -> Planned | LeftOut:
        """Prove a task under a plan that was drawn for `operator`; see `pair`."""
        plan = drawn.to_json()
        proof = await self._proven(task, drawn, plan)
        if proof.reason in OUR_FAULTS:
            how = "raised while it was proven" if proof.reason == RAISED else "leaks"
            why = f"{operator.id} {how}: {proof.detail}"
            return _left_out(operator, drawn.kind, task, trial, "tester_fault", why, plan)
        if proof.status == "not_applicable":
            return _left_out(operator, drawn.kind, task, trial, proof.status, proof.reason)
        if proof.status == "unsolvable":
            return _left_out(operator, drawn.kind, task, trial, proof.status, f"{proof.reason}: {proof.detail}", plan)
        return Planned(
            key=self._key(task, plan, trial),
            task=task.id,
            arm="perturbed",
            trial=trial,
            operator=operator.id,
            axis=operator.axis,
            kind=drawn.kind,
            plan=plan,
            proof=proof.status,
        )

    async def _proven(self, task: Task, operator: Operator, plan: dict[str, JSON]) -> Proof:
        """The proof of a pair, from the store where it was made before."""
        key = digest([__version__, toolset_digest(self.toolset), task.id, plan], 24)
        proof = self.store.proof(key)
        if proof is None:
            try:
                proof = await self.gold.prove(task, operator, self._lenses.get(operator))
            except Exception as error:
                proof = Proof(status="unsolvable", reason=RAISED, detail=f"{type(error).__name__}: {error}")
            if proof.reason != RAISED:
                self.store.add_proof(key, proof)
        return proof

    def _key(self, task: Task, plan: Mapping[str, JSON] | None, trial: int) -> str:
        return episode_key(self.toolset, task, self.agent, plan, trial, self.design.seed, self.limits)


def _left_out(
    operator: type[Operator],
    kind: str,
    task: Task,
    trial: int,
    outcome: Literal["not_applicable", "unsolvable", "tester_fault"],
    reason: str,
    plan: dict[str, JSON] | None = None,
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


def extend(plan: RunPlan, store: Store, some: Sequence[Planned | LeftOut]) -> None:
    """Let a run consist of further episodes, behind those that it has."""
    planned = [one for one in some if isinstance(one, Planned)]
    plan.left_out += [one for one in some if isinstance(one, LeftOut)]
    for one in planned:
        _count(plan, one)
    store.add_pairs(plan.run, plan.episodes, planned)
    plan.episodes += len(planned)


def _count(plan: RunPlan, one: Planned) -> None:
    if one.operator is not None:
        plan.proven += one.proof == "solvable"
        plan.not_proven += one.proof != "solvable"


class _Planning:
    """The making of a run's plan: what is drawn and proven goes to the store, a part at a time."""

    _PART = 256

    def __init__(self, prover: Prover, operators: tuple[type[Operator], ...], run: str) -> None:
        self.plan = RunPlan(run=run, operators=operators)
        self._gold = prover.gold
        self._store = prover.store
        self._waiting: list[Planned] = []
        self._store.begin_plan(run)

    async def takes(self, task: Task) -> bool:
        """Whether a task is run at all: not if its own gold calls fail in the clean setup."""
        clean = await self._gold.clean(task)
        if clean is None:
            self.plan.not_proven_tasks.append(task.id)
        elif not clean.passed:
            self.plan.gold_fails_clean.append(task.id)
            return False
        return True

    def add(self, one: Planned | LeftOut) -> None:
        if isinstance(one, LeftOut):
            self.plan.left_out.append(one)
            return
        _count(self.plan, one)
        self._waiting.append(one)
        if len(self._waiting) >= self._PART:
            self._flush()

    def done(self) -> RunPlan:
        self._flush()
        return self.plan

    def _flush(self) -> None:
        self._store.add_pairs(self.plan.run, self.plan.episodes, self._waiting)
        self.plan.episodes += len(self._waiting)
        self._waiting = []
