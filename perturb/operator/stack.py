"""Several operators laid over one another, as one operator and as one lens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any, ClassVar, TypeVar

import msgspec

from perturb.errors import OperatorFault
from perturb.operator.lens import Handling, Lens, Memory, Performing, StateLens
from perturb.operator.picking import NotOffered, Pick
from perturb.operator.record import KIND_ORDER, PHASES, NotApplicable, Operator, Phase
from perturb.operator.setups import Setup
from perturb.types import JSON, Answer, Axis, Call, Delay, Failure, Kind, Result, Schema

T = TypeVar("T")


class Stack(Operator, frozen=True, kw_only=True):
    """Several operators laid over one another in the order of their phases; itself an operator."""

    id: ClassVar[str] = "stack"
    axis: ClassVar[Axis] = "mixed"
    phase: ClassVar[Phase] = "messages"

    operators: tuple[Any, ...] = ()

    @property
    def kind(self) -> Kind:
        """The weakest kind of its members; `equivalent` for an empty stack."""
        return max((member.kind for member in self.operators), key=KIND_ORDER.index, default="equivalent")

    def places(self) -> frozenset[str]:
        return frozenset(f"{member.id}:{place}" for member in self.operators for place in member.places())

    def to_json(self) -> dict[str, JSON]:
        return {"op": self.id, "version": self.version, "operators": [member.to_json() for member in self.operators]}

    def lens(self, setup: Setup) -> Lens:
        return StackLens(setup, self.operators)

    @classmethod
    def of(
        cls,
        operators: Iterable[type[Operator]],
        setup: Setup,
        pick: Callable[[str], Pick],
        intensity: float | Callable[[str], float],
    ) -> tuple[Stack, dict[str, NotApplicable]]:
        """Plan several operators, each on what the ones within it show. `pick` gives each operator, by its id, a source of
        its own, and `intensity` may give each its own. Of a stack that is among them the members are laid, each in its phase.
        Those that do not apply, or do not offer what is to be chosen, are left out and named with the reason."""
        members: list[Operator] = []
        left_out: dict[str, NotApplicable] = {}
        lens = StackLens(setup, ())
        for operator in in_phase_order(operators):
            clashing = [member.id for member in members if clash(member, operator)]
            planned: Operator | NotApplicable
            if clashing:
                planned = NotApplicable(reason="conflict", detail=f"with {clashing[0]}")
            else:
                dose = intensity(operator.id) if callable(intensity) else intensity
                try:
                    planned = operator.plan(lens.setup, pick(operator.id), dose)
                except NotOffered as missing:
                    planned = NotApplicable("nothing_to_change", str(missing))
            if isinstance(planned, Stack):
                clashing = [member.id for member in members for inner in planned.operators if clash(member, type(inner))]
                planned = NotApplicable(reason="conflict", detail=f"with {clashing[0]}") if clashing else planned
            if isinstance(planned, NotApplicable):
                left_out[operator.id] = planned
                continue
            if isinstance(planned, Stack):
                members += planned.operators
                lens = StackLens(setup, members)
                continue
            members.append(planned)
            lens = lens.under(planned)
        return cls(operators=tuple(members)), left_out


def clash(member: Operator | type[Operator], operator: type[Operator]) -> bool:
    """Whether two operators cannot be in one stack: as they declare, or because both change the setup within an episode."""
    return member.id in operator.conflicts or operator.id in member.conflicts or member.phase == operator.phase == "stages"


def in_phase_order(operators: Iterable[T]) -> list[T]:
    """Operators (or their classes) in the order in which they are laid over a setup."""
    return sorted(operators, key=lambda operator: PHASES.index(operator.phase))  # type: ignore[attr-defined]


class StackLens(Lens):
    """The lenses of a stack, innermost first, as one lens."""

    def __init__(self, real: Setup, operators: Iterable[Operator]) -> None:
        super().__init__(real)
        self._lay((), in_phase_order(operators))

    def under(self, operator: Operator) -> StackLens:
        """This stack with one more lens laid over it, whose phase must be no earlier; the lenses within are shared."""
        stack = StackLens(self.real, ())
        stack._lay(self.layers, (operator,))
        return stack

    @cached_property
    def next_stage(self) -> StackLens | None:
        """This stack with what takes over from its outermost lens within an episode; `None` where nothing does."""
        later = self.layers[-1].later if self.layers else None
        if later is None:
            return None
        stack = StackLens(self.real, ())
        stack._lay([*self.layers[:-1], later], ())
        return stack

    def stages(self) -> Iterator[StackLens]:
        """This stack, and what takes its place within an episode."""
        following: StackLens | None = self
        while following is not None:
            yield following
            following = following.next_stage

    @cached_property
    def inner(self) -> StackLens:
        """This stack without its outermost lens."""
        stack = StackLens(self.real, ())
        stack._lay(self.layers[:-1], ())
        return stack

    def _lay(self, layers: Iterable[Lens], operators: Iterable[Operator]) -> None:
        self.layers: list[Lens] = list(layers)
        setup = self.layers[-1].setup if self.layers else self.real
        for operator in operators:
            layer = operator.lens(setup)
            self.layers.append(layer)
            setup = layer.setup
        self.setup = setup
        self.retired = tuple(name for layer in self.layers for name in layer.retired)
        self.catalogue = tuple(tool for layer in self.layers for tool in layer.catalogue)
        self.implied = frozenset().union(*(layer.implied for layer in self.layers))
        if any(layer.later is not None for layer in self.layers[:-1]):
            raise OperatorFault("an operator that changes the setup within an episode must be the outermost of its stack")
        self._stateless = [type(layer).handle is Lens.handle for layer in self.layers]
        self._plain_perform = [type(layer).perform is Lens.perform for layer in self.layers]

    def show_text(self, text: str) -> str:
        for layer in self.layers:
            text = layer.show_text(text)
        return text

    def show_turns(self, turns: tuple[str, ...]) -> tuple[str, ...]:
        for layer in self.layers:
            turns = layer.show_turns(turns)
        return turns

    def show_answer(self, text: str) -> str:
        for layer in self.layers:
            text = layer.show_answer(text)
        return text

    def read_answer(self, text: str) -> str:
        for layer in reversed(self.layers):
            text = layer.read_answer(text)
        return text

    def show_call(self, call: Call) -> Call:
        for layer in self.layers:
            call = layer.show_call(call)
        return call

    def read_call(self, call: Call) -> Call | Failure:
        for index in range(len(self.layers) - 1, -1, -1):
            inner = self.layers[index].read_call(call)
            if isinstance(inner, Failure):
                return inner
            call = inner
        return call

    def _calls_within(self, call: Call) -> list[Call]:
        """The call as each layer has it in its real terms, innermost first."""
        calls = []
        for layer in self.layers:
            calls.append(call)
            call = layer.show_call(call)
        return calls

    def show_result(self, call: Call, result: Result) -> Result:
        for layer, inner in zip(self.layers, self._calls_within(call), strict=True):
            result = layer.show_result(inner, result)
        return result

    def read_result(self, call: Call, result: Result) -> Result:
        for layer, inner in reversed(list(zip(self.layers, self._calls_within(call), strict=True))):
            result = layer.read_result(inner, result)
        return result

    def show_failure(self, call: Call, failure: Failure) -> Failure:
        for layer, inner in zip(self.layers, self._calls_within(call), strict=True):
            failure = layer.show_failure(inner, failure)
        return failure

    def read_failure(self, call: Call, failure: Failure) -> Failure:
        for layer, inner in reversed(list(zip(self.layers, self._calls_within(call), strict=True))):
            failure = layer.read_failure(inner, failure)
        return failure

    def show_returns(self, call: Call, schema: Schema) -> Schema:
        for layer, inner in zip(self.layers, self._calls_within(call), strict=True):
            schema = layer.show_returns(inner, schema)
        return schema

    def load_state(self, state: JSON) -> JSON:
        for layer in self.layers:
            state = layer.load_state(state)
        return state

    def read_state(self, state: JSON) -> JSON:
        for layer in reversed(self.layers):
            state = layer.read_state(state)
        return state

    @cached_property
    def has_state(self) -> bool:
        """Whether a member works on the environment's state."""
        return any(isinstance(layer, StateLens) for layer in self.layers)

    @cached_property
    def changes_tools(self) -> bool:
        """Whether an agent is shown other tools than the toolset's own, or the same with anything in another order."""
        if self.setup is self.real:
            return False
        shown, real = self.setup.public_tools, self.real.public_tools
        # Objects are equal in any order; their JSON is not.
        return shown != real or msgspec.json.encode(shown) != msgspec.json.encode(real)

    def real_call(self, call: Call) -> Call:
        """A call as it reached the environment, in the toolset's own terms."""
        for layer in reversed(self.layers):
            if isinstance(layer, StateLens):
                inner = layer.read_call(call)
                if isinstance(inner, Call):
                    call = inner
        return call

    def real_answer(self, call: Call, answer: Answer) -> Answer:
        """What the environment answered to a call that reached it, in the toolset's own terms."""
        for layer in reversed(self.layers):
            if isinstance(layer, StateLens):
                inner = layer.read_call(call)
                if isinstance(inner, Call):
                    call = inner
                answer = layer.read(call, answer)
        return answer

    def start(self) -> Memory:
        return [layer.start() for layer in self.layers]

    def hear_user(self, memory: Memory) -> None:
        for layer, own in zip(self.layers, memory, strict=True):
            layer.hear_user(own)

    def moves(self, memory: Memory) -> bool:
        return bool(self.layers) and self.layers[-1].later is not None and self.layers[-1].moves(memory[-1])

    def handle(self, call: Call, memory: Memory) -> Handling:
        return (yield from self._handle(len(self.layers) - 1, call, memory))

    def _handle(self, top: int, call: Call, memory: Memory) -> Handling:
        path: list[tuple[Lens, Call]] = []
        answer: Answer | None = None
        index = top
        while index >= 0:
            layer = self.layers[index]
            if not self._stateless[index]:
                answer = yield from self._handle_layer(index, call, memory)
                break
            inner = layer.read_call(call)
            if isinstance(inner, Failure):
                answer = inner
                break
            path.append((layer, inner))
            call = inner
            index -= 1
        else:
            answer = yield call
        if answer is None:
            raise OperatorFault("a delay was answered as if it were a call")
        for layer, inner in reversed(path):
            answer = layer.show_result(inner, answer) if isinstance(answer, Result) else layer.show_failure(inner, answer)
        return answer

    def _handle_layer(self, index: int, call: Call, memory: Memory) -> Handling:
        generator = self.layers[index].handle(call, memory[index])
        reply: Answer | None = None
        try:
            request = next(generator)
            while True:
                if isinstance(request, Delay):
                    yield request
                    reply = None
                else:
                    reply = yield from self._handle(index - 1, request, memory)
                request = generator.send(reply)
        except StopIteration as stop:
            answer: Answer = stop.value
            return answer

    def perform(self, call: Call) -> Performing:
        return (yield from self._perform(0, call))

    def _perform(self, bottom: int, call: Call) -> Performing:
        path: list[tuple[Lens, Call]] = []
        index = bottom
        answer: Answer
        while index < len(self.layers):
            layer = self.layers[index]
            if not self._plain_perform[index]:
                answer = yield from self._perform_layer(index, call)
                break
            path.append((layer, call))
            call = layer.show_call(call)
            index += 1
        else:
            answer = yield call
        for layer, inner in reversed(path):
            answer = layer.read(inner, answer)
        return answer

    def _perform_layer(self, index: int, call: Call) -> Performing:
        generator = self.layers[index].perform(call)
        try:
            request = next(generator)
            while True:
                reply = yield from self._perform(index + 1, request)
                request = generator.send(reply)
        except StopIteration as stop:
            answer: Answer = stop.value
            return answer


def lens_for(operator: Operator | None, setup: Setup) -> StackLens:
    """The lens of an operator, of a stack, or of nothing (`None`, the clean arm), always as a stack of lenses."""
    if operator is None:
        return StackLens(setup, ())
    if isinstance(operator, Stack):
        return StackLens(setup, operator.operators)
    return StackLens(setup, (operator,))
