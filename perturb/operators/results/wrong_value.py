"""`results.wrong_value`: one value of a result is not the right one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.results.other_values import another, chosen_keys, keys_of
from perturb.types import JSON, Axis, Call, Kind, Result, Tool


class Chosen(msgspec.Struct, frozen=True):
    """The key whose value is another, by its place, and the seed of which value, and in which record."""

    key: str
    seed: int


class WrongValue(Operator, frozen=True, kw_only=True):
    """One value in a tool's result is another that could have stood there, with nothing to tell it by.

    Before: `[{"id": "A1", "delay": 40}, {"id": "A2", "delay": 0}]`
    After: `[{"id": "A1", "delay": 45}, {"id": "A2", "delay": 0}]`

    Exactly: one key of one record, the same whenever that record is given. A boolean is turned over, a number is off by an
    eighth (at least by one), a listed value is another of the list, a declared date is the day before or after, and any other
    text is that of another row. Declared identifiers and names stay, so that what is called next still exists; the environment
    stays right. Places are tools whose records hold such a key; intensity is the share of them. Does not apply where there is
    none.
    """

    id: ClassVar[str] = "results.wrong_value"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "shape"
    promises: ClassVar[Kind] = "adversarial"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="result",
            plan={
                "op": "results.wrong_value",
                "version": 1,
                "wrong": {"list_flights": {"key": "list_flights>[].delay", "seed": 3}},
            },
            tool=Tool(
                name="list_flights",
                description="List the flights.",
                returns={
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"id": {"type": "string", "x-identifier": "flight"}, "delay": {"type": "integer"}},
                    },
                },
                effect="read",
            ),
            call=Call("list_flights"),
            before=[{"id": "A1", "delay": 40}, {"id": "A2", "delay": 0}],
            after=[{"id": "A1", "delay": 45}, {"id": "A2", "delay": 0}],
        ),
    )

    wrong: dict[str, Chosen] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> WrongValue | NotApplicable:
        keys = chosen_keys(setup)
        if not keys:
            return NotApplicable("nothing_to_change", "no tool declares a record with a value that identifies nothing")
        return cls(wrong=drawn(keys, pick, intensity))

    def lens(self, setup: Setup) -> Lens:
        return WrongValueLens(setup, self.wrong)


def drawn(keys: Mapping[str, Sequence[str]], pick: Pick, intensity: float) -> dict[str, Chosen]:
    """A key and a seed for a share of the tools."""
    return {
        place: Chosen(pick.choice(place, keys[place]), pick.integer(place, 0, 10**6)) for place in pick.chosen(keys, intensity)
    }


class WrongValueLens(Lens):
    """Puts the other value in."""

    withholds: ClassVar[bool] = True

    def __init__(self, real: Setup, wrong: Mapping[str, Chosen]) -> None:
        super().__init__(real)
        self._wrong = wrong

    def show_result(self, call: Call, result: Result) -> Result:
        chosen = self._wrong.get(self.real.origin(call) or "")
        if chosen is None:
            return result
        schema = self.real.returns(call)
        key = next((one for one in keys_of(schema) if one.place == chosen.key), None)
        found = another(schema, result.data, key, chosen.seed) if key is not None else None
        if found is None:
            return result
        path: tuple[str | int, ...] = found.path if found.row is None else (found.row, *found.path)
        return Result(_with(result.data, path, found.other), result.renderer)


def _with(data: Any, path: Sequence[str | int], value: JSON) -> JSON:
    """The data with another value at a path."""
    if not path:
        return value
    first, *rest = path
    if isinstance(data, list):
        return [_with(item, rest, value) if index == first else item for index, item in enumerate(data)]
    return {key: _with(item, rest, value) if key == first else item for key, item in data.items()}
