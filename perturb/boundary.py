"""The seam: the only place, beside `Stack`, where setups are shown and calls are read.

A `Boundary` is one live episode. What an agent calls in shown terms goes inwards through the lenses to the environment;
what comes back goes outwards. It keeps the record of both.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from typing import Any

import msgspec

from perturb import texts
from perturb.episode import EpisodeStep, Said
from perturb.errors import OperatorFault, PerturbError
from perturb.metering import Metered
from perturb.operator import Lens, Performing, Setup, StackLens
from perturb.scaffold import Scaffold
from perturb.toolset import Environment, Task
from perturb.types import JSON, Answer, Call, Delay, Failure, Reply, Result, Tool


class BudgetExceeded(PerturbError):
    """The episode has used up its own limit of calls."""


class EnvironmentFault(PerturbError):
    """The environment itself broke: it raised instead of answering."""

    exit_status = 3


def shown_turns(lens: StackLens | None, task: Task) -> tuple[str, ...]:
    """What the user says in a task, one text a turn, as a lens shows it; as it is where there is none."""
    said = (task.prompt, *task.follow_ups)
    return said if lens is None else lens.show_turns(said)


class Boundary(Metered):
    """One episode of one task under a lens; what an agent is given (see `perturb.agent.LiveEpisode`).

    `max_calls` limits the agent's calls. `fault` holds the first fault that is ours or the environment's: such an episode
    never counts against the agent, whatever the agent made of the exception. `unparsed` counts the turns of a model that its
    scaffold could not read. `over` is set when the episode has ended: a task that outlives its agent calls nothing any more.
    `lens` is the one in force now: between batches of calls, and between turns of the user's, another may take over.
    """

    def __init__(self, lens: StackLens, task: Task, environment: Environment, *, max_calls: int = 200) -> None:
        super().__init__()
        self.lens = lens
        self.task = task
        self.environment = environment
        self.max_calls = max_calls
        self.steps: list[EpisodeStep] = []
        self.real_calls: list[Call] = []
        self.real_answers: list[Answer] = []
        self.delayed = 0.0
        self.fault: PerturbError | None = None
        self.over_budget = False
        self.over = False
        self.unparsed = 0
        self._changed_reply = False
        self._tools: tuple[Setup, tuple[Tool, ...]] | None = None
        self._batch = 0
        self._memory = lens.start()
        self._staged = lens.next_stage is not None
        self.system = lens.setup.system
        self.turns = shown_turns(lens, task)
        self.heard = 1
        self.said: list[Said] = []
        first, setup = lens.real, lens.setup
        self._shown_differently = (
            self.turns != shown_turns(None, task)
            or self.system != first.system
            or setup.role != first.role
            or lens.changes_tools
        )
        if lens.has_state:
            environment.load(lens.load_state(environment.dump()))

    @property
    def prompt(self) -> str:
        """The user's first message."""
        return self.turns[0]

    @property
    def messages(self) -> list[dict[str, str]]:
        """What opens the conversation: the system prompt where there is one, in whose name it is sent, and the prompt."""
        opening = [{"role": self.lens.setup.role, "content": self.system}] if self.system else []
        return [*opening, {"role": "user", "content": self.prompt}]

    @property
    def tools(self) -> Sequence[Tool]:
        """A copy for this episode alone: agents edit schemas in place, and other episodes are shown the same setup."""
        setup = self.lens.setup
        if self._tools is None or self._tools[0] is not setup:
            self._tools = setup, setup.copied_tools()
        return self._tools[1]

    @property
    def scaffold(self) -> Scaffold:
        """What the agent loop puts between its model and this episode; see `perturb.models.loop`."""
        return self.lens.setup.scaffold

    def wrote_otherwise(self) -> None:
        """The scaffold has sent something that is not as it would have been clean."""
        self._changed_reply = True

    @property
    def exposed(self) -> bool:
        """Whether anything that the agent has received differs from what it would have been clean."""
        return self._changed_reply or self._shown_differently

    async def call(self, name: str, arguments: dict[str, JSON] | str) -> Reply:
        """Call a tool; see `perturb.agent.LiveEpisode`."""
        self.begin_batch()
        reply = await self.call_in_batch(name, arguments)
        self.end_batch()
        return reply

    async def calls(self, calls: Sequence[tuple[str, dict[str, JSON] | str]]) -> list[Reply]:
        """Several calls at once: they reach the environment in the order given."""
        self.begin_batch()
        replies = [await self.call_in_batch(name, arguments) for name, arguments in calls]
        self.end_batch()
        return replies

    async def next_user(self, answer: str = "") -> str | None:
        """The user's next message, or `None` where there is none; `answer` is what the agent says to the one before."""
        if self.heard >= len(self.turns):
            return None
        message = self.turns[self.heard]
        self.heard += 1
        self.said.append(Said(len(self.steps), texts.writable(str(answer)), message))
        self.lens.hear_user(self._memory)
        self.end_batch()
        self._tell_environment()
        return message

    def _tell_environment(self) -> None:
        """Tell an environment that wants to know it that the user has gone on to another turn of his own. What operators make
        of a turn lies before the turns that follow it."""
        hear = getattr(self.environment, "hear", None)
        turn = self.heard - 1 - (len(self.turns) - 1 - len(self.task.follow_ups))
        if hear is not None and turn > 0:
            hear(turn)

    def begin_batch(self) -> None:
        """The calls that follow were made at once, as far as `end_batch`."""
        self._batch += 1

    def end_batch(self) -> None:
        """A batch of calls, or a turn, is over: now the setup may change."""
        while self.lens.moves(self._memory):
            following = self.lens.next_stage
            if following is None:
                raise OperatorFault(f"{type(self.lens.layers[-1]).__name__} moves on to nothing")
            self._shown_differently = self._shown_differently or following.changes_tools
            self.lens = following

    async def call_in_batch(self, name: str, arguments: dict[str, JSON] | str) -> Reply:
        """One call of a batch; the next may begin once it is answered."""
        if self.over:
            raise PerturbError(f"{str(name)!r} was called after the episode had ended; await every call before you return")
        if len(self.steps) >= self.max_calls:
            self.over_budget = True
            raise BudgetExceeded(f"the episode has made its {self.max_calls} calls; a run allows more with max_calls")
        reached: list[Call] = []
        read = _arguments(arguments)
        answer: Answer
        malformed = None if read is not None else _spelt(arguments)
        call = Call(texts.writable(str(name)), read or {})
        if malformed is not None:
            answer = self.lens.setup.source.refusal("invalid_argument", tool=call.name, value=malformed)
        else:
            answer = await self.send(call, reached)
        try:
            reply = self.reply(call, answer)
        except Exception as error:
            self.fault = self.fault or EnvironmentFault(
                f"the answer to a call of {call.name!r} cannot be shown: {type(error).__name__}: {error}; "
                "a result is plain JSON, its text can be encoded as UTF-8"
            )
            raise self.fault from error
        stale = isinstance(answer, Failure) and answer.stale
        self.steps.append(EpisodeStep(call, reply, tuple(reached), self._batch, stale, malformed))
        return reply

    def reply(self, call: Call, answer: Answer) -> Reply:
        """An answer as the agent receives it."""
        tool = self.lens.setup.by_name.get(call.name)
        structured = tool is not None and tool.returns is not None
        if isinstance(answer, Failure):
            text = texts.failure_text(answer)
            if not answer.in_band:
                return Reply(text, True)
            return Reply(text, False, msgspec.json.decode(text) if structured else None)
        # A copy, since what an agent does to its reply must reach neither the environment nor a page that is kept.
        data = msgspec.json.decode(msgspec.json.encode(answer.data)) if structured else None
        return Reply(texts.result_text(answer), False, data)

    async def send(self, call: Call, reached: list[Call] | None = None) -> Answer:
        """A shown call, all the way to the environment and back as a shown answer. Calls that reach the environment on its
        behalf are added to `reached`, in the toolset's own terms."""
        lens = self.lens
        # A name that nobody knows goes all the way, so that it fails as it would clean; a retired one must be refused on it.
        unknown = call.name not in lens.setup.by_name
        if not lens.layers:
            return await self._reach(call, reached)
        try:
            generator = lens.handle(call, self._memory)
            request = next(generator)
            while True:
                given: Answer | None = None
                if isinstance(request, Delay):
                    self.delayed += request.seconds
                elif unknown and request.name in lens.real.by_name:
                    raise OperatorFault(f"{call.name!r} is no shown tool, and yet a call of it reached {request.name!r}")
                else:
                    given = await self._reach(request, reached)
                try:
                    request = generator.send(given)
                except StopIteration as stop:
                    answer: Answer = stop.value
                    if not self._changed_reply:
                        self._changed_reply = answer is not given and _differ(answer, given)
                    return answer
        except StopIteration as stop:
            # Answered without reaching the environment.
            self._changed_reply = True
            return stop.value  # type: ignore[no-any-return]
        except PerturbError as error:
            self.fault = self.fault or error
            raise
        except Exception as error:
            self.fault = self.fault or OperatorFault(
                f"an operator of {[type(layer).__module__ for layer in lens.layers]} raised {type(error).__name__}: {error} "
                f"while it handled a call of {call.name!r}; this is a defect of the operator, not of the agent"
            )
            raise self.fault from error

    def perform(self, call: Call) -> Performing:
        """A real call as an agent that knows the setup makes it: yields shown calls, ends in the real answer. What changes the
        setup within an episode lies outermost, so that it may change between two of these calls."""
        if not self._staged:
            return (yield from self.lens.perform(call))
        within = self.lens.inner.perform(call)
        request = next(within)
        while True:
            answer = yield from self.lens.layers[-1].perform(request)
            try:
                request = within.send(answer)
            except StopIteration as stop:
                found: Answer = stop.value
                return found

    async def _reach(self, call: Call, reached: list[Call] | None) -> Answer:
        """The environment's answer to a call in its own terms."""
        try:
            answer: Any = self.environment.call(call)
            if inspect.isawaitable(answer):
                answer = await answer
        except Exception as error:
            self.fault = self.fault or EnvironmentFault(
                f"the environment raised {type(error).__name__}: {error} on a call of {call.name!r}; "
                "an environment returns a Failure for a call that it refuses"
            )
            raise self.fault from error
        if not isinstance(answer, (Result, Failure)):
            self.fault = self.fault or EnvironmentFault(
                f"the environment answered a call of {call.name!r} with {type(answer).__name__}; it must be Result or Failure"
            )
            raise self.fault
        real = self.lens.real_call(call) if self.lens.has_state else call
        self.real_calls.append(real)
        if reached is not None:
            reached.append(real)
        self.real_answers.append(answer)
        if self.lens.has_state and not self._changed_reply:
            # The environment itself lives in another world: what it answers there is not what it would have answered clean.
            self._changed_reply = _differ(self.lens.real_answer(call, answer), answer)
        return answer

    def final_environment(self, fresh: Any) -> Environment:
        """The environment at the end, in the toolset's own terms. `fresh` makes a new one where the state must be read
        back."""
        if not self.lens.has_state:
            return self.environment
        environment: Environment = fresh()
        environment.load(self.lens.read_state(self.environment.dump()))
        return environment

    def shown_text(self, text: str) -> str:
        """A text about the tools, with the names that are shown in place of the toolset's own."""
        return self.lens.show_text(text)

    def shown_turns(self, turns: tuple[str, ...]) -> tuple[str, ...]:
        """What a user says, one text a turn, as it is shown."""
        return self.lens.show_turns(turns)

    def shown_past(self, call: Call, answer: Answer | None = None) -> tuple[Call, Answer | None]:
        """A real call that was made before this episode began, and its answer, as they are shown."""
        shown = self.lens.show_call(call)
        if answer is None:
            return shown, None
        return shown, self.lens.show(call, answer)

    def shown_answer(self, text: str) -> str:
        """What an agent has answered before this episode began, as it is shown."""
        return self.lens.show_answer(text)

    @property
    def reads_answers(self) -> bool:
        """Whether answers read back to anything but themselves."""
        return any(type(layer).read_answer is not Lens.read_answer for layer in self.lens.layers)

    def read_answer(self, answer: str) -> str:
        """The agent's answer in the toolset's own terms."""
        return self.lens.read_answer(answer)


def _differ(one: Answer, other: Answer | None) -> bool:
    """Whether two answers are not the same to a reader, for whom the order of keys counts."""
    return one != other or repr(one) != repr(other)


def _not_json(name: str) -> JSON:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_not_json)


def _arguments(arguments: dict[str, JSON] | str) -> dict[str, JSON] | None:
    """A copy, as it went over the wire: what an agent does to its own dictionary later changes no record. `None` where it is
    no JSON object."""
    try:
        read = _DECODER.decode(arguments) if isinstance(arguments, str) else arguments
        return msgspec.json.decode(msgspec.json.encode(read)) if isinstance(read, dict) else None
    except (ValueError, TypeError, OverflowError, RecursionError):  # a lone surrogate is a ValueError
        return None


def _spelt(arguments: object) -> str:
    """What an agent sent in place of arguments, as text that can be recorded."""
    try:
        return texts.writable(str(arguments))
    except RecursionError:
        return "(nested too deeply)"
