"""Prove a toolset solvable under every operator and under random stacks, and hold the operators to their laws; no agent needed.

The work is cut into pieces that are named by ids and numbers alone, so that other processes can do them.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import anyio
import msgspec

from perturb import laws
from perturb.errors import ConfigurationError, WorkerLost, nearest
from perturb.evaluation import Request, floor, learned_path
from perturb.findings import Broken, Checked, Row
from perturb.kept import collect_less
from perturb.learned_gold import use_learned
from perturb.loading import load_toolset
from perturb.operator import NotApplicable, Operator, SeededPick, Stack, StackLens
from perturb.operators import by_id, select
from perturb.planning import Design, LensCache, draw
from perturb.replay import RAISED, Gold, Proof
from perturb.toolset import Task
from perturb.types import HEADLINE_KINDS, Call, digest
from perturb.workers import WORTH, available

TIME_FOR_A_PIECE = 600.0
"""Seconds without any finished piece after which other processes are given up."""
GOLD_CALLS_FOR_DOSE = 40


class CheckRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to check. `stacks` random stacks of two to five operators are laid over the toolset for each intensity in turn;
    with `laws`, every plan is held to the laws too."""

    toolset: str = "airline"
    operators: tuple[str, ...] = ("*",)
    tasks: tuple[str, ...] = ()
    intensities: tuple[float, ...] = (1.0,)
    seed: int = 7
    seeds: int = 1
    stacks: int = 0
    laws: bool = False
    folder: Path = Path("reports/runs")


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """One operator at one seed and intensity, or the random stack of that number where `operator` is `stack`."""

    operator: str
    seed: int
    intensity: float
    number: int = 0


def check(request: CheckRequest, *, jobs: int | None = 1, report: Callable[[int, int], None] | None = None) -> Checked:
    """Check a toolset. `report(done, pieces)` is called as the work goes on; `jobs` processes share it; `None` is one
    for each processor where the work is long.

    An interrupt (Ctrl-C) gives what is done: `done` is then less than `pieces`. Raises `ConfigurationError` for what is not
    there, `WorkerLost` where another process dies or is silent for ten minutes.
    """
    started = time.perf_counter()
    operators = [operator.id for operator in select(request.operators)]
    if not request.intensities or request.seeds < 1:
        raise ConfigurationError(
            f"{request.seeds} seeds and {len(request.intensities)} intensities; at least one of each is needed"
        )
    bench = Bench(request)
    found = Checked(
        toolset=request.toolset,
        tasks=len(bench.chosen),
        gold_fails_clean=bench.gold_fails_clean,
        not_proven_tasks=bench.not_proven,
        floor=floor(bench.toolset, bench.chosen),
        stacks=request.stacks,
        laws=request.laws,
    )
    pieces = list(_pieces(request, operators)) if bench.usable else []
    found.pieces = len(pieces)
    if jobs is None:
        jobs = available() if len(pieces) * len(bench.usable) >= WORTH else 1
    work = _here(bench, pieces) if jobs < 2 or bench.toolset.exclusive else _elsewhere(request, pieces, jobs)
    try:
        for rows in work:
            found.add(rows)
            found.done += 1
            if report is not None:
                report(found.done, found.pieces)
    except KeyboardInterrupt:
        pass
    finally:
        work.close()
    order = {operator: position for position, operator in enumerate([*operators, Stack.id])}
    found.rows = dict(sorted(found.rows.items(), key=lambda item: (order[item[0][0]], item[0][1])))
    found.seconds = time.perf_counter() - started
    return found


def _pieces(request: CheckRequest, operators: Sequence[str]) -> Iterator[Piece]:
    for operator in operators:
        for seed in range(request.seed, request.seed + request.seeds):
            for intensity in request.intensities:
                yield Piece(operator=operator, seed=seed, intensity=intensity)
    for number in range(request.stacks):
        intensity = request.intensities[number % len(request.intensities)]
        yield Piece(operator=Stack.id, seed=request.seed, intensity=intensity, number=number)


def _here(bench: Bench, pieces: Sequence[Piece]) -> Generator[list[Row]]:
    for piece in pieces:
        yield do(bench, piece)


