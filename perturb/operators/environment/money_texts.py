"""How money is written in English texts of one country, and the same texts with the money of another."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

_SAMPLE = 1903.5


class Notation(NamedTuple):
    """How a locale writes numbers and money: the marks between groups and before decimals, the currency's code, its symbol,
    whether that stands in front and what stands between, and its names: in full and as people say, for many and for one."""

    group: str
    decimal: str
    code: str
    symbol: str
    leads: bool
    gap: str
    full: tuple[str, str]
    short: tuple[str, str]


@cache
def notation(locale: str, currency: str | None = None) -> Notation:
    """That of a locale (`en_DE`), by the locale data of Unicode's CLDR, with the currency of its own country or another."""
    from babel import numbers

    code = currency or str(numbers.get_territory_currencies(locale.partition("_")[2])[0])
    symbol = numbers.get_currency_symbol(code, locale)
    written = numbers.format_currency(_SAMPLE, code, locale=locale)
    many, one = (numbers.get_currency_name(code, count=count, locale=locale) for count in (2, 1))
    return Notation(
        group=numbers.get_group_symbol(locale),
        decimal=numbers.get_decimal_symbol(locale),
        code=code,
        symbol=symbol,
        leads=written.startswith(symbol),
        gap=re.sub(r"\d.*\d", "", written.replace(symbol, "")),
        full=(many, one),
        short=(many.split()[-1], one.split()[-1]),
    )


class MoneyTexts:
    """Trades two ways of writing money in any text: total, one-to-one and its own inverse.

    Words, codes and symbols of the two currencies change places where `currency`; the marks within amounts where `numbers`.
    An amount is a number with groups or with two decimals, or one beside a currency. What is written in neither way stays.
    """

    def __init__(self, old: Notation, new: Notation, *, currency: bool, numbers: bool) -> None:
        self._old, self._new = old, new
        self.pairs = pairs(old, new) if currency else {}
        self._marks = numbers and (old.group, old.decimal) != (new.group, new.decimal)
        self._symbols = currency and old.code != new.code and old.symbol != new.symbol and has_symbol(old) and has_symbol(new)
        self._words = {one: other for pair in self.pairs.items() for one, other in (pair, pair[::-1])}
        self._pattern = self._compiled()
        self.text = lru_cache(maxsize=1 << 14)(self._traded)

    def _compiled(self) -> re.Pattern[str] | None:
        number = "|".join((_number(self._old), _number(self._new), r"\d+"))
        amount = "|".join((_amount(self._old), _amount(self._new)))
        words = "|".join(re.escape(word) for word in sorted(self._known_words(), key=len, reverse=True))
        word = rf"(?<![^\W_])(?:{words})(?![^\W_])"
        parts = []
        if self._symbols:
            parts += [_with_symbol(each, name, number) for each, name in ((self._old, "old"), (self._new, "new"))]
        if self._marks:
            free = r"(?<![\w.,'’\u00a0])"
            parts.append(rf"(?<![\w.,'’\u00a0-])(?P<beside>{number})(?=[ \u00a0](?:{words})(?![^\W_]))")
            parts.append(rf"(?<=[A-Z][ \u00a0])(?P<behind>{number}){_END}")
            parts.append(rf"{free}(?P<amount>{amount}){_END}")
        if self.pairs:
            parts.append(rf"(?P<word>{word})")
        if self._symbols:
            symbols = "|".join(map(re.escape, (self._old.symbol, self._new.symbol)))
            parts.append(rf"{_APART}(?P<symbol>{symbols}){_ALONE}")
        return re.compile("|".join(parts)) if parts else None

    def _known_words(self) -> set[str]:
        return {
            *self._words,
            self._old.code,
            self._new.code,
            *self._old.full,
            *self._new.full,
            *self._old.short,
            *self._new.short,
        }

    def _traded(self, text: str) -> str:
        return text if self._pattern is None else self._pattern.sub(self._other, text)

    def _other(self, match: re.Match[str]) -> str:
        found = match.groupdict()
        if found.get("old") is not None:
            return _written(self._new, self._number_traded(found["old"]))
        if found.get("new") is not None:
            return _written(self._old, self._number_traded(found["new"]))
        if found.get("word") is not None:
            return self._words.get(found["word"], found["word"])
        if found.get("symbol") is not None:
            return self._new.symbol if found["symbol"] == self._old.symbol else self._old.symbol
        return self._number_traded(match.group())

    def _number_traded(self, number: str) -> str:
        if not self._marks:
            return number
        if re.fullmatch(_number(self._old), number):
            return _remarked(number, self._old, self._new)
        return _remarked(number, self._new, self._old) if re.fullmatch(_number(self._new), number) else number

    def answer_read(self, text: str) -> str:
        """An answer in the old way: what it writes in the new way is put back, and what it has written in the old way stays."""
        if self._pattern is None:
            return text

        def back(match: re.Match[str]) -> str:
            found = match.groupdict()
            if found.get("new") is not None:
                return _written(self._old, self._number_back(found["new"]))
            if found.get("word") is not None:
                return {new: old for old, new in self.pairs.items()}.get(found["word"], found["word"])
            if found.get("symbol") is not None:
                return self._old.symbol
            return match.group() if found.get("old") is not None else self._number_back(match.group())

        return self._pattern.sub(back, text)

    def _number_back(self, number: str) -> str:
        old_too = re.fullmatch(_number(self._old), number)
        return number if old_too or not self._marks else self._number_traded(number)


