"""`arguments.date_format`: every form as it is published, exact both ways, and told in place of the old one."""

from __future__ import annotations

import calendar
import email.utils
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest
from depot import DEPOT
from hypothesis import given
from hypothesis import strategies as st
from test_renaming_operators import Desk

from perturb.operator import Lens, NotApplicable, SeededPick, Setup, lens_for
from perturb.operators.arguments.date_format import Dated, DateFormat
from perturb.operators.arguments.date_forms import Declared, form_of, numeric_pattern, possible
from perturb.replay import Gold
from perturb.types import Call, Failure, Tool, to_json

DAY = {"format": "date", "zone": "airport"}
UTC_MOMENT = {"format": "date-time", "zone": "UTC"}
OFFSET = {"format": "date-time", "zone": "offset"}
LOCAL = {"format": "date-time", "zone": "local", "written": "%Y-%m-%d %H:%M"}
OSLO = {"format": "date-time", "zone": "Europe/Oslo", "written": "%Y-%m-%d %H:%M"}
CLOCK = {"format": "time", "zone": "local", "written": "%H:%M"}
EVERY = (DAY, UTC_MOMENT, OFFSET, LOCAL, OSLO, CLOCK)
LOCALES = ("en_US", "de_DE", "en_GB", "fr_FR", "ja_JP", "nl_NL", "pt_BR", "fi_FI")


def desk(meaning: Any, description: str = "", tool: str = "Meet.", **schema: Any) -> Setup:
    when = {"type": "string", "x-date": meaning, "description": description, **schema}
    return Setup.of(Desk(Tool(name="meet", description=tool, parameters={"type": "object", "properties": {"when": when}})))


def bound(meaning: Any, dated: Dated, **more: Any) -> Lens:
    return lens_for(DateFormat(dates={"meet.when": dated}), desk(meaning, **more))


def shown(lens: Lens, value: Any) -> Any:
    (made,) = lens.show_call(Call("meet", {"when": value})).arguments.values()
    return made


@pytest.mark.parametrize(
    ("meaning", "dated", "value", "expected"),
    [
        (DAY, Dated("unix"), "2026-12-31", 1798675200),
        (DAY, Dated("unix_ms"), "1969-12-31", -86400000),
        (DAY, Dated("basic", name="d"), "2026-01-05", "20260105"),
        (DAY, Dated("numeric", "d.M.y", "d"), "2026-01-05", "5.1.2026"),
        (DAY, Dated("numeric", "MM/dd/y", "d"), "2026-01-05", "01/05/2026"),
        (DAY, Dated("numeric", "d.M.y", "d"), "0987-01-05", "5.1.0987"),
        (UTC_MOMENT, Dated("unix"), "2026-12-31T17:45:10Z", 1798739110),
        (UTC_MOMENT, Dated("mail", name="d"), "2026-12-31T17:45:10Z", "Thu, 31 Dec 2026 17:45:10 +0000"),
        (UTC_MOMENT, Dated("basic", name="d"), "2026-12-31T17:45:10Z", "20261231T174510"),
        (OFFSET, Dated("mail", name="d"), "2026-12-31T17:45:10+05:30", "Thu, 31 Dec 2026 17:45:10 +0530"),
        (LOCAL, Dated("numeric", "d.M.y, HH:mm", "d"), "2026-12-31 07:45", "31.12.2026, 07:45"),
        (LOCAL, Dated("numeric", "M/d/y, h:mm a", "d"), "2026-12-31 00:05", "12/31/2026, 12:05 AM"),
        (LOCAL, Dated("numeric", "M/d/y, h:mm a", "d"), "2026-12-31 12:05", "12/31/2026, 12:05 PM"),
        (OSLO, Dated("unix"), "2026-07-01 12:00", 1782900000),
        (OSLO, Dated("unix"), "2026-12-31 17:45", 1798735500),
        (CLOCK, Dated("numeric", "h:mm a", "d"), "21:30", "9:30 PM"),
        (CLOCK, Dated("basic", name="d"), "21:30", "2130"),
    ],
)
def test_a_value_goes_over_and_comes_back(meaning: Any, dated: Dated, value: str, expected: Any) -> None:
    lens = bound(meaning, dated)
    made = lens.show_call(Call("meet", {"when": value}))
    assert made == Call("meet", {dated.name or "when": expected})
    assert lens.read_call(made) == Call("meet", {"when": value})


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)))
def test_unix_time_is_what_posix_says(moment: datetime) -> None:
    lens = bound(UTC_MOMENT, Dated("unix"))
    assert shown(lens, f"{moment:%Y-%m-%dT%H:%M:%S}Z") == calendar.timegm(moment.timetuple())


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)), st.integers(-12 * 4, 14 * 4))
def test_mail_dates_are_those_of_rfc_2822(moment: datetime, quarters: int) -> None:
    offset = timedelta(minutes=15 * quarters)
    sign, total = ("-" if quarters < 0 else "+"), abs(15 * quarters)
    value = f"{moment:%Y-%m-%dT%H:%M:%S}" + (f"{sign}{total // 60:02}:{total % 60:02}" if quarters else "Z")
    text = shown(bound(OFFSET, Dated("mail", name="d")), value)
    # RFC 2822, section 3.3: date-time = [ day-of-week "," ] date FWS time
    months = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
    grammar = rf"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{{1,2}} ({months}) \d{{4}} \d\d:\d\d:\d\d [+-]\d{{4}}"
    assert re.fullmatch(grammar, text)
    parsed = email.utils.parsedate_tz(text)
    assert parsed is not None
    assert parsed[:6] == moment.timetuple()[:6]
    assert parsed[9] == offset.total_seconds()


