"""`results.extra_fields`: the records of a result hold further fields, as the records of real systems do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import msgspec

from perturb import schemas
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.renamed_properties import schemas_now
from perturb.operators.results.records import objects_of, with_objects
from perturb.operators.vocabulary import Style, restyle, split
from perturb.types import JSON, Axis, Call, Kind, Result, Schema, Tool, digest

if TYPE_CHECKING:
    from faker import Faker

_FROM, _UNTIL = datetime(2019, 1, 1, tzinfo=UTC), datetime(2025, 12, 31, tzinfo=UTC)


class Extra(NamedTuple):
    """A field of a record that no task asks for: its schema, and its value by a generator of fake data."""

    schema: Schema
    value: Callable[[Faker], JSON]


BANK: dict[str, Extra] = {
    "etag": Extra({"type": "string"}, lambda fake: fake.sha1()[:12]),
    "record_version": Extra({"type": "integer"}, lambda fake: fake.random_int(1, 40)),
    "row_checksum": Extra({"type": "string"}, lambda fake: fake.md5()),
    "sync_id": Extra({"type": "string", "format": "uuid"}, lambda fake: fake.uuid4()),
    "ingested_at": Extra(
        {"type": "string", "format": "date-time"},
        lambda fake: fake.date_time_between(_FROM, _UNTIL, UTC).isoformat(timespec="seconds"),
    ),
    "last_indexed": Extra({"type": "string", "format": "date"}, lambda fake: str(fake.date_between(_FROM, _UNTIL))),
    "edited_by": Extra({"type": "string"}, lambda fake: fake.user_name()),
    "storage_node": Extra({"type": "string"}, lambda fake: fake.hostname(0)),
    "source_ip": Extra({"type": "string", "format": "ipv4"}, lambda fake: fake.ipv4_private()),
    "client_locale": Extra({"type": "string"}, lambda fake: fake.locale()),
    "is_archived": Extra({"type": "boolean"}, lambda fake: False),
    "retention_days": Extra({"type": "integer"}, lambda fake: fake.random_element((30, 90, 365, 730))),
    "trace_id": Extra({"type": "string"}, lambda fake: fake.hexify("^" * 16)),
    "tenant_id": Extra({"type": "string"}, lambda fake: fake.bothify("tn-####??").lower()),
}
"""The fields by their names in snake case."""
_FEWEST, _MOST = 2, 5


class ExtraFields(Operator, frozen=True, kw_only=True):
    """The records that a tool returns hold further fields, filled with fake data, which the output schema declares.

    Before: `{"name": "Ada"}`
    After: `{"name": "Ada", "etag": "9a0cf1b2774e", "is_archived": false}`

    A record is the result itself or each of its rows. The names are written as the toolset writes its own, and none is in
    use there; one record has the same values whenever it is shown. Places are tools with declared records; intensity is
    the share of them. Does not apply where no tool declares any.
    """

    id: ClassVar[str] = "results.extra_fields"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "shape"
    promises: ClassVar[Kind] = "distraction"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="result",
            plan={
                "op": "results.extra_fields",
                "version": 1,
                "fields": {"get_user": {"is_archived": "is_archived", "record_version": "record_version"}},
                "seed": 4,
            },
            tool=Tool(
                name="get_user",
                description="Look up a user.",
                returns={"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
                effect="read",
            ),
            call=Call("get_user"),
            before={"name": "Ada"},
            after={"name": "Ada", "is_archived": False, "record_version": 37},
        ),
    )

    fields: dict[str, dict[str, str]] = msgspec.field(default_factory=dict)
    """By tool: the new key, and which field of the bank it is."""
    seed: int = 0

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> ExtraFields | NotApplicable:
        own = Setup.of(setup.source).by_name
        reachable = [name for tool in setup.tools for name in tool.stands_for]
        places = [name for name in reachable if name in own and objects_of(own[name].returns) is not None]
        if not places:
            return NotApplicable("not_declared", "no tool declares a record, or a list of records, as its result")
        keys = [one.name for schema in schemas_now(setup, "results") for one in schemas.places(schema)]
        taken = setup.names | setup.words | {key.lower() for key in keys}
        free = {name: _styled(name, keys) for name in BANK if _styled(name, keys).lower() not in taken}
        if not free:
            return NotApplicable("names_exhausted", "every name of a further field is taken")
        fields = {}
        for place in pick.chosen(places, intensity):
            count = pick.integer(place, _FEWEST, _MOST)
            fields[place] = {free[name]: name for name in pick.order(place, list(free))[:count]}
        return cls(fields=fields, seed=pick.integer("seed", 1, 10**6) if fields else 0)

    def lens(self, setup: Setup) -> Lens:
        return ExtraFieldsLens(setup, self.fields, self.seed)


def _styled(name: str, keys: list[str]) -> str:
    """A name in the style that most keys of several words have."""
    styles = Counter(split(key)[1] for key in keys if len(split(key)[0]) > 1)
    style: Style = styles.most_common(1)[0][0] if styles else "snake"
    return restyle(name, style)


@cache
def _faker() -> Faker:
    from faker import Faker

    return Faker("en_US")


class ExtraFieldsLens(Lens):
    """Adds the fields to each record and leaves them out again."""

    def __init__(self, real: Setup, fields: Mapping[str, Mapping[str, str]], seed: int) -> None:
        super().__init__(real)
        # A plan as JSON has its keys sorted, and must show the same.
        self._fields = {place: dict(sorted(added.items())) for place, added in fields.items()}
        self._seed = seed
        if fields:
            self.setup = self.shown(tools=[self._declared(tool) for tool in real.tools])

    def _declared(self, tool: Tool) -> Tool:
        if len(tool.stands_for) != 1 or tool.stands_for[0] not in self._fields or tool.returns is None:
            return tool
        return msgspec.structs.replace(tool, returns=_schema(tool.returns, self._fields[tool.stands_for[0]]))

    def _of(self, call: Call) -> Mapping[str, str]:
        return self._fields.get(self.real.origin(call) or "", {})

    def show_returns(self, call: Call, schema: Schema) -> Schema:
        return _schema(schema, self._of(call))

    def show_result(self, call: Call, result: Result) -> Result:
        fields = self._of(call)

        def add(record: dict[str, JSON]) -> dict[str, JSON]:
            apart = {key + "_" if key.rstrip("_") in fields else key: value for key, value in record.items()}
            fake = _faker()
            fake.seed_instance(digest([self._seed, record]))
            return {**apart, **{key: BANK[name].value(fake) for key, name in fields.items()}}

        return self._changed(call, result, add) if fields else result

    def read_result(self, call: Call, result: Result) -> Result:
        fields = self._of(call)

        def leave_out(record: dict[str, JSON]) -> dict[str, JSON]:
            return {
                key[:-1] if key.endswith("_") and key.rstrip("_") in fields else key: value
                for key, value in record.items()
                if key not in fields
            }

        return self._changed(call, result, leave_out) if fields else result

    def _changed(self, call: Call, result: Result, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Result:
        return Result(with_objects(self.real.returns(call), result.data, change), result.renderer)


def _schema(schema: Schema, fields: Mapping[str, str]) -> Schema:
    found = objects_of(schema)
    if found is None or not fields:
        return schema
    made = {
        **found,
        "properties": {**found.get("properties", {}), **{key: BANK[name].schema for key, name in fields.items()}},
        "required": [*found.get("required", []), *fields],
    }
    return made if found is schema else {**schema, "items": made}