_END = r"(?![\w'’]|[.,]\d|\u00a0\d)"
"""Behind a number: nothing that would make it a part of a longer one."""
_APART = r"(?<![^\s(/;-])(?<!\u00a0)"
_ALONE = r"(?![^\s)/.,;:!?-]|[.,]\d)(?!\u00a0)"
"""Before and behind a symbol, with its number or without: nothing that either may belong to."""


def _number(how: Notation) -> str:
    """A number with marks: groups, or one or two decimals, so that no number is of two ways with two meanings."""
    group, decimal = re.escape(how.group), re.escape(how.decimal)
    return rf"\d{{1,3}}(?:{group}\d{{3}})+(?:{decimal}\d{{1,2}})?(?!\d)|\d+{decimal}\d{{1,2}}(?!\d)"


def _amount(how: Notation) -> str:
    group, decimal = re.escape(how.group), re.escape(how.decimal)
    return rf"\d{{1,3}}(?:{group}\d{{3}})+(?:{decimal}\d\d)?(?!\d)|\d+{decimal}\d\d(?!\d)"


def _with_symbol(how: Notation, name: str, number: str) -> str:
    symbol, gap = re.escape(how.symbol), re.escape(how.gap)
    if how.leads:
        return rf"{_APART}{symbol}{gap}(?P<{name}>{number}){_ALONE}"
    return rf"{_APART}(?P<{name}>{number}){gap}{symbol}{_ALONE}"


def _written(how: Notation, number: str) -> str:
    return f"{how.symbol}{how.gap}{number}" if how.leads else f"{number}{how.gap}{how.symbol}"


def _remarked(number: str, old: Notation, new: Notation) -> str:
    whole, mark, decimals = number.rpartition(old.decimal)
    if not mark or len(decimals) > 2:
        whole, mark, decimals = number, "", ""
    return whole.replace(old.group, new.group) + (new.decimal + decimals if mark else "")


def has_symbol(how: Notation) -> bool:
    """Whether a currency has a symbol besides its code."""
    return how.symbol != how.code


def pairs(old: Notation, new: Notation) -> dict[str, str]:
    """What stands for what: codes, and names as far as each has one of its own on the other side, each also capitalised."""
    names = list(zip(old.full, new.full, strict=True)) if _distinct(old) == _distinct(new) else []
    if _distinct(old) and not _distinct(new):
        names = list(zip(old.full, new.full, strict=True))
    elif _distinct(new) and not _distinct(old):
        names = list(zip(old.short, new.short, strict=True))
    elif _distinct(old):
        names += zip(old.short, new.short, strict=True)
    made = {old.code: new.code}
    for one, other in names:
        for first, second in ((one, other), (one[:1].upper() + one[1:], other[:1].upper() + other[1:])):
            if first != second and first not in made and second not in made.values():
                made[first] = second
    return made


def _distinct(how: Notation) -> bool:
    """Whether a currency is called by less than its name: `dollars`, where the euro is the euro."""
    return how.full != how.short
