"""Units: what they are called, and which go over into which by a rate that is a finite decimal.

Rates from the definitions of the SI brochure and of the international yard and pound (1959). Kilometres do not go over into
miles, nor minutes into hours: such a rate is no finite decimal, and no value would come back as it was. Sizes of data are
left out, since a kilobyte may be 1000 bytes or 1024.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple


class Unit(NamedTuple):
    """One of a unit and several, what is put behind a name for it, and the words that stand for it within names."""

    one: str
    many: str
    suffix: str
    words: tuple[str, ...]


class Conversion(NamedTuple):
    """The unit that values go over into, and how many of it make one of the old."""

    unit: str
    rate: str


UNITS: dict[str, Unit] = {
    "milliseconds": Unit("millisecond", "milliseconds", "ms", ("milliseconds", "millis", "ms")),
    "seconds": Unit("second", "seconds", "seconds", ("seconds", "second", "secs", "sec")),
    "minutes": Unit("minute", "minutes", "minutes", ("minutes", "minute", "mins", "min")),
    "hours": Unit("hour", "hours", "hours", ("hours", "hour", "hrs")),
    "days": Unit("day", "days", "days", ("days", "day")),
    "weeks": Unit("week", "weeks", "weeks", ("weeks", "week")),
    "millimetres": Unit("millimetre", "millimetres", "mm", ("millimetres", "millimeters", "mm")),
    "centimetres": Unit("centimetre", "centimetres", "cm", ("centimetres", "centimeters", "cm")),
    "metres": Unit("metre", "metres", "metres", ("metres", "meters")),
    "kilometres": Unit("kilometre", "kilometres", "km", ("kilometres", "kilometers", "kms", "km")),
    "points": Unit("point", "points", "points", ("points", "pt")),
    "inches": Unit("inch", "inches", "inches", ("inches", "inch")),
    "feet": Unit("foot", "feet", "feet", ("feet", "foot", "ft")),
    "yards": Unit("yard", "yards", "yards", ("yards", "yard")),
    "miles": Unit("mile", "miles", "miles", ("miles", "mile")),
    "grams": Unit("gram", "grams", "grams", ("grams", "gram")),
    "kilograms": Unit("kilogram", "kilograms", "kg", ("kilograms", "kilogram", "kilos", "kg")),
    "ounces": Unit("ounce", "ounces", "ounces", ("ounces", "ounce", "oz")),
    "pounds": Unit("pound", "pounds", "pounds", ("pounds", "pound", "lbs", "lb")),
    "millilitres": Unit("millilitre", "millilitres", "ml", ("millilitres", "milliliters", "ml")),
    "litres": Unit("litre", "litres", "litres", ("litres", "liters")),
    "percent": Unit("percent", "percent", "percent", ("percent", "pct")),
    "basis points": Unit("basis point", "basis points", "bps", ("bps",)),
}

CONVERSIONS: dict[str, tuple[Conversion, ...]] = {
    "milliseconds": (Conversion("seconds", "0.001"),),
    "seconds": (Conversion("milliseconds", "1000"),),
    "minutes": (Conversion("seconds", "60"),),
    "hours": (Conversion("minutes", "60"), Conversion("seconds", "3600")),
    "days": (Conversion("hours", "24"),),
    "weeks": (Conversion("days", "7"),),
    "millimetres": (Conversion("centimetres", "0.1"), Conversion("metres", "0.001")),
    "centimetres": (Conversion("millimetres", "10"), Conversion("metres", "0.01")),
    "metres": (Conversion("centimetres", "100"), Conversion("kilometres", "0.001")),
    "kilometres": (Conversion("metres", "1000"),),
    "inches": (Conversion("points", "72"), Conversion("centimetres", "2.54")),
    "feet": (Conversion("inches", "12"), Conversion("metres", "0.3048")),
    "yards": (Conversion("feet", "3"), Conversion("metres", "0.9144")),
    "miles": (Conversion("yards", "1760"), Conversion("kilometres", "1.609344")),
    "grams": (Conversion("kilograms", "0.001"),),
    "kilograms": (Conversion("grams", "1000"),),
    "ounces": (Conversion("grams", "28.349523125"),),
    "pounds": (Conversion("ounces", "16"), Conversion("kilograms", "0.45359237")),
    "millilitres": (Conversion("litres", "0.001"),),
    "litres": (Conversion("millilitres", "1000"),),
    "percent": (Conversion("basis points", "100"),),
}

_AMERICAN = {
    "millimeters": "millimetres",
    "centimeters": "centimetres",
    "meters": "metres",
    "kilometers": "kilometres",
    "milliliters": "millilitres",
    "liters": "litres",
}

_MINOR = {
    **dict.fromkeys(("USD", "EUR", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "ZAR", "KES"), "cents"),
    **dict.fromkeys(("BRL", "MXN", "ARS", "COP", "PHP"), "centavos"),
    "GBP": "pence",
    "INR": "paise",
    "CNY": "fen",
    "PLN": "groszy",
    "DKK": "øre",
    "NOK": "øre",
    "SEK": "öre",
}
"""What the hundredth part of a currency's unit is called."""


def unit_called(name: str) -> Unit | None:
    """The unit that a toolset declares by this name: one of the table, or a currency by its ISO 4217 code, in the words of
    CLDR; `None` for one that nothing is known of."""
    name = _AMERICAN.get(name, name)
    if name in UNITS:
        return UNITS[name]
    if not _is_currency(name):
        return None
    from babel.numbers import get_currency_name, list_currencies

    if name not in list_currencies():
        return None
    one, many = (get_currency_name(name, count=count, locale="en") for count in (1, 2))
    return Unit(one, many, name.lower(), (name.lower(), many.rsplit(" ", 1)[-1].lower()))


def conversions_of(name: str, whole: bool) -> dict[str, tuple[Unit, str]]:
    """The units that values of a unit can go over into without loss, by name, with the rates. Where values may be fractions, a
    rate that is no whole number would not keep 5 and 5.0 apart; `whole` says that there are none."""
    name = _AMERICAN.get(name, name)
    if _is_currency(name):
        minor = _minor_unit(name)
        return {} if minor is None else {f"{name} minor": minor}
    return {
        one.unit: (UNITS[one.unit], one.rate)
        for one in CONVERSIONS.get(name, ())
        if whole or Decimal(one.rate) == int(Decimal(one.rate))
    }


def _is_currency(name: str) -> bool:
    return len(name) == 3 and name.isascii() and name.isupper()


def _minor_unit(code: str) -> tuple[Unit, str] | None:
    """The smallest unit of a currency and how many make one; `None` where it has none."""
    from babel.numbers import get_currency_precision, list_currencies

    if code not in list_currencies():
        return None
    digits = get_currency_precision(code)
    if digits == 0:
        return None
    called = _MINOR.get(code, "") if digits == 2 else ""
    if called:
        return Unit("", called, called.replace("ø", "o").replace("ö", "o"), ()), "100"
    return Unit("", f"minor units of {code}", "minor", ()), str(10**digits)