@pytest.mark.parametrize("locale", LOCALES)
def test_numeric_dates_are_those_of_cldr(locale: str) -> None:
    from babel.dates import format_skeleton, format_time

    moment = datetime(2026, 1, 5, 17, 9, tzinfo=UTC)
    for meaning, expected in (
        (DAY, format_skeleton("yMd", moment, locale=locale)),
        (CLOCK, format_time(moment, "short", locale=locale)),
    ):
        declared = Declared.of(meaning)
        assert declared is not None
        form = form_of("numeric", declared, numeric_pattern(declared, locale))
        assert form.write(moment) == re.sub("[\u00a0\u202f]", " ", expected)


TEXT = st.text(max_size=8) | st.sampled_from(
    [
        "2026-12-31",
        "31.12.2026",
        "1.1.2026",
        "20261231",
        "x\\",
        "\\\\",
        "2026-02-30",
        "2026-12-31T17:45:10Z",
        "9:30 PM",
        "21:30",
    ]
)
ANY = TEXT | st.integers() | st.floats(allow_nan=False) | st.booleans() | st.none() | st.lists(TEXT, max_size=2)


@given(ANY, ANY, st.sampled_from(EVERY), st.data())
def test_any_two_values_stay_apart_and_read_back(one: Any, other: Any, meaning: Any, data: st.DataObject) -> None:
    declared = Declared.of(meaning)
    assert declared is not None
    pattern = numeric_pattern(declared, data.draw(st.sampled_from(LOCALES)))
    style = data.draw(st.sampled_from(list(possible(declared, pattern))))
    lens = bound(meaning, Dated(style, pattern if style == "numeric" else "", "d"))
    first, second = (lens.show_call(Call("meet", {"when": value})) for value in (one, other))
    assert to_json(lens.read_call(first)) == to_json(Call("meet", {"when": one}))
    if to_json(one) != to_json(other):
        assert to_json(first) != to_json(second)


@pytest.mark.parametrize(
    ("dated", "given", "read"),
    [
        (Dated("numeric", "d.M.y", "d"), "05.01.2026", "2026-01-05"),
        (Dated("numeric", "M/d/y", "d"), "1/5/2026", "2026-01-05"),
        (Dated("numeric", "M/d/y", "d"), "31/12/2026", "31/12/2026"),
        (Dated("unix", name="d"), 1798675200.0, "2026-12-31"),
        (Dated("unix", name="d"), 1798700000, "2026-12-31"),
        (Dated("basic", name="d"), "tomorrow", "tomorrow"),
    ],
)
def test_what_can_be_read_is_and_the_rest_is_left_to_the_toolset(dated: Dated, given: Any, read: str) -> None:
    assert bound(DAY, dated).read_call(Call("meet", {"d": given})) == Call("meet", {"when": read})


@pytest.mark.parametrize("dated", [Dated("unix"), Dated("numeric", "d.M.y", "d"), Dated("basic", name="d")])
def test_the_old_form_is_refused_under_either_name(dated: Dated) -> None:
    lens = bound(DAY, dated)
    for name in {"when", dated.name or "when"}:
        refused = lens.read_call(Call("meet", {name: "2026-12-31"}))
        assert isinstance(refused, Failure)
        assert refused.stale


def test_a_time_that_the_clock_shows_twice_is_not_told_by_unix_time() -> None:
    """On 25 October 2026 Oslo's clock shows 02:30 twice; the text means the first."""
    lens = bound(OSLO, Dated("unix"))
    assert shown(lens, "2026-10-25 02:30") == 1792888200
    assert lens.read_call(Call("meet", {"when": 1792888200 + 3600})) == Call("meet", {"when": "2026-10-25 02:30"})
    assert isinstance(shown(lens, "2026-03-29 02:30"), str), "and this one it never shows"


