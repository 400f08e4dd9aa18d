"""Operators and lenses: what a perturbation is, how one is chosen, and how several are laid over one another.

An *operator* is a frozen record of what was chosen (its plan), JSON both ways. Bound to a setup it gives a *lens*, which
shows that setup in another form and reads what an agent says back. All random choices are made in `plan`.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Self, TypeAlias, TypeVar

import msgspec

from perturb import corpus, schemas
from perturb.errors import OperatorFault
from perturb.types import JSON, Answer, Axis, Call, Delay, Failure, FailureKind, Kind, Result, Schema, Tool, digest

if TYPE_CHECKING:
    from perturb.toolset import Toolset

T = TypeVar("T")

Phase = Literal[
    "state", "names", "arguments", "toolset", "faults", "shape", "paging", "envelope", "rendering", "noise", "messages"
]
PHASES: tuple[Phase, ...] = (
    "state", "names", "arguments", "toolset", "faults", "shape", "paging", "envelope", "rendering", "noise", "messages",
)  # fmt: skip
"""The order in which lenses are laid over a setup, innermost first."""

KIND_ORDER: tuple[Kind, ...] = ("equivalent", "distraction", "fault", "ablation", "adversarial")
"""From the strongest promise to the weakest."""

Reason = Literal["nothing_to_change", "not_declared", "not_met", "types_lost", "names_exhausted", "conflict", "foreign_check"]
REASONS: dict[Reason, str] = {
    "nothing_to_change": "the toolset has nothing of the kind that the operator changes",
    "not_declared": "the toolset does not declare what the operator needs to know",
    "not_met": "the gold run of the task meets nothing that the operator changes",
    "types_lost": "the new form cannot carry the types of the values",
    "names_exhausted": "no new name is left that is not taken already",
    "conflict": "the operator cannot be combined with another one of the stack",
    "foreign_check": "the toolset's own check does not accept the gold answer in the new form",
}
"""Why an operator does not apply: the closed list."""


class NotApplicable(msgspec.Struct, frozen=True):
    """Why there is nothing to do, and a few words on where."""

    reason: Reason
    detail: str = ""


class Retired(NamedTuple):
    """A name that is out of use under a lens. `namespace` is `tool`, `argument:TOOL`, `result:TOOL`, `enum:TOOL` (with the
    toolset's own name of the tool) or `entity`."""

    namespace: str
    name: str


class Pick:
    """The source of an operator's choices. Each place has a stream of its own, so that leaving one place out leaves the
    choices at the others as they were."""

    def rank(self, place: str) -> float:
        """Where a place stands in the seeded order: a number from 0 to 1."""
        raise NotImplementedError

    def choice(self, place: str, options: Sequence[T]) -> T:
        """One of `options`, which must not be empty."""
        raise NotImplementedError

    def integer(self, place: str, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        raise NotImplementedError

    def order(self, place: str, items: Sequence[T]) -> list[T]:
        """The items in another order."""
        raise NotImplementedError

    def chosen(self, places: Iterable[str], intensity: float) -> list[str]:
        """The first ⌈intensity · n⌉ of n places in the seeded order, given back in the order they came in."""
        listed = list(dict.fromkeys(places))
        count = dose(intensity, len(listed))
        ranked = sorted(listed, key=lambda place: (self.rank(place), place))
        kept = set(ranked[:count])
        return [place for place in listed if place in kept]


def dose(intensity: float, count: int) -> int:
    """⌈intensity · count⌉, with the error of binary fractions kept out."""
    return min(count, max(0, math.ceil(round(intensity * count, 9))))


class SeededPick(Pick):
    """Choices from a seed and a scope (operator, task, trial): the same in any process."""

    def __init__(self, seed: int, *scope: object) -> None:
        self._prefix = "\x1f".join([str(seed), *map(str, scope)])

    def _stream(self, use: str, place: str) -> random.Random:
        seed = hashlib.sha256(f"{self._prefix}\x1f{use}\x1f{place}".encode()).digest()
        return random.Random(int.from_bytes(seed[:8], "big"))

    def rank(self, place: str) -> float:
        return self._stream("rank", place).random()

    def choice(self, place: str, options: Sequence[T]) -> T:
        return self._stream("choice", place).choice(options)

    def integer(self, place: str, low: int, high: int) -> int:
        return self._stream("integer", place).randint(low, high)

    def order(self, place: str, items: Sequence[T]) -> list[T]:
        shuffled = list(items)
        self._stream("order", place).shuffle(shuffled)
        return shuffled


class Setup:
    """What an agent is shown: the system prompt and the tools; prompts of single tasks go through `Lens.show_text`.

    `lens` is the lens that made this setup, `None` for the toolset's own. `source` is the toolset.
    """

    def __init__(self, system: str, tools: tuple[Tool, ...], source: Toolset, lens: Lens | None = None) -> None:
        self.system = system
        self.tools = tools
        self.source = source
        self.lens = lens
        self.by_name: dict[str, Tool] = {tool.name: tool for tool in tools}

    @classmethod
    def of(cls, toolset: Toolset) -> Setup:
        """The toolset's own setup, its schemas inlined and their places marked."""
        cached: Setup | None = toolset.__dict__.get("_setup")
        if cached is None:
            cached = cls(toolset.system, tuple(schemas.annotate(tool) for tool in toolset.tools), toolset)
            toolset.__dict__["_setup"] = cached
        return cached

    @cached_property
    def public_tools(self) -> tuple[Tool, ...]:
        """The tools as an agent sees them, without any of our own marks."""
        if self.lens is None:
            return tuple(public(tool) for tool in self.tools)
        root = self.root
        unchanged = {id(tool): shown for tool, shown in zip(root.tools, root.public_tools, strict=True)}
        return tuple(unchanged.get(id(tool)) or public(tool) for tool in self.tools)

    @cached_property
    def root(self) -> Setup:
        """The toolset's own setup, which this one was made from."""
        return self if self.lens is None else self.lens.real.root

    @cached_property
    def digest(self) -> str:
        return digest([self.system, self.tools])

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word of everything that the toolset can show, in lower case: a replaced value must become none of them."""
        return self._once("_words", lambda root: corpus.words_of(root))

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name that the toolset uses, in lower case: a new name must be none of them."""
        return self._once("_names", lambda root: corpus.names_of(root))

    def _once(self, key: str, find: Callable[[Setup], frozenset[str]]) -> frozenset[str]:
        """Kept with the toolset, since its setups are many and it is one."""
        root = self.root
        known: frozenset[str] | None = root.source.__dict__.get(key)
        if known is None:
            known = root.source.__dict__[key] = find(root)
        return known

    def stands_for(self, name: str) -> tuple[str, ...]:
        """The toolset's own names of the tools that a call to the shown tool `name` may reach."""
        tool = self.by_name.get(name)
        return tool.stands_for if tool else ()

    def origin(self, call: Call) -> str | None:
        """The toolset's own name of the tool that a call in this setup's terms reaches; `None` for none or unreadable."""
        tool = self.by_name.get(call.name)
        if tool is None or not tool.stands_for:
            return None
        if len(tool.stands_for) == 1 or self.lens is None:
            return tool.stands_for[0]
        inner = self.lens.read_call(call)
        return None if isinstance(inner, Failure) else self.lens.real.origin(inner)

    def returns(self, call: Call) -> Schema | None:
        """The schema of the result of a call in this setup's terms; after a merge it depends on the call."""
        tool = self.by_name.get(call.name)
        if tool is None:
            return None
        if len(tool.stands_for) < 2 or self.lens is None:
            return tool.returns
        inner = self.lens.read_call(call)
        if isinstance(inner, Failure):
            return None
        schema = self.lens.real.returns(inner)
        return None if schema is None else self.lens.show_returns(inner, schema)

    def refusal(self, kind: FailureKind, *, tool: str, field: str | None = None, value: JSON = None) -> Failure:
        """The toolset's own refusal of a call that cannot be read, in the names given here; marked as stale."""
        failure = self.source.refusal(kind, tool=tool, field=field, value=value)
        return msgspec.structs.replace(failure, stale=True)


def public(tool: Tool) -> Tool:
    """A tool without our own marks, as an agent sees it."""
    return msgspec.structs.replace(
        tool,
        parameters=schemas.strip(tool.parameters),
        returns=None if tool.returns is None else schemas.strip(tool.returns),
        stands_for=(),
    )


Memory: TypeAlias = Any
Handling: TypeAlias = Generator["Call | Delay", "Answer | None", Answer]
"""Yields calls in the terms of what lies within (or delays) and returns the shown answer."""
Performing: TypeAlias = Generator[Call, Answer, Answer]
"""Yields shown calls and returns the real answer."""


class Lens:
    """One perturbation bound to a setup. Each method is the identity; an operator overrides what it touches.

    `real` is the setup within, `setup` the one that is shown. `call` arguments of `show_*` and `read_*` are in the
    terms of `real`. Nothing is changed in place.
    """

    def __init__(self, real: Setup) -> None:
        self.real = real
        self.setup = real
        self.retired: tuple[Retired, ...] = ()

    def shown(self, *, system: str | None = None, tools: Iterable[Tool] | None = None) -> Setup:
        """A setup with the given changes, made by this lens."""
        return Setup(
            self.real.system if system is None else system,
            self.real.tools if tools is None else tuple(tools),
            self.real.source,
            self,
        )

    def show_text(self, text: str) -> str:
        """A prompt of the user's or of the system's, in shown terms."""
        return text

    def show_answer(self, text: str) -> str:
        """A final answer in the terms of the shown setup."""
        return text

    def read_answer(self, text: str) -> str:
        """The agent's final answer in real terms."""
        return text

    def show_call(self, call: Call) -> Call:
        """The one shown call that reads back to `call`."""
        return call

    def read_call(self, call: Call) -> Call | Failure:
        """The real call, or the failure in shown terms where a form is retired or cannot be read."""
        return call

    def show_result(self, call: Call, result: Result) -> Result:
        return result

    def read_result(self, call: Call, result: Result) -> Result:
        return result

    def show_failure(self, call: Call, failure: Failure) -> Failure:
        return failure

    def read_failure(self, call: Call, failure: Failure) -> Failure:
        return failure

    def show_returns(self, call: Call, schema: Schema) -> Schema:
        """The schema of `call`'s result in shown terms, from the one in real terms."""
        return schema

    def load_state(self, state: JSON) -> JSON:
        """The environment's state as this lens wants it to be (operators over the state)."""
        return state

    def read_state(self, state: JSON) -> JSON:
        """The inverse of `load_state`."""
        return state

    def start(self) -> Memory:
        """What is remembered within one episode; a fresh one for each."""
        return None

    def handle(self, call: Call, memory: Memory) -> Handling:
        """Answer a shown call by no, one or several calls within."""
        inner = self.read_call(call)
        if isinstance(inner, Failure):
            return inner
        answer = yield inner
        assert answer is not None
        return self.show(inner, answer)

    def perform(self, call: Call) -> Performing:
        """Do a real call as an agent that knows this setup would; ends in its real answer."""
        answer = yield self.show_call(call)
        return self.read(call, answer)

    def show(self, call: Call, answer: Answer) -> Answer:
        return self.show_result(call, answer) if isinstance(answer, Result) else self.show_failure(call, answer)

    def read(self, call: Call, answer: Answer) -> Answer:
        return self.read_result(call, answer) if isinstance(answer, Result) else self.read_failure(call, answer)


class StateLens(Lens):
    """A lens over the environment's state: the environment itself lives in the shown terms, so calls reach it as they
    are; `show_call` and `read_call` translate gold calls and traces."""

    def handle(self, call: Call, memory: Memory) -> Handling:
        answer = yield call
        assert answer is not None
        return answer


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """Before and after, for the tests, `perturb show` and the documentation.

    `plan` is the operator as JSON, `tool` the tool it is bound to. `before` and `after` hold what `what` says: the
    arguments of a call with the name (`{"name", "arguments"}`), the data of a result, a tool, a failure, or a text; for
    results and failures `call` is the real call they answer. An `exchange` has before it `{"calls", "result"}`, shown calls
    made one after the other and what the environment answers each of them, and after it the list of answers.
    """

    what: Literal["tool", "call", "result", "failure", "text", "exchange"]
    plan: dict[str, JSON]
    tool: Tool
    before: JSON
    after: JSON
    call: Call | None = None


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """A perturbation with all its choices made. Subclasses are frozen records; their fields are the plan.

    `conditional` operators change only what an agent may or may not meet (errors); they apply where the gold run does
    not meet them. `conflicts` names operators that cannot be in the same stack.
    """

    id: ClassVar[str]
    axis: ClassVar[Axis]
    phase: ClassVar[Phase]
    version: ClassVar[int] = 1
    examples: ClassVar[tuple[Example, ...]] = ()
    conditional: ClassVar[bool] = False
    conflicts: ClassVar[frozenset[str]] = frozenset()
    promises: ClassVar[Kind] = "equivalent"
    retires_calls: ClassVar[bool] = False

    @property
    def kind(self) -> Kind:
        """The kind of this plan."""
        return self.promises

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Self | NotApplicable:
        """Choose. Intensity 0 gives a plan that changes nothing; places are the toolset's own names."""
        raise NotImplementedError

    def places(self) -> frozenset[str]:
        """The places that the plan touches, by their real names; none at intensity 0."""
        found: set[str] = set()
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, dict):
                found.update(value)
        return frozenset(found)

    def lens(self, setup: Setup) -> Lens:
        """Bind the plan to a setup. Places of the plan that the setup lacks are passed over."""
        raise NotImplementedError

    def to_json(self) -> dict[str, JSON]:
        fields: dict[str, JSON] = msgspec.to_builtins(self)
        return {"op": self.id, "version": self.version, **fields}


class Stack(Operator, frozen=True, kw_only=True):
    """Several operators laid over one another in the order of their phases; itself an operator."""

    id: ClassVar[str] = "stack"
    axis: ClassVar[Axis] = "tools"
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
        cls, operators: Iterable[type[Operator]], setup: Setup, pick: Callable[[str], Pick], intensity: float
    ) -> tuple[Stack, dict[str, NotApplicable]]:
        """Plan several operators, each on what the ones within it show. `pick` gives each operator, by its id, a source of
        its own. Those that do not apply are left out and named with the reason."""
        members: list[Operator] = []
        left_out: dict[str, NotApplicable] = {}
        lens = StackLens(setup, ())
        for operator in in_phase_order(operators):
            clash = [member.id for member in members if member.id in operator.conflicts or operator.id in member.conflicts]
            planned: Operator | NotApplicable
            if clash:
                planned = NotApplicable(reason="conflict", detail=f"with {clash[0]}")
            else:
                planned = operator.plan(lens.setup, pick(operator.id), intensity)
            if isinstance(planned, NotApplicable):
                left_out[operator.id] = planned
                continue
            members.append(planned)
            lens = lens.under(planned)
        return cls(operators=tuple(members)), left_out


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

    def _lay(self, layers: Iterable[Lens], operators: Iterable[Operator]) -> None:
        self.layers: list[Lens] = list(layers)
        setup = self.layers[-1].setup if self.layers else self.real
        for operator in operators:
            layer = operator.lens(setup)
            self.layers.append(layer)
            setup = layer.setup
        self.setup = setup
        self.retired = tuple(name for layer in self.layers for name in layer.retired)
        self._stateless = [type(layer).handle is Lens.handle for layer in self.layers]
        self._plain_perform = [type(layer).perform is Lens.perform for layer in self.layers]

    def show_text(self, text: str) -> str:
        for layer in self.layers:
            text = layer.show_text(text)
        return text

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
        """Whether an agent is shown other tools than the toolset's own."""
        return self.setup is not self.real and self.setup.public_tools != self.real.public_tools

    def real_call(self, call: Call) -> Call:
        """A call as it reached the environment, in the toolset's own terms."""
        for layer in reversed(self.layers):
            if isinstance(layer, StateLens):
                inner = layer.read_call(call)
                if isinstance(inner, Call):
                    call = inner
        return call

    def start(self) -> Memory:
        return [layer.start() for layer in self.layers]

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


