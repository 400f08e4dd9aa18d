"""How well-known vendors would have named a tool: resource and method, in each house's own grammar."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Literal, NamedTuple, get_args

from perturb.operators.vocabulary.casing import join, split
from perturb.operators.vocabulary.inflection import is_plural, plural, singular
from perturb.operators.vocabulary.synonyms import MAX_NAME, find_verb

House = Literal["stripe", "aws", "google_rpc", "google_rest", "github", "sap"]
HOUSES: tuple[House, ...] = get_args(House)

_ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_LINKS = frozenset(["of", "to", "on", "in", "from", "for", "by", "at", "per", "with", "without", "as", "within", "between"])
_QUANTIFIERS = frozenset({"all", "every"})

_METHODS: dict[House, dict[str, str]] = {
    "stripe": {
        "get one": "retrieve",
        "get many": "list",
        "delete": "del",
        "find": "search",
        "fetch": "pull",
        "read": "retrieve contents",
    },
    "aws": {
        "get one": "describe",
        "get many": "list",
        "find": "search",
        "update": "modify",
        "read": "get",
        "check": "inspect",
        "add": "associate",
        "remove": "disassociate",
        "set": "put",
        "send": "submit",
    },
    "google_rpc": {"get one": "get", "get many": "list", "find": "lookup", "add": "attach", "remove": "detach"},
    "google_rest": {
        "get one": "get",
        "get many": "list",
        "create": "insert",
        "update": "patch",
        "insert": "insert at",
        "find": "lookup",
    },
    "github": {"get one": "get", "get many": "list", "set": "set", "find": "lookup"},
    "sap": {
        "get one": "getdetail",
        "get many": "getlist",
        "create": "createfromdata",
        "update": "change",
        "change": "alter",
        "search": "getbyselection",
        "find": "locate",
        "list": "listing",
        "read": "read",
        "cancel": "cancel",
    },
}
"""Each house's word for an act; an act that is absent keeps its own verb."""


class _Parts(NamedTuple):
    method: str  # `get one`, `get many`, or the tool's own verb
    resource: tuple[str, ...]  # its last word in the singular
    many: bool  # whether that word stood in the plural
    links: tuple[str, ...]  # what follows the first preposition, with it
    space: tuple[str, ...]  # a namespace before the verb


@cache
def vendor_names(name: str, effect: Literal["read", "write"], house: House) -> tuple[str, ...]:
    """Names for the tool `name` as `house` would have given them, best first; each matches `[a-zA-Z0-9_-]{1,64}`.

    `get_user` gives `users_retrieve` (stripe), `DescribeUser` (aws), `UserService_Get` (google_rpc), `users_get`
    (google_rest), `users_get_by_id` or `users_get` (github), `BAPI_USER_GETDETAIL` (sap). A name without a verb counts
    as getting where the tool reads, and as running where it writes. Later candidates are for names that collide.
    """
    words = tuple(part.lower().strip("_") for word in split(name)[0] for part in split(word)[0])
    parts = _parse(words, effect)
    method = tuple(_METHODS[house].get(parts.method, parts.method).split())
    named = [_BUILD[house](parts, method), *_spares(parts, method, house)]
    shortened = [candidate if len(candidate) <= MAX_NAME else candidate[:MAX_NAME].rstrip("_-") for candidate in named]
    fitting = [c for c in dict.fromkeys(shortened) if c and c != name and set(c) <= _ALLOWED]
    return tuple(fitting)


def _parse(words: Sequence[str], effect: str) -> _Parts:
    place = find_verb(words)
    if place is None and "to" in words[1:-1]:
        words, place = ["convert", *words], 0  # `docx_to_pdf`
    verb = words[place] if place is not None else "get" if effect == "read" else "run"
    space = tuple(words[:place]) if place == 1 and len(words) > 2 else ()
    rest = [word for at, word in enumerate(words) if at != place and not (space and at < 1)]
    if not rest:
        return _Parts("run", (verb,), False, (), ())
    thing, links = _cut(rest)
    act: tuple[str, ...] = (verb,)
    if not thing:  # `append_to_file`: the resource is what the preposition leads to
        thing, links = _cut(links[1:]) if len(links) > 1 else (links, [])
        act = (verb, rest[0])
    many = is_plural(thing[-1]) or thing[0] in _QUANTIFIERS
    if len(thing) > 1 and thing[0] in _QUANTIFIERS:
        thing = thing[1:]
    if act == ("get",) or (act == ("list",) and many):
        act = ("get", "many" if many else "one")
    return _Parts(" ".join(act), (*thing[:-1], singular(thing[-1])), many, tuple(links), space)


def _cut(words: list[str]) -> tuple[list[str], list[str]]:
    at = next((number for number, word in enumerate(words) if word in _LINKS), len(words))
    return words[:at], words[at:]


def _stripe(parts: _Parts, method: Sequence[str]) -> str:
    return join((*parts.space, *_plural_resource(parts), *method, *parts.links), "snake")


def _aws(parts: _Parts, method: Sequence[str]) -> str:
    thing = _plural_resource(parts) if parts.many else parts.resource
    return join((*method, *parts.space, *thing, *parts.links), "pascal")


def _google_rpc(parts: _Parts, method: Sequence[str]) -> str:
    service = join((*parts.space, *parts.resource, "service"), "pascal")
    return f"{service}_{join((*method, *parts.links), 'pascal')}"


def _google_rest(parts: _Parts, method: Sequence[str]) -> str:
    collection = join(_plural_resource(parts), "camel")
    verb = join((*method, *parts.links), "camel")
    return "_".join((*parts.space, collection, verb))


def _github(parts: _Parts, method: Sequence[str]) -> str:
    collection = "-".join((*parts.space, *_plural_resource(parts)))
    return f"{collection}_{'-'.join((*method, *parts.links))}"


def _sap(parts: _Parts, method: Sequence[str]) -> str:
    return "_".join(("BAPI", *parts.space, *parts.resource, "".join(method), *parts.links)).upper()


_BUILD = {
    "stripe": _stripe,
    "aws": _aws,
    "google_rpc": _google_rpc,
    "google_rest": _google_rest,
    "github": _github,
    "sap": _sap,
}


def _spares(parts: _Parts, method: Sequence[str], house: House) -> list[str]:
    """The same grammar with a mark of version, which every one of these houses has used to tell two methods apart."""
    first = _BUILD[house](parts, method)
    if house == "sap":
        return [first.replace("BAPI_", "Z_BAPI_", 1), f"{first}_V2"]
    if house in ("aws", "google_rpc"):
        return [f"{first}V1", f"{first}V2"]
    return [f"v1_{first}", f"v2_{first}"]


def _plural_resource(parts: _Parts) -> tuple[str, ...]:
    """The resource as a collection, except where there can be only one (`current_day`) or it is no noun (`think`)."""
    if parts.method == "run" or parts.resource[0] == "current":
        return parts.resource
    return (*parts.resource[:-1], plural(parts.resource[-1]))
