"""How descriptions say in which form a date is written, and what becomes of that under another form."""

from __future__ import annotations

import re

from perturb.schemas import Convert

_DAY = r"(?:YYYY-MM-DD|yyyy-MM-dd|yyyy-mm-dd)"
_TIME = r"(?:HH:MM(?::SS)?|HH:mm(?::ss)?|hh:mm(?::ss)?)"
_TOKEN = rf"(?:{_DAY}(?:[T ]{_TIME}Z?)?|(?<![\w:]){_TIME}(?![\w:]))"
_QUOTED = rf"['\"`]?{_TOKEN}['\"`]?"
_ISO = r"(?:the )?(?:ISO(?:[ -]8601)? )?"
_STATED = re.compile(
    rf"\s*(?:It )?(?:[Mm]ust|[Ss]hould|[Hh]as to|[Nn]eeds to) be (?:given |written )?in {_ISO}format:? {_QUOTED}\.?"
    rf"|,? (?:given |written )?as {_QUOTED}"
    rf"|\s*\((?:in )?{_ISO}(?:format:? ?)?{_QUOTED}(?: format)?\)"
    rf"| in (?:the )?(?:ISO(?:[ -]8601)? |24-hour )?(?:format )?{_QUOTED}(?: format)?"
    r"| in (?:ISO(?:[ -]8601)?|24-hour) format(?: \(" + _QUOTED + r"\))?"
)
_LITERAL = re.compile(
    r"(?<![\w:])(?:\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?)?|\d\d:\d\d(?::\d\d)?Z?)(?![\w:])"
)


def without_form(text: str) -> str:
    """A text on an argument without what it says of how dates are written."""
    return _STATED.sub("", text)


def in_form(text: str, token: str, show: Convert) -> str:
    """A text on an argument without the old form, its dates in the new one, for which `token` stands."""

    def literal(match: re.Match[str]) -> str:
        shown = show(match.group())
        return match.group() if isinstance(shown, str) and shown.endswith("\\") else str(shown)

    return _LITERAL.sub(literal, re.sub(_TOKEN, lambda _: token, without_form(text)))
