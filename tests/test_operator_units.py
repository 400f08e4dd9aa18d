"""`arguments.units`: exact both ways, the old unit gone from name and prose, nothing read twice."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import anyio
import pytest
from depot import DEPOT
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from test_renaming_operators import Desk

from perturb.law_examples import broken_on_examples
from perturb.operator import Lens, NotApplicable, SeededPick, Setup, lens_for
from perturb.operators import from_json
from perturb.operators.arguments.unit_table import CONVERSIONS, UNITS, conversions_of, unit_called
from perturb.operators.arguments.units import InUnit, Units, UnitsLens, _times
from perturb.replay import Gold
from perturb.types import Call, Failure, Tool, to_json

CENTS = InUnit("amount_cents", "USD minor", "100", ("US dollar", "US dollars"), "cents")


def desk(description: str = "Pay.", **properties: Any) -> Setup:
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return Setup.of(Desk(Tool(name="pay", description=description, parameters=schema)))


def planned(setup: Setup, seed: int = 1) -> tuple[Units, Lens]:
    plan = Units.plan(setup, SeededPick(seed, "u"), 1.0)
    assert isinstance(plan, Units), plan
    return plan, lens_for(plan, setup)


def dollars(**schema: Any) -> tuple[Setup, Lens]:
    setup = desk(amount={"type": "number", "x-unit": "USD", **schema})
    return setup, lens_for(Units(units={"pay.amount": CENTS}), setup)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (12.5, 1250),
        (12, 1200),
        (12.0, 1200.0),
        (0.07, 7),
        (1.005, 100.5),
        (-3.2, -320),
        (0, 0),
        (0.1 + 0.2, 30.000000000000004),
    ],
)
def test_amounts_go_over_exactly(value: float, shown: float) -> None:
    _, lens = dollars()
    made = lens.show_call(Call("pay", {"amount": value}))
    assert to_json(made.arguments) == to_json({"amount_cents": shown})
    assert to_json(lens.read_call(made)) == to_json(Call("pay", {"amount": value}))


def test_an_agent_may_write_a_whole_number_either_way() -> None:
    _, lens = dollars()
    assert lens.read_call(Call("pay", {"amount_cents": 1250.0})) == Call("pay", {"amount": 12.5})
    assert lens.read_call(Call("pay", {"amount_cents": 1250})) == Call("pay", {"amount": 12.5})


EXACT = UnitsLens.exact_digits or 0
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.decimals(0, 10**6, places=2).map(float)
ANY = NUMBERS | st.booleans() | st.none() | st.text(max_size=5) | st.sampled_from(["1\\", "1.5\\", "\\", "\\\\\\", "x\\\\"])


@given(ANY, ANY, st.sampled_from(["100", "60", "0.001", "2.54", "0.45359237"]))
def test_any_two_values_stay_apart_and_read_back(one: Any, other: Any, rate: str) -> None:
    setup = desk(amount={"type": "number", "x-unit": "USD"})
    lens = lens_for(Units(units={"pay.amount": InUnit("a", "x", rate, ("b", "bs"), "c")}), setup)
    first, second = (lens.show_call(Call("pay", {"amount": value})) for value in (one, other))
    assert to_json(lens.read_call(first)) == to_json(Call("pay", {"amount": one}))
    if to_json(one) != to_json(other):
        assert to_json(first) != to_json(second)


@given(st.decimals(0, 10**9, places=2))
def test_no_amount_of_money_needs_setting_apart(amount: Any) -> None:
    _, lens = dollars()
    shown = lens.show_call(Call("pay", {"amount": float(amount)})).arguments["amount_cents"]
    assert Fraction(shown) == Fraction(str(float(amount))) * 100


@pytest.mark.slow
def test_the_laws_hold_on_whatever_numbers_the_schema_allows() -> None:
    setup = desk(amount={"type": "number", "x-unit": "GBP"}, day={"type": "string"}, to={"type": "string"})
    assert [found.violation for found in broken_on_examples(Units, setup, 300)] == []


@given(st.sampled_from(sorted(UNITS)), st.integers(1 - 10**EXACT, 10**EXACT - 1), st.integers(-300, 280))
def test_a_number_of_few_digits_stays_a_number(old: str, digits: int, scale: int) -> None:
    value = float(f"{digits}e{scale}")
    for unit, (_, rate) in conversions_of(old, False).items():
        lens = lens_for(Units(units={"pay.amount": InUnit("a", unit, rate, ("b", "bs"), "c")}), dollars()[0])
        shown = lens.show_call(Call("pay", {"amount": value})).arguments["a"]
        assert isinstance(shown, int | float), (value, shown)


def test_the_old_name_and_the_old_form_are_refused() -> None:
    _, lens = dollars()
    refused = lens.read_call(Call("pay", {"amount": 12.5}))
    assert isinstance(refused, Failure)
    assert refused.stale
    assert refused.field == "amount"


def test_the_schema_follows() -> None:
    _, lens = dollars(minimum=0.5, maximum=100, default=2.5, examples=[1.25], description="What to pay, in US dollars.")
    made = lens.setup.public_tools[0].parameters["properties"]["amount_cents"]
    expected = {"type": "number", "minimum": 50, "maximum": 10000, "default": 250, "examples": [125]}
    assert {key: made[key] for key in expected} == expected
    assert made["description"] == "What to pay. In cents: 1 US dollar is 100 cents."


def test_whole_numbers_stay_whole_or_become_fractions() -> None:
    setup = desk(
        wait={"type": ["integer", "null"], "x-unit": "minutes", "minimum": 1}, grams={"type": "integer", "x-unit": "grams"}
    )
    plan, lens = planned(setup)
    assert {place: (one.name, one.rate) for place, one in plan.units.items()} == {
        "pay.wait": ("wait_seconds", "60"),
        "pay.grams": ("kg", "0.001"),
    }
    made = lens.setup.public_tools[0].parameters["properties"]
    assert (made["wait_seconds"]["type"], made["wait_seconds"]["multipleOf"]) == (["integer", "null"], 60)
    assert made["kg"]["type"] == "number"
    assert lens.show_call(Call("pay", {"wait": None, "grams": 250})) == Call("pay", {"wait_seconds": None, "kg": 0.25})
    assert Draft202012Validator(lens.setup.public_tools[0].parameters).is_valid({"wait_seconds": 120, "kg": 0.25})


def test_lists_and_nested_numbers_too() -> None:
    inner = {"type": "object", "properties": {"fee": {"type": "number", "x-unit": "USD"}}}
    setup = desk(rows={"type": "array", "items": inner}, days={"type": "array", "items": {"type": "integer", "x-unit": "days"}})
    _, lens = planned(setup)
    shown = lens.show_call(Call("pay", {"rows": [{"fee": 1.5}], "days": [1, 2]}))
    assert shown == Call("pay", {"rows": [{"fee_cents": 150}], "hours": [24, 48]})
    assert lens.read_call(shown) == Call("pay", {"rows": [{"fee": 1.5}], "days": [1, 2]})


@pytest.mark.parametrize(
    ("name", "unit", "beside", "new"),
    [
        ("wait", "minutes", (), "wait_seconds"),
        ("delay_minutes", "minutes", (), "delay_seconds"),
        ("minutesToWait", "minutes", (), "secondsToWait"),
        ("amount", "USD", ("userId",), "amountCents"),
        ("amount", "GBP", ("user_id",), "amount_pence"),
        ("amount", "KWD", (), "amount_minor"),
    ],
)
def test_names_are_what_their_house_would_have_chosen(name: str, unit: str, beside: tuple[str, ...], new: str) -> None:
    others = {one: {"type": "string"} for one in beside}
    plan, _ = planned(desk(**{name: {"type": "integer", "x-unit": unit}}, **others))
    assert plan.units[f"pay.{name}"].name == new


def test_a_name_that_is_taken_is_given_to_nothing_else() -> None:
    plan, _ = planned(desk(amount={"type": "number", "x-unit": "USD"}, amount_cents={"type": "integer"}))
    assert plan.units["pay.amount"].name == "amount_in_cents"


@pytest.mark.parametrize(
    ("said", "tool", "told", "tool_told"),
    [
        ("How long (minutes), 30 minutes by default.", "Wait.", "How long, 1800 seconds by default.", "Wait."),
        ("How long; defaults to 5.", "Wait.", "How long; defaults to 300.", "Wait."),
        ("How long", "At most 3 minutes for wait.", "How long.", "At most 180 seconds for wait_seconds."),
        ("", "Args:\n    wait: How long, in minutes.", "", "Args:\n    wait_seconds: How long."),
        ("", "Returns the delay in minutes.", "", "Returns the delay in minutes."),
    ],
)
def test_prose_on_the_argument_follows_and_other_prose_does_not(said: str, tool: str, told: str, tool_told: str) -> None:
    setup = desk(tool.replace("for wait", "for `wait`"), wait={"type": "integer", "x-unit": "minutes", "description": said})
    _, lens = planned(setup)
    made = lens.setup.public_tools[0]
    assert made.parameters["properties"]["wait_seconds"]["description"] == f"{told} In seconds: 1 minute is 60 seconds.".strip()
    assert made.description.replace("`", "") == tool_told


def test_every_conversion_is_a_finite_decimal_and_sound() -> None:
    known = {"minutes": ("seconds", 60), "miles": ("kilometres", 1.609344), "pounds": ("kilograms", 0.45359237)}
    for unit, ways in CONVERSIONS.items():
        assert unit in UNITS
        for way in ways:
            assert way.unit in UNITS
            assert _times(_times(7, Fraction(way.rate)), 1 / Fraction(way.rate)) == 7
            if unit in known and known[unit][0] == way.unit:
                assert float(way.rate) == known[unit][1]
    there_and_back = [
        (one.rate, back.rate)
        for unit, ways in CONVERSIONS.items()
        for one in ways
        for back in CONVERSIONS.get(one.unit, ())
        if back.unit == unit
    ]
    assert there_and_back
    assert all(Fraction(one) * Fraction(back) == 1 for one, back in there_and_back)


def test_currencies_are_those_of_cldr() -> None:
    assert unit_called("USD") is not None
    assert conversions_of("JPY", whole=False) == {}, "the yen has no smaller unit"
    assert conversions_of("KWD", whole=False)["KWD minor"][1] == "1000"
    assert unit_called("XQZ") is None
    assert unit_called("parsecs") is None


def test_rates_that_are_no_whole_number_are_kept_from_fractions() -> None:
    setup = desk(distance={"type": "number", "x-unit": "grams"})
    refused = Units.plan(setup, SeededPick(1), 1.0)
    assert isinstance(refused, NotApplicable)
    assert refused.reason == "types_lost"
    nothing = Units.plan(desk(distance={"type": "number"}), SeededPick(1), 1.0)
    assert isinstance(nothing, NotApplicable)
    assert nothing.reason == "not_declared"


def test_the_depots_pickup_is_solvable_and_known() -> None:
    gold = Gold(DEPOT)
    plan = Units.plan(gold.setup, SeededPick(1), 1.0)
    assert isinstance(plan, Units)
    assert anyio.run(gold.prove, DEPOT.task("pickup"), plan).status == "solvable"
    silent = from_json(
        {
            **plan.to_json(),
            "units": {
                "book_pickup.wait": {"name": "wait_seconds", "unit": "seconds", "rate": "60", "old": ["", ""], "new": ""}
            },
        }
    )
    assert anyio.run(gold.prove, DEPOT.task("pickup"), silent).reason == "value hidden", "a rule that is not told is noticed"