def _elsewhere(request: CheckRequest, pieces: Sequence[Piece], jobs: int) -> Generator[list[Row]]:
    """The same in other processes. A few pieces for each process are under way at a time, so that an end comes soon."""
    queue = iter(pieces)
    pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"), initializer=_set_up, initargs=(request,))
    under_way: set[Future[list[Row]]] = set()

    def start(count: int) -> None:
        for _, piece in zip(range(count), queue, strict=False):
            under_way.add(pool.submit(_do_there, piece))

    try:
        start(jobs * 3)
        while under_way:
            ended, _ = wait(under_way, timeout=TIME_FOR_A_PIECE, return_when=FIRST_COMPLETED)
            if not ended:
                raise WorkerLost(
                    f"no process has finished anything for {TIME_FOR_A_PIECE:g} s; check fewer tasks at a time, or use --jobs 1"
                )
            for future in ended:
                under_way.discard(future)
                yield future.result()
            start(len(ended))
    except BrokenProcessPool:
        raise WorkerLost("a process that checks died, for want of memory or by a signal; use --jobs 1") from None
    finally:
        if under_way:
            # Ended early: those under way must not hold the end up.
            for process in list((getattr(pool, "_processes", None) or {}).values()):
                process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)


class Bench:
    """A loaded toolset with its clean gold runs: what every piece of the work needs."""

    def __init__(self, request: CheckRequest) -> None:
        self.request = request
        self.toolset = load_toolset(request.toolset)
        use_learned(self.toolset, learned_path(Request(toolset=request.toolset, folder=request.folder)))
        self.gold = Gold(self.toolset)
        known = {task.id: task for task in self.toolset.tasks}
        for task_id in request.tasks:
            if task_id not in known:
                raise ConfigurationError(f"toolset {request.toolset!r} has no task {task_id!r}; {nearest(task_id, known)}")
        self.chosen = [task for task in self.toolset.tasks if not request.tasks or task.id in request.tasks]
        self.usable: list[Task] = []
        self.gold_fails_clean: list[str] = []
        self.not_proven: list[str] = []
        self.held: set[str] = set()
        """The digests of the plans that were held to the laws on setups: other seeds and intensities draw many again."""
        anyio.run(self._look)

    async def _look(self) -> None:
        for task in self.chosen:
            clean = await self.gold.clean(task)
            if clean is not None and not clean.passed:
                self.gold_fails_clean.append(task.id)
                continue
            if clean is None:
                self.not_proven.append(task.id)
            self.usable.append(task)


_bench: Bench | None = None
"""The bench of this process, where it works for another one."""


def _set_up(request: CheckRequest) -> None:
    """Make a process ready to do pieces; Ctrl-C is for the one that it works for, whose end is its own end."""
    global _bench
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    collect_less()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _bench = Bench(request)