@pytest.mark.parametrize(
    ("meaning", "styles"),
    [
        (DAY, {"unix", "unix_ms", "basic", "numeric"}),
        (UTC_MOMENT, {"unix", "unix_ms", "basic", "mail", "numeric"}),
        (OFFSET, {"mail"}),
        (LOCAL, {"basic", "numeric"}),
        (OSLO, {"unix", "unix_ms", "basic", "numeric"}),
        (CLOCK, {"basic", "numeric"}),
    ],
)
def test_a_style_is_used_only_where_it_carries_the_zone(meaning: Any, styles: set[str]) -> None:
    declared = Declared.of(meaning)
    assert declared is not None
    assert set(possible(declared, numeric_pattern(declared, "en_US"))) == styles


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("The day, as YYYY-MM-DD.", "The day."),
        ("The day. Must be in format YYYY-MM-DD. If `null`, any.", "The day. If `null`, any."),
        ("Should be in ISO format 'YYYY-MM-DD'.", ""),
        ("Optional date in YYYY-MM-DD format. Defaults to today", "Optional date. Defaults to today."),
        ("The day (YYYY-MM-DD), such as 2026-12-31; not 2026-02-30.", "The day, such as 31.12.2026; not 2026-02-30."),
        ('日期，格式为 "yyyy-MM-dd"。', '日期，格式为 "D.M.YYYY"。'),
    ],
)
def test_what_was_said_of_the_old_form_is_gone(said: str, told: str) -> None:
    lens = bound(DAY, Dated("numeric", "d.M.y", "when_dmy"), description=said)
    made = lens.setup.public_tools[0].parameters["properties"]["when_dmy"]
    assert made["description"] == f"{told} Written D.M.YYYY, such as 31.12.2026.".strip()


def test_a_docstring_and_sentences_on_the_argument_follow() -> None:
    tool = "Meet on 2026-01-05.\n\nArgs:\n    when: The day, as YYYY-MM-DD.\n"
    lens = bound(DAY, Dated("numeric", "d.M.y", "when_dmy"), tool=tool)
    assert lens.setup.tools[0].description == "Meet on 2026-01-05.\n\nArgs:\n    when_dmy: The day.\n"


def test_the_schema_follows() -> None:
    lens = bound(DAY, Dated("unix"), format="date", minLength=10, maxLength=10, default="2026-12-31", pattern="^2")
    made = lens.setup.public_tools[0].parameters["properties"]["when"]
    told = "As Unix time in seconds, that of midnight UTC on the day, such as 1798675200."
    assert made == {"type": "integer", "default": 1798675200, "description": told}


def test_null_and_lists_are_kept() -> None:
    either = {"anyOf": [{"type": "string", "x-date": DAY}, {"type": "null"}], "default": None}
    several = {"type": "array", "items": {"type": "string", "x-date": DAY}}
    tool = Tool(name="meet", parameters={"type": "object", "properties": {"when": either, "days": several}})
    plan = DateFormat(dates={"meet.when": Dated("unix"), "meet.days": Dated("unix")})
    lens = lens_for(plan, Setup.of(Desk(tool)))
    made = lens.setup.public_tools[0].parameters["properties"]
    assert made["when"]["anyOf"] == [{"type": "integer"}, {"type": "null"}]
    assert made["days"]["items"] == {"type": "integer"}
    assert lens.show_call(Call("meet", {"when": None, "days": ["2026-12-31"]})).arguments == {
        "when": None,
        "days": [1798675200],
    }


def test_a_plan_has_one_style_and_every_style_comes_up() -> None:
    seen = set()
    for seed in range(60):
        plan = DateFormat.plan(Setup.of(DEPOT), SeededPick(seed), 1.0)
        assert isinstance(plan, DateFormat)
        days = {one.style for place, one in plan.dates.items() if place.endswith("day")}
        assert len(days) == 1
        seen |= days | {plan.dates["book_pickup.ready"].style}
    assert seen == {"unix", "unix_ms", "basic", "mail", "numeric"}


@pytest.mark.parametrize("meaning", [None, "iso8601", {"format": "week"}, {"format": "time", "zone": "local"}])
def test_what_is_not_declared_is_left_alone(meaning: Any) -> None:
    planned = DateFormat.plan(desk(meaning) if meaning else Setup.of(Desk(Tool(name="meet"))), SeededPick(1), 1.0)
    assert isinstance(planned, NotApplicable)
    assert planned.reason in ("not_declared", "types_lost")


@pytest.mark.parametrize("seed", range(12))
def test_the_depots_pickup_is_solvable_and_known_in_every_style(seed: int) -> None:
    gold = Gold(DEPOT)
    plan = DateFormat.plan(gold.setup, SeededPick(seed), 1.0)
    assert isinstance(plan, DateFormat)
    assert anyio.run(gold.prove, DEPOT.task("pickup"), plan).status == "solvable"
