"""`errors.language`: the messages of errors in another language."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import ClassVar

import msgspec

from perturb import texts
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.errors.languages import LANGUAGES, LOCATED, composed, own_messages
from perturb.operators.errors.translations import Translations
from perturb.types import JSON, Axis, Call, Failure, Result, Tool


class ErrorLanguage(Operator, frozen=True, kw_only=True):
    """The messages of failures come in German, French, Spanish or Japanese, as from a server that is run elsewhere.

    Before: `Invalid arguments for get_user: 'id' is required`
    After: `Ungültige Argumente für get_user: 'id' ist erforderlich`

    Kind, code, field and every value within a message stay as they are. The messages are those of a catalogue: what the toolset
    declares of its own (`Toolset.messages`), our own refusals, and those of Pydantic's validators; the plan names them, and
    any other message stays in English. Places are messages; intensity is the share of them. In an episode without a failure
    nothing changes. Not together with `errors.hint`, whose suggestions are English.
    """

    id: ClassVar[str] = "errors.language"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "rendering"
    conditional: ClassVar[bool] = True
    conflicts: ClassVar[frozenset[str]] = frozenset({"errors.hint"})
    examples: ClassVar[tuple[Example, ...]] = tuple(
        Example(
            what="failure",
            plan={
                "op": "errors.language",
                "version": 1,
                "messages": {"Invalid arguments for {tool}: '{field}' is required": language},
            },
            tool=Tool(name="get_user", parameters={"type": "object", "properties": {"id": {"type": "string"}}}, effect="read"),
            call=Call("get_user", {}),
            before={
                "kind": "invalid_argument",
                "message": "Invalid arguments for get_user: 'id' is required",
                "tool": "get_user",
                "field": "id",
            },
            after=after,
        )
        for language, after in (
            ("de", "Ungültige Argumente für get_user: 'id' ist erforderlich"),
            ("ja", "get_user の引数が無効です: 'id' は必須です"),
        )
    )

    messages: dict[str, str] = msgspec.field(default_factory=dict)
    """By message, with its slots: the language that it comes in."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> ErrorLanguage | NotApplicable:
        language = pick.choice("language", LANGUAGES)
        places = [english for english, others in _catalogue(setup).items() if language in others]
        return cls(messages=dict.fromkeys(pick.chosen(places, intensity), language))

    def lens(self, setup: Setup) -> Lens:
        return ErrorLanguageLens(setup, self.messages)


def _catalogue(setup: Setup) -> dict[str, Mapping[str, str]]:
    """Every message with its translations: the toolset's own first."""
    return {**setup.source.messages, **own_messages()}


class ErrorLanguageLens(Lens):
    """Translates messages and reads them back from their text alone."""

    def __init__(self, real: Setup, messages: Mapping[str, str]) -> None:
        super().__init__(real)
        known = _catalogue(real)
        chosen = {
            english: known[english][language] for english, language in messages.items() if language in known.get(english, {})
        }
        for language in sorted(set(messages.values())):
            if language in LANGUAGES:
                mine = {english: other for english, other in chosen.items() if messages[english] == language}
                chosen |= composed(mine, language)
        chosen.pop(LOCATED[0], None)
        self._translations = Translations(chosen) if chosen else None

    def show_failure(self, call: Call, failure: Failure) -> Failure:
        if self._translations is None:
            return failure
        return msgspec.structs.replace(failure, message=self._translations.show(failure.message))

    def read_failure(self, call: Call, failure: Failure) -> Failure:
        if self._translations is None:
            return failure
        read = self._translations.read(failure.message)
        if read == failure.message:
            read = _within(failure.message, self._translations.read)
        return msgspec.structs.replace(failure, message=read)


def _within(message: str, read: Callable[[str], str]) -> str:
    """The text of an error object with the messages in it read back; any other text as it is."""
    try:
        found = json.loads(message)
    except (ValueError, RecursionError):
        return message
    if not isinstance(found, dict) or _compact(found) != message:
        return message
    return _compact(_each_text(found, read))


def _each_text(node: JSON, read: Callable[[str], str]) -> JSON:
    if isinstance(node, dict):
        return {key: _each_text(value, read) for key, value in node.items()}
    if isinstance(node, list):
        return [_each_text(value, read) for value in node]
    return read(node) if isinstance(node, str) else node


def _compact(data: JSON) -> str:
    return texts.result_text(Result(data, "json"))
