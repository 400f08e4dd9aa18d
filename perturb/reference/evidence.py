"""Where each value of a transcript came from: the prompt, an earlier reply, or neither."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple, TypeAlias

from perturb.reference.places import Document, Key, Path, document, plain
from perturb.reference.words import words
from perturb.types import JSON, Transcript

_NUMBER = r"\d[\d,]*(?:\.\d+)?"
_TELLING = re.compile(rf"(?<![\w.]){_NUMBER}(?![\w])|(?<=[\w,;:] )[A-Z]\w+|\b(?=\w*\d)\w{{3,}}")
"""Words of a sentence that are likely to be values: numbers, codes, and names where no sentence begins."""
_NAME = re.compile(r"[A-Z]\w+(?: [A-Z]\w+)+")
"""A name of several words, which is a value only where it is found as a whole."""


class InPrompt(NamedTuple):
    """Characters of the prompt."""

    start: int
    end: int


class InReply(NamedTuple):
    """A scalar in the reply to a step, or characters of it (`end` is 0 for the whole)."""

    step: int
    path: Path
    start: int = 0
    end: int = 0


Source: TypeAlias = InPrompt | InReply


class Traced(NamedTuple):
    """A value and where it may have come from, likeliest first; from nowhere that can be seen where there are no sources."""

    value: JSON
    sources: tuple[Source, ...]


class Mixed(NamedTuple):
    """A text with values in it."""

    parts: tuple[str | Traced, ...]


class Study:
    """A transcript with the sources of its values."""

    def __init__(self, transcript: Transcript) -> None:
        self.transcript = transcript
        self.replies: tuple[Document, ...] = tuple(document(step.reply.text) for step in transcript.steps)
        self._prompt = transcript.prompt
        self._index: dict[str, list[InReply]] = {}
        for step, reply in enumerate(self.replies):
            for path, value in reply.leaves:
                if (text := plain(value)) and not (path and isinstance(path[-1], Key) and not _telling_key(text)):
                    self._index.setdefault(text, []).append(InReply(step, path))

    @cached_property
    def arguments(self) -> tuple[JSON, ...]:
        """The arguments of each step, with a `Traced` or a `Mixed` in place of each scalar."""
        return tuple(
            {name: self._traced(value, name, place) for name, value in step.call.arguments.items()}
            for place, step in enumerate(self.transcript.steps)
        )

    @cached_property
    def answer(self) -> Mixed:
        return Mixed(tuple(self._parts(self.transcript.answer, len(self.replies))))

    @cached_property
    def told(self) -> bool:
        """Whether the answer was read off the replies as it stands: each value in it is somewhere, one of them in a reply."""
        traced = [part for part in self.answer.parts if isinstance(part, Traced)]
        read = any(isinstance(source, InReply) for part in traced for source in part.sources)
        return not self.transcript.answer or (read and all(part.sources for part in traced))

    @cached_property
    def uses(self) -> tuple[tuple[Traced, ...], ...]:
        """For each step, the values after it that may have come from its reply."""
        every = [*_traces(self.arguments), *_traces(self.answer)]
        return tuple(
            tuple(one for one in every if any(isinstance(source, InReply) and source.step == step for source in one.sources))
            for step in range(len(self.replies))
        )

    def _traced(self, value: JSON, name: str, before: int) -> JSON:
        if isinstance(value, dict):
            return {key: self._traced(child, key, before) for key, child in value.items()}
        if isinstance(value, list):
            return [self._traced(child, name, before) for child in value]
        if value is None or isinstance(value, bool):
            return Traced(value, ())
        sources = tuple(self._sources(plain(value), name, before))
        if not sources and isinstance(value, str) and " " in value:
            return Mixed(tuple(self._parts(value, before)))
        return Traced(value, sources)

    def _sources(self, text: str, name: str, before: int) -> Iterator[Source]:
        if not text:
            return
        pattern = whole(text)
        if found := pattern.search(self._prompt):
            yield InPrompt(*found.span())
            return
        yield from self._in_replies(text, pattern, name, before)
        if found := re.search(pattern.pattern, self._prompt, re.IGNORECASE):
            yield InPrompt(*found.span())

    def _in_replies(self, text: str, pattern: re.Pattern[str], name: str, before: int) -> Iterator[InReply]:
        places = [source for source in self._index.get(text, ()) if source.step < before]
        if len(text) < 2 + text.isdigit():
            # One or two digits are found anywhere: only a field of a like name tells where they come from.
            places = [source for source in places if set(words(name)) & set(words(_field(source.path)))]
        likeness = {place: len(set(words(name)) & set(words(_field(place.path)))) for place in places}
        yield from sorted(places, key=lambda place: (-likeness[place], -place.step))
        if not places and len(text) > 2:
            yield from self._in_prose(pattern, before)

    def _in_prose(self, pattern: re.Pattern[str], before: int) -> Iterator[InReply]:
        for step in range(before - 1, -1, -1):
            if not pattern.search(self.replies[step].text):
                continue
            for path, leaf in self.replies[step].leaves:
                if isinstance(leaf, str) and (found := pattern.search(leaf)) and not (path and isinstance(path[-1], Key)):
                    yield InReply(step, path, *found.span())

    def _parts(self, text: str, before: int) -> Iterator[str | Traced]:
        """A text cut at the values in it."""
        done = 0
        for start, end in self._values(text, before):
            if start < done:
                continue
            piece = text[start:end]
            sources = tuple(self._sources(plain(piece.replace(",", "")) if piece[0].isdigit() else piece, "", before))
            if start > done:
                yield text[done:start]
            yield Traced(piece, sources)
            done = end
        if done < len(text):
            yield text[done:]

    def _values(self, text: str, before: int) -> list[tuple[int, int]]:
        """Where values stand in a text: whole scalars of earlier replies, and words that look like values; longest first."""
        found = [match.span() for match in _TELLING.finditer(text)]
        found += [one.span() for one in _NAME.finditer(text) if next(self._sources(one.group(), "", before), None)]
        for leaf, places in self._index.items():
            if len(leaf) > 3 and leaf in text and any(place.step < before for place in places):
                found += [match.span() for match in whole(leaf).finditer(text)]
        longest: list[tuple[int, int]] = []
        for start, end in sorted(found, key=lambda span: (span[0] - span[1], span)):
            if all(end <= other or start >= last for other, last in longest):
                longest.append((start, end))
        return sorted(longest)


def _telling_key(name: str) -> bool:
    """Whether a key looks like data, not like the name of a field."""
    return re.fullmatch(r"[a-z_]\w*", name) is None


def _field(path: Path) -> str:
    """The nearest name on the way to a place."""
    return next((step for step in reversed(path) if isinstance(step, str)), "")


def whole(text: str) -> re.Pattern[str]:
    """A pattern for a value where it stands as a word; for a number also with marks for thousands and zeros behind."""
    if number := re.fullmatch(r"(\d+)(\.\d+)?", text):
        whole = re.sub(r"(?<=\d)(?=(?:\d{3})+$)", ",?", number[1])
        rest = rf"{re.escape(number[2])}0*" if number[2] else r"(?:\.0+)?"
        return re.compile(rf"(?<![\w.,]){whole}{rest}(?![\w]|\.\d)")
    return re.compile(rf"(?<![\w@]){re.escape(text)}(?![\w@]|[.-]\w)")


def _traces(node: object) -> Iterator[Traced]:
    if isinstance(node, Traced):
        yield node
    elif isinstance(node, Mixed):
        yield from (part for part in node.parts if isinstance(part, Traced))
    elif isinstance(node, dict):
        for child in node.values():
            yield from _traces(child)
    elif isinstance(node, (list, tuple)):
        for child in node:
            yield from _traces(child)
