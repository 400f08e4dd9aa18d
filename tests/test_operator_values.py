"""`results.values`: every notation keeps its values to the letter, is what its source says, and says what it is."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

import anyio
import pytest
from babel.dates import format_date
from babel.numbers import format_currency
from depot import DEPOT
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from perturb.loading import load_toolset
from perturb.operator import Operator, SeededPick, Setup, lens_for
from perturb.operators import by_id
from perturb.operators.results.date_forms import LOCAL, forms_for, moment
from perturb.operators.results.money_forms import TEXTS
from perturb.operators.results.value_forms import FLAGS, Notation, notation
from perturb.operators.results.values import Form, Values
from perturb.replay import Gold
from perturb.toolset import Toolset
from perturb.types import Call, Result, Schema, Tool

ZONES = {"date": ("airport", "none"), "time": ("none",), "date-time": ("offset", "UTC", "none")}
DATED = [
    pytest.param(kind, zone, style, id=f"{kind} {zone} {style}")
    for kind, zones in ZONES.items()
    for zone in zones
    for style in forms_for(kind, zone)
]


def dated(kind: str, zone: str, style: str, **more: str) -> Notation:
    made = notation("date", style, {"type": "string", "x-date": {"format": kind, "zone": zone, **more}})
    assert made is not None
    return made


def money(change: str, style: str = "", kind: str = "number", unit: str = "USD") -> Notation:
    made = notation(change, style, {"type": kind, "x-unit": unit})
    assert made is not None
    return made


EVERY = [
    *[pytest.param(dated(*one.values), id=f"date {one.id}") for one in DATED],
    *[pytest.param(money("minor_units", kind=kind, unit=unit), id=f"minor_units {kind} {unit}")
      for kind in ("number", "integer") for unit in ("USD", "KWD")],
    *[pytest.param(money("currency", style, unit=unit), id=f"currency {style} {unit}")
      for style in TEXTS for unit in ("USD", "JPY")],
    pytest.param(notation("duration", "", {"type": "integer", "x-unit": "minutes"}), id="duration"),
    pytest.param(notation("number_text", "", {"type": "number"}), id="number_text"),
    *[pytest.param(notation("flag_text", words, {"type": "boolean"}), id=f"flag_text {words}") for words in FLAGS],
    pytest.param(notation("flag_number", "", {"type": "boolean"}), id="flag_number"),
]  # fmt: skip
DAYS = st.dates(date(1, 1, 1), date(9999, 12, 31)).map(str)
OFFSETS = st.integers(-14 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
TIMES = st.builds(
    lambda when, zone, spec: when.replace(tzinfo=zone).isoformat(timespec=spec),
    st.datetimes(datetime(1900, 1, 2), datetime(2200, 1, 1)),
    OFFSETS | st.none(),
    st.sampled_from(["minutes", "seconds", "milliseconds", "microseconds"]),
)
SPELT = st.sampled_from(
    ["31.12.2026", "12/31/2026", "2026/12/31", "20261231", "2026-02-30", "Dec 31, 2026", "/Date(0+0000)/", "12", "-0", "1.50",
     "1e5", "$1.00", "USD 1", "1.00 USD", "yes", "Y", "true", "\\1", '\\"x"', "\\", "PT3H", "PT0M", "-PT5M", "PT65M", "18:05",
     "1805"]
)  # fmt: skip
NUMBERS = (
    st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0, 1, -0.0, 0.1 + 0.2, 5e-324, 1e22])
)
ANY = NUMBERS | st.none() | st.booleans() | st.text(max_size=8) | SPELT | DAYS | TIMES | st.just([]) | st.just({"a": 1})


def alike(one: Any, other: Any) -> bool:
    return json.dumps(one) == json.dumps(other)


@pytest.mark.parametrize("made", EVERY)
@examples(200)
@given(value=ANY)
def test_every_value_reads_back_to_the_letter(made: Notation, value: Any) -> None:
    assert alike(made.read(made.show(value)), value)


@pytest.mark.parametrize("made", EVERY)
@examples(200)
@given(one=ANY, other=ANY)
@pytest.mark.slow
def test_no_two_values_are_shown_alike(made: Notation, one: Any, other: Any) -> None:
    assert alike(made.show(one), made.show(other)) == alike(one, other)


@pytest.mark.parametrize(("kind", "zone", "style"), DATED)
@examples(50)
@given(data=st.data())
def test_every_declared_moment_has_a_form(kind: str, zone: str, style: str, data: st.DataObject) -> None:
    when = data.draw(st.datetimes(datetime(1970, 1, 2), datetime(2199, 1, 1))).replace(microsecond=0)
    offset = {"UTC": "Z", "offset": "+02:00"}.get(zone, "")
    value = {"date": f"{when:%Y-%m-%d}", "time": f"{when:%H:%M}", "date-time": when.isoformat() + offset}[kind]
    made = dated(kind, zone, style)
    shown = made.show(value)
    assert not alike(shown, value)
    assert made.read(shown) == value
    assert isinstance(shown, int if "integer" in made.types else str)


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)))
def test_days_are_written_as_the_locale_data_has_them(day: date) -> None:
    pairs = {"en_US short": f"{day.month}/{day.day}/{day.year}", "en_GB short": f"{day:%d/%m/%Y}",
             "de_DE short": f"{day.day}.{day.month}.{day.year}", "ja_JP short": f"{day.year}/{day.month}/{day.day}",
             **{f"{name} medium": format_date(day, "medium", locale=name) for name in ("en_US", "en_GB")}}  # fmt: skip
    for style, wanted in pairs.items():
        assert dated("date", "none", style).show(str(day)) == wanted


@given(st.datetimes(datetime(1900, 1, 2), datetime(2200, 1, 1)), OFFSETS)
def test_moments_are_what_the_published_forms_say(when: datetime, zone: timezone) -> None:
    moment_ = when.replace(microsecond=0, tzinfo=zone)
    mail = dated("date-time", "offset", "mail").show(moment_.isoformat())
    assert parsedate_to_datetime(mail) == moment_
    assert mail == format_datetime(moment_)
    odata = re.fullmatch(r"/Date\((-?\d+)[+-]\d{4}\)/", dated("date-time", "offset", "odata").show(moment_.isoformat()))
    assert odata is not None
    assert int(odata[1]) == moment_.timestamp() * 1000
    utc = moment_.astimezone(timezone.utc)  # noqa: UP017
    for style, scale in (("epoch", 1), ("epoch_ms", 1000)):
        assert dated("date-time", "UTC", style).show(f"{utc:%Y-%m-%dT%H:%M:%S}Z".rjust(20, "0")) == moment_.timestamp() * scale


def test_a_clock_without_seconds_is_told_from_one_with_them() -> None:
    fine, coarse = "2026-05-12T18:05:00+02:00", "2026-05-12T18:05+02:00"
    seconds, minutes = dated("date-time", "offset", "odata"), dated("date-time", "offset", "odata", precision="minutes")
    assert (seconds.show(fine), minutes.show(coarse)) == ("/Date(1778601900000+0200)/",) * 2
    assert (seconds.show(coarse), minutes.show(fine)) == (coarse, fine)


@pytest.mark.parametrize("text", ["", "x", "2026-13-01", "2026-02-30", "2026-05-12T", "T18:05", "2026-05-12T25:00", "2026-5-1"])
def test_what_is_no_moment(text: str) -> None:
    assert moment(text) is None


@pytest.mark.parametrize(
    ("code", "number", "shown"),
    [("USD", 120.5, 12050), ("USD", 0.07, 7), ("USD", -3.0, -300), ("KWD", 1.25, 1250),
     ("USD", 12.345, "1234.5"), ("USD", 3, "300")],
)  # fmt: skip
def test_minor_units_have_the_digits_of_the_currency(code: str, number: float, shown: Any) -> None:
    assert alike(money("minor_units", unit=code).show(number), shown)


def test_a_currency_without_minor_units_is_never_given_in_them() -> None:
    setup = one_tool({"type": "number", "x-unit": "JPY"})
    changes = {plan.forms["t>value"].change for plan in plans(setup)}
    assert changes == {"currency"}


@pytest.mark.parametrize("amount", [1234.5, 0.5, -1234567.25, 12.0])
def test_amounts_with_their_currency_are_written_as_the_locale_data_has_them(amount: float) -> None:
    for locale in ("en_US", "de_DE"):
        assert money("currency", locale).show(amount) == format_currency(amount, "USD", locale=locale).replace("-$", "$-")
    assert money("currency", "code first").show(amount) == f"USD {amount:.2f}"
    assert money("currency", "code last").show(amount) == f"{amount:.2f} USD"


@pytest.mark.parametrize(("minutes", "shown"), [(0, "PT0M"), (45, "PT45M"), (60, "PT1H"), (185, "PT3H5M"), (-5, "-PT5M")])
def test_durations_are_those_of_iso_8601(minutes: int, shown: str) -> None:
    made = notation("duration", "", {"type": "integer", "x-unit": "minutes"})
    assert made is not None
    assert made.show(minutes) == shown


def one_tool(schema: Schema, *, required: bool = True) -> Setup:
    class One(Toolset):
        name = "one"

    returns = {"type": "object", "properties": {"value": schema}, "required": ["value"] if required else []}
    One.tools = (Tool(name="t", description="Gets it.", returns=returns, effect="read"),)
    return Setup.of(One())


def plans(setup: Setup) -> list[Values]:
    made = [Values.plan(setup, SeededPick(seed), 1.0) for seed in range(60)]
    return [plan for plan in made if isinstance(plan, Values)]


def shown(setup: Setup, form: Form) -> Any:
    return lens_for(Values(forms={"t>value": form}), setup)


def test_null_is_left_out_only_where_the_key_is_always_there() -> None:
    always = one_tool({"type": ["string", "null"]})
    assert {plan.forms["t>value"].change for plan in plans(always)} == {"null_to_absent"}
    lens = shown(always, Form("null_to_absent"))
    assert lens.show_result(Call("t"), Result({"value": None})).data == {}
    assert lens.show_result(Call("t"), Result({"value": "x"})).data == {"value": "x"}
    assert lens.read_result(Call("t"), Result({})).data == {"value": None}
    returns = lens.setup.by_name["t"].returns
    assert returns["required"] == []
    assert returns["properties"]["value"]["type"] == "string"
    assert plans(one_tool({"type": ["string", "null"]}, required=False)) == []


def test_a_key_that_may_be_left_out_is_null_then() -> None:
    setup = one_tool({"type": "string", "enum": ["a"]}, required=False)
    lens = shown(setup, Form("absent_to_null"))
    assert lens.show_result(Call("t"), Result({})).data == {"value": None}
    assert lens.read_result(Call("t"), Result({"value": None})).data == {}
    returns = lens.setup.by_name["t"].returns
    assert returns["required"] == ["value"]
    assert (returns["properties"]["value"]["type"], returns["properties"]["value"]["enum"]) == (["string", "null"], ["a", None])


def test_the_schema_says_the_new_form_and_the_description_what_it_does_not_say_by_itself() -> None:
    setup = one_tool({"type": "number", "minimum": 0, "x-unit": "USD", "default": 1.5, "description": "The price."})
    tool = shown(setup, Form("minor_units")).setup.by_name["t"]
    assert tool.returns["properties"]["value"] == {
        "type": ["integer", "string"], "default": 150, "x-place": "t>value",
        "description": "The price. In minor units of USD (cents), so that 12050 is 120.50.",
    }  # fmt: skip
    assert tool.description == "Gets it.\nIn the result, `value` is in minor units of USD (cents), so that 12050 is 120.50."
    flag = shown(one_tool({"type": ["boolean", "null"]}), Form("flag_text", "yes/no")).setup.by_name["t"]
    assert flag.returns["properties"]["value"]["type"] == ["string", "null"]
    assert flag.returns["properties"]["value"]["enum"] == ["yes", "no", None]
    assert flag.description == "Gets it."


def test_one_house_has_one_notation_for_a_sort() -> None:
    setup = Setup.of(load_toolset("airline"))
    for seed in range(10):
        plan = Values.plan(setup, SeededPick(seed), 1.0)
        assert isinstance(plan, Values)
        money = {form for place, form in plan.forms.items() if form.change in ("minor_units", "currency")}
        days = {form.style for form in plan.forms.values() if form.change == "date"}
        flags = {form for form in plan.forms.values() if form.change.startswith("flag")}
        assert len(money) == len(flags) == 1
        assert len(days) == 1 or days.isdisjoint(LOCAL)


@pytest.mark.parametrize("toolset", ["airline", "agentdojo:banking", "agentdojo:workspace"])
def test_results_of_gold_calls_in_every_notation(toolset: str) -> None:
    if toolset.startswith("agentdojo"):
        pytest.importorskip("agentdojo")
    gold = Gold(load_toolset(toolset))
    calls: list[tuple[Call, Any]] = []
    for task in gold.toolset.tasks[::3]:
        clean = anyio.run(gold.clean, task)
        assert clean is not None
        calls += [
            (call, answer) for call, answer in zip(task.gold or (), clean.answers, strict=True) if isinstance(answer, Result)
        ]
    changed = 0
    for seed in range(6):
        plan = Values.plan(gold.setup, SeededPick(seed), 1.0)
        assert isinstance(plan, Operator)
        lens = lens_for(plan, gold.setup)
        for call, answer in calls:
            made = lens.show_result(call, answer)
            changed += not alike(made.data, answer.data)
            assert alike(lens.read_result(call, made).data, answer.data) or lens.read_result(call, made).data == answer.data
            Draft202012Validator(lens.setup.returns(call)).validate(made.data)
    assert changed > len(calls)


def test_the_depot_has_every_sort() -> None:
    changes = {form.change for plan in plans(Setup.of(DEPOT)) for form in plan.forms.values()}
    assert changes >= {"date", "number_text", "currency", "minor_units", "flag_text", "flag_number"}
    assert changes >= {"null_to_absent", "absent_to_null"}


def test_a_merged_tool_tells_of_notations_in_one_order_whatever_the_plan_went_through() -> None:
    setup = Setup.of(load_toolset("airline"))
    merge = by_id("toolset.merge").plan(setup, SeededPick(1), 1.0)
    assert isinstance(merge, Operator)
    inner = lens_for(merge, setup).setup
    plan = Values.plan(inner, SeededPick(1), 1.0)
    assert isinstance(plan, Values)
    turned = Values(forms=dict(reversed(plan.forms.items())))
    told = [[tool.description for tool in lens_for(one, inner).setup.tools] for one in (plan, turned)]
    assert told[0] == told[1]
    assert any("Some values of results are" in text for text in told[0])
