"""Descriptions put another way: the verb that leads the first sentence takes another form, all else stays as it was."""

from __future__ import annotations

import re
from functools import cache
from typing import Literal, get_args

from perturb.operators.vocabulary.inflection import third_person

Wording = Literal["imperative", "third_person", "noun_phrase", "purpose", "subject", "label"]
WORDINGS: tuple[Wording, ...] = get_args(Wording)

_NOMINAL = {
    "get": "lookup",
    "retrieve": "retrieval",
    "fetch": "fetch",
    "return": "return",
    "obtain": "acquisition",
    "list": "listing",
    "show": "display",
    "display": "displaying",
    "search": "search",
    "find": "discovery",
    "look": "look",
    "read": "reading",
    "view": "viewing",
    "check": "check",
    "verify": "verification",
    "validate": "validation",
    "count": "count",
    "compare": "comparison",
    "calculate": "calculation",
    "compute": "computation",
    "estimate": "estimation",
    "evaluate": "evaluation",
    "convert": "conversion",
    "analyze": "analysis",
    "summarize": "summary",
    "describe": "description",
    "extract": "extraction",
    "resolve": "resolution",
    "create": "creation",
    "make": "making",
    "add": "addition",
    "insert": "insertion",
    "append": "appending",
    "generate": "generation",
    "build": "building",
    "register": "registration",
    "write": "writing",
    "save": "saving",
    "store": "storage",
    "copy": "copy",
    "upload": "upload",
    "download": "download",
    "update": "update",
    "modify": "modification",
    "change": "change",
    "edit": "editing",
    "set": "setting",
    "amend": "amendment",
    "move": "move",
    "rename": "renaming",
    "replace": "replacement",
    "merge": "merge",
    "split": "splitting",
    "mark": "marking",
    "reset": "reset",
    "delete": "deletion",
    "remove": "removal",
    "cancel": "cancellation",
    "clear": "clearing",
    "close": "closing",
    "archive": "archiving",
    "send": "sending",
    "post": "posting",
    "publish": "publication",
    "forward": "forwarding",
    "invite": "invitation",
    "share": "sharing",
    "assign": "assignment",
    "issue": "issue",
    "request": "request",
    "submit": "submission",
    "approve": "approval",
    "confirm": "confirmation",
    "transfer": "transfer",
    "book": "booking",
    "rebook": "rebooking",
    "reserve": "reservation",
    "schedule": "scheduling",
    "reschedule": "rescheduling",
    "pay": "payment",
    "refund": "refund",
    "charge": "charge",
    "apply": "application",
    "redeem": "redemption",
    "upgrade": "upgrade",
    "run": "running",
    "execute": "execution",
    "start": "start",
    "stop": "stopping",
    "deploy": "deployment",
    "load": "loading",
    "open": "opening",
    "choose": "choice",
    "select": "selection",
    "record": "recording",
    "provide": "provision",
    "export": "export",
    "import": "import",
    "perform": "performance",
    "enable": "enabling",
    "disable": "disabling",
    "quote": "quotation",
    "track": "tracking",
    "clean": "cleaning",
    "format": "formatting",
    "navigate": "navigation",
    "take": "taking",
    "click": "click",
    "fill": "filling",
    "hover": "hovering",
    "switch": "switch",
    "stage": "staging",
    "unstage": "unstaging",
    "initialize": "initialization",
    "indicate": "indication",
    "accept": "acceptance",
    "reject": "rejection",
    "log": "logging",
    "report": "reporting",
    "print": "printing",
}
"""A noun of its own for each verb: no two verbs share one, so that two descriptions stay two."""

_THIRD = {third_person(verb): verb for verb in _NOMINAL}
_LEAD = re.compile(r"(\s*)([A-Za-z]+)(?= +\S)")
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|\n\s*\n")
_COORDINATED = re.compile(r"\b(?:and|or|then)\s+(?:then\s+|optionally\s+|also\s+)?([a-z]+)\b")
_AFTER_NOMINAL = frozenset(
    {
        "for",
        "to",
        "from",
        "in",
        "on",
        "at",
        "by",
        "with",
        "over",
        "through",
        "between",
        "about",
        "as",
        "if",
        "up",
        "out",
        "whether",
    }
)


@cache
def reword(description: str, wording: Wording) -> str:
    """The description in another wording; the same string where that wording cannot be had without touching more.

    `Get the user.` is `Gets the user.` (third_person), `Lookup of the user.` (noun_phrase), `Use this tool to get the
    user.` (purpose), `This tool gets the user.` (subject) and `Purpose: Get the user.` (label). The first four forms and
    `imperative` need a leading verb that is known; `label` fits any text. Everything after that verb is kept to the
    letter. A first sentence with a second verb (`Creates … and adds …`) takes only the forms that leave both right.
    """
    if not description.strip():
        return description
    if wording == "label":
        return f"Purpose: {description.lstrip()}"
    lead = _LEAD.match(description)
    if lead is None:
        return description
    space, word = lead.groups()
    lowered, rest = word.lower(), description[lead.end() :]
    verb = lowered if lowered in _NOMINAL else _THIRD.get(lowered)
    if verb is None:
        return description
    bare = lowered == verb
    if _second_verb(rest, bare):
        keeps = "purpose" if bare else "subject"
        if wording != keeps:
            return description
    if wording == "imperative":
        return space + _capital(verb) + rest
    if wording == "third_person":
        return space + _capital(third_person(verb)) + rest
    if wording == "purpose":
        return f"{space}Use this tool to {verb}{rest}"
    if wording == "subject":
        return f"{space}This tool {third_person(verb)}{rest}"
    following = rest.split(maxsplit=1)[0].lower()
    return space + _capital(_NOMINAL[verb]) + ("" if following in _AFTER_NOMINAL else " of") + rest


def rewordings(description: str) -> dict[Wording, str]:
    """Every wording of a description that differs from it; empty only where there is no description."""
    found = {wording: reword(description, wording) for wording in WORDINGS}
    return {wording: text for wording, text in found.items() if text != description}


def _second_verb(rest: str, bare: bool) -> bool:
    """Whether the first sentence goes on with another verb in the form of the first."""
    end = _SENTENCE_END.search(rest)
    sentence = rest[: end.start()] if end else rest
    forms = _NOMINAL.keys() if bare else _THIRD.keys()
    return any(match.group(1) in forms for match in _COORDINATED.finditer(sentence))


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]
