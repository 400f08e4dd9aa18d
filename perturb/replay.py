"""The proof of solvability: the gold calls of a task, driven through a setup as an informed agent would.

A pair of task and plan is *solvable* when the gold calls, carried through the lens and read back, give the clean results,
leave the environment as the clean run did, pass the toolset's own check, and every value they need can be read in what was
shown before (laws 1, 8 and 9 of the catalogue, on real tasks).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from perturb.boundary import Boundary, shown_turns
from perturb.errors import PerturbError, ToolsetError
from perturb.knowing import Knowing, Unread, unread
from perturb.leaks import Leaks
from perturb.messages import Message
from perturb.operator import NotApplicable, Operator, Setup, StackLens, lens_for
from perturb.scaffold import NATIVE
from perturb.scaffold.dialogue import dialogue, differs, misread
from perturb.toolset import Task, Toolset
from perturb.types import HEADLINE_KINDS, JSON, Answer, Call, Failure, Result, Step, Transcript

RAISED = "operator raised"
LEAK = "leak"
OUR_FAULTS = frozenset((RAISED, LEAK))
"""The reasons of a proof in which an operator broke, or left a retired name in what is shown: faults of ours."""

Status = Literal["solvable", "unsolvable", "not_applicable", "not_proven"]


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What the gold replay of one task under one plan has shown. `felt`: something received differs from clean."""

    status: Status
    reason: str = ""
    detail: str = ""
    felt: bool = False


class GoldRun(msgspec.Struct, frozen=True, kw_only=True):
    """A replay of the gold calls: shown steps, the first real call that each became (`None` where it reached nothing), real
    answers, the final state (`None` where the environment cannot dump it), and the verdict of the toolset's own check. `unread`
    is of a clean run: for each gold call the values of its arguments that nothing before it has told. `misread` is the first
    turn that the scaffold writes as a text which does not read back."""

    steps: tuple[Step, ...]
    real: tuple[Call | None, ...]
    answers: tuple[Answer, ...]
    state: JSON
    passed: bool
    felt: bool
    answer: str
    hidden: tuple[str, ...] = ()
    unread: Unread = ()
    misread: str | None = None


class GoldBroken(Exception):
    """The gold calls could not be carried through a setup."""


async def run_gold(toolset: Toolset, task: Task, lens: StackLens, *, clean: GoldRun | None = None) -> GoldRun:
    """Drive a task's gold calls through a lens.

    `clean` is the clean run; with it, values that the gold calls need and that were visible there but are hidden here are
    collected in `hidden`.
    """
    environment = toolset.environment(task)
    try:
        boundary = Boundary(lens, task, environment, max_calls=1_000_000)
        knowing = None
        if clean is not None:
            knowing = Knowing((boundary.system, *boundary.turns), lens.setup.public_tools)
        while await boundary.next_user() is not None:
            pass  # it hears the user out before it acts
        steps: list[Step] = []
        real: list[Call | None] = []
        answers: list[Answer] = []
        for position, gold in enumerate(task.gold or ()):
            if knowing is not None and clean is not None:
                knowing.begin(gold, clean.unread[position])
            generator = boundary.perform(gold)
            shown = next(generator)
            first = True
            while True:
                if lens is not boundary.lens:
                    lens = boundary.lens
                    if knowing is not None:
                        knowing.see_tools(lens.setup.public_tools)
                if knowing is not None:
                    knowing.send(shown, lens, first)
                first = False
                reached = len(boundary.real_calls)
                answer = await boundary.send(shown)
                reply = boundary.reply(shown, answer)
                boundary.end_batch()
                steps.append(Step(shown, reply))
                real.append(next(iter(boundary.real_calls[reached:]), None))
                if knowing is not None:
                    knowing.hear(shown, reply, isinstance(answer, Failure))
                try:
                    shown = generator.send(answer)
                except StopIteration as stop:
                    answers.append(stop.value)
                    break
            if knowing is not None:
                knowing.end()
        shown_answer = lens.show_answer(task.answer)
        scaffold, tools = boundary.scaffold, lens.setup.public_tools
        told: list[Message] = []
        if scaffold != NATIVE:
            told = dialogue(boundary.messages, steps, shown_answer, follow_ups=boundary.turns[1:])
        final = boundary.final_environment(lambda: toolset.environment(task))
        state = final.dump() if toolset.dumps_state else None
        answer_real = boundary.read_answer(shown_answer)
        passed = toolset.check(task, final, answer_real, boundary.real_calls)
        return GoldRun(
            steps=tuple(steps),
            real=tuple(real),
            answers=tuple(answers),
            state=state,
            passed=passed,
            felt=boundary.exposed or (bool(told) and differs(scaffold, told, tools)),
            answer=shown_answer,
            misread=misread(scaffold, told, tools),
            hidden=tuple(knowing.hidden) if knowing is not None else (),
        )
    finally:
        environment.close()


