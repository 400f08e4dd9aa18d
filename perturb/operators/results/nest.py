"""`results.nest`: keys of a record that belong together stand in an object of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec

from perturb import schemas
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Retired, RewritingLens, Setup
from perturb.operators.renamed_properties import own_name, schemas_now
from perturb.operators.results.objects import prevailing_style, records_in, regroupable, retold
from perturb.operators.vocabulary import Style, restyle
from perturb.operators.vocabulary.groups import Grouping, groupings, rest_of
from perturb.schemas import Convert, Rewritten
from perturb.types import JSON, Axis, Call, Schema, Tool


class Gathered(msgspec.Struct, frozen=True):
    """An object that takes up keys: its name, and by place what each key is called in it."""

    name: str
    keys: dict[str, str]


class NestKeys(Operator, frozen=True, kw_only=True):
    """Keys of a result's records that belong together move into an object of their own, in the data and in the output schema.

    Before: `{"id": 7, "email": "ada@example.com", "phone": "555 0100"}`
    After: `{"id": 7, "contact": {"email": "ada@example.com", "phone": "555 0100"}}`

    Which keys belong together, and what their object is called, is a curated table; keys that share a word go by it
    (`change_fee`, `bag_fee` → `fees: {change, bag}`); a record with none of these keeps what identifies it, and the rest
    moves into `attributes`. The lists of a result that is one record stay where they are. Places are groups
    (`get_user>contact`); intensity is the share of them. Does not apply where no tool declares a record with three keys or two
    that belong together; not together with `results.flatten`, which is its inverse.
    """

    id: ClassVar[str] = "results.nest"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "shape"
    conflicts: ClassVar[frozenset[str]] = frozenset({"results.flatten"})
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="result",
            plan={
                "op": "results.nest",
                "version": 1,
                "groups": {
                    "get_user>contact": {
                        "name": "contact",
                        "keys": {"get_user>email": "email", "get_user>phone": "phone"},
                    },
                    "get_user>name": {
                        "name": "name",
                        "keys": {"get_user>first_name": "first_name", "get_user>last_name": "last_name"},
                    },
                },
            },
            tool=Tool(
                name="get_user",
                description="Look up a user.",
                returns={
                    "type": "object",
                    "properties": {
                        name: {"type": "string"} for name in ("id", "first_name", "last_name", "email", "phone", "tier")
                    },
                    "required": ["id", "first_name", "last_name", "email"],
                },
                effect="read",
            ),
            call=Call("get_user"),
            before={"id": "7", "first_name": "Ada", "last_name": "Ek", "email": "ada@example.com", "tier": "gold"},
            after={
                "id": "7",
                "name": {"first_name": "Ada", "last_name": "Ek"},
                "contact": {"email": "ada@example.com"},
                "tier": "gold",
            },
        ),
    )

    groups: dict[str, Gathered] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> NestKeys | NotApplicable:
        found: dict[str, Gathered] = {}
        for schema in schemas_now(setup, "results"):
            for record in records_in(schema):
                found |= _groups(record, found)
        if not found:
            return NotApplicable("nothing_to_change", "no tool declares a record with keys that could stand together")
        return cls(groups={place: found[place] for place in pick.chosen(found, intensity)})

    def lens(self, setup: Setup) -> Lens:
        return NestKeysLens(setup, self.groups)


def _groups(record: Schema, known: Mapping[str, Gathered]) -> dict[str, Gathered]:
    """The groups of one record, by place, under names that none of its keys has."""
    properties: dict[str, Schema] = record["properties"]
    movable = {
        own_name(child["x-place"]): name for name, child in properties.items() if "x-place" in child and not _bound_list(child)
    }
    keys = list(movable)
    identifying = [own for own, name in movable.items() if "x-identifier" in properties[name]]
    style = prevailing_style(properties)
    taken = {name.lower() for name in properties}
    made: dict[str, Gathered] = {}
    rest = rest_of(keys, identifying)
    for group in groupings(keys) or ([rest] if rest is not None else []):
        place = _parent(properties[movable[next(iter(group.keys))]]["x-place"]) + group.names[0]
        name = next((one for one in (restyle(one, style) for one in group.names) if one.lower() not in taken), None)
        if name is None or place in known or place in made or len(group.keys) == len(properties):
            continue
        taken.add(name.lower())
        within = _within(group, movable, style)
        made[place] = Gathered(name, {properties[movable[own]]["x-place"]: new for own, new in within.items()})
    return made


def _within(group: Grouping, names: Mapping[str, str], style: Style) -> dict[str, str]:
    """What each key is called within its group: as now, or without the words that the group says, where all allow it."""
    now = {own: names[own] for own in group.keys}
    shorter = {own: restyle(short, style) for own, short in group.keys.items()}
    same = all(restyle(names[own], "snake") == restyle(own, "snake") for own in group.keys)
    if not same or any(group.keys[own] == own for own in group.keys) or len(set(shorter.values())) < len(shorter):
        return now
    return shorter


def _parent(place: str) -> str:
    return place[: len(place) - len(own_name(place))]


def _bound_list(child: Schema) -> bool:
    """Whether a key holds a list at the root of a result: there is where a list would be cut into pages."""
    return _parent(child["x-place"]).endswith(">") and child.get("type") == "array"


class NestKeysLens(RewritingLens):
    """Moves keys into their objects and back."""

    part = "results"

    def __init__(self, real: Setup, groups: Mapping[str, Gathered]) -> None:
        self._of = {place: group for group in groups.values() for place in group.keys}
        super().__init__(real, {}, self._moved if groups else None)
        if self.setup is real:
            return
        tools, retired = [], []
        for tool, made in zip(real.tools, self.setup.tools, strict=True):
            told = {}
            for one in schemas.places(tool.returns) if made is not tool else ():
                group = self._of.get(one.place)
                if group is not None and group.keys[one.place] != one.name:
                    told[one.name] = f"{group.name}.{group.keys[one.place]}"
            changed, gone = retold(made, told)
            tools.append(changed)
            retired += [Retired(f"result:{place}", old) for place in tool.stands_for for old in gone]
        self.retired = tuple(retired)
        self.setup = self.shown(tools=tools)

    def _moved(self, schema: Schema) -> Rewritten | None:
        """The schema of an object with its groups, and the two directions for its values; `None` where none is in it."""
        if not regroupable(schema):
            return None
        properties: dict[str, Schema] = schema["properties"]
        members: dict[str, dict[str, str]] = {}
        for name, child in properties.items():
            group = self._of.get(child.get("x-place", ""))
            if group is not None and not _bound_list(child):
                members.setdefault(group.name, {})[name] = group.keys[child["x-place"]]
        # What another plan has renamed since may be called as the group is: then its keys stay where they are.
        members = {
            group: keys
            for group, keys in members.items()
            if group not in properties and len(set(keys.values())) == len(keys) and len(keys) > 1
        }
        return Rewritten(_schema(schema, members), *_moves(members)) if members else None


def _schema(schema: Schema, members: Mapping[str, Mapping[str, str]]) -> Schema:
    where = {name: group for group, keys in members.items() for name in keys}
    required: Sequence[str] = schema.get("required", ())
    made: dict[str, Schema] = {}
    for name, child in schema["properties"].items():
        group = where.get(name)
        if group is None:
            made[name] = child
            continue
        inner = made.setdefault(group, {"type": "object", "properties": {}})
        new = members[group][name]
        inner["properties"][new] = child if new == name else {key: value for key, value in child.items() if key != "title"}
        if name in required:
            inner.setdefault("required", []).append(new)
        if schema.get("additionalProperties") is False:
            inner["additionalProperties"] = False
    needed = list(dict.fromkeys(where.get(name, name) for name in required))
    return {**schema, "properties": made, **({"required": needed} if "required" in schema else {})}


def _moves(members: Mapping[str, Mapping[str, str]]) -> tuple[Convert, Convert]:
    target = {name: (group, new) for group, keys in members.items() for name, new in keys.items()}
    back = {group: {new: name for name, new in keys.items()} for group, keys in members.items()}

    def show(value: JSON) -> JSON:
        if not isinstance(value, dict):
            return value
        shown: dict[str, JSON] = {}
        for key, item in value.items():
            if key in target:
                group, new = target[key]
                shown.setdefault(group, {})[new] = item
            else:
                # A key that the schema does not name, called like the group, is set apart from it.
                shown[schemas.apart(key) if key.rstrip("_") in back else key] = item
        return shown

    def read(value: JSON) -> JSON:
        if not isinstance(value, dict):
            return value
        real: dict[str, JSON] = {}
        for key, item in value.items():
            if key in back and isinstance(item, dict):
                for new, one in item.items():
                    name = back[key].get(new)
                    real[new if name is None else name] = one
            else:
                real[schemas.joined(key) if key.rstrip("_") in back else key] = item
        return real

    return show, read
