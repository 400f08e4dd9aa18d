"""`environment.locale`: money, numbers and days as another country writes them, by Unicode's locale data."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import anyio
import pytest
from babel import numbers
from babel.dates import format_skeleton
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from perturb.loading import load_toolset
from perturb.operator import NotApplicable, SeededPick, Setup, lens_for
from perturb.operators.environment.day_order import day_first, days_put, days_turned
from perturb.operators.environment.locale import _LOCALES, Locale
from perturb.operators.environment.money_texts import MoneyTexts, notation
from perturb.replay import Gold
from perturb.toolset import Toolset
from perturb.types import Call, Failure, Result, Tool

SOURCES = [("en_GB", "USD"), ("en_IE", "EUR"), ("en_GB", "GBP"), ("en_US", "USD")]
PAIRS = [(*source, target) for source in SOURCES for target in _LOCALES]


def money(written: str, currency: str, locale: str) -> MoneyTexts:
    return MoneyTexts(notation(written, currency), notation(locale), currency=True, numbers=True)


PIECES = [
    *("$", "US$", "€", "£", "CHF", "USD", "EUR", "US dollars", "dollars", "euros", "pounds", "40", "4.5", "4,5", "1,234"),
    *("1,903.50", "1.903,50", "1'903.50", "1\u00a0903,50", "150.00", "150,00", "1.234", "12:30"),
    *(" ", "\u00a0", "-", ".", ",", "x", "\n", ""),
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=7).map("".join)


@examples(4000)
@given(TEXTS, TEXTS, st.sampled_from(PAIRS))
@pytest.mark.slow
def test_twice_is_never_and_different_texts_stay_different(one: str, other: str, pair: tuple[str, str, str]) -> None:
    texts = money(*pair)
    assert texts.text(texts.text(one)) == one
    assert (one == other) == (texts.text(one) == texts.text(other))


@pytest.mark.parametrize("locale", [locale for locale in _LOCALES if locale != "en_CH"])
@pytest.mark.parametrize("amount", [0, 5, 40, 98.7, 150, 1903, 1903.5, 1234567.89])
def test_money_is_what_the_locale_data_say(amount: float, locale: str) -> None:
    """What Babel writes for one country becomes what it writes for the other."""
    currency = notation(locale).code
    for written, own in SOURCES:
        if own == currency:
            continue
        before = numbers.format_currency(amount, own, locale=written)
        after = numbers.format_currency(amount, currency, locale=locale)
        assert money(written, own, locale).text(f"It costs {before}.") == f"It costs {after}."
        assert money(written, own, locale).answer_read(f"It costs {after}.") == f"It costs {before}."
        named = numbers.format_currency(amount, own, locale=written, format_type="name")
        told = numbers.format_currency(amount, currency, locale=locale, format_type="name")
        if own != "EUR":  # which has no other name in full
            assert money(written, own, locale).text(f"It costs {named}.") == f"It costs {told}."


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("All amounts are in US dollars: 150.00 each.", "All amounts are in euros: 150,00 each."),
        ("USD 1,040.00, or 12.5 USD", "EUR 1.040,00, or 12,5 EUR"),
        ("paid in USD, not in EUR", "paid in EUR, not in USD"),
        ("rated 4.2 at 15:55, 19.5% off, v1.2.3, 192.168.20.24", "rated 4.2 at 15:55, 19.5% off, v1.2.3, 192.168.20.24"),
        ("on 15.05.2024, flight NV1.50x", "on 15.05.2024, flight NV1.50x"),
    ],
)
def test_what_is_money(text: str, after: str) -> None:
    assert money("en_GB", "USD", "en_DE").text(text) == after


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("98,00 EUR goes back", "98.00 USD goes back"),
        ("98.00 goes back", "98.00 goes back"),
        ("It is 1.903,00\u00a0€.", "It is US$1,903.00."),
        ("1903 euros, or 1903,50 euros", "1903 US dollars, or 1903.50 US dollars"),
        ("at 15.55 you land", "at 15.55 you land"),
        ("$1,903.00", "$1,903.00"),
    ],
)
def test_an_answer_may_be_written_in_either_way(said: str, read: str) -> None:
    assert money("en_GB", "USD", "en_DE").answer_read(said) == read


DAYS = [
    "9",
    "June",
    "22",
    "May",
    "15th",
    "and",
    "-",
    " - ",
    "to",
    " ",
    " ",
    " ",
    ",",
    "2024",
    ":",
    "12:30",
    "x",
    "Jan",
    "31",
    "32",
]


@examples(4000)
@given(st.lists(st.sampled_from(DAYS), max_size=9).map("".join))
@pytest.mark.slow
def test_days_turned_twice_are_as_they_were(text: str) -> None:
    assert days_turned(days_turned(text)) == text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("on 22 May and 9 June 2026", "on May 22 and June 9 2026"),
        ("between 1 and 10 June, please", "between June 1 and 10, please"),
        ("15th May, 2024", "May 15th, 2024"),
        ("10th June - 20th June, 2024", "June 10th - June 20th, 2024"),
        ("13 June: hiking", "June 13: hiking"),
        ("by 31 Dec", "by Dec 31"),
    ],
)
def test_days_and_months_change_places(one: str, other: str) -> None:
    assert days_turned(one) == other
    assert days_turned(other) == one
    assert days_put(other, True) == days_put(one, True) == one


@pytest.mark.parametrize(
    "text", ["2026-05-09", "May 5 and 9 June", "the 15th of November", "you may 5", "32 May", "12:30", "Mayfair 5"]
)
def test_what_is_no_day_stays(text: str) -> None:
    assert days_turned(text) == text


@pytest.mark.parametrize("locale", _LOCALES)
def test_days_are_in_the_order_of_the_locale_data(locale: str) -> None:
    for day in (date(2026, 1, 31) + timedelta(days=number) for number in range(0, 365, 7)):
        written = format_skeleton("MMMMd", day, locale=locale)
        assert days_put(f"{day.day} {day:%B}", day_first(locale)) == written


def plan(toolset: Toolset, intensity: float = 1.0, seed: int = 1) -> Locale:
    made = Locale.plan(Setup.of(toolset), SeededPick(seed), intensity)
    assert isinstance(made, Locale)
    return made


@pytest.mark.parametrize(
    "locale", [pytest.param(one, marks=() if place % 5 == 0 else pytest.mark.slow) for place, one in enumerate(_LOCALES)]
)
def test_every_task_of_the_airline_can_be_solved_in_every_country(locale: str) -> None:
    airline = load_toolset("airline")
    gold = Gold(airline)
    made = Locale(written="en_GB", currency="USD", locale=locale, changes=("currency", "numbers", "dates"))
    lens = lens_for(made, gold.setup)
    for task in airline.tasks[::4]:
        assert anyio.run(gold.prove, task, made, lens).status in ("solvable", "not_applicable"), task.id


def test_what_the_environment_itself_words_is_written_otherwise_too() -> None:
    airline = load_toolset("airline")
    lens = lens_for(Locale(written="en_GB", currency="USD", locale="en_DE", changes=("currency", "numbers")), Setup.of(airline))
    assert "in euros" in lens.setup.system
    claim = {"customer_id": "C-44046", "reservation_id": "8J4RVX", "kind": "meals", "incurred_on": "2026-05-06"}
    call = Call("file_claim", {**claim, "amount": {"amount": 52.8, "currency": "EUR"}})
    environment: Any = airline.environment(airline.tasks[0])

    def answered(call: Call) -> Any:
        handling = lens.handle(call, lens.start())
        request = next(handling)
        with pytest.raises(StopIteration) as stop:
            handling.send(environment.call(request))
        return stop.value.value

    refused = answered(call)
    assert isinstance(refused, Failure)
    assert "at most 40,00 can be claimed" in refused.message
    other = answered(Call("file_claim", {**claim, "amount": {"amount": 40.0, "currency": "GBP"}}))
    assert other.message == "Costs are claimed in EUR; give the amount in EUR."
    conditions = answered(Call("read_conditions", {"chapter": "delays"}))
    assert isinstance(conditions, Result)
    assert "to a voucher of 150,00 each" in conditions.data
    environment.close()


def test_units_are_declared_in_the_other_currency() -> None:
    airline = load_toolset("airline")
    lens = lens_for(Locale(written="en_GB", currency="USD", locale="en_CA", changes=("currency",)), Setup.of(airline))
    tool = lens.setup.by_name["issue_voucher"]
    assert tool.parameters["properties"]["amount"]["x-unit"] == "CAD"
    assert tool.parameters["properties"]["amount"]["description"] == "The value of the voucher in Canadian dollars."
    claim = lens.setup.by_name["file_claim"].parameters["properties"]["amount"]["properties"]["currency"]
    assert claim["enum"] == ["CAD", "EUR", "GBP"]


def test_places_are_what_differs_there() -> None:
    airline = load_toolset("airline")
    seen = {plan(airline, 1.0, seed).locale: set(plan(airline, 1.0, seed).changes) for seed in range(60)}
    assert seen["en_US"] == {"dates"}
    assert seen["en_GB"] == {"currency"}
    assert seen["en_DE"] == {"currency", "numbers"}
    assert seen["en_CA"] == {"currency", "dates"}
    assert plan(airline, 0.0).changes == ()


def made_of(text: str, unit: str | None, written: str | None) -> Toolset:
    class Made(Toolset):
        name = "made"
        system = text
        locale = written
        tools = (Tool(name="pay", parameters={"type": "object", "properties": {"amount": {"x-unit": unit} if unit else {}}}),)
        dumps_state = False

    return Made()


def test_a_country_whose_money_cannot_be_called_so_is_not_chosen() -> None:
    """`dollars` and `US dollars` would both be euros, and no one could tell which was which."""
    both = made_of("Pay 40 dollars, which are US dollars.", "USD", "en_US")
    countries = {plan(both, 1.0, seed).locale for seed in range(80)}
    assert not countries & {"en_DE", "en_IE", "en_FI"}
    assert "en_GB" in countries
    euros = {plan(made_of("Pay 40 US dollars.", "USD", "en_US"), 1.0, seed).locale for seed in range(80)}
    assert {"en_DE", "en_IE", "en_FI"} <= euros
    assert "en_CH" not in {plan(made_of("Pay $ 40.", "USD", "en_US"), 1.0, seed).locale for seed in range(80)}


@pytest.mark.parametrize(
    ("unit", "written", "detail"),
    [
        ("USD", None, "of which English"),
        ("USD", "de_DE", "of which English"),
        (None, "en_US", "no currency"),
        ("kg", "en_US", "no currency"),
    ],
)
def test_where_it_does_not_apply_it_says_why(unit: str | None, written: str | None, detail: str) -> None:
    made = Locale.plan(Setup.of(made_of("", unit, written)), SeededPick(1), 1.0)
    assert isinstance(made, NotApplicable)
    assert made.reason == "not_declared"
    assert detail in made.detail
