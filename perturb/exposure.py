"""For each operator the share of a recorded agent's calls that touch what it changes, by tool and by step; no agent is run.

Each recorded call is carried through the operator as an agent that knows the setup would make it, and is answered as it was
recorded. It touches what is changed where its tool is told otherwise, where the call has to be made otherwise, or where its
result reads otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import anyio
import msgspec

from perturb.boundary import Boundary
from perturb.operator import NotApplicable, Operator, SeededPick, Setup, StackLens, lens_for
from perturb.recorded import Recorded, pair
from perturb.recorded_toolset import Answering, answer_of
from perturb.toolset import Task, Toolset
from perturb.types import Answer, Call, Tool

CALLS = frozenset({"tools", "responses", "environment", "mixed"})
"""The axes that calls can touch; prompts and the scaffold are no part of a call."""
STEPS = 10
"""Steps that are told one by one; the last of them holds all later ones too."""
_MOST_SENT = 1000


class Exposed(msgspec.Struct):
    """How many recorded calls touch what one operator changes: `told`, `made` and `answered` say in which way. `by_tool` and
    `by_step` hold pairs of touched calls and all calls. `unsure` counts calls that could not be carried through."""

    operator: str
    axis: str
    kind: str
    calls: int = 0
    touched: int = 0
    told: int = 0
    made: int = 0
    answered: int = 0
    unsure: int = 0
    by_tool: dict[str, list[int]] = msgspec.field(default_factory=dict)
    by_step: list[list[int]] = msgspec.field(default_factory=lambda: [[0, 0] for _ in range(STEPS)])

    @property
    def share(self) -> float:
        """Touched calls among all."""
        return self.touched / self.calls if self.calls else 0.0

    def add(self, tool: str, step: int, touch: Touch) -> None:
        """Count one call; `step` counts the calls of its episode from 0."""
        any_way = touch.told or touch.made or touch.answered
        self.calls += 1
        self.touched += any_way
        self.told += touch.told
        self.made += touch.made
        self.answered += touch.answered
        self.unsure += touch.unsure
        for counted in (self.by_tool.setdefault(tool, [0, 0]), self.by_step[min(step, STEPS - 1)]):
            counted[0] += any_way
            counted[1] += 1


class Touch(NamedTuple):
    """In which way a call touches what an operator changes."""

    told: bool = False
    made: bool = False
    answered: bool = False
    unsure: bool = False


class LeftOut(NamedTuple):
    """An operator that is not measured, and why."""

    operator: str
    reason: str


class Measured(NamedTuple):
    """What a recording says of each operator. `unknown` counts calls of tools that are not among those known, by name."""

    episodes: int
    calls: int
    tools: int
    exposed: list[Exposed]
    left_out: list[LeftOut]
    unknown: dict[str, int]


def measure(
    episodes: Iterable[Recorded],
    toolset: Toolset,
    operators: Sequence[type[Operator]],
    *,
    seed: int = 7,
    intensity: float = 1.0,
    tell: Callable[[int], None] = lambda done: None,
) -> Measured:
    """Measure each operator over all calls of the episodes, which are read once. One plan of each serves them all."""
    setup = Setup.of(toolset)
    lenses: list[tuple[Exposed, StackLens]] = []
    left_out: list[LeftOut] = []
    for operator in operators:
        if operator.axis not in CALLS:
            left_out.append(LeftOut(operator.id, f"it changes the {operator.axis} alone, which no call touches"))
            continue
        plan = operator.plan(setup, SeededPick(seed, operator.drawn_as or operator.id), intensity)
        if isinstance(plan, NotApplicable):
            left_out.append(LeftOut(operator.id, f"{plan.reason.replace('_', ' ')}: {plan.detail}".rstrip(": ")))
            continue
        lens = lens_for(plan, setup)
        if lens.has_state and not (toolset.dumps_state and toolset.loads_state):
            left_out.append(LeftOut(operator.id, "it changes the state, which a recording does not hold"))
            continue
        if lens.has_state and plan.kind == "distraction":
            left_out.append(LeftOut(operator.id, "it adds to the state, which shows only where a call is run"))
            continue
        lenses.append((Exposed(operator.id, operator.axis, plan.kind), lens))
    return anyio.run(_measure, episodes, toolset, lenses, left_out, tell)


async def _measure(
    episodes: Iterable[Recorded],
    toolset: Toolset,
    lenses: list[tuple[Exposed, StackLens]],
    left_out: list[LeftOut],
    tell: Callable[[int], None],
) -> Measured:
    number = calls = 0
    unknown: dict[str, int] = {}
    known = {tool.name for tool in toolset.tools}
    for number, episode in enumerate(episodes, 1):
        made = []
        for one in pair(episode.messages).calls:
            if one.by == "user" or one.call.malformed is not None:
                continue
            if one.call.name not in known:
                unknown[one.call.name] = unknown.get(one.call.name, 0) + 1
                continue
            result = None if one.answered is None else episode.messages[one.answered]
            answer = None if result is None else answer_of(result.text, one.call.name, result.is_error)
            made.append(_Made(Call(one.call.name, one.call.arguments), answer, one.step))
        calls += len(made)
        prompt = next((message.text for message in episode.messages if message.role == "user"), "")
        for exposed, lens in lenses:
            touches = await _touches(toolset, lens, prompt, made)
            for step, (call, touch) in enumerate(zip(made, touches, strict=True)):
                exposed.add(call.call.name, step, touch)
        tell(number)
    ordered = sorted((exposed for exposed, _ in lenses), key=lambda one: -one.share)
    return Measured(number, calls, len(known), ordered, left_out, unknown)


class _Made(NamedTuple):
    call: Call
    answer: Answer | None
    step: int


async def _touches(toolset: Toolset, lens: StackLens, prompt: str, made: Sequence[_Made]) -> list[Touch]:
    """How each call of one episode touches what a lens changes."""
    task = Task(id="recorded", prompt=prompt)
    if lens.has_state:
        environment = toolset.environment(toolset.tasks[0])
        try:
            boundary = Boundary(lens, task, environment)
            return [_past(boundary, one) for one in made]
        finally:
            environment.close()
    answering = Answering()
    boundary = Boundary(lens, task, answering, max_calls=1_000_000)
    found = []
    for position, one in enumerate(made):
        answering.now = one.call, one.answer if one.answer is not None else answer_of("", one.call.name, False)
        found.append(await _touch(boundary, one))
        if position + 1 == len(made) or made[position + 1].step != one.step:
            boundary.end_batch()
    return found


async def _touch(boundary: Boundary, one: _Made) -> Touch:
    told = made = answered = False
    clean = None if one.answer is None else boundary.lens.real
    try:
        generator = boundary.perform(one.call)
        shown = next(generator)
        for sent in range(_MOST_SENT):
            made = made or sent > 0 or shown != one.call
            told = told or _told_otherwise(boundary.lens, shown.name, one.call.name)
            answer = await boundary.send(shown)
            if clean is not None and not answered:
                answered = sent > 0 or answer != one.answer or repr(answer) != repr(one.answer)
            try:
                shown = generator.send(answer)
            except StopIteration:
                return Touch(told, made, answered)
    except Exception:
        # A call that was recorded whole has no answer to its parts; that it was taken apart says that it is touched.
        boundary.fault = None
    return Touch(told, True, answered, unsure=True)


def _past(boundary: Boundary, one: _Made) -> Touch:
    """The same over a changed state, which a recording cannot be run in: the call and its answer as they would read there."""
    try:
        shown, answer = boundary.shown_past(one.call, one.answer)
    except Exception:
        return Touch(unsure=True)
    return Touch(
        _told_otherwise(boundary.lens, shown.name, one.call.name),
        shown != one.call,
        answer != one.answer or repr(answer) != repr(one.answer),
    )


def _told_otherwise(lens: StackLens, shown: str, real: str) -> bool:
    """Whether the tool that is called is told otherwise than the real one."""
    return _named(lens.setup, shown) != _named(lens.real, real)


def _named(setup: Setup, name: str) -> tuple[str, str, object] | None:
    tool: Tool | None = next((one for one in setup.public_tools if one.name == name), None)
    return None if tool is None else (tool.name, tool.description, tool.parameters)
