"""What answers in place of a model: a reference agent that is shown the conversation so far."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol

from perturb.agent import Agent
from perturb.reference.notebook import Notebook
from perturb.reference.places import document
from perturb.reference.world import Unknown, World
from perturb.serving.seen import Move, Result, Seen, Turn, Wanted
from perturb.serving.telling import Telling
from perturb.types import JSON, Call, Reply, Tool, Usage, digest


class Mind(Protocol):
    """Works out the next turn from what was seen, and from nothing else."""

    async def move(self, seen: Seen) -> Move: ...


class Asked(BaseException):
    """Raised within an agent at its first call that the history does not answer. No `Exception`, which an agent may catch."""

    def __init__(self, calls: list[Wanted]) -> None:
        super().__init__()
        self.calls = calls


class AgentMind:
    """An agent as a model: it goes through the whole conversation again, and its first call that was not answered yet is its
    next turn."""

    def __init__(self, agent: Agent, telling: Telling) -> None:
        self._agent = agent
        self._telling = telling

    async def move(self, seen: Seen) -> Move:
        past = Past(seen, self._telling)
        number = len(seen.turns)
        try:
            answer: Any = self._agent(past)
            if inspect.isawaitable(answer):
                answer = await answer
        except Asked as asked:
            names = ", ".join(call.name for call in asked.calls)
            # Odd characters on purpose: what comes back must be the same to the last of them.
            return Move(
                thought=f"Turn {number + 1} – “{names}” comes next.\n\n\t{past.made} answered so far… 🙂\u2028",
                calls=tuple(asked.calls),
            )
        return Move(text=answer or "", thought=f'Turn {number + 1}: nothing is left to do – I can answer.\n  é \\n "quoted"')


class Past:
    """A live episode whose past is a history; its calls are answered from there."""

    def __init__(self, seen: Seen, telling: Telling) -> None:
        self.system = seen.system
        self.prompt, *self._further = seen.users or ("",)
        self.tools: Sequence[Tool] = seen.tools
        self.repeat = 0
        # Of an episode no more is known here than how it began: so it is one episode for as long as the conversation goes on.
        self.seed = int(digest([seen.system, seen.users[:1], seen.tools], 12), 16)
        self.made = 0
        self._telling = telling
        results = seen.results()
        self._answered = [(call, results[call.id]) for turn in seen.turns for call in turn.calls if call.id in results]

    async def call(self, name: str, arguments: dict[str, JSON] | str) -> Reply:
        return (await self.calls([(name, arguments)]))[0]

    async def calls(self, calls: Sequence[tuple[str, dict[str, JSON] | str]]) -> list[Reply]:
        replies: list[Reply] = []
        unanswered: list[Wanted] = []
        for name, arguments in calls:
            text = arguments if isinstance(arguments, str) else json.dumps(arguments)
            result = self._result(name, text)
            if result is None:
                unanswered.append(Wanted(name, text))
            else:
                self.made += 1
                replies.append(reply_of(result, self._telling))
        if unanswered:
            raise Asked(unanswered)
        return replies

    def _result(self, name: str, arguments: str) -> Result | None:
        """The first result of such a call that has not been used; the same call made again has a result of its own."""
        for place, (call, result) in enumerate(self._answered):
            if call.name == name and _same(call.arguments, arguments):
                del self._answered[place]
                return result
        return None

    @property
    def messages(self) -> list[dict[str, str]]:
        opening = [{"role": "system", "content": self.system}] if self.system else []
        return [*opening, {"role": "user", "content": self.prompt}]

    async def next_user(self, answer: str = "") -> str | None:
        """What the user has said since; a model that wants to hear more can only answer, and see what comes."""
        return self._further.pop(0) if self._further else None

    def used(self, usage: Usage, *, reasoning: str = "", replayed: bool = False) -> None:
        """A model reports to nobody."""


def _same(one: str, other: str) -> bool:
    try:
        return one == other or json.loads(one) == json.loads(other)
    except ValueError:
        return False


def reply_of(result: Result, telling: Telling) -> Reply:
    """A result as a reply."""
    return Reply(result.text, telling.is_error(result.text) if result.is_error is None else result.is_error)


_NOTE = re.compile(r"^note (\d+) (.*)$", re.MULTILINE)
_STEP = re.compile(r"^step (\d+)$", re.MULTILINE)


class NoteMind:
    """Does the learnt task as `reader` does, and reads only the last result: of earlier ones it knows what it noted in its own
    reasoning, if that is sent back to it.

    What a reasoning policy costs is then known from the transcript alone: every value that is needed later than in the
    step after the one that showed it.
    """

    def __init__(self, notebook: Notebook, telling: Telling) -> None:
        self._notebook = notebook
        self._telling = telling

    async def move(self, seen: Seen) -> Move:
        said = "\n\n".join(seen.users)
        study = self._notebook.study(said)
        if study is None:
            return Move()
        steps = study.transcript.steps
        world = World(study, said)
        notes, last = self._known(seen)
        for place, text in notes.items():
            self._hear(world, place, Reply(text, self._telling.is_error(text)))
        lines = []
        if last is not None:
            place, reply = last
            self._hear(world, place, reply)
            lines.append(f"note {place} {json.dumps(reply.text, ensure_ascii=False)}")
        for place in range((last[0] if last is not None else -1) + 1, len(steps)):
            with suppress(Unknown):
                learnt = Call(steps[place].call.name, world.arguments(place))
                call = self._notebook.matching(study.transcript.tools, seen.tools).call(learnt)
                if call is not None:
                    wanted = Wanted(call.name, json.dumps(call.arguments))
                    return Move(thought="\n".join([*lines, f"step {place}"]), calls=(wanted,))
        return Move(text=world.answer(), thought="\n".join(lines))

    def _known(self, seen: Seen) -> tuple[dict[int, str], tuple[int, Reply] | None]:
        """The noted results by step; and the last one, which is the only one that is read, with its step."""
        notes: dict[int, str] = {}
        last: tuple[int, Reply] | None = None
        results = seen.results()
        for number, turn in enumerate(turn for turn in seen.turns if turn.calls):
            for place, text in _NOTE.findall("\n".join(turn.thoughts)):
                with suppress(ValueError):
                    notes[int(place)] = json.loads(text)
            # Where it does not say which step this was, it can only count its calls.
            step = _step(turn)
            found = results.get(turn.calls[0].id)
            if found is not None:
                last = number if step is None else step, reply_of(found, self._telling)
        return notes, last

    def _hear(self, world: World, place: int, reply: Reply) -> None:
        replies = world.study.replies
        if place < len(replies) and (not reply.is_error or document(reply.text).layout == replies[place].layout):
            world.hear(place, reply)


def _step(turn: Turn) -> int | None:
    found = _STEP.findall("\n".join(turn.thoughts))
    return int(found[-1]) if found else None
