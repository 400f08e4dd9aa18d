"""`errors.codes`: failures carry codes, which the descriptions explain."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, get_args

import msgspec

from perturb import texts
from perturb.knowable import leaves
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.errors.codes import CODES
from perturb.types import JSON, Axis, Call, Failure, FailureKind, Result, Tool

_KINDS: tuple[FailureKind, ...] = tuple(kind for kind in get_args(FailureKind) if kind != "unknown")
"""What is not known has no code of its own."""

_HOUSES: dict[str, Callable[[FailureKind], str]] = {
    "E": lambda kind: f"E{CODES[kind].http}1",
    "ERR-": lambda kind: f"ERR-{CODES[kind].http * 10 + 1}",
    "digits": lambda kind: f"{CODES[kind].http}{CODES[kind].exit:03d}",
}
"""Families of codes: after HTTP's status, as most vendors number theirs."""

_CODE_KEYS = frozenset({"code", "error_code", "errorCode", "kind", "type"})
"""Where error objects tell their kind."""


class ErrorCodes(Operator, frozen=True, kw_only=True):
    """The kind of a failure is told by a code, one family for all tools, and the tool's description says what each means.

    Before: `User 'bo' does not exist`, or `{"error": {"code": "not_found", "message": …}}`
    After: `E4041: User 'bo' does not exist`, or `{"error": {"code": "E4041", "message": …}}`

    Messages stay word for word; a failure of unknown kind stays as it is. Places are tools; intensity is the share of them.
    Does not apply where there are no tools; not together with `errors.style`, which tells kinds in ways of its own.
    """

    id: ClassVar[str] = "errors.codes"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "rendering"
    conditional: ClassVar[bool] = True
    conflicts: ClassVar[frozenset[str]] = frozenset({"errors.style"})
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="failure",
            plan={"op": "errors.codes", "version": 1, "families": {"get_user": "E"}},
            tool=Tool(name="get_user", parameters={"type": "object", "properties": {"id": {"type": "string"}}}, effect="read"),
            call=Call("get_user", {"id": "bo"}),
            before={"kind": "not_found", "message": "User 'bo' does not exist", "tool": "get_user", "field": "id"},
            after="E4041: User 'bo' does not exist",
        ),
    )

    families: dict[str, str] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> ErrorCodes | NotApplicable:
        places = [name for tool in setup.tools for name in tool.stands_for]
        if not places:
            return NotApplicable("nothing_to_change", "there are no tools")
        return cls(families=dict.fromkeys(pick.chosen(places, intensity), pick.choice("family", list(_HOUSES))))

    def lens(self, setup: Setup) -> Lens:
        return ErrorCodesLens(setup, self.families)


class ErrorCodesLens(Lens):
    """Writes codes where the kind is told, or before the message, and reads them back."""

    def __init__(self, real: Setup, families: Mapping[str, str]) -> None:
        super().__init__(real)
        self._codes: dict[str, dict[str, str]] = {}
        for tool in real.tools:
            family = next((families[place] for place in tool.stands_for if place in families), None)
            if family is not None:
                self._codes[tool.name] = {kind: _HOUSES[family](kind) for kind in _KINDS}
        if self._codes:
            self.setup = self.shown(tools=[self._declared(tool) for tool in real.tools])

    def _declared(self, tool: Tool) -> Tool:
        if tool.name not in self._codes:
            return tool
        told = ", ".join(f"{code} {kind.replace('_', ' ')}" for kind, code in self._codes[tool.name].items())
        return msgspec.structs.replace(tool, description=f"{tool.description}\nError codes: {told}.".strip())

    def show_failure(self, call: Call, failure: Failure) -> Failure:
        code = self._codes.get(call.name, {}).get(failure.kind)
        if code is None:
            return failure
        text = texts.failure_text(failure)
        found = _object(text)
        # Where an error object tells the kind under some key, the code takes its place; a text is led by it.
        if found is not None and failure.kind in _values(found):
            shown = _compact(_replaced(found, failure.kind, code))
        else:
            shown = f"{code}: {text}"
        return msgspec.structs.replace(failure, message=shown, renderer="plain")

    def read_failure(self, call: Call, failure: Failure) -> Failure:
        codes = self._codes.get(call.name)
        if codes is None:
            return failure
        kinds: dict[str, FailureKind] = {codes[kind]: kind for kind in _KINDS}
        found = _object(failure.message)
        lead = re.match(r"([A-Z0-9-]+): ", failure.message)
        if found is not None and (code := next((value for value in _values(found) if value in kinds), None)) is not None:
            kind = kinds[code]
            text = _compact(_replaced(found, code, kind))
        elif lead is not None and lead[1] in kinds:
            kind, text = kinds[lead[1]], failure.message[lead.end() :]
        else:
            return failure
        return self._restored(call, msgspec.structs.replace(failure, kind=kind, message=text))

    def _restored(self, call: Call, failure: Failure) -> Failure:
        """The failure as the toolset's own renderer has it, when the text is what that makes of one of its parts."""
        renderer = self.real.source.refusal("internal", tool=call.name).renderer
        whole = _object(failure.message)
        parts = leaves(whole) if whole is not None else (failure.message,)
        for part in parts:
            if isinstance(part, str):
                made = msgspec.structs.replace(failure, message=part, renderer=renderer)
                if texts.failure_text(made) == failure.message:
                    return made
        return failure


def _object(text: str) -> dict[str, JSON] | None:
    """The object that a text is the compact JSON of; `None` for any other text, which must stay as it is to the letter."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) and _compact(found) == text else None


def _compact(data: JSON) -> str:
    return texts.result_text(Result(data, "json"))


def _values(node: JSON) -> Iterator[str]:
    """The texts that stand under a key that speaks of a code, at any depth."""
    if isinstance(node, dict):
        for key, value in node.items():
            if isinstance(value, str) and key in _CODE_KEYS:
                yield value
            else:
                yield from _values(value)


def _replaced(node: JSON, old: str, new: str) -> JSON:
    if isinstance(node, dict):
        return {key: new if key in _CODE_KEYS and value == old else _replaced(value, old, new) for key, value in node.items()}
    return node
