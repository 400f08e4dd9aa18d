"""`results.identifiers`: identifiers in another form, wherever they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import msgspec

from perturb import schemas
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Retired, Setup
from perturb.operators.results.identifier_codes import Codes
from perturb.operators.results.identifier_texts import IdentifierTexts, OldForm
from perturb.operators.vocabulary.id_prefixes import prefixes
from perturb.types import Axis, Call, Failure, Result, Schema, Tool


class Coded(msgspec.Struct, frozen=True):
    """The codes of one kind: what stands before them, and the key of the bijection."""

    prefix: str
    key: int


_TOOL = Tool(
    name="get_user",
    description="Look up a user.",
    parameters={
        "type": "object",
        "properties": {"user_id": {"type": "string", "x-identifier": "user"}},
        "required": ["user_id"],
    },
    returns={
        "type": "object",
        "properties": {"user_id": {"type": "string", "x-identifier": "user"}, "name": {"type": "string"}},
    },
    effect="read",
)
"""The tool of the examples."""


class Identifiers(Operator, frozen=True, kw_only=True):
    """The identifiers of a kind have another form, as after a move to another system: in prompts, descriptions, calls, results,
    failures and answers.

    Before: `get_user {"user_id": "U-4821"}` → `{"user_id": "U-4821", "name": "Ada"}`
    After: `get_user {"user_id": "usr_3r14dx23x3w5dc"}` → `{"user_id": "usr_3r14dx23x3w5dc", "name": "Ada"}`

    A keyed bijection, so that identifiers of things that are made later have theirs too; the environment keeps its own. A call
    with an identifier in the old form is refused. Places are kinds of which the toolset says how they are written
    (`Toolset.identifiers`); intensity is the share of them. Does not apply where it says so of none that its tools declare.
    """

    id: ClassVar[str] = "results.identifiers"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "state"
    retires_calls: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="call",
            plan={"op": "results.identifiers", "version": 1, "kinds": {"user": {"prefix": "usr", "key": 4821}}},
            tool=_TOOL,
            before={"name": "get_user", "arguments": {"user_id": "U-4821"}},
            after={"name": "get_user", "arguments": {"user_id": "usr_3r14dx23x3w5dc"}},
        ),
        Example(
            what="result",
            plan={"op": "results.identifiers", "version": 1, "kinds": {"user": {"prefix": "usr", "key": 4821}}},
            tool=_TOOL,
            call=Call("get_user", {"user_id": "U-4821"}),
            before={"user_id": "U-4821", "name": "Ada"},
            after={"user_id": "usr_3r14dx23x3w5dc", "name": "Ada"},
        ),
        Example(
            what="text",
            plan={"op": "results.identifiers", "version": 1, "kinds": {"user": {"prefix": "usr", "key": 4821}}},
            tool=_TOOL,
            before="Is U-4821 a member?",
            after="Is usr_3r14dx23x3w5dc a member?",
        ),
    )

    kinds: dict[str, Coded] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Identifiers | NotApplicable:
        declared = {kind for tool in setup.tools for schema in (tool.parameters, tool.returns) for kind in _kinds(schema)}
        places = [kind for kind in sorted(setup.source.identifiers) if kind in declared]
        lead = prefixes(places)
        coded = {kind: Coded(lead[kind], pick.integer(kind, 0, 2**62)) for kind in places}
        # A code that could be an identifier of the old form could not be told from one.
        forms = setup.source.identifiers
        coded = {kind: one for kind, one in coded.items() if not _like(one, forms[kind].form)}
        if not coded:
            return NotApplicable("not_declared", "the toolset does not say how the identifiers of any kind are written")
        return cls(kinds={kind: coded[kind] for kind in pick.chosen(coded, intensity)})

    def lens(self, setup: Setup) -> Lens:
        return IdentifiersLens(setup, self.kinds)


def _like(coded: Coded, form: str) -> bool:
    codes = Codes(coded.prefix, coded.key)
    return any(re.fullmatch(form, codes.encode(sample)) for sample in ("1", "12345", "A-12345", 1, 12345))


def _kinds(node: Any) -> Iterator[str]:
    """The kinds of identifiers that a schema declares, at any depth."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "x-identifier" and isinstance(value, str):
                yield value
            else:
                yield from _kinds(value)
    elif isinstance(node, list):
        for item in node:
            yield from _kinds(item)


