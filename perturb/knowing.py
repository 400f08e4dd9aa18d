"""What an agent has been shown as the gold calls go on, and what a call needed and nothing said (law 9 on real tasks).

Nothing here shares code with an operator: what a tool behind a catalogue is like, what stands for a value, and what a failure
says to do are read off the shown texts alone.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from perturb import schemas
from perturb.knowable import Visible, free_keys, leaves, undeclared, unexplained
from perturb.known_identifiers import CleanVisible
from perturb.operator import Setup, StackLens
from perturb.types import JSON, Answer, Call, Reply, Tool

_AGAIN = re.compile(
    r"(?i)\b(?:again|re-?try|retries|later|wait|temporar\w+)\b|retry_?after"
    r"|\b(?:erneut|nochmals|später|warten|réessay\w+|de nouveau|plus tard|patient\w+|de nuevo|más tarde|esper\w+)\b"
    r"|もう一度|再度|後で"
)
"""What a failure says where the same call, made once more, may work."""
Unread = tuple[tuple[JSON, ...], ...]
_SCHEMAS = ("inputSchema", "input_schema", "parameters")
"""The key under which a tool's arguments are told: by MCP, by Anthropic, by OpenAI."""


class Knowing:
    """What has been shown under a lens; `hidden` collects what was needed and not told."""

    def __init__(self, said: Sequence[str], tools: Sequence[Tool]) -> None:
        self.hidden: list[str] = []
        self._shown = Visible(said, tools)
        self._listed: dict[str, Tool] = {}
        self._gold: Call | None = None
        self._unread: Sequence[JSON] = ()
        self._excused: frozenset[str] = frozenset()
        self._sent = False
        self._failed: tuple[Call, str] | None = None
        self._going_on = False
        self._unnamed = False
        self._strayed = False

    def begin(self, gold: Call, unread: Sequence[JSON]) -> None:
        """The next gold call is about to be made, of which the clean run does not tell the values `unread`."""
        self._gold, self._unread, self._sent, self._failed = gold, unread, False, None
        self._going_on = self._unnamed = self._strayed = False
        self._excused = frozenset()

    def see_tools(self, tools: Sequence[Tool]) -> None:
        """The tools have changed."""
        self._shown.add_tools(tools)

    def send(self, shown: Call, lens: StackLens, first: bool) -> None:
        """A shown call is made for the gold call, the `first` or a further one."""
        gold = self._gold
        assert gold is not None
        if first:
            self._excused = _hidden_clean(self._unread, gold, lens)
        elif self._failed is not None:
            self._go_on(shown)
        if not self._sent and gold.name in lens.setup.stands_for(shown.name):
            self._sent = True
            self.hidden += [f"{gold.name}: {one}" for one in self._untold(gold, shown, lens)]
        self.hidden += [f"{gold.name}: {value!r}" for value in self._shown.missing(shown.arguments, also=self._excused)]

    def hear(self, shown: Call, reply: Reply, failed: bool) -> None:
        """The reply to a shown call, a failure or a result."""
        self._shown.add(reply.text)
        told = tools_told(reply.text)
        self._listed |= told
        self._strayed = self._strayed or (self._unnamed and not told)
        self._unnamed = False
        if failed:
            self._no_way_out()
            self._failed = shown, reply.text

    def end(self) -> None:
        """The gold call is done."""
        self._no_way_out()

    def _go_on(self, shown: Call) -> None:
        """After a failure comes a call that the failure speaks of: the same again, or one that it names. Only a search for the
        tool that it names may lie between."""
        assert self._failed is not None
        self._going_on = True
        failed, text = self._failed
        if shown == failed:
            if _AGAIN.search(text) and not self._strayed:
                self._failed = None
            self._no_way_out()
        elif any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) for word in _new_words(shown, failed)):
            self._failed = None
        else:
            self._unnamed = True

    def _no_way_out(self) -> None:
        """A failure after which calls went on, though it said nothing of them, is noted."""
        if self._failed is not None and self._going_on and self._gold is not None:
            self.hidden.append(f"{self._gold.name}: nothing in {self._failed[1][:80]!r} says what to do next")
        self._failed = None
        self._going_on = self._unnamed = self._strayed = False

    def _untold(self, gold: Call, shown: Call, lens: StackLens) -> Iterator[str]:
        """What a shown call is made of that the shown tool does not tell: names of arguments, and what stands for enum
        values."""
        real, told = lens.real.by_name.get(gold.name), lens.setup.by_name.get(shown.name)
        if real is None or told is None or (told is real and shown == gold):
            return
        told, arguments = self._behind(told, shown)
        if "$defs" in told.parameters:
            told = msgspec.structs.replace(told, parameters=schemas.inline(told.parameters))
        known = set(undeclared(real.parameters, gold.arguments))

        def shown_value(value: str) -> str:
            # What is put around a prompt is no part of a value.
            text = lens.show_text(value)
            return value if value in text else text

        free = set(free_keys(real.parameters, gold.arguments))
        names = [name for name in undeclared(told.parameters, arguments) if name.rstrip("_") not in known]
        names += [name for name in free_keys(told.parameters, arguments) if name not in free and not self._shown.has(name)]
        yield from (f"the argument {name!r}" for name in names)
        yield from (f"what stands for {value!r}" for value in unexplained(real, gold.arguments, told, arguments, shown_value))

    def _behind(self, told: Tool, shown: Call) -> tuple[Tool, dict[str, JSON]]:
        """The tool that a call is for, and its arguments: those within, where it goes through a tool that calls others by
        name, of which replies have told."""
        names = [value for value in shown.arguments.values() if isinstance(value, str) and value in self._listed]
        within = [value for value in shown.arguments.values() if isinstance(value, dict)]
        if len(names) == 1 and len(within) == 1 and len(shown.arguments) == 2:
            return self._listed[names[0]], within[0]
        return told, shown.arguments


