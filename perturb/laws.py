"""The laws that every operator is held to, as checks on a plan bound to a setup; CONTRIBUTING.md has each in a line.

Each check yields `Violation`s and shares no code with any operator. Laws 8, 9 and 10 need tasks: `perturb.replay.Gold.prove`
tests them on the gold calls, and `violations` puts everything together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

import msgspec

from perturb import texts
from perturb.boundary import Boundary
from perturb.law_schemas import problem_of_data, problem_of_tool, unfit
from perturb.leaks import Leaks
from perturb.operator import (
    KIND_ORDER,
    Lens,
    NotApplicable,
    Operator,
    Phase,
    SeededPick,
    Setup,
    Stack,
    StackLens,
    dose,
    lens_for,
)
from perturb.replay import Gold, run_gold, same_answer
from perturb.scaffold.dialogue import dialogue, differs, misread
from perturb.toolset import Task
from perturb.types import JSON, Answer, Axis, Call, Failure, Reply, Result, Step, Tool, to_json

LAWS: dict[int, str] = {
    1: "round trip",
    2: "valid",
    3: "one-to-one",
    4: "coherent",
    5: "strict",
    6: "deterministic",
    7: "data",
    8: "solvable",
    9: "knowable",
    10: "felt",
    11: "dosed",
    12: "composable",
}

_PROVIDER_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_ROOT_FORBIDDEN = ("anyOf", "oneOf", "allOf", "not", "enum")


class Violation(msgspec.Struct, frozen=True):
    """A law that does not hold, and the smallest thing at hand that shows it."""

    law: int
    what: str

    def __str__(self) -> str:
        return f"law {self.law} ({LAWS[self.law]}): {self.what}"


Answered = tuple[Call, Answer]
"""A real call and its real answer."""


def round_trip(lens: StackLens, calls: Iterable[Call], answered: Iterable[Answered]) -> Iterator[Violation]:
    """Law 1: what is shown reads back to the same, types included, layer by layer; answers but for what a layer withholds."""
    for call in calls:
        shown = lens.show_call(call)
        read = lens.read_call(shown)
        if not isinstance(read, Call) or not _same(_explicit(lens, read), _explicit(lens, call)):
            yield Violation(1, f"{brief(call)} is shown as {brief(shown)} and reads back as {brief(read)}")
    for call, answer in answered:
        for layer in lens.layers:
            shown_answer = layer.show(call, answer)
            if type(layer).perform is Lens.perform and not layer.withholds:
                back = layer.read(call, shown_answer)
                if not _same_answer(back, answer):
                    yield Violation(
                        1,
                        f"{type(layer).__name__}: the answer {brief(answer)} to {brief(call)} is shown as "
                        f"{brief(shown_answer)} and reads back as {brief(back)}",
                    )
                if isinstance(shown_answer, Failure):
                    seen = Failure("unknown", texts.failure_text(shown_answer), tool=call.name)
                    if texts.failure_text(layer.read_failure(call, seen)) != texts.failure_text(answer):  # type: ignore[arg-type]
                        yield Violation(1, f"{type(layer).__name__}: the text {seen.message!r} does not read back")
            call, answer = layer.show_call(call), shown_answer


def written_calls(lens: StackLens, calls: Sequence[Call]) -> Iterator[Violation]:
    """Law 1, for scaffolds: calls that are written as text, one or two a turn, read back as the same calls."""
    steps = [Step(lens.show_call(call), Reply("")) for call in calls]
    for at_once in (1, 2):
        problem = misread(lens.setup.scaffold, dialogue((), steps, "Done.", at_once=at_once), lens.setup.public_tools)
        if problem is not None:
            yield Violation(1, problem)


def _explicit(lens: StackLens, call: Call) -> Call:
    """A call with the defaults written out that the toolset declares, of those arguments alone whose absence a lens says to
    mean them."""
    tool = lens.real.by_name.get(call.name)
    if tool is None or not lens.implied:
        return call
    defaults = {
        name: child["default"]
        for name, child in tool.parameters.get("properties", {}).items()
        if child.get("x-place") in lens.implied and "default" in child
    }
    return Call(call.name, defaults | call.arguments)


def valid_tools(lens: StackLens) -> Iterator[Violation]:
    """Law 2 for the tools: each shown one is valid JSON Schema and keeps the providers' rules."""
    before = {tool.name: tool for tool in lens.real.public_tools}
    for tool in lens.setup.public_tools:
        if before.get(tool.name) is tool:
            continue
        if (problem := problem_of_tool(tool)) is not None:
            yield Violation(2, problem)
        # A toolset with dots in its names is for a provider that takes them.
        dotted = any("." in name for name in before)
        if tool.name not in before and not _PROVIDER_NAME.fullmatch(tool.name.replace(".", "_") if dotted else tool.name):
            yield Violation(2, f"the name {tool.name!r} is not what providers accept")
        forbidden = [key for key in _ROOT_FORBIDDEN if key in tool.parameters]
        if forbidden and not any(key in one.parameters for one in before.values() for key in forbidden):
            yield Violation(2, f"{tool.name}: providers refuse {forbidden[0]!r} at the root of the parameters")
        undeclared = set(tool.parameters.get("required", ())) - set(tool.parameters.get("properties", {}))
        if undeclared:
            yield Violation(2, f"{tool.name}: {sorted(undeclared)} are required and not declared")
        stands_for = {*lens.setup.by_name[tool.name].stands_for}
        wrong = unfit(tool.parameters)
        # What the real tools get wrong themselves is no fault of a lens; a tool of its own may be the double of any of them.
        own = (one for one in lens.real.tools if not stands_for or {*one.stands_for} & stands_for)
        if len(wrong) > sum(len(unfit(one.parameters)) for one in own):
            yield Violation(2, f"{tool.name}: the default or example {wrong[0]!r} is not valid under its own schema")


