"""Dates as they stand in texts, and the same dates so many years on: weekdays and leap years stay where they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache

CYCLE = 28
"""After so many years weekdays and leap years come again, as long as no year without its leap day lies between."""
_FIRST, _LAST = 1904, 2099
_SPAN = _LAST - _FIRST + 1

_YEAR = r"(?:19|20)\d\d"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)"
)
_FORMS = (
    rf"(?<!\d)(?P<iso>{_YEAR})(?=-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01])(?!\d)|(?!-?\d)))",
    rf"(?<!\d)(?P<slashes>{_YEAR})(?=/(?:0[1-9]|1[0-2])/(?:0[1-9]|[12]\d|3[01])(?!\d))",
    rf"(?<![\d./])\d{{1,2}}(?P<mark>[./])\d{{1,2}}(?P=mark)(?P<last>{_YEAR})(?![./]?\d)",
    rf"(?<![^\W_])(?i:{_MONTH})\.?[\s_-]+(?:(?:{_DAY}\s*[-–]\s*)?{_DAY},?[\s_-]+)?(?P<written>{_YEAR})(?!\d)",
    rf"(?<![^\W_])Q[1-4][\s_-]+(?P<quarter>{_YEAR})(?!\d)",
)
"""An ISO day or month, the same with slashes, a day with its year last, a month in letters, a quarter: each with its year."""
_GROUPS = ("iso", "slashes", "last", "written", "quarter", "bare")


def later(year: int, by: int) -> int:
    """The year so many years on, going round from 2099 to 1904, between which every 28 years are alike; other years stay."""
    return _FIRST + (year - _FIRST + by) % _SPAN if _FIRST <= year <= _LAST else year


class Dates:
    """Moves the years of dates in texts by a multiple of `CYCLE`; moving them back by as much is the inverse.

    `phrases` are those in which a bare year is one too: `budget-{year}`. Where a year is met depends on what stands around it
    alone, and that stays; so different texts stay different.
    """

    def __init__(self, phrases: Sequence[str] = ()) -> None:
        bare = "|".join(
            rf"(?<!\w){re.escape(before)}(?P<bare{index}>{_YEAR}){re.escape(after)}(?!\w)"
            for index, (before, after) in enumerate(phrase.split("{year}") for phrase in phrases)
        )
        self._pattern = re.compile("|".join(filter(None, (*_FORMS, bare))))
        self._moved = lru_cache(maxsize=1 << 15)(self._move)

    def text(self, text: str, by: int) -> str:
        """The text with its dates so many years on."""
        return self._moved(text, by)

    def _move(self, text: str, by: int) -> str:
        def other(match: re.Match[str]) -> str:
            name, year = next((name, value) for name, value in match.groupdict().items() if value and name != "mark")
            start = match.start(name) - match.start()
            whole = match.group()
            return f"{whole[:start]}{later(int(year), by)}{whole[start + 4 :]}"

        return self._pattern.sub(other, text)

    def told(self, text: str) -> Iterator[str]:
        """The dates with a year that a text holds, an ISO one by its month: `2026-05`, `May 15th, 2024`, `budget-2024`."""
        for match in self._pattern.finditer(text):
            yield text[match.start() : match.end() + 3] if match["iso"] or match["slashes"] else match.group()


@cache
def dates_in(phrases: tuple[str, ...]) -> Dates:
    """The one `Dates` of these phrases, which remembers texts for all plans."""
    return Dates(phrases)