class Gold:
    """The clean gold runs of a toolset, each made once, and the proofs against them."""

    def __init__(self, toolset: Toolset) -> None:
        self.toolset = toolset
        self.setup = Setup.of(toolset)
        self._clean: dict[str, GoldRun] = {}

    async def clean(self, task: Task) -> GoldRun | None:
        """The clean gold run of a task; `None` where it has no gold calls. Raises `ToolsetError` where the toolset's own
        environment or check raises."""
        if task.gold is None:
            return None
        if task.id not in self._clean:
            try:
                run = await run_gold(self.toolset, task, lens_for(None, self.setup))
                said = (self.toolset.system, task.prompt, *task.follow_ups)
                told = [step.reply.text for step in run.steps]
                known = unread(said, self.setup, task.gold, run.answers, told)
                self._clean[task.id] = msgspec.structs.replace(run, unread=known)
            except PerturbError:
                raise
            except Exception as error:
                raise ToolsetError(
                    f"the gold calls of task {task.id!r} of toolset {self.toolset.name!r} cannot be carried out in the clean "
                    f"setup: {type(error).__name__}: {error}; mend the environment or the check"
                ) from error
        return self._clean[task.id]

    async def transcripts(self) -> tuple[Transcript, ...]:
        """The clean transcripts of all tasks whose gold passes: what the reference agents learn from."""
        found = []
        for task in self.toolset.tasks:
            run = await self.clean(task)
            if run is not None and run.passed:
                prompt = "\n\n".join((task.prompt, *task.follow_ups))
                found.append(Transcript(self.toolset.system, prompt, self.setup.public_tools, run.steps, task.answer))
        return tuple(found)

    async def prove(self, task: Task, operator: Operator | NotApplicable | None, lens: StackLens | None = None) -> Proof:
        """Whether a task is solvable under a plan; `lens` may be given where it is at hand."""
        if isinstance(operator, NotApplicable):
            return Proof(status="not_applicable", reason=operator.reason, detail=operator.detail)
        try:
            lens = lens or lens_for(operator, self.setup)
            leak = first_leak(lens, task)
        except Exception as error:
            return Proof(status="unsolvable", reason=RAISED, detail=f"{type(error).__name__}: {error}")
        if leak is not None:
            return Proof(status="unsolvable", reason=LEAK, detail=leak)
        clean = await self.clean(task)
        if clean is None:
            return Proof(status="not_proven", reason="the task has no gold calls")
        if not clean.passed:
            return Proof(status="not_proven", reason="the gold calls fail the toolset's own check in the clean setup")
        try:
            if lens.has_state and not (self.toolset.dumps_state and self.toolset.loads_state):
                told = "take" if self.toolset.dumps_state else "dump"
                return Proof(status="not_applicable", reason="not_declared", detail=f"the environment cannot {told} its state")
            run = await run_gold(self.toolset, task, lens, clean=clean)
        except Exception as error:
            return Proof(status="unsolvable", reason=RAISED, detail=f"{type(error).__name__}: {error}")
        felt = run.felt
        # The gold calls are made when all has been said: what was withheld until then is there.
        *_, last = lens.stages()
        withheld = any(layer.withholds for layer in last.layers)
        for index, (mine, theirs) in enumerate(zip(run.answers, clean.answers, strict=True)):
            # Of an answer that was shown with something left out, only whether the call worked can be told.
            same = type(mine) is type(theirs) if withheld else same_answer(mine, theirs, self.toolset.volatile)
            if not same:
                gold = (task.gold or ())[index]
                return Proof(
                    status="unsolvable",
                    reason="result differs",
                    detail=f"step {index + 1}, {gold.name}: {_brief(mine)} where the clean run has {_brief(theirs)}",
                    felt=felt,
                )
        difference = first_difference(run.state, clean.state, self.toolset.volatile)
        if difference is not None:
            return Proof(status="unsolvable", reason="state differs", detail=difference, felt=felt)
        if not run.passed:
            if lens.read_answer(run.answer) != task.answer:
                return Proof(status="not_applicable", reason="foreign_check", detail="the answer does not read back", felt=felt)
            return Proof(status="unsolvable", reason="check fails", detail="same state and answer, another verdict", felt=felt)
        if run.misread is not None:
            return Proof(status="unsolvable", reason="text reads back differently", detail=run.misread, felt=felt)
        if run.hidden and (operator is None or operator.kind in HEADLINE_KINDS):
            return Proof(status="unsolvable", reason="value hidden", detail="; ".join(run.hidden[:5]), felt=felt)
        conditional = all(getattr(layer, "conditional", False) for layer in _members(operator))
        if not felt and operator is not None and not conditional and operator.places():
            return Proof(status="not_applicable", reason="not_met", felt=False)
        return Proof(status="solvable", felt=felt)