def _whole(node: Any) -> Iterator[str]:
    """The kinds of identifiers that a schema declares as whole numbers."""
    if isinstance(node, dict):
        if "x-identifier" in node and "integer" in schemas.kinds_of(node):
            yield node["x-identifier"]
        for value in node.values():
            yield from _whole(value)
    elif isinstance(node, list):
        for item in node:
            yield from _whole(item)


class IdentifiersLens(Lens):
    """Trades identifiers for their codes in all that goes out, and back in all that comes in."""

    def __init__(self, real: Setup, kinds: Mapping[str, Coded]) -> None:
        super().__init__(real)
        declared = real.source.identifiers
        codes = {kind: Codes(one.prefix, one.key) for kind, one in kinds.items() if kind in declared}
        whole = {kind for tool in real.tools for schema in (tool.parameters, tool.returns) for kind in _whole(schema)}
        self._texts = IdentifierTexts(codes, declared, whole) if codes else None
        self._schemas: dict[int, tuple[Schema, Schema]] = {}
        if self._texts is None:
            return
        told = self._texts.show_text
        tools = []
        for tool in real.tools:
            returns = None if tool.returns is None else self._texts.schema(tool.returns)
            made = msgspec.structs.replace(
                tool, description=told(tool.description), parameters=self._texts.schema(tool.parameters), returns=returns
            )
            tools.append(tool if made == tool else made)
        self.setup = self.shown(system=told(real.system), tools=tools)
        said = [text for task in real.source.tasks for text in (task.prompt, *task.follow_ups, task.answer)]
        known = dict.fromkeys(name for text in said for name in self._texts.mentioned(text) if not name.isdecimal())
        self.retired = tuple(Retired("entity", name) for name in known)

    def show_text(self, text: str) -> str:
        return text if self._texts is None else self._texts.show_text(text)

    show_answer = show_text

    def read_answer(self, text: str) -> str:
        return text if self._texts is None else self._texts.read_text(text)

    def _parameters(self, call: Call) -> Schema:
        tool = self.real.by_name.get(call.name)
        return {} if tool is None else tool.parameters

    def show_call(self, call: Call) -> Call:
        return call if self._texts is None else Call(call.name, self._texts.show(call.arguments, self._parameters(call)))

    def read_call(self, call: Call) -> Call | Failure:
        if self._texts is None:
            return call
        try:
            return Call(call.name, self._texts.read(call.arguments, self._parameters(call)))
        except OldForm as old:
            return self.real.refusal("invalid_argument", tool=call.name, field=".".join(old.path) or None, value=old.value)

    def show_returns(self, call: Call, schema: Schema) -> Schema:
        if self._texts is None:
            return schema
        known = self._schemas.get(id(schema))
        if known is None:
            # Kept with the schema itself, or its id could come again as another's.
            known = self._schemas[id(schema)] = (schema, self._texts.schema(schema))
        return known[1]

    def show_result(self, call: Call, result: Result) -> Result:
        if self._texts is None:
            return result
        return Result(self._texts.show(result.data, self.real.returns(call) or {}), result.renderer)

    def read_result(self, call: Call, result: Result) -> Result:
        if self._texts is None:
            return result
        try:
            return Result(self._texts.read(result.data, self.real.returns(call) or {}), result.renderer)
        except OldForm:
            return result  # not what this lens has shown

    def show_failure(self, call: Call, failure: Failure) -> Failure:
        if self._texts is None:
            return failure
        return msgspec.structs.replace(
            failure, message=self._texts.show_text(failure.message), value=self._texts.show(failure.value, {})
        )

    def read_failure(self, call: Call, failure: Failure) -> Failure:
        if self._texts is None:
            return failure
        return msgspec.structs.replace(
            failure, message=self._texts.read_text(failure.message), value=self._texts.read(failure.value, {})
        )