def valid(lens: StackLens, calls: Iterable[Call], answered: Iterable[Answered] = ()) -> Iterator[Violation]:
    """Law 2 for calls and results: what is shown is valid under its shown schema where the real one is under the real."""
    for call in calls:
        tool = lens.real.by_name.get(call.name)
        if tool is None or problem_of_data(tool.parameters, call.arguments) is not None:
            continue
        made = lens.show_call(call)
        shown = lens.setup.by_name.get(made.name)
        if shown is None:
            if any(layer.withholds for layer in lens.layers):
                continue
            yield Violation(2, f"{brief(call)} is shown as a call of {made.name!r}, which is no shown tool")
        elif problem_of_data(shown.parameters, made.arguments) is not None:
            fewer = _of_fewer_digits(lens, call)
            if problem_of_data(tool.parameters, fewer.arguments) is not None:
                continue
            made = lens.show_call(fewer)
            if (problem := problem_of_data(shown.parameters, made.arguments)) is not None:
                yield Violation(2, f"the shown call {brief(made)} is not valid: {problem}")
    for call, answer in answered:
        schema = lens.real.returns(call)
        if schema is None or not isinstance(answer, Result) or problem_of_data(schema, answer.data) is not None:
            continue
        shown_schema = lens.setup.returns(lens.show_call(call))
        if shown_schema is None:
            continue
        result = lens.show_result(call, answer)
        if (problem := problem_of_data(shown_schema, result.data)) is not None:
            yield Violation(2, f"the shown result of {brief(call)} is not valid under its schema: {problem}")


def _of_fewer_digits(lens: StackLens, call: Call) -> Call:
    """A call with its numbers rounded to as many digits as its layers say that they show exactly."""
    digits = min((layer.exact_digits for layer in lens.layers if layer.exact_digits is not None), default=None)

    def rounded(node: JSON) -> JSON:
        if isinstance(node, dict):
            return {key: rounded(value) for key, value in node.items()}
        if isinstance(node, list):
            return [rounded(item) for item in node]
        return float(f"{node:.{digits}g}") if isinstance(node, float) and digits else node

    return Call(call.name, {key: rounded(value) for key, value in call.arguments.items()})


def one_to_one(lens: StackLens, calls: Iterable[Call], answered: Iterable[Answered] = ()) -> Iterator[Violation]:
    """Law 3: no two tools share a name, and no two different calls or results are shown alike."""
    names = [tool.name for tool in lens.setup.tools]
    for name in {name for name in names if names.count(name) > 1}:
        yield Violation(3, f"two tools are shown as {name!r}")
    seen: dict[bytes, bytes] = {}
    for call in calls:
        key, real = to_json(lens.show_call(call)), to_json(_explicit(lens, call))
        if seen.setdefault(key, real) != real:
            yield Violation(3, f"{seen[key].decode()} and {real.decode()} are both shown as {key.decode()}")
    if any(type(layer).perform is not Lens.perform or layer.withholds for layer in lens.layers):
        return
    results: dict[tuple[bytes, str], bytes] = {}
    for call, answer in answered:
        if isinstance(answer, Result):
            text = (to_json(call), texts.result_text(lens.show_result(call, answer)))
            real = to_json(answer.data)
            if results.setdefault(text, real) != real:
                yield Violation(3, f"two results of {call.name} are both shown as {text[1][:200]!r}")


