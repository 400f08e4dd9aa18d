"""Days, times and moments in other notations: of ISO 8601 texts, to a letter, and back.

Patterns and names of months are those of CLDR, by Babel; `/Date(…)/` is that of OData 2.0 and of .NET's JSON serializer, the
text of mail headers that of RFC 5322, and `20261231T235900` that of iCalendar (RFC 5545) for times without a zone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from typing import NamedTuple

from perturb.types import JSON

_ISO = re.compile(
    r"(?:(?P<day>\d{4}-\d\d-\d\d)(?:T(?=\d)|\Z))?"
    r"(?:(?P<clock>\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(?P<zone>Z|[+-]\d\d:\d\d)?)?"
)


class Moment(NamedTuple):
    """The parts of an ISO 8601 text: a day, a time of day with or without seconds, and `Z` or an offset; empty where absent."""

    day: str
    clock: str
    zone: str

    def __str__(self) -> str:
        return self.day + ("T" if self.day and self.clock else "") + self.clock + self.zone


class DateForm(NamedTuple):
    """A notation: what is said of it, the JSON type of its values, and the two directions.

    `write` gives a value for every moment that it can keep whole; `read` gives `None` for what is not in the form. The last
    argument is how precisely clocks are written where the form does not tell: `minutes` or `seconds`.
    """

    told: str
    type: str
    write: Callable[[Moment, str], JSON]
    read: Callable[[JSON, str], Moment | None]


def moment(text: str) -> Moment | None:
    """The parts of an ISO 8601 text; `None` for another text, and for a day that there is none of."""
    match = _ISO.fullmatch(text)
    if match is None or not text:
        return None
    found = Moment(match["day"] or "", match["clock"] or "", match["zone"] or "")
    try:
        datetime.fromisoformat(f"{found.day or '2000-01-01'}T{found.clock[:8] or '00:00'}{found.zone}")
    except ValueError:
        return None
    return found if str(found) == text else None


def forms_for(kind: str, zone: str) -> dict[str, DateForm]:
    """The notations of values that are declared as `kind` (`date`, `time`, `date-time`) in `zone` (as in `x-date`), by name."""
    if kind == "date":
        return {**{one: _local(one, "") for one in LOCAL}, "compact": _COMPACT_DAY, "epoch_ms": _MIDNIGHT}
    if kind == "time":
        return {"compact": _COMPACT_CLOCK}
    if kind != "date-time":
        return {}
    local = {one: _local(one, _EXAMPLES.get(zone, " 18:05")) for one in LOCAL}
    if zone == "UTC":
        return {**local, "epoch": _epoch(1), "epoch_ms": _epoch(1000), "mail": _MAIL}
    return {**local, "odata": _ODATA, "mail": _MAIL} if zone == "offset" else {**local, "compact": _COMPACT}


LOCAL = ("en_US short", "en_GB short", "de_DE short", "ja_JP short", "en_US medium", "en_GB medium")
"""The locales whose notation there is, with the length of their days."""
_SKELETONS = {"short": "yMd", "medium": "yMMMd"}
_EXAMPLES = {"offset": " 18:05 +02:00", "UTC": " 18:05 UTC"}


@cache
def _local(named: str, example: str) -> DateForm:
    """A day as a locale writes it, and behind it the time by 24 hours and the offset where there are any. `example` is what
    stands behind the day in the example that is told."""
    from babel import Locale
    from babel.dates import format_date

    name, size = named.split()
    locale = Locale.parse(name)
    pattern = locale.datetime_skeletons[_SKELETONS[size]].pattern
    months = {format_date(date(2026, number, 1), "MMM", locale=locale): number for number in range(1, 13)}
    found = re.compile(_expression(pattern, months) + r"(?: (?P<clock>[\d:.]+))?(?: (?P<zone>UTC|[+-]\d\d:\d\d))?")

    def day(value: str) -> str:
        return format_date(date.fromisoformat(value), pattern, locale=locale)

    def write(value: Moment, precision: str) -> JSON:
        if not value.day:
            return None
        return " ".join(filter(None, (day(value.day), value.clock, "UTC" if value.zone == "Z" else value.zone)))

    def read(text: JSON, precision: str) -> Moment | None:
        match = found.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            return None
        month = months.get(match["m"]) or int(match["m"])
        zone = "Z" if match["zone"] == "UTC" else match["zone"] or ""
        return Moment(f"{int(match['y']):04}-{month:02}-{int(match['d']):02}", match["clock"] or "", zone)

    return DateForm(f"written like {day('2026-12-31')}{example}", "string", write, read)


def _expression(pattern: str, months: dict[str, int]) -> str:
    """The regular expression of what a pattern of CLDR writes."""
    names = "|".join(re.escape(one) for one in sorted(months, key=len, reverse=True))
    parts = {"d": r"(?P<d>\d{1,2})", "M": r"(?P<m>\d{1,2})", "MMM": f"(?P<m>{names})", "y": r"(?P<y>\d{1,4})"}
    parts |= {"dd": parts["d"], "MM": parts["M"]}

    def pieces() -> Iterator[str]:
        for token in re.findall(r"d+|M+|y+|[^dMy]+", pattern):
            yield parts.get(token, re.escape(token))

    return "".join(pieces())


def _instant(value: Moment) -> datetime | None:
    """A moment with a zone, to the second."""
    if not (value.day and value.clock and value.zone):
        return None
    return datetime.fromisoformat(f"{value.day}T{value.clock[:8]}{value.zone}")


def _clock(when: datetime, precision: str, milliseconds: int = 0) -> str:
    fraction = f".{milliseconds:03}" if milliseconds else ""
    return f"{when:%H:%M}" if precision == "minutes" and not when.second and not fraction else f"{when:%H:%M:%S}{fraction}"


def _milliseconds(value: Moment) -> int | None:
    when = _instant(value)
    if when is None:
        return None
    fraction = value.clock[9:]
    if len(fraction.rstrip("0")) > 3:
        return None
    return int(when.timestamp()) * 1000 + int((fraction + "000")[:3])


def _from_milliseconds(count: int, zone: timezone) -> tuple[datetime, int] | None:
    try:
        return datetime.fromtimestamp(count // 1000, zone), count % 1000
    except (ValueError, OverflowError, OSError):
        return None


def _epoch(scale: int) -> DateForm:
    def write(value: Moment, precision: str) -> JSON:
        count = _milliseconds(value)
        return None if count is None or count % (1000 // scale) else count // (1000 // scale)

    def read(number: JSON, precision: str) -> Moment | None:
        if not isinstance(number, int) or isinstance(number, bool):
            return None
        found = _from_milliseconds(number * (1000 // scale), UTC)
        return None if found is None else Moment(f"{found[0]:%Y-%m-%d}", _clock(found[0], precision, found[1]), "Z")

    return DateForm(f"in {'seconds' if scale == 1 else 'milliseconds'} since 1970-01-01 UTC", "integer", write, read)


def _midnight(value: Moment, precision: str) -> JSON:
    return (
        None if value.clock or not value.day else int(datetime.fromisoformat(value.day).replace(tzinfo=UTC).timestamp()) * 1000
    )


def _from_midnight(number: JSON, precision: str) -> Moment | None:
    if not isinstance(number, int) or isinstance(number, bool) or number % 86_400_000:
        return None
    found = _from_milliseconds(number, UTC)
    return None if found is None else Moment(f"{found[0]:%Y-%m-%d}", "", "")


_MIDNIGHT = DateForm("in milliseconds since 1970-01-01, at midnight UTC", "integer", _midnight, _from_midnight)

_ODATA_TEXT = re.compile(r"/Date\((-?\d+)([+-])(\d\d)(\d\d)\)/")


def _write_odata(value: Moment, precision: str) -> JSON:
    count = _milliseconds(value)
    return None if count is None or value.zone == "Z" else f"/Date({count}{value.zone.replace(':', '')})/"


def _read_odata(text: JSON, precision: str) -> Moment | None:
    match = _ODATA_TEXT.fullmatch(text) if isinstance(text, str) else None
    if match is None or int(match[3]) > 23 or int(match[4]) > 59:
        return None
    offset = timedelta(hours=int(match[3]), minutes=int(match[4])) * (-1 if match[2] == "-" else 1)
    found = _from_milliseconds(int(match[1]), timezone(offset))
    if found is None:
        return None
    return Moment(f"{found[0]:%Y-%m-%d}", _clock(found[0], precision, found[1]), f"{match[2]}{match[3]}:{match[4]}")


_ODATA = DateForm(
    "written as /Date(n±hhmm)/, with the milliseconds since 1970-01-01 UTC and the local offset",
    "string",
    _write_odata,
    _read_odata,
)

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MAIL_TEXT = re.compile(
    rf"(?:{'|'.join(_WEEKDAYS)}), (\d\d) ({'|'.join(_MONTHS)}) (\d{{4}}) (\d\d:\d\d(?::\d\d)?) (GMT|[+-]\d{{4}})"
)


def _write_mail(value: Moment, precision: str) -> JSON:
    if not (value.day and value.clock and value.zone) or "." in value.clock:
        return None
    day = date.fromisoformat(value.day)
    zone = "GMT" if value.zone == "Z" else value.zone.replace(":", "")
    return f"{_WEEKDAYS[day.weekday()]}, {day.day:02} {_MONTHS[day.month - 1]} {day.year:04} {value.clock} {zone}"


def _read_mail(text: JSON, precision: str) -> Moment | None:
    match = _MAIL_TEXT.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    zone = "Z" if match[5] == "GMT" else f"{match[5][:3]}:{match[5][3:]}"
    return Moment(f"{match[3]}-{_MONTHS.index(match[2]) + 1:02}-{match[1]}", match[4], zone)


_MAIL = DateForm(
    "written as in mail headers (RFC 5322), like Thu, 31 Dec 2026 23:59:00 +0100", "string", _write_mail, _read_mail
)

_COMPACT_TEXT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d(?:\.\d{1,9})?)?)?")


def _write_compact(value: Moment, precision: str) -> JSON:
    if value.zone or not value.day:
        return None
    return value.day.replace("-", "") + (f"T{value.clock.replace(':', '')}" if value.clock else "")


def _read_compact(text: JSON, precision: str) -> Moment | None:
    match = _COMPACT_TEXT.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    clock = ":".join(filter(None, match.groups()[3:]))
    return Moment(f"{match[1]}-{match[2]}-{match[3]}", clock, "")


_COMPACT_DAY = DateForm("written as YYYYMMDD", "string", _write_compact, _read_compact)
_COMPACT = DateForm("written as YYYYMMDDThhmmss", "string", _write_compact, _read_compact)


def _write_compact_clock(value: Moment, precision: str) -> JSON:
    return None if value.day or value.zone or len(value.clock) != 5 else value.clock.replace(":", "")


def _read_compact_clock(text: JSON, precision: str) -> Moment | None:
    found = isinstance(text, str) and re.fullmatch(r"\d{4}", text)
    return Moment("", f"{text[:2]}:{text[2:]}", "") if found else None


_COMPACT_CLOCK = DateForm("written as hhmm", "string", _write_compact_clock, _read_compact_clock)
