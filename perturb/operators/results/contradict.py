"""`results.contradict`: a note beside the data says otherwise."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from perturb import schemas
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.renamed_properties import schemas_now
from perturb.operators.results.objects import prevailing_style
from perturb.operators.results.other_values import another, chosen_keys, keys_of
from perturb.operators.results.records import objects_of, with_objects
from perturb.operators.results.wrong_value import Chosen, drawn
from perturb.operators.vocabulary import restyle
from perturb.types import JSON, Axis, Call, Kind, Result, Schema, Tool, to_json

_NAMES = ("note", "remark", "notice", "data_note", "internal_remark")
_WORDINGS = (
    "Correction pending: {key} is {value}, not as shown.",
    "As of the last reconciliation, {key} is {value}.",
    "Back office: {key} should read {value}.",
    "Not yet synchronised; the current {key} is {value}.",
)


class Contradict(Operator, frozen=True, kw_only=True):
    """A record of a tool's result holds a note beside its data which says that one of its values is another.

    Before: `{"id": "A1", "delay": 40}`
    After: `{"id": "A1", "delay": 40, "note": "As of the last reconciliation, delay is 45."}`

    Exactly: the data stays right, and the note is wrong; it stands in one record of a result, the same whenever that record is
    given, and names another value that could stand there, as in `results.wrong_value`. The output schema declares it. Notes
    speak of neither identifiers nor names. Places are tools whose records hold a value of which a note can speak; intensity is
    the share of them. Does not apply where there is none.
    """

    id: ClassVar[str] = "results.contradict"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "shape"
    promises: ClassVar[Kind] = "adversarial"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="result",
            plan={
                "op": "results.contradict",
                "version": 1,
                "about": {"get_flight": {"key": "get_flight>delay", "seed": 3}},
                "name": "note",
                "wording": 1,
            },
            tool=Tool(
                name="get_flight",
                description="Look up a flight.",
                returns={
                    "type": "object",
                    "properties": {"id": {"type": "string", "x-identifier": "flight"}, "delay": {"type": "integer"}},
                },
                effect="read",
            ),
            call=Call("get_flight"),
            before={"id": "A1", "delay": 40},
            after={"id": "A1", "delay": 40, "note": "As of the last reconciliation, delay is 45."},
        ),
    )

    about: dict[str, Chosen] = msgspec.field(default_factory=dict)
    name: str = ""
    """The key of the note."""
    wording: int = 0

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Contradict | NotApplicable:
        keys = chosen_keys(setup)
        if not keys:
            return NotApplicable("nothing_to_change", "no tool declares a record with a value that identifies nothing")
        names = {name for schema in schemas_now(setup, "results") for one in schemas.siblings(schema) for name in one}
        style = prevailing_style(sorted(names))
        taken = {name.lower() for name in names} | setup.names
        free = [name for name in (restyle(one, style) for one in _NAMES) if name.lower() not in taken]
        if not free:
            return NotApplicable("names_exhausted", "every name of a note is taken")
        return cls(about=drawn(keys, pick, intensity), name=free[0], wording=pick.integer("wording", 0, len(_WORDINGS) - 1))

    def lens(self, setup: Setup) -> Lens:
        return ContradictLens(setup, self)


class ContradictLens(Lens):
    """Adds the note to its record and leaves it out again."""

    def __init__(self, real: Setup, plan: Contradict) -> None:
        super().__init__(real)
        self._about = plan.about
        self._name = plan.name
        self._wording = _WORDINGS[plan.wording % len(_WORDINGS)]
        if plan.about:
            self.setup = self.shown(tools=[self._declared(tool) for tool in real.tools])

    def _declared(self, tool: Tool) -> Tool:
        if len(tool.stands_for) != 1 or tool.stands_for[0] not in self._about or tool.returns is None:
            return tool
        return msgspec.structs.replace(tool, returns=self._with_note(tool.returns))

    def _with_note(self, schema: Schema) -> Schema:
        record = objects_of(schema)
        if record is None:
            return schema
        note = {"type": "string", "description": "A remark on this record."}
        made = {**record, "properties": {**record["properties"], self._name: note}}
        return made if record is schema else {**schema, "items": made}

    def _chosen(self, call: Call) -> Chosen | None:
        return self._about.get(self.real.origin(call) or "")

    def show_returns(self, call: Call, schema: Schema) -> Schema:
        return schema if self._chosen(call) is None else self._with_note(schema)

    def show_result(self, call: Call, result: Result) -> Result:
        chosen = self._chosen(call)
        if chosen is None:
            return result
        schema = self.real.returns(call)
        data = with_objects(schema, result.data, self._set_apart)
        key = next((one for one in keys_of(schema) if one.place == chosen.key), None)
        found = another(schema, result.data, key, chosen.seed) if key is not None else None
        if found is not None:
            note = self._wording.format(key=found.path[-1], value=_told(found.other))
            if found.row is None:
                data = {**data, self._name: note}
            else:
                data = [{**row, self._name: note} if index == found.row else row for index, row in enumerate(data)]
        return Result(data, result.renderer)

    def read_result(self, call: Call, result: Result) -> Result:
        if self._chosen(call) is None:
            return result
        return Result(with_objects(self.real.returns(call), result.data, self._without), result.renderer)

    def _set_apart(self, record: dict[str, Any]) -> dict[str, JSON]:
        return {schemas.apart(key) if key.rstrip("_") == self._name else key: value for key, value in record.items()}

    def _without(self, record: dict[str, Any]) -> dict[str, JSON]:
        return {
            schemas.joined(key) if key.rstrip("_") == self._name else key: value
            for key, value in record.items()
            if key != self._name
        }


def _told(value: JSON) -> str:
    return value if isinstance(value, str) else to_json(value).decode()