def coherent(
    lens: StackLens,
    shown_texts: Iterable[str] = (),
    failures: Iterable[tuple[Call, str]] = (),
    replies: Iterable[str] = (),
) -> Iterator[Violation]:
    """Law 4: no retired name is mentioned in what is shown.

    `shown_texts` are prompts; `failures` are real calls with the text of the failure that was shown for them; `replies` are
    texts of results.
    """
    leaks = Leaks.of(lens)
    if not leaks.sought:
        return
    found = [*leaks.in_setup(), *(leak for text in shown_texts for leak in leaks.in_prompt(text))]
    for call, text in failures:
        shown_tools = (*lens.setup.tools, *lens.catalogue)
        tools: list[Tool | None] = [tool for tool in shown_tools if call.name in tool.stands_for]
        found += [leak for tool in tools or [None] for leak in leaks.in_failure(text, tool)]
    found += [leak for text in replies for leak in leaks.in_result(text)]
    for leak in dict.fromkeys(found):
        yield Violation(4, str(leak))


def strict(lens: StackLens, calls: Iterable[Call]) -> Iterator[Violation]:
    """Law 5, for operators that retire a form of calls: a call in the old form is refused and marked as stale."""
    for call in calls:
        if _same(lens.show_call(call), call):
            continue
        read = lens.read_call(call)
        if isinstance(read, Call):
            yield Violation(5, f"the old form {brief(call)} still reads, as {brief(read)}")
        elif not read.stale:
            yield Violation(5, f"the old form {brief(call)} is refused and not marked as stale")


def deterministic(
    operator: type[Operator], setup: Setup, seed: int, intensity: float, calls: Sequence[Call] = ()
) -> Iterator[Violation]:
    """Law 6, within one process: the same seed gives the same plan, and nothing given is changed in place."""
    before = to_json([setup.system, setup.tools, list(calls)])
    first = operator.plan(setup, SeededPick(seed, operator.id), intensity)
    second = operator.plan(setup, SeededPick(seed, operator.id), intensity)
    if to_json(_plain(first)) != to_json(_plain(second)):
        yield Violation(6, f"{operator.id}: one seed gave two plans")
    if isinstance(first, Operator):
        lens = lens_for(first, setup)
        for call in calls:
            lens.read_call(lens.show_call(call))
    if to_json([setup.system, setup.tools, list(calls)]) != before:
        yield Violation(6, f"{operator.id}: what it was given was changed in place")


def data(operator: Operator, setup: Setup, lens: StackLens | None = None) -> Iterator[Violation]:
    """Law 7: a plan survives JSON, and shows the same after it; `lens` is its lens on the setup, where it is at hand."""
    try:
        back = _through_json(operator)
    except Exception as error:
        yield Violation(7, f"{operator.id}: the plan does not come back from JSON: {error}")
        return
    if to_json(back.to_json()) != to_json(operator.to_json()):
        yield Violation(7, f"{operator.id}: the plan comes back from JSON as another one")
    elif lens_for(back, setup).setup.digest != (lens or lens_for(operator, setup)).setup.digest:
        yield Violation(7, f"{operator.id}: the plan shows another setup after a trip through JSON")


def _through_json(operator: Operator) -> Operator:
    from perturb.operators import from_json

    return from_json(msgspec.json.decode(to_json(operator.to_json())))


def stacked(operator: Operator, setup: Setup, lens: StackLens | None = None) -> Iterator[Violation]:
    """Law 12, its first part: a stack of one is that one."""
    if lens_for(Stack(operators=(operator,)), setup).setup.digest != (lens or lens_for(operator, setup)).setup.digest:
        yield Violation(12, f"{operator.id}: a stack of it alone shows another setup")


def _same_from_json_in_a_stack(operator: Operator, setup: Setup, lens: StackLens) -> bool:
    """Whether a plan shows the same after a trip through JSON and in a stack of one, both at once, since a lens is dear to
    make. Where it does not, `data` and `stacked` say which of the two does not hold."""
    try:
        back = _through_json(operator)
        return (
            to_json(back.to_json()) == to_json(operator.to_json())
            and lens_for(Stack(operators=(back,)), setup).setup.digest == lens.setup.digest
        )
    except Exception:
        return False


