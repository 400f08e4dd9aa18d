"""`environment.locale`: the same desk in another country, with its money, its numbers and its order of day and month."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, ClassVar, Literal

import msgspec

from perturb import corpus
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Retired, Setup
from perturb.operators.environment.day_order import day_first, days_put, days_turned
from perturb.operators.environment.money_texts import MoneyTexts, Notation, has_symbol, notation, pairs
from perturb.operators.environment.retelling import RetoldLens
from perturb.types import Axis, Tool

Change = Literal["currency", "numbers", "dates"]

_LOCALES = (
    *("en_US", "en_GB", "en_IE", "en_DE", "en_AT", "en_BE", "en_NL", "en_FI", "en_CH", "en_CA", "en_AU", "en_NZ", "en_SG"),
)
"""English as it is written in countries whose money is worth about the same, so that a price keeps its number."""
_CODE = re.compile(r"[A-Z]{3}")


class Locale(Operator, frozen=True, kw_only=True):
    """The same in another country: another currency at the same numbers, its notation of numbers, its order of day and month.

    Before: `A bag costs 1,040.00 US dollars on 9 June.`
    After: `A bag costs 1.040,00 euros on 9 June.` (`en_DE`), `A bag costs 1,040.00 Canadian dollars on June 9.` (`en_CA`)

    Every number stays what it is: no rate is applied, since an agent may do sums with what it reads. Texts alone change, what
    tools say included; numbers and dates that are values of their own have no notation. Countries are those that write English,
    with Unicode's locale data, and money of about the same worth. Places are what differs there, the currency, the numbers,
    the dates; intensity is the share of them. Does not apply where a toolset declares no locale of its texts, or no currency or
    several.
    """

    id: ClassVar[str] = "environment.locale"
    axis: ClassVar[Axis] = "environment"
    phase: ClassVar[Phase] = "state"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="text",
            plan={
                "op": "environment.locale",
                "version": 1,
                "written": "en_GB",
                "currency": "USD",
                "locale": "en_DE",
                "changes": ["currency", "numbers"],
            },
            tool=Tool(name="pay", parameters={"type": "object", "properties": {"amount": {"x-unit": "USD"}}}),
            before="A bag costs 1,040.00 US dollars on 9 June.",
            after="A bag costs 1.040,00 euros on 9 June.",
        ),
    )

    written: str = ""
    """The locale of the toolset's own texts."""
    currency: str = ""
    """The toolset's own currency."""
    locale: str = ""
    changes: tuple[Change, ...] = ()

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Locale | NotApplicable:
        written = setup.source.locale
        if written is None or not written.startswith("en_"):
            return NotApplicable("not_declared", "the toolset does not declare of which English its texts are")
        currencies = {unit for tool in setup.tools for unit in _units(tool) if _CODE.fullmatch(unit)}
        if len(currencies) != 1:
            found = f"several currencies: {', '.join(sorted(currencies))}" if currencies else "no currency"
            return NotApplicable("not_declared", f"the toolset declares {found}")
        (currency,) = currencies
        old = notation(written, currency)
        fitting = [
            locale
            for locale in _LOCALES
            if _differences(written, old, locale) and _sayable(Setup.of(setup.source), old, locale)
        ]
        if not fitting:
            return NotApplicable("names_exhausted", f"no other money can be called by what stands for {currency} in the texts")
        locale = pick.choice("locale", fitting)
        changes = pick.chosen(_differences(written, old, locale), intensity)
        return cls(written=written, currency=currency, locale=locale, changes=tuple(changes)) if changes else cls()  # type: ignore[arg-type]

    def places(self) -> frozenset[str]:
        return frozenset(self.changes)

    def lens(self, setup: Setup) -> Lens:
        return LocaleLens(setup, self)


class LocaleLens(RetoldLens):
    """Writes texts in the other country's way on their way out, and reads them back; the environment stays where it is."""

    def __init__(self, real: Setup, plan: Locale) -> None:
        self._dates = "dates" in plan.changes
        self._units: dict[str, str] = {}
        self._money: MoneyTexts | None = None
        self._written = plan.written
        if plan.changes:
            old, new = notation(plan.written, plan.currency), notation(plan.locale)
            self._money = MoneyTexts(old, new, currency="currency" in plan.changes, numbers="numbers" in plan.changes)
            if "currency" in plan.changes:
                self._units = {old.code: new.code, new.code: old.code}
        super().__init__(real, self._traded, self._traded)
        if self._money is not None and self._units:
            used = _words_used(Setup.of(real.source), frozenset({*self._money.pairs, *self._money.pairs.values()}))
            gone = [old for old, new in self._money.pairs.items() if old in used and new not in used]
            self.retired = tuple(Retired("entity", word) for word in gone)

    def _traded(self, text: str) -> str:
        if self._money is not None:
            text = self._money.text(text)
        return days_turned(text) if self._dates else text

    def read_answer(self, text: str) -> str:
        """An answer may be in either way."""
        if self._money is not None:
            text = self._money.answer_read(text)
        return days_put(text, day_first(self._written)) if self._dates else text

    def shown_tool(self, tool: Tool) -> Tool:
        made = super().shown_tool(tool)
        if not self._units:
            return made
        parameters = _with_units(made.parameters, self._units)
        returns = None if made.returns is None else _with_units(made.returns, self._units)
        made = msgspec.structs.replace(made, parameters=parameters, returns=returns)
        return tool if made == tool else made


def _differences(written: str, old: Notation, locale: str) -> list[str]:
    """What is written otherwise in a locale."""
    new = notation(locale)
    found = {
        "currency": new.code != old.code,
        "numbers": (new.group, new.decimal) != (old.group, old.decimal),
        "dates": day_first(locale) != day_first(written),
    }
    return [change for change, differs in found.items() if differs]


def _sayable(root: Setup, old: Notation, locale: str) -> bool:
    """Whether each word for the toolset's money that its texts use has one of its own for the other money."""
    new = notation(locale)
    if new.code == old.code:
        return True
    names = {*old.full, *old.short, *(name[:1].upper() + name[1:] for name in (*old.full, *old.short))}
    traded = pairs(old, new)
    if any(name not in traded and name not in (*new.full, *new.short) for name in _words_used(root, frozenset(names))):
        return False
    return (has_symbol(old) and has_symbol(new)) or not _words_used(root, frozenset({old.symbol}))


@lru_cache(maxsize=256)
def _words_used(root: Setup, words: frozenset[str]) -> frozenset[str]:
    """Which of the words stand in what a toolset can show, a longer one before those within it."""
    spelt = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    pattern = re.compile(rf"(?<![^\W_])(?:{spelt})(?![^\W_])")
    return frozenset(word for text in _texts(root) for word in pattern.findall(text))


@lru_cache(maxsize=4)
def _texts(root: Setup) -> tuple[str, ...]:
    return tuple(corpus.texts_of(root))


def _units(tool: Tool) -> Iterator[str]:
    for schema in (tool.parameters, tool.returns):
        yield from _units_of(schema)


def _units_of(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        unit = node.get("x-unit")
        if isinstance(unit, str):
            yield unit
        for value in node.values():
            yield from _units_of(value)
    elif isinstance(node, list):
        for item in node:
            yield from _units_of(item)


def _with_units(node: Any, units: dict[str, str]) -> Any:
    """A schema with other units declared."""
    if isinstance(node, list):
        return [_with_units(item, units) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: units.get(value, value) if key == "x-unit" and isinstance(value, str) else _with_units(value, units)
        for key, value in node.items()
    }
