"""A lens: one perturbation bound to a setup, which shows it in another form and reads what an agent says back."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Any, ClassVar, NamedTuple, TypeAlias

from perturb.operator.setups import Setup, SystemRole
from perturb.scaffold import Scaffold
from perturb.types import JSON, Answer, Call, Delay, Failure, Result, Schema, Tool

Memory: TypeAlias = Any
Handling: TypeAlias = Generator["Call | Delay", "Answer | None", Answer]
"""Yields calls in the terms of what lies within (or delays) and returns the shown answer."""
Performing: TypeAlias = Generator[Call, Answer, Answer]
"""Yields shown calls and returns the real answer."""


class Retired(NamedTuple):
    """A name that is out of use under a lens. `namespace` is `tool`, `argument:TOOL`, `result:TOOL`, `enum:TOOL` (with the
    toolset's own name of the tool) or `entity`."""

    namespace: str
    name: str


class Lens:
    """One perturbation bound to a setup. Each method is the identity; an operator overrides what it touches.

    `real` is the setup within, `setup` the one that is shown. `call` arguments of `show_*` and `read_*` are in the
    terms of `real`. Nothing is changed in place. A lens that `withholds` shows answers with something left out (ablation):
    what it shows of them cannot be read back. A lens that brings `words` in makes a setup of its own.

    `implied` holds the places of arguments of which it shows no difference between leaving them out and giving the default that
    the toolset declares: a call that gives it reads back as one that leaves it out.

    `exact_digits` is how many significant digits a number in a call may have so that a number stands for it in what is shown.
    JSON's numbers are doubles: one of more digits may have no counterpart in another unit, and is shown as a text then.

    `catalogue` holds the tools that it tells of when asked, in place of listing them.

    `later` is what takes this lens's place within an episode (a migration, a tool that comes late), once `moves` says so; it
    is asked between batches of calls and between turns of the user's, and has the same memory. Only operators of the last
    phase, `stages`, have one.
    """

    withholds: ClassVar[bool] = False
    exact_digits: ClassVar[int | None] = None

    def __init__(self, real: Setup) -> None:
        self.real = real
        self.setup = real
        self.retired: tuple[Retired, ...] = ()
        self.implied: frozenset[str] = frozenset()
        self.catalogue: tuple[Tool, ...] = ()
        self.later: Lens | None = None

    @property
    def words(self) -> frozenset[str]:
        """The words, in lower case, that it brings into what is shown."""
        return frozenset()

    def shown(
        self,
        *,
        system: str | None = None,
        tools: Iterable[Tool] | None = None,
        role: SystemRole | None = None,
        scaffold: Scaffold | None = None,
    ) -> Setup:
        """A setup with the given changes, made by this lens."""
        return Setup(
            self.real.system if system is None else system,
            self.real.tools if tools is None else tuple(tools),
            self.real.source,
            self,
            role=role or self.real.role,
            scaffold=scaffold or self.real.scaffold,
        )

    def show_text(self, text: str) -> str:
        """A prompt of the user's or of the system's, in shown terms."""
        return text

    def show_turns(self, turns: tuple[str, ...]) -> tuple[str, ...]:
        """What the user says, one text a turn, in shown terms. A lens that changes it makes a setup of its own, so that
        operators laid over it plan on what it shows."""
        return tuple(self.show_text(turn) for turn in turns)

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

    def hear_user(self, memory: Memory) -> None:
        """The user's next turn has been taken."""

    def moves(self, memory: Memory) -> bool:
        """Whether `later` is to take over now."""
        return False

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