def dosed(operator: type[Operator], setup: Setup, seed: int, calls: Sequence[Call] = ()) -> Iterator[Violation]:
    """Law 11: intensity 0 changes nothing, 1 something, and the places of a lower intensity are among those of a higher."""
    previous: frozenset[str] = frozenset()
    full = operator.plan(setup, SeededPick(seed, operator.id), 1.0)
    if isinstance(full, NotApplicable):
        return
    # Each member of a mixture has its own order of places, over what those within it show.
    mixed = isinstance(full, Stack)
    every = full.places()
    if not every:
        yield Violation(11, f"{operator.id}: intensity 1 touches no place")
    for intensity in (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0):
        planned = operator.plan(setup, SeededPick(seed, operator.id), intensity)
        if isinstance(planned, NotApplicable):
            yield Violation(11, f"{operator.id}: applies at intensity 1 and not at {intensity}: {planned.reason}")
            return
        places = planned.places()
        if not previous <= places and not mixed:
            yield Violation(11, f"{operator.id}: at {intensity} it leaves places that it touched before: {previous - places}")
        if (len(places) > max(dose(intensity, len(every)), 0) and not mixed) or (intensity > 0 and not places):
            yield Violation(11, f"{operator.id}: at {intensity} it touches {len(places)} of {len(every)} places")
        if intensity == 0.0:
            lens = lens_for(planned, setup)
            if lens.setup.public_tools != setup.public_tools or lens.setup.system != setup.system:
                yield Violation(11, f"{operator.id}: intensity 0 changes the setup")
            for call in calls:
                if not _same(lens.show_call(call), call):
                    yield Violation(11, f"{operator.id}: intensity 0 changes the call {brief(call)}")
        previous = places


def composable(operator: Operator, setup: Setup, calls: Sequence[Call] = ()) -> Iterator[Violation]:
    """Law 12, the rest of it: the weakest kind of the members is the stack's, conflicts are kept apart, and an operator works
    on what lies within it, whatever that shows."""
    members = operator.operators if isinstance(operator, Stack) else (operator,)
    weakest = max((member.kind for member in members), key=KIND_ORDER.index, default="equivalent")
    if Stack(operators=tuple(members)).kind != weakest:
        yield Violation(12, f"{operator.id}: the stack has not the weakest kind of its members")
    for first in members:
        for second in members:
            if second.id in first.conflicts:
                yield Violation(12, f"{first.id} and {second.id} are declared to conflict and are in one stack")
    over = lens_for(Stack(operators=(Probe(), *members)), setup)
    shown = [tool for stage in over.stages() for tool in stage.setup.tools]
    reached = {place for tool in shown for place in tool.stands_for}
    brought = {tool.name for tool in shown}
    for tool in setup.tools:
        if not reached.issuperset(tool.stands_for):
            yield Violation(12, f"{operator.id}: over another operator, {tool.name} cannot be reached any more")
        if tool.name in brought:
            yield Violation(12, f"{operator.id}: it brings back {tool.name!r}, which the operator within it has retired")
    for stage in over.stages():
        for problem in (*round_trip(stage, calls, ()), *valid(stage, calls)):
            yield Violation(12, f"{operator.id}: over another operator: {problem.what}")


class Probe(Operator, frozen=True, kw_only=True):
    """An operator that lies within another and gives every tool another name, to see whether that one minds."""

    id: ClassVar[str] = "laws.probe"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "state"

    def lens(self, setup: Setup) -> Lens:
        return ProbeLens(setup)


class ProbeLens(Lens):
    """Appends a mark to every tool's name."""

    _MARK = "_qz"

    def __init__(self, real: Setup) -> None:
        super().__init__(real)
        self.setup = self.shown(tools=[msgspec.structs.replace(tool, name=tool.name + self._MARK) for tool in real.tools])

    def show_call(self, call: Call) -> Call:
        return Call(call.name + self._MARK, call.arguments)

    def read_call(self, call: Call) -> Call | Failure:
        if not call.name.endswith(self._MARK):
            return self.real.refusal("unknown_tool", tool=call.name)
        return Call(call.name.removesuffix(self._MARK), call.arguments)


async def felt(gold: Gold, operator: Operator) -> list[Violation]:
    """Law 10: the gold replay of some task receives something else than the clean one; for conditional operators, a replay
    that provokes errors, and reads again at its end what it has read, does."""
    if not operator.places():
        return []
    lens = lens_for(operator, gold.setup)
    replayed = 0
    for task in gold.toolset.tasks:
        if operator.conditional:
            environment = gold.toolset.environment(task)
            boundary = Boundary(lens, task, environment)
            for tool in lens.setup.public_tools:
                await boundary.call(tool.name, {"no_such_argument": "x"})
            await boundary.call("no_such_tool", {})
            # And once more what was read, now that it may have changed: an agent that makes sure meets this alone.
            again = [call for call in task.gold or () if gold.setup.by_name[call.name].effect == "read"]
            for call in [*(task.gold or ()), *again]:
                await _performed(boundary, call)
            environment.close()
            if boundary.exposed or _scaffold_felt(boundary):
                return []
        else:
            clean = await gold.clean(task)
            if clean is None:
                continue
            if (await run_gold(gold.toolset, task, lens, clean=clean)).felt:
                return []
        replayed += 1
    if not replayed:
        return []
    return [Violation(10, f"{operator.id}: no task's replay receives anything that differs from the clean one")]


