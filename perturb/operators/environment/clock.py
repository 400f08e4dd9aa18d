"""`environment.clock`: another present, with every date in the world as many years on."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar

from perturb import corpus, schemas
from perturb.operator import Example, Handling, Lens, Memory, NotApplicable, Operator, Phase, Pick, Retired, Setup, dose
from perturb.operators.environment.dates import CYCLE, Dates, dates_in
from perturb.operators.environment.retelling import RetoldStateLens
from perturb.operators.environment.stamps import stamps_kept
from perturb.types import JSON, Axis, Call, Failure, Result, Schema, Tool

_MOST = 2
"""So many cycles on at intensity 1: all dates of this century's first half stay in it."""
_WRITTEN = {"date": "%Y-%m-%d", "date-time": "%Y-%m-%dT%H:%M:%S"}


class Clock(Operator, frozen=True, kw_only=True):
    """It is another year: 28 years on, or 56, so that every date falls on the day of the week that it fell on.

    Before: `Today is Monday, 2026-05-11.`, `get_flight {"flight_number": "NV110", "date": "2026-05-12"}`
    After: `Today is Monday, 2054-05-11.`, `get_flight {"flight_number": "NV110", "date": "2054-05-12"}`

    The environment lives in the other year. Dates are ISO dates, dates as people write them (`May 15th, 2024`, `March 2022`,
    `15.05.2024`, `Q1 2024`), and the phrases with a bare year that the toolset declares. The one place is the present;
    intensity is how far on it is. Does not apply where a toolset declares no clock, its environment cannot load a state, or
    its present or a declared date is written in a form in which no year is seen.
    """

    id: ClassVar[str] = "environment.clock"
    axis: ClassVar[Axis] = "environment"
    phase: ClassVar[Phase] = "state"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="call",
            plan={"op": "environment.clock", "version": 1, "years": 28},
            tool=Tool(
                name="get_flight",
                description="Get the times of a flight.",
                parameters={
                    "type": "object",
                    "properties": {
                        "flight_number": {"type": "string"},
                        "date": {"type": "string", "format": "date", "x-date": {"format": "date", "zone": "airport"}},
                    },
                    "required": ["flight_number", "date"],
                },
                effect="read",
            ),
            before={"name": "get_flight", "arguments": {"flight_number": "NV110", "date": "2026-05-12"}},
            after={"name": "get_flight", "arguments": {"flight_number": "NV110", "date": "2054-05-12"}},
        ),
    )

    years: int = 0

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Clock | NotApplicable:
        source = setup.source
        if source.clock is None:
            return NotApplicable("not_declared", "the toolset does not declare what time its world has")
        if not source.dumps_state:
            return NotApplicable("not_declared", "the environment cannot load a state")
        dates = dates_in(source.clock.years)
        for tool in setup.tools:
            for schema in (tool.parameters, tool.returns):
                for place in schemas.places(schema):
                    if (date := _declared(place.schema)) and not _moves(dates, date):
                        return NotApplicable("not_declared", f"no year is seen in {place.place}, written {date['written']}")
        own = Setup.of(source)
        now = _present(own)
        if now is not None and dates.text(now, CYCLE) == now:
            return NotApplicable("not_declared", f"no year is seen in {now!r}, which stands at {source.clock.now}")
        if not _told(own):
            return NotApplicable("nothing_to_change", "nothing tells a date with a year")
        return cls(years=CYCLE * dose(intensity, _MOST))

    def places(self) -> frozenset[str]:
        return frozenset({"now"} if self.years else ())

    def lens(self, setup: Setup) -> Lens:
        return ClockLens(setup, self.years)


class ClockLens(RetoldStateLens):
    """Moves the years of dates in everything that goes in or out.

    What an environment stamps with the machine's own time, at places that the toolset declares to be volatile, is of no world:
    it is shown as far behind the world's dates as it would be clean, and read as it is.
    """

    def __init__(self, real: Setup, years: int) -> None:
        clock = real.source.clock
        dates = dates_in(() if clock is None else clock.years)
        super().__init__(real, lambda text: dates.text(text, years), lambda text: dates.text(text, -years))
        volatile = real.source.volatile if years else ()
        self._stamps = re.compile("|".join(f"(?:{path})" for path in volatile)) if volatile else None
        if years:
            told = _told(Setup.of(real.source))
            now = {dates.text(date, years) for date in told}
            self.retired = tuple(Retired("entity", date) for date in sorted(told) if date not in now)

    def handle(self, call: Call, memory: Memory) -> Handling:
        answer = yield call
        assert answer is not None
        if self._stamps is None or isinstance(answer, Failure):
            return answer
        data = stamps_kept(answer.data, self._told(answer.data), self._stamps)
        return answer if data is answer.data else Result(data, answer.renderer)

    def read_state(self, state: JSON) -> JSON:
        read = super().read_state(state)
        return read if self._stamps is None else stamps_kept(read, state, self._stamps)


def _declared(schema: Schema) -> dict[str, Any] | None:
    """What a property, or an item of its list, says of a day or a moment."""
    while isinstance(schema.get("items"), dict):
        schema = schema["items"]
    date = schema.get("x-date")
    return date if isinstance(date, dict) and date.get("format") in _WRITTEN else None


def _moves(dates: Dates, date: dict[str, Any]) -> bool:
    """Whether a day, written as it is declared, is the same day of another year after the move."""
    written = date.get("written", _WRITTEN[date["format"]])
    moment = datetime(2026, 10, 25, 13, 30, 45)
    moved = dates.text(moment.strftime(written), CYCLE)
    later = moment.replace(year=moment.year + CYCLE)
    return moved == later.strftime(written) != moment.strftime(written)


@lru_cache(maxsize=16)
def _present(root: Setup) -> str | None:
    """The present that the state holds when an episode begins, as text; `None` where none is declared."""
    clock = root.source.clock
    if clock is None or clock.now is None or not root.source.tasks:
        return None
    environment = root.source.environment(root.source.tasks[0])
    try:
        state = environment.dump()
    finally:
        environment.close()
    for step in clock.now.split("/")[1:]:
        state = state.get(step) if isinstance(state, dict) else None
    return str(state)


@lru_cache(maxsize=16)
def _told(root: Setup) -> frozenset[str]:
    """The dates with a year in all that a toolset can show."""
    clock = root.source.clock
    dates = dates_in(() if clock is None else clock.years)
    return frozenset(date for text in corpus.texts_of(root) for date in dates.told(text))
