"""Whether all that matters in a text has survived in another wording of it: its values, and what it asks for.

Values are told exactly: quoted text, numbers, dates, codes, addresses, names, scalars of gold calls that could be read. What
a text asks for is told by the words on which it turns (negations, conditions, bounds, superlatives, units, days), so that a
wording may be refused though a person would take it; it is never taken because nobody looked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from perturb.knowable import Visible
from perturb.literals import bare, quotations
from perturb.types import JSON

_COUNTED = "zero one two three four five six seven eight nine ten eleven twelve"
_NUMBERS = {word: str(number) for number, word in enumerate(_COUNTED.split()) if number != 1}
"""Words for numbers; in `the one nearest the front` there is none."""
_NUMERAL = re.compile(r"(?<![\w.,])\d[\d,]*(?:\.\d+)?(?=(?:st|nd|rd|th)?(?!\w))")
_NUMBER_WORD = re.compile(rf"(?i)\b(?:{'|'.join(_NUMBERS)})\b")
_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th)")
_NAME = re.compile(r"[^\W\d_](?:[\w'’-]*\w)?")
_LOOSE = frozenset({"i", "ok", "okay", "hi", "hello", "mr", "mrs", "ms"})
_OPENINGS = """
a about add after all also am an and any apply are as ask at because been before being book both but buy by call can cancel
change check choose close confirm convert copy could count create delete did do does each either email every fetch find
first for forward from get give had has have he her here his how if in invite is it its just know let list look make may me
message might move my need no not note of on once one only open or order our out over pay please post prepare provide put
read recommend refund register remind remove rename reply report reschedule reserve return say search see send set share she
should show since so some sort start stop submit suggest summarize take tell than that the their them then there these they
this those through to transfer turn under until up update upgrade upload use visit was we were what when where which while
who whose why will with without would write yes yet you your
"""
_BEGINS = frozenset(_OPENINGS.split())
"""Words that begin a sentence before a name, and are no part of it."""

_GREETED = frozenset({"dear", "sir", "madam", "please"})
"""Words that may bear a capital behind a greeting."""

_TALKS_OF_ITSELF = re.compile(
    r"(?i)^(?:sure|certainly|of course|here (?:is|are)|rewording|paraphrase)\b|\brephras|\breworded\b"
)

_COURTESY = re.compile(
    r"(?im)^\s*(?:(?:hi|hello|hey|good (?:morning|afternoon|evening|day)|greetings)(?: there| all| everyone| team)?"
    r"|dear [\w ]{1,30}"
    r"|to whom it may concern)\s*[,!.:]+|\b(?:(?:many |kind |best |warm )?(?:thanks|thank you|regards)|cheers"
    r"|i appreciate)\b[^.!?\n]*[.!?]?"
    r"|\b(?:best(?: wishes)?|yours(?: \w+)?|sincerely),"
)
"""Greetings and leave, which turn nothing."""

_NEGATION = re.compile(
    r"(?i)\b(?:no|not|never|none|nothing|nobody|nowhere|neither|nor|without|cannot"
    r"|un(?:insured|paid|read|used|opened|answered|checked|seen|available|able|changed))\b|n['’]t\b"
)
_KEPT: dict[str, str] = {
    "a condition": r"if|in case|unless|provided|assuming|as long as|otherwise|or else|failing that|in the event"
    r"|should(?= \w+ (?:have|be)\b)",
    "an exclusivity": r"only|solely|exclusively|nothing but|alone",
    "an exception": r"except|apart from|but for|excluding|other than|instead of|rather than|in place of",
    "the lowest": r"cheapest|lowest|least expensive|least|minimum|minimal|smallest|fewest|best price",
    "the highest": r"highest|largest|biggest|most|maximum|top|best|greatest|best-rated|top-rated|highly-rated",
    "the earliest": r"earliest|first|soonest",
    "the latest": r"latest|last|final",
    "the nearest": r"nearest|closest",
    "the furthest": r"furthest|farthest",
    "each of several": r"all|every|each|both|entire|whole",
    "an upper bound": r"at most|up to|at the latest|as many as"
    r"|(?:no more than|under|below|less than|cheaper than|within)(?= [$€£]?\d)",
    "a lower bound": r"at least|(?:over|above|more than|higher than)(?= [$€£]?\d)|exceeds?|or more",
    "a time before": r"before|until|till|prior to|no later than|by(?= (?:\d{4}-|\d{1,2} (?-i:[A-Z])|(?-i:[A-Z])))|ahead of",
    "a time after": r"after|afterwards|from (?:now|here) on",
    "the part of the day": r"morning|afternoon|evening|night|noon|midnight|midday",
    "the way back": r"back|return|home|inbound|both (?:ways|directions|flights)|round[- ]trip",
    "another": r"others?|else|different|elsewhere",
    "the same": r"same|identical",
    "more of it": r"more|additional|extra|further|another",
    "asking alone": r"just asking|hypothetically|suppose (?:i|we|that)|what if|only want to know|yet",
}
"""What a text turns on, by how a refusal names it, as words of which one must stand in both texts or in neither."""
_EXACT: dict[str, str] = {
    "the day": r"today|tomorrow|yesterday|tonight",
    "dollars": r"dollars?|usd|\$",
    "euros": r"euros?|eur|€",
    "pounds": r"pounds?|gbp|£",
    "per cent": r"percent|per cent|%",
    "hours": r"hours?|hrs?|hourly",
    "minutes": r"minutes?|mins?",
    "days": r"days|daily|\d+[- ]day",
    "weeks": r"weeks?|weekly",
    "months": r"months?|monthly",
    "years": r"years?|yearly|annual(?:ly)?",
    "kilometres": r"km|kilomet(?:re|er)s?",
    "kilograms": r"kg|kilos?|kilograms?",
    "each (unit)": r"per|a (?:day|night|week|month|person)|apiece",
}
"""Units and days, the same way."""


def values_lost(old: str, new: str, scalars: Iterable[JSON] = ()) -> list[str]:
    """The values of a text that another wording of it lacks, or has beside them, each as a refusal names it.

    `scalars` are values (of gold calls) that must be readable in the new text where they are in the old one.
    """
    marked = {*quotations(new), *bare(new)}
    found = [f"lacks the quoted text {quoted!r}" for quoted in quotations(old) if quoted not in marked]
    found += [f"lacks {code!r}" for code in _codes(old) - _codes(new)]
    found += [f"adds {code!r}" for code in _codes(new) - _codes(old)]
    before, after = Counter(_numbers(old)), Counter(_numbers(new))
    found += [f"lacks the number {number}" for number in before if number not in after]
    found += [f"adds the number {number}" for number in after if number not in before]
    known = {word.lower() for word in _words(old)} | _GREETED
    held = {word.lower() for word in _words(new)}
    found += [f"lacks the name {name!r}" for name in dict.fromkeys(_names(old)) if name.lower() not in held]
    found += [f"adds the name {name!r}" for name in dict.fromkeys(_names(new)) if name.lower() not in known]
    was, now = Visible([old], ()), Visible([new], ())
    lost = [value for value in scalars if was.has(value) and not now.has(value)]
    return sorted(set(found)) + [f"hides the value {value!r}" for value in dict.fromkeys(map(str, lost))]


def sense_changed(old: str, new: str) -> list[str]:
    """What a text turns on that another wording of it lacks, or has beside it, each as a refusal names it."""
    if not new.strip():
        return ["says nothing"]
    if _plain(old) == _plain(new):
        return ["is the same text"]
    old, new = _COURTESY.sub(" ", old), _COURTESY.sub(" ", new)
    found = []
    if _TALKS_OF_ITSELF.search(new) and not _TALKS_OF_ITSELF.search(old):
        found.append("speaks of itself")
    if not 0.4 <= len(new) / len(old) <= 2.5:
        found.append("is far longer" if len(new) > len(old) else "is far shorter")
    negations = len(_NEGATION.findall(old)), len(_NEGATION.findall(new))
    if negations[0] != negations[1]:
        found.append("lacks a negation" if negations[0] > negations[1] else "adds a negation")
    for name, words in (_KEPT | _EXACT).items():
        ends = "" if words[-1] in "$€£%" else r"(?![\w-])"
        pattern = re.compile(rf"(?i)(?<![\w-])(?:{words}){ends}")
        was, now = bool(pattern.search(old)), bool(pattern.search(new))
        if was != now:
            found.append(f"{'lacks' if was else 'adds'} {name}")
    return found


def _codes(text: str) -> set[str]:
    """What stands bare and is more than a number: codes, addresses, dates in figures, times."""
    return {one for one in bare(text) if not _NUMERAL.fullmatch(one) and not _ORDINAL.fullmatch(one) and not _units(one)}


def _units(text: str) -> bool:
    """A number with its unit, which may stand before or behind it."""
    return re.fullmatch(r"[$€£]?\d[\d,.]*%?(?:-[a-z]+)?", text) is not None


def _numbers(text: str) -> Iterator[str]:
    """The numbers of a text as their digits, those in words too; those within codes and dates aside."""
    for code in sorted(_codes(text), key=len, reverse=True):
        text = text.replace(code, " ")
    for match in _NUMERAL.finditer(text):
        digits = match.group().replace(",", "").rstrip(".")
        yield digits.rstrip("0").rstrip(".") if "." in digits else digits
    for match in _NUMBER_WORD.finditer(text):
        yield _NUMBERS[match.group().lower()]


def _words(text: str) -> list[str]:
    return [re.sub(r"['’]s$", "", word) for word in _NAME.findall(text)]


def _names(text: str) -> Iterator[str]:
    """Words with a capital that no beginning of a sentence explains, with the days and the months."""
    for match in _NAME.finditer(text):
        word = re.sub(r"['’](?:s|m|ve|d|ll|re)$", "", match.group())
        if not word[:1].isupper() or word.lower() in _LOOSE or len(word) < 2 or re.search(r"\d", word):
            continue
        before = text[: match.start()].rstrip(" \t\"'“‘(")
        begins = not before or before[-1] in ".!?:\n-–—"
        named = word.lower() not in _BEGINS and re.match(r"[ \t]+[A-Z][a-z]", text[match.end() :])
        if not begins or named:
            yield word


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))
