"""`environment.clock`: dates in texts so many years on, and a world that lives there."""

from __future__ import annotations

import calendar
import time
from datetime import datetime
from typing import Any

import anyio
import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from perturb.authoring import Clock as Declared
from perturb.loading import load_toolset
from perturb.operator import NotApplicable, SeededPick, Setup, StateLens, lens_for
from perturb.operators.environment.clock import Clock
from perturb.operators.environment.dates import CYCLE, Dates, later
from perturb.replay import Gold
from perturb.toolset import Toolset
from perturb.types import Call, Tool, to_json

DATES = Dates(("budget-{year}", "Plan {year}"))
PIECES = ["2024", "2052", "1996", "1901", "May", "june", "15", "15th", "-05", "-15", "/05/15", "15.05.", "Q1", "budget-",
          "Plan", "T12:00", " ", ", ", "-", "_", ".", "x", "3", "\n", ""]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=9).map("".join)


@examples(2000)
@given(TEXTS, TEXTS, st.sampled_from([CYCLE, 2 * CYCLE]))
def test_back_is_the_inverse_and_different_texts_stay_different(one: str, other: str, by: int) -> None:
    assert DATES.text(DATES.text(one, by), -by) == one
    assert (one == other) == (DATES.text(one, by) == DATES.text(other, by))


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("2026-05-12", "2054-05-12"),
        ("2026-05-12T06:40+02:00", "2054-05-12T06:40+02:00"),
        ("NV110/2026-05-12", "NV110/2054-05-12"),
        ("agenda-2024-05-15.docx", "agenda-2052-05-15.docx"),
        ("May 15th, 2024; June 10th 2024; 15 May 2024", "May 15th, 2052; June 10th 2052; 15 May 2052"),
        ("June 10th - June 20th, 2024", "June 10th - June 20th, 2052"),
        ("June 10-20, 2024", "June 10-20, 2052"),
        ("spent in March 2022?", "spent in March 2050?"),
        ("bill-december-2023.txt", "bill-december-2051.txt"),
        ("on 15.05.2024, 15/05/2024 or 2024/05/15", "on 15.05.2052, 15/05/2052 or 2052/05/15"),
        ("sales-Q1-2024, Q2 2025", "sales-Q1-2052, Q2 2053"),
        ("budget-2024.xlsx, Plan 2024", "budget-2052.xlsx, Plan 2052"),
        ("Sat, 16 May 2026 06:40:00 +0200", "Sat, 16 May 2054 06:40:00 +0200"),
    ],
)
def test_what_is_a_date(text: str, after: str) -> None:
    assert DATES.text(text, CYCLE) == after
    assert list(DATES.told(text))


@pytest.mark.parametrize(
    "text",
    [
        *("+44 555 2072", "1,2024.00", "2024 dollars", "room 2024", "12024-05-12", "2024-13-01", "2024-05-123", "NV2024"),
        *("16 May", "May 26th", "budget 2024", "v2024.05.1", "192.168.20.24", "dismay 2024", "DE89370400440532013000"),
    ],
)
def test_what_is_none(text: str) -> None:
    assert DATES.text(text, CYCLE) == text


def test_weekdays_and_leap_years_stay() -> None:
    moved = {later(year, by): year for by in (CYCLE, 2 * CYCLE) for year in range(1904, 2100)}
    for year, before in moved.items():
        assert calendar.isleap(year) == calendar.isleap(before)
        assert calendar.weekday(year, 1, 1) == calendar.weekday(before, 1, 1)
    assert {later(year, CYCLE) for year in range(1904, 2100)} == set(range(1904, 2100))


def plan(toolset: Toolset, intensity: float = 1.0) -> Clock:
    made = Clock.plan(Setup.of(toolset), SeededPick(1), intensity)
    assert isinstance(made, Clock)
    return made


def test_intensity_is_how_far_on_it_is() -> None:
    airline = load_toolset("airline")
    assert [plan(airline, intensity).years for intensity in (0.0, 0.3, 0.5, 0.6, 1.0)] == [0, 28, 28, 56, 56]


