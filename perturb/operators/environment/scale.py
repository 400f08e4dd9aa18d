"""`environment.scale`: ten times the customers, the files, the flights, of which no task asks for any."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, ClassVar, NamedTuple

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup, StateLens, dose
from perturb.operators.environment.identified import own_identifiers, with_identifiers
from perturb.types import JSON, Axis, Call, Failure, Kind, Result, Schema, Tool, to_json

_MORE = 9
"""So many times as much comes on top at intensity 1."""
_SEEDS = 8
"""Rows are made of a few seeds, since to make them takes longer than an episode."""
_NUMBERS = 1_000_000_000
"""So many numbers behind the last that is given at first go round, so that no two of them are ever told alike."""
_WORD = re.compile(r"[^\W\d]\w*")
_NUMBER = re.compile(r"[1-9]\d*|0")


class Scale(Operator, frozen=True, kw_only=True):
    """There is ten times as much of what a toolset declares that there may be more of: rows that no task asks for.

    Before: `list_files {}` → 26 files
    After: `list_files {}` → 260 files, the 26 among them

    The environment lives in the larger world; results grow, and every value that a task needs stays. Where new things are
    numbered on, the next has a higher number. What is done to the further rows is seen by the toolset's check. Places are
    what may grow; intensity is the share of them, and how much there is of each. Does not apply where a toolset declares
    nothing that may grow or its environment cannot load a state.
    """

    id: ClassVar[str] = "environment.scale"
    axis: ClassVar[Axis] = "environment"
    phase: ClassVar[Phase] = "state"
    promises: ClassVar[Kind] = "distraction"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="state",
            plan={"op": "environment.scale", "version": 1, "times": {"files": 3}, "seed": 1},
            tool=Tool(
                name="list_files",
                returns={"type": "array", "items": {"type": "object", "properties": {"file_id": {"x-identifier": "file"}}}},
                effect="read",
            ),
            before={"files": {"f1": {"name": "budget.xlsx"}}},
            after={"files": {"more-1": {"name": "1.txt"}, "f1": {"name": "budget.xlsx"}, "more-2": {"name": "2.txt"}}},
        ),
    )

    times: dict[str, int] = msgspec.field(default_factory=dict)
    seed: int = 0

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Scale | NotApplicable:
        source = setup.source
        if not source.growth:
            return NotApplicable("not_declared", "the toolset declares nothing of which there may be more")
        if not source.dumps_state or not source.tasks:
            return NotApplicable("not_declared", "the environment cannot load a state")
        times = {place: 1 + dose(intensity, _MORE) for place in pick.chosen(sorted(source.growth), intensity)}
        return cls(times=times, seed=pick.integer("seed", 1, _SEEDS) if times else 0)

    def lens(self, setup: Setup) -> Lens:
        return ScaleLens(setup, self)


class Grown(NamedTuple):
    """What one thing grows by: its rows by table, what identifies them, and where numbers go on from."""

    rows: Mapping[tuple[str, ...], Mapping[str, JSON]]
    ids: frozenset[str]
    kind: str
    table: tuple[str, ...]
    first: int
    numbers: re.Pattern[str] | None


class ScaleLens(StateLens):
    """Adds the rows when a state is loaded, and takes them out when it, or a result, is read."""

    def __init__(self, real: Setup, plan: Scale) -> None:
        super().__init__(real)
        self._of = [(real.root, place, times, plan.seed) for place, times in plan.times.items() if place in real.source.growth]
        self._grown = [_grown(*each) for each in self._of]
        self._ids: dict[str, frozenset[str]] = {}
        for grown in self._grown:
            self._ids[grown.kind] = self._ids.get(grown.kind, frozenset()) | grown.ids
        self._numbered = {grown.kind: grown for grown in self._grown if grown.numbers is not None}
        if self._grown:
            self.setup = self.shown()

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset().union(*(_words(*each) for each in self._of))

    def load_state(self, state: JSON) -> JSON:
        for grown in self._grown:
            for table, rows in grown.rows.items():
                state = _replaced(state, table, lambda old, rows=rows: _spread(old, rows))
        return state

    def read_state(self, state: JSON) -> JSON:
        for grown in self._grown:
            tables = {table: _at(state, table) for table in grown.rows}
            if not all(tables[table].get(key) == row for table, rows in grown.rows.items() for key, row in rows.items()):
                continue  # something was done to them, which the check is to see
            for table, rows in grown.rows.items():
                state = _replaced(state, table, lambda old, rows=rows: {k: row for k, row in old.items() if k not in rows})
            if grown.numbers is not None:
                state = self._renumbered(state, grown, grown.numbers)
        return state

    def _renumbered(self, state: JSON, grown: Grown, numbers: re.Pattern[str]) -> JSON:
        state = _replaced(state, grown.table, lambda old: {self._read_id(grown.kind, key): row for key, row in old.items()})
        return _changed_at(state, numbers, lambda value: self._read_id(grown.kind, value), "")

    def _show_id(self, kind: str, value: JSON) -> JSON:
        """An identifier of the real world in the larger one, where what is new has other numbers."""
        return self._turned(kind, value, 1)

    def _read_id(self, kind: str, value: JSON) -> JSON:
        """The inverse; the number of a further row reads as one so high that nothing real has it."""
        return self._turned(kind, value, -1)

    def _turned(self, kind: str, value: JSON, way: int) -> JSON:
        grown = self._numbered.get(kind)
        number = _number(value)
        if grown is None or number is None or not grown.first <= number < grown.first + _NUMBERS:
            return value
        other = grown.first + (number - grown.first + way * len(grown.ids)) % _NUMBERS
        return str(other) if isinstance(value, str) else other

    def _keeps(self, schema: Schema, item: JSON) -> bool:
        return not any(value in self._ids.get(kind, ()) for kind, value in own_identifiers(schema, item))

    def show_call(self, call: Call) -> Call:
        tool = self.real.by_name.get(call.name)
        if tool is None or not self._numbered:
            return call
        return Call(call.name, with_identifiers(tool.parameters, call.arguments, self._show_id))

    def read_call(self, call: Call) -> Call | Failure:
        tool = self.real.by_name.get(call.name)
        if tool is None or not self._numbered:
            return call
        return Call(call.name, with_identifiers(tool.parameters, call.arguments, self._read_id))

    def show_result(self, call: Call, result: Result) -> Result:
        schema = self.real.returns(call)
        if schema is None or not self._numbered:
            return result
        return Result(with_identifiers(schema, result.data, self._show_id), result.renderer)

    def read_result(self, call: Call, result: Result) -> Result:
        schema = self.real.returns(call)
        if schema is None or not self._grown:
            return result
        return Result(with_identifiers(schema, result.data, self._read_id, self._keeps), result.renderer)


@lru_cache(maxsize=64)
def _grown(root: Setup, place: str, times: int, seed: int) -> Grown:
    growth = root.source.growth[place]
    state = _first_state(root)
    table = tuple(growth.counts.split("/")[1:])
    present = _at(state, table)
    made = growth.rows(state, (times - 1) * len(present), seed)
    rows = {tuple(path.split("/")[1:]): table_rows for path, table_rows in made.items()}
    return Grown(
        rows=rows,
        ids=frozenset(key if growth.field is None else row[growth.field] for key, row in rows.get(table, {}).items()),
        kind=growth.kind,
        table=table,
        first=1 + max((int(key) for key in present if _NUMBER.fullmatch(key)), default=-1),
        numbers=re.compile("|".join(f"(?:{path})" for path in growth.numbers)) if growth.numbers else None,
    )


@lru_cache(maxsize=64)
def _words(root: Setup, place: str, times: int, seed: int) -> frozenset[str]:
    rows = [list(table.values()) for table in _grown(root, place, times, seed).rows.values()]
    return frozenset(_WORD.findall(to_json(rows).decode().lower()))


@lru_cache(maxsize=8)
def _first_state(root: Setup) -> JSON:
    environment = root.source.environment(root.source.tasks[0])
    try:
        return environment.dump()
    finally:
        environment.close()


def _at(state: JSON, path: Sequence[str]) -> Any:
    for step in path:
        state = state.get(step, {}) if isinstance(state, dict) else {}
    return state


def _replaced(state: JSON, path: Sequence[str], change: Any) -> JSON:
    """The state with another table at a path; what is not on the way there is shared."""
    if not path:
        return change(state)
    return {**state, path[0]: _replaced(state.get(path[0], {}), path[1:], change)}


def _spread(old: Mapping[str, JSON], new: Mapping[str, JSON]) -> dict[str, JSON]:
    """The rows of both, the new ones spread evenly among the old; a key of the old keeps its row."""
    made: dict[str, JSON] = {}
    queue = [key for key in new if key not in old]
    done = 0
    for index, (key, row) in enumerate(old.items(), 1):
        upto = len(queue) * index // (len(old) + 1)
        made |= {one: new[one] for one in queue[done:upto]}
        made[key] = row
        done = upto
    return made | {one: new[one] for one in queue[done:]}


def _changed_at(value: JSON, places: re.Pattern[str], change: Any, path: str) -> JSON:
    if isinstance(value, dict):
        return {key: _changed_at(item, places, change, f"{path}/{key}") for key, item in value.items()}
    if isinstance(value, list):
        return [_changed_at(item, places, change, f"{path}/{index}") for index, item in enumerate(value)]
    return change(value) if places.fullmatch(path) else value


def _number(value: JSON) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else None
