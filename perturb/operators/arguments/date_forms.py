"""Days and times as a toolset declares them, and other ways of writing them.

ISO 8601 in its basic format, Unix time (POSIX), the date-time of RFC 2822 (section 3.3), and numeric dates by patterns of
CLDR (UTS 35, part 4), of which the fields y, M, d, H, h, m, s and a are known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any, Literal, NamedTuple

from perturb.types import JSON

Style = Literal["unix", "unix_ms", "basic", "mail", "numeric"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SAMPLE = datetime(2026, 12, 31, 17, 45, tzinfo=UTC)


class Declared(NamedTuple):
    """A declared day, time or both: how the toolset writes it (a format of `strptime`; `""` for RFC 3339 with an offset of its
    own in each value), and what its clock is."""

    format: Literal["date", "date-time", "time"]
    written: str
    zone: str

    @classmethod
    def of(cls, meaning: Any) -> Declared | None:
        """What `x-date` declares; `None` for what cannot be read."""
        if not isinstance(meaning, dict) or meaning.get("format") not in ("date", "date-time", "time"):
            return None
        kind, zone = meaning["format"], str(meaning.get("zone", "local"))
        utc = {"date": "%Y-%m-%d", "date-time": "%Y-%m-%dT%H:%M:%SZ", "time": "%H:%M:%SZ"}
        written = meaning.get("written") or (utc[kind] if kind == "date" or zone == "UTC" else "")
        if not written and kind == "time":
            return None
        return cls(kind, written, zone)

    def parse(self, text: JSON) -> datetime | None:
        """The moment that a value of the toolset's says; one without a zone where the toolset's have none."""
        if not isinstance(text, str):
            return None
        try:
            if not self.written:
                moment = datetime.fromisoformat(text)
                return moment if "T" in text and moment.tzinfo is not None else None
            moment = datetime.strptime(text, self.written)
            return moment.replace(tzinfo=UTC) if self.zone == "UTC" and self.format == "date-time" else moment
        except (ValueError, OverflowError):
            return None

    def write(self, moment: datetime) -> str:
        if not self.written:
            return moment.isoformat().replace("+00:00", "Z")
        # Not every platform's `%Y` has four digits.
        return moment.strftime(self.written.replace("%Y", f"{moment.year:04}"))

    @property
    def seconds(self) -> bool:
        return not self.written or "%S" in self.written

    @property
    def absolute(self) -> bool:
        """Whether a value says which moment is meant, wherever it is read."""
        return not self.written or self.zone == "UTC" or "%z" in self.written or "/" in self.zone


class Form(NamedTuple):
    """One way of writing: what a value is, what is said of it, what is put behind a name for it, and the two directions.

    `token` stands for the form in prose (`D.M.YYYY`). `parse` gives a moment as `Declared.parse` does, or `None`.
    """

    kind: Literal["integer", "string"]
    told: str
    token: str
    suffix: str
    write: Callable[[datetime], JSON]
    parse: Callable[[JSON], datetime | None]


def possible(declared: Declared, pattern: str) -> Iterator[Style]:
    """The styles that can carry every value of a declared form without loss; `pattern` is the numeric one."""
    own_offset = not declared.written or "%z" in declared.written
    if declared.format == "date" or (declared.format == "date-time" and declared.absolute and not own_offset):
        yield "unix"
        yield "unix_ms"
    if not own_offset:
        yield "basic"
    if declared.format == "date-time" and declared.seconds and (own_offset or declared.zone == "UTC"):
        yield "mail"
    if pattern and not own_offset:
        yield "numeric"


def form_of(style: Style, declared: Declared, pattern: str) -> Form:
    """A way of writing values of a declared form."""
    if style in ("unix", "unix_ms"):
        return _unix(declared, timedelta(seconds=1) if style == "unix" else timedelta(milliseconds=1))
    if style == "mail":
        sample = format_datetime(SAMPLE)
        return Form(
            "string", f'Written as in RFC 2822, such as "{sample}".', "RFC 2822", "rfc2822", format_datetime, _from_mail
        )
    return _by_pattern(pattern if style == "numeric" else _basic_pattern(declared), declared, compact=style == "basic")


def numeric_pattern(declared: Declared, locale: str) -> str:
    """The numeric pattern that a locale has for a declared form, from CLDR; `""` where it is not made of digits alone."""
    from babel import Locale

    data = Locale.parse(locale)
    date = data.datetime_skeletons["yMd"].pattern
    time = data.time_formats["medium" if declared.seconds else "short"].pattern
    pattern = {"date": date, "time": time, "date-time": f"{date}, {time}"}[declared.format]
    plain: str = re.sub(r"[\u00a0\u202f]", " ", pattern)
    return plain if re.fullmatch(r"(?:d{1,2}|M{1,2}|y|H{1,2}|h{1,2}|mm|ss|a|[./: ,-])+", plain) else ""


def _unix(declared: Declared, unit: timedelta) -> Form:
    zone = _zone(declared)

    def write(moment: datetime) -> JSON:
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
        number, rest = divmod(aware - _EPOCH, unit)
        return None if rest else number

    def parse(value: JSON) -> datetime | None:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
            return None
        try:
            moment = _EPOCH + int(value) * unit
        except OverflowError:
            return None
        if declared.format == "date":
            return moment.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        local = moment.astimezone(zone)
        return local if declared.zone == "UTC" else local.replace(tzinfo=None)

    name = "seconds" if unit == timedelta(seconds=1) else "milliseconds"
    sample = write(SAMPLE.replace(hour=0, minute=0) if declared.format == "date" else SAMPLE)
    of = ", that of midnight UTC on the day" if declared.format == "date" else ""
    told = f"As Unix time in {name}{of}, such as {sample}."
    return Form("integer", told, f"Unix time in {name}", "ts" if name == "seconds" else "ts_ms", write, parse)


def _zone(declared: Declared) -> Any:
    if declared.format == "date" or "/" not in declared.zone:
        return UTC
    from zoneinfo import ZoneInfo

    return ZoneInfo(declared.zone)


def _from_mail(value: JSON) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else None


_FIELDS = re.compile(r"y+|M+|d+|H+|h+|m+|s+|a+|[^A-Za-z]|[A-Za-z]")
_DIRECTIVES = {"y": "year", "M": "month", "d": "day", "H": "hour", "h": "hour", "m": "minute", "s": "second"}


def _basic_pattern(declared: Declared) -> str:
    date, time = "yMMdd", "HHmmss" if declared.seconds else "HHmm"
    return {"date": date, "time": time, "date-time": f"{date}T{time}"}[declared.format]


def _by_pattern(pattern: str, declared: Declared, *, compact: bool) -> Form:
    fields = _FIELDS.findall(pattern)
    aware = declared.format == "date-time" and declared.zone == "UTC"
    spelt = ""
    for field in fields:
        if field == "a":
            spelt += "([AaPp])\\.?[Mm]\\.?"
        elif field[0] in _DIRECTIVES:
            width = len(field)
            spelt += r"(\d{4})" if field[0] == "y" else rf"(\d{{{width}}})" if width == 2 and compact else r"(\d{1,2})"
        else:
            spelt += r"\s*" if field == " " else re.escape(field)
    regular = re.compile(spelt)

    def write(moment: datetime) -> JSON:
        if moment.microsecond or (moment.second and "s" not in pattern):
            return None
        return "".join(_written(field, moment) for field in fields)

    def parse(value: JSON) -> datetime | None:
        match = regular.fullmatch(value) if isinstance(value, str) and value.isascii() else None
        if match is None:
            return None
        given = {"year": 1900, "month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0}
        named = [field for field in fields if field == "a" or field[0] in _DIRECTIVES]
        for field, text in zip(named, match.groups(), strict=True):
            if field != "a":
                given[_DIRECTIVES[field[0]]] = int(text)
        if "a" in named:
            if not 1 <= given["hour"] <= 12:
                return None
            later = match.group(named.index("a") + 1).lower() == "p"
            given["hour"] = given["hour"] % 12 + 12 * later
        try:
            return datetime(**given, tzinfo=UTC if aware else None)
        except ValueError:
            return None

    token = "".join(_token(field) for field in fields)
    sample = write(SAMPLE)
    place = " in UTC" if aware else ""
    told = f"Written {token}{place}, such as {sample}."
    order = "".join(field[0].lower() for field in fields if field[0] in "yMd")
    suffix = ("compact" if declared.format == "date-time" else token.lower()) if compact else order or "12h"
    return Form("string", told, token, suffix, write, parse)


def _written(field: str, moment: datetime) -> str:
    if field == "a":
        return "AM" if moment.hour < 12 else "PM"
    if field[0] not in _DIRECTIVES:
        return field
    number = getattr(moment, _DIRECTIVES[field[0]])
    if field[0] == "h":
        number = number % 12 or 12
    return str(number).zfill(4 if field[0] == "y" else len(field))


def _token(field: str) -> str:
    """A field of a pattern as people write it: `D.M.YYYY`, `h:MM AM or PM`."""
    if field == "a":
        return "AM or PM"
    if field[0] not in _DIRECTIVES:
        return field
    return "YYYY" if field[0] == "y" else field if field[0] == "h" else field.upper()