def _scaffold_felt(boundary: Boundary) -> bool:
    """Whether the scaffold writes anything otherwise in a long conversation with two calls a turn."""
    steps = [Step(one.call, one.reply) for one in boundary.steps] * 40
    told = dialogue(boundary.messages, steps, "", follow_ups=boundary.turns[1:], at_once=2)
    return differs(boundary.scaffold, told, boundary.tools)


async def _performed(boundary: Boundary, call: Call) -> None:
    """A real call, made as an agent that knows the setup makes it."""
    generator = boundary.perform(call)
    shown = next(generator)
    while True:
        try:
            shown = generator.send(await boundary.send(shown))
        except StopIteration:
            return


async def on_task(gold: Gold, task: Task, operator: Operator) -> list[Violation]:
    """Laws 1 to 5 on the gold calls and answers of a task, and 8 to 10 by replay."""
    lens = lens_for(operator, gold.setup)
    found = await on_gold_calls(gold, task, operator, lens)
    clean = await gold.clean(task)
    if lens.has_state and clean is not None and clean.passed:
        run = await run_gold(gold.toolset, task, lens)
        found += coherent(lens, replies=[step.reply.text for step in run.steps])
    proof = await gold.prove(task, operator, lens)
    if proof.status == "unsolvable":
        law = 9 if proof.reason == "value hidden" else 8
        found.append(Violation(law, f"task {task.id}: {proof.reason}: {proof.detail}"))
    return found


async def on_gold_calls(gold: Gold, task: Task, operator: Operator, lens: StackLens) -> list[Violation]:
    """Laws 1 to 5 on the gold calls and answers of a task; none where it has no gold calls that pass."""
    clean = await gold.clean(task)
    if clean is None or not clean.passed:
        return []
    calls = list(task.gold or ())
    answered: list[Answered] = [] if lens.has_state else list(zip(calls, clean.answers, strict=True))
    found: list[Violation] = []
    if (read := lens.read_answer(lens.show_answer(task.answer))) != task.answer:
        found.append(Violation(1, f"the answer {task.answer!r} reads back as {read!r}"))
    members = operator.operators if isinstance(operator, Stack) else (operator,)
    said = (task.prompt, *task.follow_ups)
    for stage in lens.stages():
        found += written_calls(stage, calls)
        found += [*round_trip(stage, calls, answered), *valid(stage, calls, answered), *one_to_one(stage, calls, answered)]
        failed = [(call, texts.failure_text(stage.show_failure(call, a))) for call, a in answered if isinstance(a, Failure)]
        # What the user said, and said in other names, is not said again at a later stage.
        found += coherent(stage, lens.show_turns(said) if stage is lens else (), failed)
        if all(member.retires_calls for member in members):
            found += strict(stage, calls)
    return found


def on_setup(operator: Operator, setup: Setup, lens: StackLens | None = None) -> list[Violation]:
    """The laws that need no task: 2 to 4, 7 and 12, on the tools alone; `lens` is the plan's, where it is at hand."""
    lens = lens or lens_for(operator, setup)
    found: list[Violation] = []
    if not _same_from_json_in_a_stack(operator, setup, lens):
        found += [*data(operator, setup, lens), *stacked(operator, setup, lens)]
    for stage in lens.stages():
        found += [*valid_tools(stage), *one_to_one(stage, ()), *coherent(stage)]
    calls = [call for task in setup.source.tasks[:5] for call in task.gold or ()]
    return [*found, *composable(operator, setup, calls)]


def _plain(planned: Operator | NotApplicable) -> JSON:
    return planned.to_json() if isinstance(planned, Operator) else msgspec.to_builtins(planned)


def _same(one: Call, other: Call) -> bool:
    return one.name == other.name and same_answer(Result(one.arguments), Result(other.arguments))


def _same_answer(one: Answer, other: Answer) -> bool:
    if isinstance(one, Result) and isinstance(other, Result):
        return one.renderer == other.renderer and same_answer(one, other)
    return one == other


def brief(value: Any) -> str:
    """A call, an answer or anything else in at most 300 characters."""
    text = to_json(value).decode() if isinstance(value, (Call, Result, Failure)) else repr(value)
    return text if len(text) <= 300 else text[:297] + "..."