def tools_told(text: str) -> dict[str, Tool]:
    """The tools that a reply describes in JSON, by name: objects with a name and the schema of the arguments."""
    if not any(key in text for key in _SCHEMAS):
        return {}
    try:
        read = json.loads(text)
    except ValueError:
        return {}
    return {tool.name: tool for tool in _tools(read)}


def _tools(node: Any) -> Iterator[Tool]:
    if isinstance(node, list):
        for item in node:
            yield from _tools(item)
    elif isinstance(node, dict):
        schema = next((node[key] for key in _SCHEMAS if isinstance(node.get(key), dict)), None)
        if isinstance(node.get("name"), str) and schema is not None:
            yield Tool(name=node["name"], description=str(node.get("description", "")), parameters=schema)
        else:
            for item in node.values():
                yield from _tools(item)


def _new_words(shown: Call, failed: Call) -> set[str]:
    """The names and texts of a call that another one did not have."""

    def words(call: Call) -> set[str]:
        return {call.name, *_keys(call.arguments), *(leaf for leaf in leaves(call.arguments) if isinstance(leaf, str) and leaf)}

    return words(shown) - words(failed)


def _keys(node: JSON) -> Iterator[str]:
    if isinstance(node, dict):
        for key, item in node.items():
            yield key
            yield from _keys(item)
    elif isinstance(node, list):
        for item in node:
            yield from _keys(item)


def unread(said: Sequence[str], setup: Setup, calls: Sequence[Call], answers: Sequence[Answer], told: Sequence[str]) -> Unread:
    """For each gold call of a clean run, the values of its arguments that nothing before it has told. `said` are the texts that
    the run begins with, `answers` and `told` what each call was answered, as data and as text."""
    visible = CleanVisible(said, setup.public_tools, setup.source.identifiers)
    found = []
    for call, answer, text in zip(calls, answers, told, strict=True):
        tool = setup.by_name.get(call.name)
        found.append(tuple(visible.hidden({} if tool is None else tool.parameters, call.arguments)))
        visible.add_answer(setup.returns(call), answer, text)
    return tuple(found)


def _hidden_clean(unread: Sequence[JSON], gold: Call, lens: StackLens) -> frozenset[str]:
    """The values of a gold call that are hidden in the clean run too, in real and in shown form."""
    if not unread:
        return frozenset()
    return frozenset(str(value) for value in unread) | frozenset(
        str(value) for lens_value in unread for value in leaves(_reshown(gold, lens_value, lens))
    )


def _reshown(gold: Call, value: JSON, lens: StackLens) -> JSON:
    """What becomes of one value of a call: the leaves of the shown call that are fewer when it is shown without the value."""
    shown = Counter(str(leaf) for leaf in leaves(lens.show_call(gold).arguments))
    blanked = lens.show_call(Call(gold.name, _without(gold.arguments, value)))
    return list(shown - Counter(str(leaf) for leaf in leaves(blanked.arguments)))


def _without(node: Any, value: JSON) -> Any:
    if isinstance(node, dict):
        return {key: _without(item, value) for key, item in node.items() if not (_scalar(item) and item == value)}
    if isinstance(node, list):
        return [_without(item, value) for item in node if not (_scalar(item) and item == value)]
    return node


def _scalar(value: JSON) -> bool:
    return not isinstance(value, (dict, list))
