"""Amounts of money in other notations: minor units (as Stripe and Adyen have them), and text with its currency.

What locales write is that of CLDR, by Babel. Numbers are exact decimals both ways, and whole numbers stay apart from others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import NamedTuple

from perturb.types import JSON

_NAMES = {
    "USD": "cents",
    "EUR": "cents",
    "GBP": "pence",
    "CHF": "rappen",
    "INR": "paise",
    "SEK": "öre",
    "NOK": "øre",
    "DKK": "øre",
}
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_WHOLE = re.compile(r"-?\d+")
TEXTS = ("code first", "code last", "en_US", "de_DE")
"""How text with a currency is written: `USD 12.50`, `12.50 USD`, `$12.50`, `12,50 $`."""


class MoneyForm(NamedTuple):
    """A notation: what is said of it, the JSON types of its values, and the two directions; `None` for what is not of them."""

    told: str
    types: tuple[str, ...]
    write: Callable[[JSON], JSON]
    read: Callable[[JSON], JSON]


def currency(unit: JSON) -> str | None:
    """The unit where it is the ISO 4217 code of a currency."""
    return unit if isinstance(unit, str) and re.fullmatch(r"[A-Z]{3}", unit) and unit in _currencies() else None


@cache
def _currencies() -> frozenset[str]:
    from babel.numbers import list_currencies

    return frozenset(list_currencies())


def minor_digits(code: str) -> int:
    """How many digits the minor unit of a currency has; 0 where it has none."""
    from babel.numbers import get_currency_precision

    return get_currency_precision(code)


def _is_number(value: JSON) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and json.dumps(value) not in ("NaN", "Infinity", "-Infinity")
    )


def minor_units(code: str, whole: bool) -> MoneyForm:
    """Amounts as a whole number of minor units. `whole`: the amounts themselves are declared to be whole numbers.

    An amount that is finer than that, or not of the declared type, is the same number as text.
    """
    digits = minor_digits(code)
    kind = int if whole else float

    def write(value: JSON) -> JSON:
        if not _is_number(value):
            return None
        scaled = Decimal(repr(value)).scaleb(digits)
        if type(value) is kind and scaled == scaled.to_integral_value() and str(value) != "-0.0":
            return int(scaled)
        return str(int(scaled)) if isinstance(value, int) else _with_point(scaled)

    def read(shown: JSON) -> JSON:
        if isinstance(shown, int) and not isinstance(shown, bool):
            amount = Decimal(shown).scaleb(-digits)
            return (int(amount) if amount == amount.to_integral_value() else None) if whole else float(amount)
        if not isinstance(shown, str) or not _NUMBER.fullmatch(shown):
            return None
        amount = Decimal(shown).scaleb(-digits)
        if not _WHOLE.fullmatch(shown):
            return float(amount)
        return int(amount) if amount == amount.to_integral_value() else None

    example = Decimal("120.5")
    named = f" ({_NAMES[code]})" if code in _NAMES else ""
    told = f"in minor units of {code}{named}, so that {int(example.scaleb(digits))} is {example:.{digits}f}"
    return MoneyForm(told, ("integer", "string"), write, read)


def _with_point(number: Decimal) -> str:
    text = f"{number:f}" if -30 < number.adjusted() < 30 else str(number)
    return text if "." in text or "E" in text else f"{text}.0"


def text_with_currency(code: str, style: str) -> MoneyForm:
    """Amounts as text with their currency; a whole number has no point in it, and any other number has."""
    around, point, group = _locale_style(code, style)

    def write(value: JSON) -> JSON:
        if not _is_number(value):
            return None
        number = Decimal(repr(value))
        if isinstance(value, int):
            digits = str(abs(value))
        elif -15 < number.adjusted() < 15:
            digits = f"{abs(number):f}"
            whole, _, rest = digits.partition(".")
            digits = f"{whole}{point}{rest.ljust(minor_digits(code), '0') or '0'}"
        else:
            digits = repr(abs(value)).replace(".", point)
        return around.format(sign="-" if str(value).startswith("-") else "", digits=_grouped(digits, point, group))

    lead, _, tail = around.partition("{sign}{digits}")
    found = re.compile(rf"{re.escape(lead)}(-?)([\d{re.escape(point + group)}]+(?:e[+-]?\d+)?){re.escape(tail)}")

    def read(shown: JSON) -> JSON:
        match = found.fullmatch(shown) if isinstance(shown, str) else None
        if match is None:
            return None
        plain = match[1] + (match[2].replace(group, "") if group else match[2]).replace(point, ".")
        try:
            return int(plain) if _WHOLE.fullmatch(plain) else float(Decimal(plain))
        except (ValueError, InvalidOperation):
            return None

    return MoneyForm(f"as text with the currency, like {write(1234.5)}", ("string",), write, read)


def _grouped(digits: str, point: str, group: str) -> str:
    whole, mark, rest = digits.partition(point)
    if not group or not whole.isdecimal():
        return digits
    return re.sub(r"(?<=\d)(?=(?:\d{3})+$)", group, whole) + mark + rest


@cache
def _locale_style(code: str, style: str) -> tuple[str, str, str]:
    """Where sign and digits stand, the decimal point, and what parts thousands."""
    if style == "code first":
        return f"{code} {{sign}}{{digits}}", ".", ""
    if style == "code last":
        return f"{{sign}}{{digits}} {code}", ".", ""
    from babel import Locale
    from babel.numbers import get_currency_symbol

    locale = Locale.parse(style)
    symbol = get_currency_symbol(code, locale=locale)
    symbols = locale.number_symbols["latn"]
    pattern = locale.currency_formats["standard"].pattern
    around = re.sub(r"#[#,0.]*", "{sign}{digits}", pattern).replace("¤", symbol)
    return around, str(symbols["decimal"]), str(symbols["group"])
