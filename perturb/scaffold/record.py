"""The scaffold between a model and an episode: what the agent loop is given with a setup."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import msgspec

from perturb.messages import Answered, History, Message, Part, Said, Text, Told, ToolCall, Tools
from perturb.scaffold import calls, context, reasoning
from perturb.scaffold.calls import Ids, Results, Turns
from perturb.scaffold.context import LENGTH, Context
from perturb.scaffold.docs import Language, told
from perturb.scaffold.formats import IN_TEXT, CallFormat, paragraphs
from perturb.scaffold.json_block import JSON_BLOCK
from perturb.scaffold.python_call import PYTHON
from perturb.scaffold.react import REACT
from perturb.scaffold.reasoning import Reasoning
from perturb.scaffold.xml import XML

Format = Literal["native", "react", "json", "xml", "python"]
Planning = Literal["interleaved", "first"]
Verify = Literal["none", "self"]

FORMATS: dict[Format, CallFormat] = {"react": REACT, "json": JSON_BLOCK, "xml": XML, "python": PYTHON}
"""Every format but the server's own."""

PLAN = """\
Before you act, make a plan: list all steps that the request takes, each with the tool that you will call and what for. Write
the plan alone: no tool can be called yet."""
CARRY_OUT = "Now carry out your plan, step by step. Then give the user the answer."
CHECK = """\
Before your answer goes to the user, check it: hold what you did, and what you say, against every part of the request. If
anything is missing or wrong, put it right with the tools. Then give the whole answer to the user once more."""


class Written(NamedTuple):
    """What goes to a server: the messages, and the tools that it is told of in its own form."""

    history: History
    tools: Tools


class Heard(NamedTuple):
    """A turn, read: with the calls that it asks for, or with an answer. `complaint` is what the scaffold says back where it can
    be read as neither."""

    said: Said
    answer: str = ""
    complaint: str = ""


class Scaffold(msgspec.Struct, frozen=True, kw_only=True):
    """What stands between a model and an episode.

    `write` puts a history and the tools into the form that goes to the server, `parse` reads a turn that came back, and
    `follow` is what the scaffold says of its own accord once the model asks for no more calls. All three are functions of what
    they are given alone, and change nothing in place; the history that they are given is the whole one, with native calls.

    `reasoning` says how much of the model's earlier thoughts goes back; `calls` in which form calls are made, and `docs` in
    which language tools are told in the system prompt (`None`: where calls are native, by the server alone, else as JSON);
    `results` in whose name results come; `ids` which shape the ids of calls have; `turns` whether calls of one turn are made at
    once; `context` what is shown of a long conversation, and `length` how many tokens it may have; `planning` whether a whole
    plan comes before the first call; `verify` whether the model is asked to check its answer.
    """

    reasoning: Reasoning = "keep"
    calls: Format = "native"
    docs: Language | None = None
    results: Results = "tool"
    ids: Ids = "server"
    turns: Turns = "parallel"
    context: Context = "whole"
    length: int = LENGTH
    planning: Planning = "interleaved"
    verify: Verify = "none"

    @property
    def format(self) -> CallFormat | None:
        """The format of calls that are no native ones; tools that are told in the prompt are called by JSON."""
        if self.calls != "native":
            return FORMATS[self.calls]
        return FORMATS["json"] if self.docs is not None else None

    def write(self, history: History, tools: Tools) -> Written:
        """What goes to the server for the next turn."""
        planning = self._plans(history)
        history = context.shown(history, self.context, self.length)
        history = reasoning.kept(history, self.reasoning)
        if self.turns == "one":
            history = calls.one_call_a_turn(history)
        history = calls.with_ids(history, self.ids)
        form = self.format
        if planning:
            return Written(with_system(history, paragraphs(told(tools, self.docs or "json"), PLAN)), ())
        if form is not None:
            told_of = paragraphs(told(tools, self.docs or "json"), form.told(tools))
            return Written(with_system(in_text(history, tools, form), told_of), ())
        if self.results == "user":
            history = calls.told_by_user(history)
        return Written(history, tools)

    def parse(self, said: Said, tools: Tools, history: History) -> Heard:
        """A turn that came back on `history`."""
        form = self.format
        if form is None or self._plans(history):
            return Heard(said, said.text)
        reading = form.read(said.text, tools)
        return Heard(Said((*said.parts, *reading.calls), said.rest), reading.answer, reading.complaint)

    def follow(self, history: History) -> str | None:
        """What the scaffold says to a turn without calls, the last of `history`; `None` where it lets the turn stand."""
        if self._plans(history[:-1]):
            return CARRY_OUT
        asked = next((one.text for one in reversed(history) if isinstance(one, Told) and one.role == "user"), None)
        return CHECK if self.verify == "self" and asked != CHECK else None

    def _plans(self, history: History) -> bool:
        """Whether the next turn is to be the plan."""
        return self.planning == "first" and not any(isinstance(one, Said) for one in history)


NATIVE = Scaffold()
"""The server's own form of everything, and all of it sent back."""


def with_system(history: History, more: str) -> History:
    """The history with more in its system prompt."""
    if history and isinstance(history[0], Told) and history[0].role != "user":
        first = history[0]
        return [msgspec.structs.replace(first, text=paragraphs(first.text, more)), *history[1:]]
    return [Told("system", more), *history]


def in_text(history: History, tools: Tools, form: CallFormat) -> History:
    """The history with calls, answers and results as text; results of one turn come as one message of the user's."""
    written: list[Message] = []
    answered: list[Answered] = []
    for one in history:
        if isinstance(one, Answered):
            answered.append(one)
            continue
        if answered:
            written.append(Told("user", form.write_results(answered)))
            answered = []
        written.append(Said(tuple(_parts(one, tools, form)), one.rest) if isinstance(one, Said) else one)
    return [*written, Told("user", form.write_results(answered))] if answered else written


def _parts(said: Said, tools: Tools, form: CallFormat) -> Iterator[Part]:
    """The parts of a turn, its calls in its text. Text that came from the server is in the format already, and stays so."""
    raw = any(isinstance(part, Text) and part.wire is not None for part in said.parts)
    unwritten = [call for call in said.calls if call.wire != IN_TEXT]
    if unwritten:
        text = form.write_calls(said.text, unwritten, tools)
    else:
        text = said.text if raw or said.calls else form.write_answer(said.text)
    kept = [part for part in said.parts if not isinstance(part, ToolCall)]
    if text == said.text:
        yield from kept
        return
    yield from (part for part in kept if not isinstance(part, Text))
    yield Text(text)