def weakest(kinds: Iterable[Kind]) -> Kind:
    """The weakest of several kinds: what a combination promises."""
    return max(kinds, key=KIND_ORDER.index, default="equivalent")


def lens_for(operator: Operator | None, setup: Setup) -> StackLens:
    """The lens of an operator, of a stack, or of nothing (`None`, the clean arm), always as a stack of lenses."""
    if operator is None:
        return StackLens(setup, ())
    if isinstance(operator, Stack):
        return StackLens(setup, operator.operators)
    return StackLens(setup, (operator,))


class RewritingLens(Lens):
    """A lens that is a set of edits on declared properties: of arguments where `part` is `arguments`, of results where it
    is `results`. Schemas, calls, results and failures follow from the edits; see `perturb.schemas.Edit`."""

    part: ClassVar[Literal["arguments", "results"]]

    def __init__(self, real: Setup, edits: Mapping[str, schemas.Edit]) -> None:
        super().__init__(real)
        self._edits = edits
        self._by_tool: dict[str, schemas.Rewritten] = {}
        self._by_schema: dict[int, tuple[Schema, schemas.Rewritten]] = {}
        tools: list[Tool] = []
        for tool in real.tools:
            schema = tool.parameters if self.part == "arguments" else tool.returns
            if schema is None or not edits:
                tools.append(tool)
                continue
            made = schemas.rewrite(schema, edits)
            self._by_tool[tool.name] = made
            self._by_schema[id(schema)] = (schema, made)
            changes: dict[str, Any] = {"parameters" if self.part == "arguments" else "returns": made.schema}
            tools.append(tool if made.schema is schema else msgspec.structs.replace(tool, **changes))
        self.setup = (
            self.shown(tools=tools) if any(new is not old for new, old in zip(tools, real.tools, strict=True)) else real
        )
        if self.setup is real:
            # A lens that changes nothing must not stand in for the one that made the setup within.
            self._by_tool.clear()

    def _results(self, call: Call) -> schemas.Rewritten | None:
        schema = self.real.returns(call)
        if schema is None:
            return None
        known = self._by_schema.get(id(schema))
        if known is None:
            known = (schema, schemas.rewrite(schema, self._edits))
            self._by_schema[id(schema)] = known
        return known[1]

    def show_call(self, call: Call) -> Call:
        if self.part != "arguments":
            return call
        made = self._by_tool.get(call.name)
        return call if made is None or made.show is None else Call(call.name, made.show(call.arguments))

    def read_call(self, call: Call) -> Call | Failure:
        if self.part != "arguments":
            return call
        made = self._by_tool.get(call.name)
        if made is None or made.read is None:
            return call
        try:
            return Call(call.name, made.read(call.arguments))
        except schemas.StaleName as stale:
            return self.real.refusal("invalid_argument", tool=call.name, field=stale.name, value=stale.value)
        except schemas.Unreadable as unreadable:
            return self.real.refusal("invalid_argument", tool=call.name, field=unreadable.name, value=unreadable.value)

    def show_result(self, call: Call, result: Result) -> Result:
        if self.part != "results":
            return result
        made = self._results(call)
        return result if made is None or made.show is None else Result(made.show(result.data), result.renderer)

    def read_result(self, call: Call, result: Result) -> Result:
        if self.part != "results":
            return result
        made = self._results(call)
        return result if made is None or made.read is None else Result(made.read(result.data), result.renderer)

    def show_returns(self, call: Call, schema: Schema) -> Schema:
        return schemas.rewrite(schema, self._edits).schema if self.part == "results" else schema