def first_leak(lens: StackLens, task: Task) -> str | None:
    """The first retired name that is left in what an agent is shown of a task before it acts, or at a later stage."""
    for stage in lens.stages():
        leaks = Leaks.of(stage)
        if leaks.sought:
            said = shown_turns(lens, task) if stage is lens else ()
            for leak in (*leaks.in_setup(), *(leak for text in said for leak in leaks.in_prompt(text))):
                return str(leak)
    return None


def _members(operator: Operator | None) -> tuple[Operator, ...]:
    if operator is None:
        return ()
    members: tuple[Operator, ...] = getattr(operator, "operators", None) or (operator,)
    return members


def same_answer(mine: Answer, theirs: Answer, volatile: tuple[str, ...] = ()) -> bool:
    """Whether two answers are equal as data, volatile values aside; failures by kind, message and field."""
    if isinstance(mine, Result) and isinstance(theirs, Result):
        return _identical(mine.data, theirs.data) or (
            bool(volatile) and first_difference(mine.data, theirs.data, volatile) is None
        )
    if isinstance(mine, Failure) and isinstance(theirs, Failure):
        return (mine.kind, mine.message, mine.field) == (theirs.kind, theirs.message, theirs.field)
    return False


def _identical(mine: JSON, theirs: JSON) -> bool:
    """Equality with types: 1, 1.0 and True are three values."""
    if mine is theirs:
        return True
    if isinstance(mine, dict):
        return (
            isinstance(theirs, dict)
            and mine.keys() == theirs.keys()
            and all(_identical(value, theirs[key]) for key, value in mine.items())
        )
    if isinstance(mine, list):
        return (
            isinstance(theirs, list)
            and len(mine) == len(theirs)
            and all(_identical(one, other) for one, other in zip(mine, theirs, strict=True))
        )
    return type(mine) is type(theirs) and (mine == theirs or (mine != mine and theirs != theirs))  # NaN is itself here


def first_difference(mine: JSON, theirs: JSON, volatile: tuple[str, ...] = ()) -> str | None:
    """Where two JSON values part first, volatile paths (regular expressions over `/a/0/b`) aside; `None` where they do not.

    Only parts that differ are walked through, since states are large and mostly equal.
    """
    pattern = re.compile("|".join(f"(?:{one})" for one in volatile)) if volatile else None
    for path, found in _differences(mine, theirs, ""):
        if pattern is None or not any(pattern.fullmatch(path[:end]) for end in _ends(path)):
            return f"{path or '/'}: {found}"
    return None


def _ends(path: str) -> list[int]:
    """Where the path and each of its parents end, so that a volatile parent covers all below it."""
    return [index for index, character in enumerate(path) if character == "/" and index] + [len(path)]


def _differences(mine: JSON, theirs: JSON, path: str) -> Iterator[tuple[str, str]]:
    # Plain equality is quick and rules most states out; only where it holds are types worth a walk.
    if mine is theirs or (mine == theirs and _identical(mine, theirs)):
        return
    if isinstance(mine, dict) and isinstance(theirs, dict):
        for key in [*mine, *(key for key in theirs if key not in mine)]:
            if key not in mine or key not in theirs:
                yield f"{path}/{key}", f"only in the {'perturbed' if key in mine else 'clean'} run"
            else:
                yield from _differences(mine[key], theirs[key], f"{path}/{key}")
    elif isinstance(mine, list) and isinstance(theirs, list) and len(mine) == len(theirs):
        for index, (one, other) in enumerate(zip(mine, theirs, strict=True)):
            yield from _differences(one, other, f"{path}/{index}")
    else:
        yield path, f"{_brief(mine)} where the clean run has {_brief(theirs)}"


def _brief(value: Any) -> str:
    text = repr(value.data if isinstance(value, Result) else value)
    return text if len(text) <= 160 else text[:157] + "..."
