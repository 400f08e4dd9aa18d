"""The agent loop: what a scaffold can put between a model and an episode."""

from __future__ import annotations

import json
import re
from typing import Any

import anyio
import pytest

from perturb.agent import LimitReached
from perturb.messages import Answered, History, Message, Said, Text, Thought, Told, ToolCall, Tools, without_thoughts
from perturb.models.loop import converse, with_ids
from perturb.scaffold import NATIVE, Heard, Scaffold, Written
from perturb.types import Reply, Tool, Usage

TOOL = Tool(name="add", description="Adds.", parameters={"type": "object"})


class Episode:
    """An episode with one tool, which adds."""

    system, prompt, tools, repeat = "You add.", "What is 2 and 3, and that and 4?", (TOOL,), 0
    scaffold: Scaffold = NATIVE
    unparsed = 0
    otherwise = False

    def __init__(self, *follow_ups: str) -> None:
        self.batches: list[list[Any]] = []
        self.follow_ups = list(follow_ups)
        self.answers: list[str] = []

    async def call(self, name: str, arguments: Any) -> Reply:
        return (await self.calls([(name, arguments)]))[0]

    async def calls(self, calls: Any) -> list[Reply]:
        self.batches.append(list(calls))
        return [self._answer(name, arguments) for name, arguments in calls]

    def _answer(self, name: str, arguments: str) -> Reply:
        try:
            return Reply(str(sum(json.loads(arguments)["numbers"])))
        except ValueError:
            return Reply("no JSON", True)

    @property
    def messages(self) -> list[dict[str, str]]:
        return [{"role": "system", "content": self.system}, {"role": "user", "content": self.prompt}]

    async def next_user(self, answer: str = "") -> str | None:
        self.answers.append(answer)
        return self.follow_ups.pop(0) if self.follow_ups else None

    def used(self, usage: Usage, *, reasoning: str = "", replayed: bool = False) -> None: ...

    def wrote_otherwise(self) -> None:
        self.otherwise = True


class Model:
    """Stands in for an `Asker`: says what it is given, and keeps what it was shown."""

    def __init__(self, *turns: Said) -> None:
        self.turns = list(turns)
        self.shown: list[tuple[list[Message], Tools]] = []

    def conversation(self, episode: Any) -> Model:
        return self

    async def ask(self, history: History, tools: Tools) -> Said:
        self.shown.append((list(history), tools))
        return self.turns.pop(0)


def call(numbers: str, name: str = "add", id: str = "1") -> ToolCall:
    return ToolCall(id, name, numbers, {"id": id, "function": {"name": name}})


def carried(episode: Episode, model: Model, scaffold: Scaffold = NATIVE, max_turns: int = 100) -> str:
    episode.scaffold = scaffold

    async def go() -> str:
        return await converse(episode, model, max_turns)  # type: ignore[arg-type]

    return anyio.run(go)


def test_calls_are_made_and_answered_until_the_model_has_none_left() -> None:
    episode = Episode("And 5?")
    first = Said((Thought("Hm."), call('{"numbers": [2, 3]}'), call("{", id="2")))
    model = Model(first, Said((Text("It is 5."),)), Said((Text("It "), Text("is 10."))))
    assert carried(episode, model) == "It is 10."
    assert episode.batches == [[("add", '{"numbers": [2, 3]}'), ("add", "{")]]
    assert episode.answers == ["It is 5.", "It is 10."]
    assert model.shown[-1] == (
        [
            Told("system", "You add."),
            Told("user", Episode.prompt),
            first,
            Answered("1", "add", "5"),
            Answered("2", "add", "no JSON", True),
            Said((Text("It is 5."),)),
            Told("user", "And 5?"),
        ],
        (TOOL,),
    )


def test_a_reasoning_policy_is_a_function_of_the_history() -> None:
    class Dropping(Scaffold, frozen=True):
        def write(self, history: History, tools: Tools) -> Written:
            return Written([without_thoughts(one) if isinstance(one, Said) else one for one in history], tools)

    thinking = Said((Thought("Hm."), call('{"numbers": [1]}')))
    model = Model(thinking, thinking, Said((Text("done"),)))
    episode = Episode()
    carried(episode, model, Dropping())
    assert episode.otherwise
    turns = [one for one in model.shown[-1][0] if isinstance(one, Said)]
    assert turns == [Said((call('{"numbers": [1]}'),))] * 2


_CALL = re.compile(r"^CALL (\w+) (.*)$", re.MULTILINE)


class Lines(Scaffold, frozen=True):
    """Calls as lines of text, tools in the system prompt, results from the user."""

    def write(self, history: History, tools: Tools) -> Written:
        told: list[Message] = []
        for one in history:
            if isinstance(one, Answered):
                told.append(Told("user", f"RESULT {one.text}"))
            elif isinstance(one, Said):
                told.append(Said(tuple(part for part in one.parts if not isinstance(part, ToolCall))))
            else:
                told.append(one)
        told[0] = Told("system", f"You add.\n{', '.join(tool.name for tool in tools)}")
        return Written(told, ())

    def parse(self, said: Said, tools: Tools, history: History) -> Heard:
        found = [ToolCall(f"{place}", *match) for place, match in enumerate(_CALL.findall(said.text))]
        return Heard(Said((*said.parts, *found), said.rest), said.text)


def test_a_call_format_is_a_pair_of_functions() -> None:
    episode = Episode()
    asked = Said((Text('I add.\nCALL add {"numbers": [2, 3]}\nCALL add {"numbers": [4]}'),))
    model = Model(asked, Said((Text("It is 9."),)))
    assert carried(episode, model, Lines()) == "It is 9."
    assert episode.batches == [[("add", '{"numbers": [2, 3]}'), ("add", '{"numbers": [4]}')]]
    assert model.shown[-1] == (
        [
            Told("system", "You add.\nadd"),
            Told("user", Episode.prompt),
            asked,
            Told("user", "RESULT 5"),
            Told("user", "RESULT 4"),
        ],
        (),
    )


def test_a_model_that_never_ends_is_stopped() -> None:
    model = Model(*[Said((call('{"numbers": [1]}'),))] * 9)
    with pytest.raises(LimitReached, match="3 turns"):
        carried(Episode(), model, max_turns=3)
    assert len(model.shown) == 3


def test_calls_without_an_id_of_their_own_get_one_in_what_is_sent_back_too() -> None:
    items = ToolCall("c", "add", "{}", {"type": "function_call", "id": "fc_1", "call_id": "c"})
    said = with_ids(Said((call("{}"), call("{}"), call("{}", id=""), items, items)), 3)
    assert [one.id for one in said.calls] == ["1", "call_3_1", "call_3_2", "c", "call_3_4"]
    assert [one.wire.get("call_id", one.wire["id"]) for one in said.calls] == [one.id for one in said.calls]
    assert said.calls[4].wire["id"] == "fc_1"
    assert with_ids(said, 3) == said
