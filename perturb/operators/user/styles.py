"""How people put the same request in other words: tersely, formally, chattily, each as a handful of changes to single words.

A change never touches what is to be taken to the letter (`perturb.literals`), a value, a negation's sense or a condition.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, NamedTuple, TypeAlias

from perturb.literals import substituted, told_to_the_end
from perturb.operators.user.sentences import THANKS, Sentence, joined, split
from perturb.operators.vocabulary.imperatives import COMMAND

Style = Literal["terse", "formal", "chatty"]
Turns: TypeAlias = tuple[str, ...]


class Change(NamedTuple):
    """One change of a style: what it makes of what the user says, given one of its wordings and what is to be left alone."""

    make: Callable[[Turns, str, Iterable[str]], Turns]
    wordings: tuple[str, ...] = ("",)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lower(text: str) -> str:
    """With a small first letter, unless the word is more than the beginning of a sentence."""
    first = text.split(maxsplit=1)[0] if text else ""
    return text if not first[1:].islower() else text[:1].lower() + text[1:]


def _each(change: Callable[[str, Iterable[str]], str]) -> Callable[[Turns, str, Iterable[str]], Turns]:
    """A change to each message."""
    return lambda turns, _, kept: tuple(change(turn, kept) for turn in turns)


def _sentences(change: Callable[[str, Iterable[str]], str]) -> Callable[[Turns, str, Iterable[str]], Turns]:
    """A change to each sentence of each message."""

    def one(turn: str, kept: Iterable[str]) -> str:
        before = split(turn)
        after = [each if each.purpose == "closing" else each._replace(text=change(each.text, kept)) for each in before]
        if [each.text for each in after] == [each.text for each in before]:
            return turn
        return "".join(each.space + each.text for each in after) + turn[len(turn.rstrip()) :]

    return _each(one)


# The greeting and the leave.


def _greet(turns: Turns, wording: str, kept: Iterable[str]) -> Turns:
    first, *rest = turns
    sentences = split(first)
    said = [one for one in sentences if one.purpose != "greeting"]
    if not said or (not wording and len(said) == len(sentences)):
        return turns
    body = _text(said)
    space = sentences[0].space if sentences else ""
    if not wording:
        return (f"{space}{body}", *rest)
    # A salutation of letters has a line of its own.
    return (f"{space}{wording}{' ' if wording[-1] in '.!' else chr(10)}{body}".rstrip(), *rest)


def _text(sentences: list[Sentence]) -> str:
    text = "".join(f"{one.space if place else ''}{one.text}" for place, one in enumerate(sentences))
    return _capital(text)


def _leave(turns: Turns, wording: str, kept: Iterable[str]) -> Turns:
    *before, last = turns
    sentences = split(last)
    kept_back = [one for one in sentences if not THANKS.fullmatch(one.text)]
    if any(one.purpose == "closing" for one in kept_back) or told_to_the_end(last):
        return turns  # who has signed with a wish has taken leave, and what is to be told on must not grow
    thanked = len(kept_back) < len(sentences)
    body = "".join(one.space + one.text for one in kept_back) if thanked else last.rstrip()
    # A name at the end stays the last word where it was: thanks go on a line of their own.
    return (*before, f"{body}\n\n{wording}" if body else wording)


def _leave_out_thanks(turns: Turns, wording: str, kept: Iterable[str]) -> Turns:
    return tuple(_without_thanks(turn) for turn in turns)


_SIGNED = re.compile(
    r"(?i)^(?:(?:kind|best|warm) regards|regards|best(?: wishes)?|yours(?: \w+)?|sincerely|cheers|thanks|thank you),\s*"
)


def _without_thanks(turn: str) -> str:
    sentences = split(turn)
    left = [one for one in sentences if not (one.purpose == "closing" and THANKS.fullmatch(one.text))]
    left = [one._replace(text=_SIGNED.sub("", one.text)) if one.purpose == "closing" else one for one in left]
    if not left or left == sentences:
        return turn
    return joined([one.space for one in left], left)


# Terse.

_ASKED = re.compile(r"(?:(Also|And|Then),? )?(?:can|could|would|will) you (?:please |kindly |also )*(?=\w)", re.IGNORECASE)
_TWO_QUESTIONS = re.compile(
    r"(?i)\b(?:or|and|,) (?:is|are|am|was|were|do|does|did|can|could|will|would|what|how|when|where|which|who|why)\b"
)
_PLEASE = re.compile(
    r"(?i)(?:^|(?<=\d[.)] ))(?:please|kindly),? +(?P<letter>\w)"
    r"|(?<!\d[.)])(?P<before>,?) +(?:please|kindly)(?:(?P<more> (?=\w))|(?P<after>,?)(?!\w))"
)
_SHORT = {"and": "&", "with": "w/", "because": "bc", "information": "info", "message": "msg", "messages": "msgs"}
_SHORTENED = re.compile(rf"(?<![\w/-])(?:{'|'.join(_SHORT)})(?![\w'’/-])")


def _order(text: str, kept: Iterable[str]) -> str:
    """`Could you check the reviews?` as `Check the reviews.`, where that is all that is asked."""
    match = _ASKED.match(text)
    if match is None or not text.endswith("?"):
        return text
    rest = text[match.end() : -1]
    if COMMAND.match(rest) is None or _TWO_QUESTIONS.search(rest):
        return text
    return f"{match.group(1)}, {rest}." if match.group(1) else f"{_capital(rest)}."


def _unasked(text: str, kept: Iterable[str]) -> str:
    def without(match: re.Match[str]) -> str:
        if match["letter"]:
            return match["letter"].upper()
        return f"{match['before']} " if match["more"] else match["before"] and match["after"]

    return substituted(_PLEASE, without, text, kept)


def _shorten(text: str, kept: Iterable[str]) -> str:
    return substituted(_SHORTENED, lambda match: _SHORT[match.group()], text, kept)


# Formal and chatty: what is written out, and what is drawn together.

_NOT = {
    "don't": "do not",
    "doesn't": "does not",
    "didn't": "did not",
    "isn't": "is not",
    "aren't": "are not",
    "wasn't": "was not",
    "weren't": "were not",
    "won't": "will not",
    "wouldn't": "would not",
    "can't": "cannot",
    "couldn't": "could not",
    "shouldn't": "should not",
    "haven't": "have not",
    "hasn't": "has not",
    "hadn't": "had not",
}
_IS = {f"{word}'s": f"{word} is" for word in ("it", "that", "what", "there", "here", "name", "who", "where", "how")}
_OTHERS = {
    "i'm": "I am",
    "you're": "you are",
    "we're": "we are",
    "they're": "they are",
    "i've": "I have",
    "you've": "you have",
    "we've": "we have",
    "they've": "they have",
    "i'll": "I will",
    "you'll": "you will",
    "we'll": "we will",
    "they'll": "they will",
    "it'll": "it will",
    "let's": "let us",
}
_WRITTEN_OUT = _NOT | _IS | _OTHERS
_SPELT = "|".join(re.escape(short).replace("'", "['’]") for short in _WRITTEN_OUT)
_DRAWN = re.compile(
    rf"(?i)(?<![\w'’])(?:{_SPELT})(?![\w'’])(?! (?:been|got|gone|left|happened|become|had)\b)"
    r"|(?<![\w'’])(?:i|you|we|they)['’]d(?= (?:like|love|rather|prefer|need|want|be)\b)"
)
_TOGETHER = {
    long: short
    for short, long in _WRITTEN_OUT.items()
    # `I have to` cannot be drawn together, and a name is not said so.
    if not long.endswith(" have") and short not in ("let's", "name's", "what's", "who's", "where's", "how's", "here's")
} | {"I would": "I'd", "we would": "we'd", "can not": "can't"}
_SUBJECT = (
    r"(?:^|(?<=[,;:.!?] )|(?<=\b(?:if|so|as|or) )|(?<=\b(?:and|but|how) )|(?<=\b(?:that|than|when|what) )"
    r"|(?<=\b(?:while|where|which|think) )|(?<=\bbecause ))"
)
"""Where a word is one that does something, not one that something is done to: `for it is fine` stays."""
_LONG = re.compile(
    rf"(?i)(?:{_SUBJECT}(?=(?:it|you|we|they|there) )|(?<![\w'’])(?!(?:it|you|we|they|there) ))"
    rf"(?:{'|'.join(map(re.escape, _TOGETHER))})(?= [a-z])(?! (?:not|to be)\b)"
)
_KNOWN = {long.lower(): short for long, short in _TOGETHER.items()}


def _like(made: str, old: str) -> str:
    made = _capital(made) if old[:1].isupper() else made
    return re.sub(r"(?<!\w)i(?=['’ ]|$)", "I", made)


def _write_out(text: str, kept: Iterable[str]) -> str:
    def other(match: re.Match[str]) -> str:
        plain = match.group().lower().replace("’", "'")
        return _like(_WRITTEN_OUT.get(plain, f"{plain[:-2]} would"), match.group())

    return substituted(_DRAWN, other, text, kept)


def _draw_together(text: str, kept: Iterable[str]) -> str:
    return substituted(_LONG, lambda match: _like(_KNOWN[match.group().lower()], match.group()), text, kept)


_CAN_YOU = re.compile(r"(?i)(^|(?:^|, )(?:also|and|then),? )can you (?!please)")
_I_WANT = re.compile(r"(?<![\w'’])(I|We|we) want(?= (?:to|a|an|the|my|our)\b)")


def _politely(text: str, kept: Iterable[str]) -> str:
    asks = re.search(r"(?i)\b(?:please|kindly)\b", text) is None
    made = substituted(_I_WANT, r"\1 would like", text, kept)
    polite = "could you please " if asks else "could you "
    made = substituted(
        _CAN_YOU, lambda match: f"{match.group(1)}{_like(polite, match.group() if not match.group(1) else '')}", made, kept
    )
    command = COMMAND.match(made)
    if asks and made == text and command is not None and command.group()[:1].isupper() and "?" not in text:
        return f"Please {_lower(text)}"
    return made


def _begin(turns: Turns, wording: str, kept: Iterable[str]) -> Turns:
    """A remark before what is said first."""
    first, *rest = turns
    sentences = split(first)
    at = sum(one.purpose == "greeting" for one in sentences)
    if at == len(sentences):
        return turns
    remark = sentences[at]._replace(text=wording, purpose="statement", bound=False)
    made = [*sentences[:at], remark, *sentences[at:]]
    spaces = [*(one.space for one in sentences[: at + 1]), " ", *(one.space for one in sentences[at + 1 :])]
    return (joined(spaces, made), *rest)


STYLES: Mapping[Style, Mapping[str, Change]] = {
    "terse": {
        "greeting": Change(_greet),
        "orders": Change(_sentences(_order)),
        "please": Change(_sentences(_unasked)),
        "thanks": Change(_leave_out_thanks),
        "short_forms": Change(_each(_shorten)),
    },
    "formal": {
        "greeting": Change(_greet, ("Good day.", "Dear Sir or Madam,", "To whom it may concern:")),
        "contractions": Change(_each(_write_out)),
        "requests": Change(_sentences(_politely)),
        "thanks": Change(
            _leave,
            (
                "Thank you very much for your assistance.",
                "I appreciate your assistance.",
                "Thank you in advance for your efforts.",
            ),
        ),
    },
    "chatty": {
        "greeting": Change(_greet, ("Hi there!", "Hey there!", "Hello there!")),
        "contractions": Change(_each(_draw_together)),
        "remark": Change(_begin, ("So, here's the thing.", "Okay, bear with me here.", "Right, here goes.")),
        "thanks": Change(
            _leave, ("Thanks a million, you're a star!", "Thanks so much, you're a lifesaver!", "Cheers, really appreciate it!")
        ),
    },
}
"""What each style changes, in the order in which it is done."""


def styled(turns: Turns, style: Style, features: Mapping[str, str], kept: Iterable[str] = ()) -> Turns:
    """What the user says in a style, by those of its changes that `features` names, each with its wording."""
    for name, change in STYLES[style].items():
        if name in features:
            turns = change.make(turns, features[name], kept)
    return turns
