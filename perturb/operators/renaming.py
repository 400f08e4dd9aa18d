"""What the operators that rename have in common: choosing new names that nobody has, and carrying mentions along."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from perturb import schemas
from perturb.mentions import Mentions, looks_like_identifier, reworded
from perturb.operator import Lens, Pick, Retired, Setup
from perturb.types import Call, Failure, Schema, Tool

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\d_]{2,}")
"""A word, or one character of a language that is written without spaces."""
_FEWEST_WORDS = 2


def says_enough(description: str) -> bool:
    """Whether a description says as much as a name does: an act and what it is done to, or a thing and whose it is."""
    return len(_WORD.findall(description)) >= _FEWEST_WORDS


def choose_names(
    names: Mapping[str, str],
    candidates: Callable[[str], Sequence[str]],
    taken: Iterable[str],
    pick: Pick,
    *,
    spare: Callable[[str], Sequence[str]] = lambda name: (),
    best: int = 4,
) -> dict[str, str]:
    """A new name for each of `names` that has one left: none is in `taken` (in lower case), or given twice.

    `names` maps the toolset's own names, which `candidates` are asked for, to the names of now. Each new name is drawn from
    the `best` candidates left; where none is left, the first of `spare` is taken. A name that can be told from a plain word
    stays so, since only then its mentions can be found again. The choice for one name does not depend on how many of them
    an operator goes on to use.
    """
    used = {name.lower() for pair in names.items() for name in pair} | set(taken)
    chosen: dict[str, str] = {}
    for own in sorted(names):
        plain = not looks_like_identifier(own) and not looks_like_identifier(names[own])

        def free(new: str, plain: bool = plain) -> bool:
            return new.lower() not in used and (plain or looks_like_identifier(new))

        if options := list(filter(free, candidates(own))):
            chosen[own] = pick.choice(own, options[:best])
        elif options := list(filter(free, spare(own))):
            chosen[own] = options[0]
        else:
            continue
        used.add(chosen[own].lower())
    return chosen


def names_in_use(setup: Setup) -> frozenset[str]:
    """What a new name of a tool must stay clear of, in lower case: the toolset's own words, and the names shown now."""
    shown = {tool.name.lower() for tool in setup.tools}
    return setup.words | shown | property_names(tool.parameters for tool in setup.tools)


def property_names(some: Iterable[Schema | None]) -> frozenset[str]:
    """The names of all properties of some schemas, in lower case."""
    return frozenset(name.lower() for one in some for names in schemas.siblings(one) for name in names)


def single_tools(setup: Setup) -> dict[str, Tool]:
    """The tools that stand for one tool of the toolset each, by that tool's own name."""
    return {tool.stands_for[0]: tool for tool in setup.tools if len(tool.stands_for) == 1}


class ToolNamesLens(Lens):
    """Shows tools under new names, and every mention of them. `names` is keyed by the toolset's own names."""

    def __init__(self, real: Setup, names: Mapping[str, str]) -> None:
        super().__init__(real)
        self._new = {tool.name: names[place] for place, tool in single_tools(real).items() if place in names}
        self._old = {new: old for old, new in self._new.items()}
        self._mentions = Mentions(self._new)
        self._unmentions = Mentions(self._old)
        if not self._new:
            return
        tools = []
        for tool in real.tools:
            renamed = reworded(tool, self._mentions)
            tools.append(msgspec.structs.replace(renamed, name=self._new.get(tool.name, tool.name)))
        self.setup = self.shown(system=self._mentions(real.system), tools=tools)
        self.retired = tuple(Retired("tool", old) for old in self._new if old not in self._old)

    def show_text(self, text: str) -> str:
        return self._mentions(text)

    def show_call(self, call: Call) -> Call:
        new = self._new.get(call.name)
        return call if new is None else Call(new, call.arguments)

    def read_call(self, call: Call) -> Call | Failure:
        old = self._old.get(call.name)
        if old is not None:
            return Call(old, call.arguments)
        if call.name in self._new:
            return self.real.refusal("unknown_tool", tool=call.name)
        return call

    def show_failure(self, call: Call, failure: Failure) -> Failure:
        return self._renamed(failure, self._mentions, self._new)

    def read_failure(self, call: Call, failure: Failure) -> Failure:
        return self._renamed(failure, self._unmentions, self._old)

    def _renamed(self, failure: Failure, mentions: Mentions, names: Mapping[str, str]) -> Failure:
        if not mentions:
            return failure
        tool = None if failure.tool is None else names.get(failure.tool, failure.tool)
        return msgspec.structs.replace(failure, message=mentions(failure.message), tool=tool)
