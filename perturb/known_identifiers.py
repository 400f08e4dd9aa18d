"""What can be known in a clean run, with identifiers told from other values: a `7` that is the id of a row does not tell an
agent the amount `7`, nor the other way round."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from perturb import texts
from perturb.declared import identified, without_identifiers
from perturb.knowable import Visible
from perturb.types import JSON, Answer, Failure, Identifier, Result, Schema, Tool


class CleanVisible(Visible):
    """The words that a clean run has shown so far, and apart from them the identifiers of the kinds that the toolset says how
    they are written."""

    def __init__(self, said: Iterable[str], tools: Sequence[Tool], identifiers: Mapping[str, Identifier]) -> None:
        self._ids: dict[str, set[str]] = {kind: set() for kind in identifiers}
        self._mentions = {
            kind: re.compile(rf"(?<![\w-])(?:{one.form if one.mention is None else one.mention})(?![\w-])")
            for kind, one in identifiers.items()
            if one.mention != ""
        }
        super().__init__(said, tools)

    def add(self, text: str) -> None:
        for kind, pattern in self._mentions.items():
            self._ids[kind].update(match.group() for match in pattern.finditer(text))
        super().add(text)

    def add_answer(self, returns: Schema | None, answer: Answer, text: str) -> None:
        """What a call gave, with the schema of its result, and the text of it."""
        found = [] if isinstance(answer, Failure) else list(identified(returns, answer.data))
        for kind, value in found:
            if kind in self._ids:
                self._ids[kind].add(str(value))
        if isinstance(answer, Result) and any(kind in self._ids for kind, _ in found):
            text = texts.result_text(Result(without_identifiers(returns, answer.data, self._ids), answer.renderer))
        self.add(text)

    def hidden(self, parameters: Schema, arguments: JSON) -> list[JSON]:
        """The values of a call's arguments that cannot be known."""
        ids = [
            value
            for kind, value in identified(parameters, arguments)
            if kind in self._ids and str(value) not in self._ids[kind]
        ]
        return [*ids, *self.missing(without_identifiers(parameters, arguments, self._ids))]