def _end_with_parent() -> None:
    """A process that waits for work is not told when the one that gives it was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do_there(piece: Piece) -> list[Row]:
    assert _bench is not None
    return do(_bench, piece)


def do(bench: Bench, piece: Piece) -> list[Row]:
    """One piece of the work: one row for each kind that was met."""
    return anyio.run(_do, bench, piece)


async def _do(bench: Bench, piece: Piece) -> list[Row]:
    gold, request = bench.gold, bench.request
    rows: dict[str, Row] = {}
    stack: Operator | NotApplicable | None = None
    if piece.operator == Stack.id:
        try:
            stack = _stack(bench, piece)
        except Exception as error:
            row = _row(rows, piece, None)
            row.unsolvable.append(Broken(task=None, reason=f"{RAISED}: stack {piece.number}: {type(error).__name__}: {error}"))
            return [row]
    lenses = LensCache(gold.setup)
    plans: dict[str, tuple[Operator, StackLens]] = {}
    drawn: Operator | NotApplicable
    for task in bench.usable:
        try:
            drawn = stack if stack is not None else _draw(gold, task, piece)
        except Exception as error:
            proof = Proof(status="unsolvable", reason=RAISED, detail=f"{type(error).__name__} while it planned: {error}")
            _row(rows, piece, None).count(task, proof, None)
            continue
        row = _row(rows, piece, drawn)
        if isinstance(drawn, NotApplicable):
            row.count(task, Proof(status="not_applicable", reason=drawn.reason), None)
            continue
        try:
            lens = lenses.get(drawn)
        except Exception as error:
            row.count(task, Proof(status="unsolvable", reason=RAISED, detail=f"{type(error).__name__}: {error}"), drawn)
            continue
        proof = await gold.prove(task, drawn, lens)
        row.count(task, proof, drawn)
        if request.laws and proof.status != "not_applicable":
            told = digest(drawn.to_json())
            if told not in bench.held:
                bench.held.add(told)
                plans.setdefault(lens.setup.digest, (drawn, lens))
            row.violations += await _unlawful(gold, task, drawn, lens)
    if request.laws:
        for broken in _lawless(bench, piece, plans.values()):
            row = _row(rows, piece, plans[next(iter(plans))][0] if plans else None)
            row.violations.append(broken)
    return list(rows.values())


async def _unlawful(gold: Gold, task: Task, plan: Operator, lens: StackLens) -> list[Broken]:
    """The laws that a plan breaks on the gold calls of a task."""
    try:
        told = [str(violation) for violation in await laws.on_gold_calls(gold, task, plan, lens)]
    except Exception as error:
        told = [f"the laws could not be tried: {type(error).__name__}: {error}"]
    return [Broken(task=task.id, reason=reason, plan=plan.to_json()) for reason in told]


def _lawless(bench: Bench, piece: Piece, plans: Iterable[tuple[Operator, StackLens]]) -> Iterator[Broken]:
    """The laws that need no task: of each plan, and of the operator."""
    gold = bench.gold
    for plan, lens in plans:
        try:
            told = [str(violation) for violation in laws.on_setup(plan, gold.setup, lens)]
        except Exception as error:
            told = [f"the laws could not be tried: {type(error).__name__}: {error}"]
        for reason in told:
            yield Broken(task=None, reason=reason, plan=plan.to_json())
    if piece.operator == Stack.id:
        return
    operator = by_id(piece.operator)
    calls: list[Call] = [call for task in bench.usable for call in task.gold or ()][:GOLD_CALLS_FOR_DOSE]
    try:
        found = list(laws.deterministic(operator, gold.setup, piece.seed, piece.intensity, calls))
        if piece.intensity == max(bench.request.intensities):
            found += laws.dosed(operator, gold.setup, piece.seed, calls)
            if piece.seed == bench.request.seed:
                from perturb.law_examples import broken_on_examples

                for example in broken_on_examples(operator, gold.setup):
                    yield Broken(task=None, reason=str(example.violation), plan=example.plan.to_json())
    except Exception as error:
        yield Broken(task=None, reason=f"{piece.operator} raised {type(error).__name__}: {error}")
        return
    for violation in found:
        yield Broken(task=None, reason=str(violation))


def _draw(gold: Gold, task: Task, piece: Piece) -> Operator | NotApplicable:
    """The very plan that a run with this seed and intensity draws for the task's first trial."""
    design = Design(seed=piece.seed, intensity=piece.intensity)
    return draw(by_id(piece.operator), gold.setup, task, 0, design)


def _stack(bench: Bench, piece: Piece) -> Operator | NotApplicable:
    """The random stack of that number: two to five operators, of more than one axis where there are several."""
    pick = SeededPick(piece.seed, "stack", piece.number)
    known = [operator for operator in select(bench.request.operators) if operator.promises in HEADLINE_KINDS]
    if len(known) < 2:
        return NotApplicable("nothing_to_change", "a stack takes two operators that keep tasks solvable")
    size = min(len(known), pick.integer("size", 2, 5))
    shuffled = pick.order("members", known)
    other = next((one for one in shuffled if one.axis != shuffled[0].axis), None)
    ordered = [shuffled[0], *([other] if other else []), *(one for one in shuffled[1:] if one is not other)]
    stack, left_out = Stack.of(
        ordered[:size],
        bench.gold.setup,
        lambda operator: SeededPick(piece.seed, "stack", piece.number, operator),
        piece.intensity,
    )
    if stack.operators:
        return stack
    return next(iter(left_out.values()), NotApplicable("nothing_to_change", "no member applies"))


def _row(rows: dict[str, Row], piece: Piece, plan: Operator | NotApplicable | None) -> Row:
    """The row of a plan's kind; an operator that drew no plan counts under the kind that it promises."""
    operator: type[Operator] = Stack if piece.operator == Stack.id else by_id(piece.operator)
    kind: Any = plan.kind if isinstance(plan, Operator) else operator.promises
    axis = "mixed" if operator is Stack else operator.axis
    return rows.setdefault(kind, Row(id=operator.id, axis=axis, kind=kind))
