"""What tools are called that have been made out of one: a mode that was an argument goes into the name, where a person puts it.

`search_flights` by its `cabin` gives `search_economy_flights`, `send_parcel` by its `carrier` `send_parcel_by_road`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from perturb.operators.vocabulary.casing import join, split
from perturb.operators.vocabulary.inflection import plural, singular
from perturb.operators.vocabulary.synonyms import MAX_NAME, find_verb

_BY = frozenset({"carrier", "transport", "method", "channel", "medium", "vehicle", "courier"})
_AS = frozenset({"format", "encoding", "extension", "representation"})
_IN = frozenset({"language", "locale", "lang", "unit", "units", "currency", "timezone"})
_FOR = frozenset({"reason", "cause", "purpose", "period", "timeframe", "audience", "platform", "occasion"})
_ACTS = frozenset({"action", "operation", "command", "verb", "op"})
_BEFORE_THE_THING = (
    frozenset({"cabin", "class", "fare", "status", "state", "type", "kind", "category", "meal", "position", "speed", "size"})
    | frozenset({"level", "priority", "severity", "difficulty", "frequency", "side", "scope", "region", "edition", "source"})
    | frozenset({"tier", "plan", "section", "topic", "tag", "sector", "color", "colour", "since", "genre", "season", "market"})
)
"""Arguments whose values stand before what the tool is about, as adjectives do."""
_BEHIND_IT = frozenset({"mode", "style", "variant", "strategy"})
"""Arguments whose values stand at the end of the name."""
_PREPOSITIONS = frozenset({"from", "to", "in", "as", "by", "for", "on", "at", "into", "via", "with"})
_CHANGES = frozenset({"change", "set", "update", "switch", "move", "upgrade", "downgrade", "alter", "modify", "convert"})
_DOES_ANYTHING = frozenset(
    {"manage", "handle", "run", "execute", "do", "perform", "control", "operate", "process"}
) | frozenset({"operations", "operation", "actions", "action", "api", "manager", "tool"})
"""Words of a tool's name that say no more than that it has an action, which then takes their place."""
_NO_CHOICE = frozenset({"any", "all", "every"})
_OFF = frozenset({"off", "none", "no", "never", "disabled"})
_REST = frozenset({"other", "others", "misc"})
_WHICH = frozenset({"all", "my", "the", "multiple", "some", "each", "every"})
"""Words before a thing that its adjective comes behind."""
_SPELT_OUT: dict[str, tuple[str, ...]] = {
    "r": ("read",),
    "w": ("write",),
    "rw": ("read", "write"),
    "ro": ("read", "only"),
    "x": ("execute",),
    "rwx": ("full",),
    "asc": ("ascending",),
    "desc": ("descending",),
}
_WORD = re.compile(r"[A-Za-z0-9]+")
_LONGEST_NUMBER = 4
"""A year is a word; a longer number is an identifier."""
_LOOKS_FOR = frozenset({"search", "find", "list", "browse", "query"})
_ONE_ALONE = frozenset({"web", "internet"})

Phrase = tuple[str, ...]


def mode_names(tool: str, argument: str, values: Sequence[str], default: str | None = None) -> dict[str, str] | None:
    """For each value of an argument the name of the tool that does just that, in the style of `tool`; `None` where a value has
    no word for it, a name would be too long, or two would be alike. The default has the tool's own name where it is no choice
    (`any`, `all`, the empty text)."""
    words, style = split(tool)
    if style == "dotted" or (len(words) > 1 and len(split(words[-1])[0]) > 1):
        *head, last = words
        inner = mode_names(last, argument, values, default)
        return None if inner is None else {value: join((*head, name), style) for value, name in inner.items()}
    lowered = tuple(word.lower() for word in words)
    told = _words_of(argument)
    made: dict[str, str] = {}
    for value in values:
        phrase = lowered if value == default and (not value or value.lower() in _NO_CHOICE) else _named(lowered, told, value)
        if not phrase:
            return None
        made[value] = tool if phrase == lowered else join(phrase, style)
    if len({name.lower() for name in made.values()}) < len(made) or any(len(name) > MAX_NAME for name in made.values()):
        return None
    return made


def _words_of(text: str) -> Phrase:
    """The words of an identifier or of a value, in lower case; none where some of it is no word that a name can hold."""
    pieces = _WORD.findall(text)
    if not pieces or not text.isascii() or any(piece.isdigit() and len(piece) > _LONGEST_NUMBER for piece in pieces):
        return ()
    return tuple(word.lower() for piece in pieces for word in split(piece)[0])


def _named(tool: Phrase, argument: Phrase, value: str) -> Phrase:
    """The words of the tool with those of a value at their place."""
    mode = _SPELT_OUT.get(value.lower()) or _words_of(value)
    if not mode or not argument:
        return ()
    head = singular(argument[-1])
    verb = find_verb(tool)
    if head in _ACTS:
        return _plain((*mode, *(word for word in tool if word not in _DOES_ANYTHING)))
    if len(argument) > 1 and argument[0] in _PREPOSITIONS:
        return _plain((*tool, argument[0], *mode))
    if len(argument) > 1 and argument[-1] in _PREPOSITIONS:
        return _plain((*tool, argument[-1], *mode))
    things = tool[verb + 1 :] if verb is not None else tool
    if verb is not None and tool[verb] in _CHANGES and things and singular(things[-1]) == head:
        return _plain((*tool, "to", *mode))
    for preposition, heads in (("by", _BY), ("as", _AS), ("in", _IN), ("for", _FOR)):
        if head in heads or argument[-1] in heads:
            return _plain((*tool, preposition, *_spoken(mode, head)))
    if head in _BEHIND_IT:
        return _plain((*tool, *mode))
    if head in _BEFORE_THE_THING:
        return _before(tool, verb, ("all",) if mode in {(one,) for one in _NO_CHOICE} else mode, head)
    if mode in {(one,) for one in _OFF}:
        return _plain((*tool, "without", *argument))
    return _plain((*tool, "with", *mode, *argument))


def _spoken(mode: Phrase, head: str) -> Phrase:
    """A mode behind a preposition: `for other reasons`, `by any carrier`."""
    if mode in {(one,) for one in _REST}:
        return "other", plural(head)
    return ("any", head) if mode in {(one,) for one in _NO_CHOICE} else mode


def _before(tool: Phrase, verb: int | None, mode: Phrase, head: str) -> Phrase:
    """The mode before the word for what it is a mode of, else before the thing that the tool is about."""
    if len(tool) < 2:
        many = verb is not None and tool[verb] in _LOOKS_FOR and not _ONE_ALONE.intersection(mode)
        return _plain((*tool, *mode[:-1], plural(mode[-1]) if many and mode != ("all",) else mode[-1]))
    if verb is not None and verb == len(tool) - 1 > 0:
        return _plain((*tool[:verb], *mode, tool[verb]))
    at = next((place for place, word in enumerate(tool) if singular(word) == head), 0 if verb is None else verb + 1)
    while at < len(tool) and tool[at] in _WHICH:
        at += 1
    thing = tool[at:]
    # The value may name the thing itself: `get_top` by `top_etfs`.
    return (*tool[:at], *mode) if thing and mode[: len(thing)] == thing else _plain((*tool[:at], *mode, *thing))


def _plain(words: Phrase) -> Phrase:
    """The words without one that comes twice running."""
    return tuple(word for place, word in enumerate(words) if not place or word != words[place - 1])