@pytest.mark.parametrize("spec", ["airline", "agentdojo:workspace", "agentdojo:travel", "agentdojo:banking"])
def test_a_whole_state_is_quick_to_move_holds_no_old_date_and_comes_back(spec: str) -> None:
    if spec.startswith("agentdojo"):
        pytest.importorskip("agentdojo")
    toolset = load_toolset(spec)
    lens = plan(toolset).lens(Setup.of(toolset))
    assert isinstance(lens, StateLens)
    environment: Any = toolset.environment(toolset.tasks[0])
    try:
        state = environment.dump()
    finally:
        environment.close()
    begun = time.perf_counter()
    shown = lens.load_state(state)
    assert time.perf_counter() - begun < 1.0
    text = to_json(shown).decode()
    assert lens.retired
    assert not [one.name for one in lens.retired if one.name in text]
    assert to_json(lens.read_state(shown)) == to_json(state)


def test_the_world_lives_in_the_other_year() -> None:
    airline = load_toolset("airline")
    lens = lens_for(plan(airline, 0.5), Setup.of(airline))
    assert "Today is Monday, 2054-05-11" in lens.setup.system
    environment: Any = airline.environment(airline.tasks[0])
    environment.load(lens.load_state(environment.dump()))
    days = {"first_day": "2054-05-12", "last_day": "2054-05-13"}
    rows = environment.call(Call("list_timetable", {"origin": "OSL", "destination": "LHR", **days})).data
    assert [row["weekday"] for row in rows] == ["Tuesday"] * 4 + ["Wednesday"] * 4
    listed = environment.call(
        Call("list_reservations", {"customer_id": "C-47033", "status": "any", "upcoming_only": True})
    ).data
    assert {row["date"][:4] for row in listed} == {"2054"}
    environment.close()


def test_what_the_machine_stamps_is_shown_as_far_ahead_and_read_as_it_is() -> None:
    pytest.importorskip("agentdojo")
    workspace = load_toolset("agentdojo:workspace")
    gold = Gold(workspace)
    task = workspace.task("user_task_29")
    made = plan(workspace, 0.5)
    assert anyio.run(gold.prove, task, made).status == "solvable"
    lens = lens_for(made, gold.setup)
    environment: Any = workspace.environment(task)
    environment.load(lens.load_state(environment.dump()))
    call = Call("append_to_file", {"file_id": "3", "content": "more"})
    handling = lens.handle(call, lens.start())
    next(handling)
    with pytest.raises(StopIteration) as stop:
        handling.send(environment.call(call))
    year = datetime.now().year
    assert stop.value.value.data["last_modified"].startswith(f"{later(year, 28)}-")
    read = lens.read_state(environment.dump())["cloud_drive"]["files"]
    assert read["3"]["last_modified"].startswith(f"{year}-")
    assert read["0"]["last_modified"] == "2024-05-08T10:30:00"


class Bare(Toolset):
    name = "bare"


class Sealed(Toolset):
    name = "sealed"
    clock = Declared()
    dumps_state = False


class TwoDigits(Toolset):
    name = "two digits"
    clock = Declared()
    system = "Since 2026-05-01."
    tools = (
        Tool(
            name="get_rates",
            parameters={
                "type": "object",
                "properties": {"day": {"x-date": {"format": "date", "zone": "UTC", "written": "%d%m%y"}}},
            },
        ),
    )


class Dateless(Toolset):
    name = "dateless"
    clock = Declared()
    dumps_state = True


@pytest.mark.parametrize(
    ("toolset", "reason", "detail"),
    [
        (Bare, "not_declared", "does not declare what time"),
        (Sealed, "not_declared", "cannot load a state"),
        (TwoDigits, "not_declared", "get_rates.day, written %d%m%y"),
        (Dateless, "nothing_to_change", "no"),
    ],
)
def test_where_it_does_not_apply_it_says_why(toolset: type[Toolset], reason: str, detail: str) -> None:
    made = Clock.plan(Setup.of(toolset()), SeededPick(1), 1.0)
    assert isinstance(made, NotApplicable)
    assert made.reason == reason
    assert detail in made.detail


def test_a_present_whose_year_is_not_seen_is_named() -> None:
    airline: Any = load_toolset("airline")
    declared = airline.clock
    try:
        airline.clock = Declared(now="/airports/OSL/city")
        airline.__dict__.pop("_setup", None)
        made = Clock.plan(Setup.of(airline), SeededPick(1), 1.0)
    finally:
        airline.clock = declared
        airline.__dict__.pop("_setup", None)
    assert isinstance(made, NotApplicable)
    assert "'Oslo', which stands at /airports/OSL/city" in made.detail
