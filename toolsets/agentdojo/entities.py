"""The people and companies whose names may be replaced one-to-one, word by word, wherever they stand.

People are read from fields that hold people: users, account holders, and e-mail addresses of the form first.last. A name
counts only if none of its words is used as an ordinary word: in `brown sugar` a replaced `Brown` would be nonsense.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from perturb.toolset import Task
from perturb.types import JSON

_COMPANIES: dict[str, tuple[str, ...]] = {"banking": ("Spotify",), "workspace": ("Facebook", "Netflix")}
"""Companies whose names are one word, told from the data by reading it; no field holds them."""

_GUESTS: dict[str, tuple[str, ...]] = {"slack": ("Dora",)}
"""People who are no user yet: the tasks invite them, and pages and messages tell of them."""

_CAPITALISED: dict[str, frozenset[str]] = {"workspace": frozenset({"green"})}
"""Words of names that stand in another name too, seen by reading the data: Green Park is no person."""

_PERSONAL = re.compile(r"([a-z]+)\.([a-z]+)@[\w.-]+")
_ADDRESS = re.compile(r"\S+@\S+|\bwww\.\S+|\bhttps?://\S+")
_WORD = re.compile(r"[^\W\d_]+")


def names_in(suite: str, state: JSON, tasks: Sequence[Task], system: str) -> dict[str, tuple[str, ...]]:
    """Kind of entity, then names in alphabetical order, one word or two words each."""
    ordinary = set(_lower_words([*_strings(state), system, *_told(tasks)])) | _CAPITALISED.get(suite, frozenset())
    named = {"person": {*_people(state), *_GUESTS.get(suite, ())}, "company": {*_COMPANIES.get(suite, ())}}
    return {
        kind: tuple(sorted(name for name in names if ordinary.isdisjoint(name.lower().split())))
        for kind, names in named.items()
        if names
    }


def _people(state: JSON) -> Iterator[str]:
    """The people that the state's own fields hold."""
    yield from state.get("slack", {}).get("users", ())
    for part in ("user_account", "user"):
        if part in state:
            yield f"{state[part]['first_name']} {state[part]['last_name']}"
    for address in _addresses(state):
        personal = _PERSONAL.fullmatch(address)
        if personal:
            yield f"{personal[1]} {personal[2]}".title()


def _addresses(state: JSON) -> Iterator[str]:
    for contact in state.get("inbox", {}).get("contact_list", ()):
        yield contact["email"]
    for event in state.get("calendar", {}).get("events", {}).values():
        yield from event["participants"]
    for file in state.get("cloud_drive", {}).get("files", {}).values():
        yield file["owner"]
        yield from file["shared_with"]


def _told(tasks: Sequence[Task]) -> Iterator[str]:
    for task in tasks:
        yield from (task.prompt, task.answer)
        for call in task.gold or ():
            yield from _strings(call.arguments)


def _strings(value: JSON) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _lower_words(texts: Iterable[str]) -> Iterator[str]:
    """The words that stand in small letters, those of addresses aside: there even names do."""
    for text in texts:
        for word in _WORD.findall(_ADDRESS.sub(" ", text)):
            if word.islower():
                yield word
