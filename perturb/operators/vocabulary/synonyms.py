"""Other natural names for tools, arguments and result keys: same meaning, same style."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache

from perturb.operators.vocabulary import keys, nouns, verbs
from perturb.operators.vocabulary.casing import Style, join, split
from perturb.operators.vocabulary.inflection import is_plural, plural, singular

MAX_NAME = 64
"""Providers refuse longer tool names."""

_PREPOSITIONS = frozenset({"of", "to", "on", "in", "from", "for", "by", "at", "per", "with", "as"})
_TRAILING_VERBS = (
    frozenset({"search", "fetch", "list", "show", "get", "read", "lookup", "evaluate", "convert", "track"})
    | frozenset({"create", "update", "delete", "remove", "cancel", "send", "merge", "split", "book", "reserve", "check"})
    | frozenset({"select", "click", "fill", "hover", "navigate"})
)
_NOUN_OR_VERB = frozenset(
    {"format", "request", "exchange", "issue", "report", "query", "log", "post", "check", "record", "schedule"}
)
_ORDERED = frozenset(
    {"meal", "meals", "food", "drink", "drinks", "taxi", "part", "parts", "panel", "supplies", "test", "tests"}
)
"""What one orders; before other words an order is a thing (`order_status`)."""
_KEPT_IN_TOOLS = frozenset({"name", "type", "number", "title", "query", "value"})
"""Words of qualifiers (`by_name`) that nobody would put another way in the name of a tool."""
_NOUNS: dict[tuple[str, ...], tuple[str, ...]] = {
    tuple(word.split()): tuple(other for other in row if other != word)
    for subject in nouns.SUBJECTS.values()
    for row in subject
    for word in row
}
_LONGEST = max(map(len, _NOUNS))

Phrase = tuple[str, ...]
Segment = tuple[Phrase, tuple[Phrase, ...]]
"""A term of a name, and what may stand in its place."""


@cache
def tool_synonyms(name: str, *, neutral: bool = True) -> tuple[str, ...]:
    """Other names for the tool `name`, best first, in its own style and at most 64 characters long; all distinct.

    `cancel_order` gives `void_purchase`, `void_order`, `cancel_purchase`, … After them come neutral builds that work for
    unknown words too (`run_tempo`, `tempo_operation`), so that there is always one; without `neutral` there may be none.
    In a dotted name only the last part changes.
    """
    words, style = split(name)
    if style == "dotted" or (len(words) > 1 and _is_nested(words[-1])):
        head, last = words[:-1], words[-1]
        return _fit(name, (join((*head, other), style) for other in tool_synonyms(last, neutral=neutral)))
    lowered = tuple(word.lower() for word in words)
    if whole := verbs.WHOLE.get("_".join(lowered)):
        return _fit(name, (join(other.split("_"), style) for other in whole))
    place = find_verb(lowered)
    phrases = _substitutions(list(_tool_segments(lowered, place)))
    if place is None and "to" in lowered[1:-1]:
        phrases = [("convert", *lowered), ("transform", *lowered)]  # `docx_to_pdf`
    if neutral:
        phrases += _other_builds(lowered, place)
    return _fit(name, (join(phrase, style) for phrase in phrases)) or _numbered(name, neutral)


@cache
def key_synonyms(name: str, *, neutral: bool = True) -> tuple[str, ...]:
    """Other names for the argument or result key `name`, best first, in its own style; all distinct.

    `start_time` gives `begins_at`, `starts_at`, …; `user_id` gives `member_identifier`, … After them come neutral
    builds (`fmin_value`), so that there is always one; without `neutral` there may be none.
    """
    words, style = split(name)
    core = name.strip("_")
    bare = tuple(word.strip("_").lower() for word in words) if core else tuple(words)
    edge = "_" * (len(name) - len(name.rstrip("_"))) if core else ""
    phrases = [tuple(other.split("_")) for other in keys.ALTERNATIVES.get("_".join(bare), ())]
    phrases = phrases or [*_spelt_out(bare), *_substitutions(list(_key_segments(bare))), *_turned(bare)]
    if neutral:
        phrases += [(*bare, "value")] if bare[-1:] != ("value",) else []
        phrases += [("given", *bare), (*bare, "setting"), (*bare, "field")]
    return _fit(name, (join(phrase, style) + edge for phrase in phrases)) or _numbered(name, neutral)


def _spelt_out(words: Phrase) -> list[Phrase]:
    """A key of several words with its short forms spelt out."""
    if len(words) < 2:
        return []
    head = tuple(keys.LEADS.get(words[0], words[0]).split())
    rest = (*head, *(keys.SPELT_OUT.get(word, word) for word in words[1:]))
    spelt = (keys.SPELT_OUT.get(rest[0], rest[0]), *rest[1:])
    return [spelt] if spelt != words else []


def _turned(words: Phrase) -> list[Phrase]:
    """A key with what its last word is of behind it."""
    if len(words) < 2 or words[-1] not in keys.OF_SOMETHING or keys.NOT_OF.intersection(words):
        return []
    last = plural(words[-2]) if is_plural(words[-1]) else words[-2]
    return [(words[-1], "of", *words[:-2], last)]


def distinct(names: Sequence[str], candidates: Callable[[str], Iterable[str]], taken: Iterable[str] = ()) -> dict[str, str]:
    """One candidate for each name, the best that is left, so that no two are alike and none is in `names` or `taken`.

    A name whose candidates are all used up is missing from the answer.
    """
    used = {*names, *taken}
    chosen: dict[str, str] = {}
    for name in names:
        for candidate in candidates(name):
            if candidate not in used:
                used.add(candidate)
                chosen[name] = candidate
                break
    return chosen


def find_verb(words: Sequence[str]) -> int | None:
    """The place of the verb in the words of a tool name: first, second after a namespace (`git_add`), or last."""
    if not words:
        return None
    compound = any(_lookup(tuple(words[:length]))[0] for length in range(2, min(_LONGEST, len(words)) + 1))
    trailing = len(words) > 1 and words[-1] in _TRAILING_VERBS
    first = words[0] in verbs.ALTERNATIVES and not compound and not (words[0] in _NOUN_OR_VERB and trailing)
    if first and (words[0] != "order" or words[-1] in _ORDERED):
        return 0
    if trailing:
        return len(words) - 1
    if len(words) > 1 and words[1] in verbs.ALTERNATIVES and not _known_noun(words[0]):
        return 1
    return None


def _other_builds(words: Phrase, verb: int | None) -> list[Phrase]:
    """The same words in another order, or with one that adds nothing."""
    turned: list[Phrase] = []
    if verb == 0 and len(words) > 1:
        turned = [(*words[1:], words[0])]
    elif verb:
        turned = [(words[verb], *words[:verb], *words[verb + 1 :])]
    return [*turned, ("run", *words), ("do", *words), (*words, "operation"), (*words, "action")]


def _substitutions(segments: Sequence[Segment]) -> list[Phrase]:
    """Every known term changed at once, then each alone with the others at another choice, then each quite alone."""
    changeable = [place for place, (_, others) in enumerate(segments) if others]
    if not changeable:
        return []
    rounds = max(len(segments[place][1]) for place in changeable)
    phrases: list[Phrase] = []
    for turn in range(rounds):
        phrases.append(_rebuilt(segments, dict.fromkeys(changeable, turn)))
    for place in changeable:
        for turn in range(len(segments[place][1])):
            rest = {other: (turn + 1) for other in changeable if other != place}
            phrases.append(_rebuilt(segments, {place: turn} | rest))
    for place in changeable:
        phrases += [_rebuilt(segments, {place: turn}) for turn in range(len(segments[place][1]))]
    before = Counter(word for term, _ in segments for word in term)
    # No word comes twice that did not: `ticker_symbol` is no `market_symbol_symbol`.
    return [phrase for phrase in phrases if all(n <= max(1, before[word]) for word, n in Counter(phrase).items())]


def _rebuilt(segments: Sequence[Segment], turns: dict[int, int]) -> Phrase:
    built: list[str] = []
    for place, (term, others) in enumerate(segments):
        built += others[turns[place] % len(others)] if place in turns else term
    return tuple(built)


def _tool_segments(words: Phrase, verb: int | None) -> Iterator[Segment]:
    if verb is None:
        yield from _segments(words)
        return
    yield from _segments(words[:verb], _KEPT_IN_TOOLS)
    yield (words[verb],), tuple(tuple(other.split()) for other in verbs.ALTERNATIVES.get(words[verb], ()))
    yield from _segments(words[verb + 1 :], _KEPT_IN_TOOLS)


def _key_segments(words: Phrase) -> Iterator[Segment]:
    ending = keys.ENDINGS.get(words[-1]) if words else None
    if ending is None:
        yield from _segments(words)
        return
    yield from _segments(words[:-1])
    yield words[-1:], tuple(tuple(other.split()) for other in ending)


def _segments(words: Phrase, kept: frozenset[str] = frozenset()) -> Iterator[Segment]:
    """The words cut into known terms, the longest first, each with its alternatives (none for an unknown or kept word)."""
    place = 0
    while place < len(words):
        for length in range(min(_LONGEST, len(words) - place), 0, -1):
            term = words[place : place + length]
            known, many = _lookup(term)
            if known and not (length == 1 and singular(term[0]) in kept):
                yield term, tuple(_pluralised(other) if many else tuple(other.split()) for other in known)
                break
        else:
            length, term = 1, words[place : place + 1]
            yield term, ()
        place += length


def _lookup(term: Phrase) -> tuple[tuple[str, ...], bool]:
    """The alternatives of a term and whether it stood in the plural."""
    if term in _NOUNS:
        return _NOUNS[term], False
    if is_plural(term[-1]):
        return _NOUNS.get((*term[:-1], singular(term[-1])), ()), True
    return (), False


def _known_noun(word: str) -> bool:
    return bool(_lookup((word,))[0])


def _pluralised(phrase: str) -> Phrase:
    words = phrase.split()
    head = next((place - 1 for place, word in enumerate(words) if place and word in _PREPOSITIONS), len(words) - 1)
    words[head] = plural(words[head])
    return tuple(words)


def _is_nested(word: str) -> bool:
    return len(split(word)[0]) > 1


def _numbered(name: str, neutral: bool) -> tuple[str, ...]:
    """The last resort, for a name so long that nothing can be added."""
    return (name[: MAX_NAME - 2] + "_2",) if neutral else ()


def _fit(name: str, candidates: Iterable[str]) -> tuple[str, ...]:
    """The candidates in order, without `name`, doubles and what is too long."""
    return tuple(dict.fromkeys(one for one in candidates if one != name and len(one) <= MAX_NAME))


__all__ = ["MAX_NAME", "Style", "distinct", "find_verb", "key_synonyms", "tool_synonyms"]
