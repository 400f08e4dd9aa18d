"""A message of a user's cut into sentences, and what each of them is for: who asks, what is the case, what is to be done."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from perturb.literals import marked, within
from perturb.operators.vocabulary.imperatives import COMMAND, VERBS

Purpose = Literal["greeting", "identity", "statement", "request", "closing"]
"""`identity` says who is writing, `statement` what is the case; whatever is none of the others for certain is a `request`."""


class Sentence(NamedTuple):
    """A sentence with the space before it. `bound` says that it points back to what was said before it."""

    space: str
    text: str
    purpose: Purpose
    bound: bool


_END = re.compile(r"[.!?]+[\"')\]”’]*(?=\s+[\"'(\[“‘]?[A-Z0-9$€£–—-])|[.!?]*(?=\s*\n)")
_ABBREVIATED = re.compile(
    r"\b(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|No|Nos|Jr|Sr|vs|etc|approx|e\.g|i\.e|a\.m|p\.m|Inc|Ltd|Co|Ave|Rd|dept)\.$", re.IGNORECASE
)
_NUMBERED = re.compile(r"(?:^|\s)\(?\d{1,2}[.)]$")

_HELLO = (
    r"(?:hi|hello|hey|good (?:morning|afternoon|evening|day)|greetings)(?: there| all| everyone| team)?"
    r"|dear (?:sir or madam|(?:[A-Z]\w+ ?){1,3})|to whom it may concern"
)
GREETING = re.compile(
    rf"(?:(?i:{_HELLO}))\s*(?:[,!.:]+|\s[–—-])(?=\s|$)|(?i:hi|hello|hey)(?= (?i:this is|it's|i'm|i am|my name)\b)"
)
THANKS = re.compile(
    r"(?i)(?:many thanks|thanks?(?: you)?(?: (?:a lot|a bunch|so much|very much|in advance|again))*"
    r"|cheers)(?: for your (?:help|time))?[.!]*$"
)
_WISHES = re.compile(
    r"(?i)(?:(?:kind|best|warm) regards|regards|best(?: wishes)?|yours(?: \w+)?|sincerely|cheers|thanks|thank you),(?=\s|$)"
)
_DASHED = re.compile(r"[–—-]+ ?(?:[A-Z][\w'’-]+ ?){1,3}\.?$")

NAME = r"[A-Z][\w'’-]*[a-z](?: [A-Z][\w'’-]*[a-z]){1,3}"
_FULL_NAME = re.compile(rf"{NAME}[.!]?$")
_IDENTITY = re.compile(
    rf"(?:{NAME},? (?:here|speaking|writing)"
    rf"|(?i:this is|i am|i'm|my name is|my name's|it is|it's|the name is) (?:{NAME}|[A-Z][a-z]+)(?:,? (?:here|speaking"
    rf"|writing))?"
    rf"|{NAME} is (?:my name|the name on [\w ]{{1,20}}|who I am)"
    rf"|(?i:the (?:booking|reservation|order|account) is (?:under|in the name of)) {NAME}"
    rf"|(?i:(?:my )?(?:customer|account|client|member|membership|user) (?:number|id|code)(?: is"
    rf"|:)?) \S*\d\S*?(?:, {NAME})?)[.!]?$"
)
_VERB = (
    r"(?:is|are|was|were|has|have|had|just|\w{2,}ed|came|went|got|gave|left|lost|took|made|sent|said|told|wrote|paid|bought"
    r"|sold|flew|sat"
    r"|knows?|thinks?|says?|likes?|lives?|works?|eats?|plans?|seems?)\b"
)
_TELLS = re.compile(
    r"(?:I|I['’](?:m|ve)|We|We['’](?:re|ve)|They|He|She|It|It['’]s|There['’]s|There (?:is|are|was|were)|My|Our|Your|This is"
    r"|Some(?:one|body|thing))\b"
    rf"|(?:{NAME}|[A-Z][a-z]+)(?: and (?:I|[A-Z][a-z]+))?,? {_VERB}"
    rf"|(?:(?:On|Since) [\dA-Z][\w -]{{0,15}}|Last \w+|Yesterday|Today|Earlier(?: today)?),? (?:I|we) {_VERB}"
)
_WANTS = re.compile(
    r"(?i)\?|\b(?:please|kindly|pls|want|wants|wanted|wish|wishes|need|needs|needed|would|could|should|must|['’]d (?:like"
    r"|rather|love|prefer)"
    r"|like to|prefer|hope|hoping|hopes|demand|expect|request|require|requires|looking (?:for|to)|let me|let us|let's|have to"
    r"|has to"
    r"|ought|going to need|in need|craving|can you|will you|would you|rather|wonder|wondering|tell me|give me|help|is to|are to"
    r"|no need|remember|make sure|be sure|do not|don['’]t)\b"
)
_ORDERS = re.compile(
    rf"(?i)(?:^|[,;:–—] ?|\s-\s|\b(?:and|so|then|or|but)\s+)(?:please\s+|just\s+|also\s+|then\s+)*(?:{VERBS})\b"
)

_CONNECTIVE = re.compile(
    r"(?i)(?:and|but|or|so|then|if so|if not|if yes|also|after|afterwards|before|once|because|therefore|thus|hence|however"
    r"|plus|finally"
    r"|next|lastly|otherwise|in that case|in addition|additionally|moreover|instead|still|though|that way|as well|besides"
    r"|for that|same"
    r"|either|neither|both|yes|no|note that|the|in case|should|second|third|otherwise|till then|meanwhile|while you)\b"
)
_POINTS = re.compile(
    r"(?i)\b(?:it|its|they|them|their|theirs|he|him|his|she|hers?|these|those|ones|such|same|instead|either|neither|others?"
    r"|another|rest"
    r"|again|too|also|latter|former|else|(?<!\bis )(?<!\bare )(?<!\bwas )there(?! (?:is|are|was|were|will)\b)|then"
    r"|both(?! (?:of (?:us|you)|[\w-]+ (?:and|&))\b))\b"
    r"|\bone(?=\s*(?:[.,;!?]|$|instead\b|that\b|if\b|for\b|from\b|on\b|of the\b|with\b))"
    r"|\b(?:this|that)\b(?! (?:week|month|year|morning|afternoon|evening|night|spring|summer|autumn|winter"
    r"|monday|tuesday|wednesday|thursday|friday|saturday|sunday|is [A-Z]))"
)
_DEFINITE = re.compile(r"(?i)\bthe (?:\w+ ){0,2}?(\w{3,})")
_WORD = re.compile(r"\w{3,}")


def split(text: str) -> list[Sentence]:
    """The sentences of a text in their order; joined, spaces included, they are the text, but for what is blank at its end.

    Quoted text and code are never cut. A greeting at the beginning is a sentence of its own, and so is each line.
    """
    found: list[Sentence] = []
    said: list[str] = []
    greeting = GREETING.match(text.lstrip())
    for space, piece in _pieces(text):
        purpose, bound = _purpose(piece), bool(said) and points_back(piece, said)
        if not found and greeting is not None and greeting.group() == piece:
            purpose = "greeting"
        else:
            said.append(piece)
        found.append(Sentence(space, piece, purpose, bound and purpose not in ("greeting", "identity")))
    return _closed(found)


def _pieces(text: str) -> list[tuple[str, str]]:
    fixed = marked(text)
    pieces: list[tuple[str, str]] = []
    start = 0
    if greeting := GREETING.match(text.lstrip()):
        start = len(text) - len(text.lstrip()) + greeting.end()
        pieces.append((text[: len(text) - len(text.lstrip())], greeting.group()))
    for match in _END.finditer(text, start):
        if match.end() <= start or within((match.start(), match.end()), fixed):
            continue
        if match.group() and (_ABBREVIATED.search(text[start : match.end()]) or _NUMBERED.search(text[start : match.end()])):
            continue
        if text[start : match.end()].strip():  # what is blank goes before the next
            pieces.append(_parted(text[start : match.end()]))
            start = match.end()
    if text[start:].strip():
        pieces.append(_parted(text[start:].rstrip()))
    return pieces


def _parted(raw: str) -> tuple[str, str]:
    piece = raw.strip()
    return raw[: raw.index(piece)], raw[raw.index(piece) :]


def _purpose(piece: str) -> Purpose:
    if _FULL_NAME.fullmatch(piece) or _IDENTITY.fullmatch(piece):
        return "identity"
    if _WANTS.search(piece) or _ORDERS.search(piece) or COMMAND.match(piece) or not _TELLS.match(piece):
        return "request"
    return "statement"


def points_back(piece: str, said: Sequence[str]) -> bool:
    """Whether a sentence leans on one of those said before it: by a connective, a pronoun, or `the` with a word of theirs."""
    if _CONNECTIVE.match(piece) or _POINTS.search(piece):
        return True
    before = {_stem(word) for one in said for word in _WORD.findall(one)}
    return any(_stem(match.group(1)) in before for match in _DEFINITE.finditer(piece))


def _stem(word: str) -> str:
    return word.lower().removesuffix("s")


def _closed(sentences: list[Sentence]) -> list[Sentence]:
    """The sentences with those at the end that only take leave marked as the closing: thanks, regards, a name behind a dash."""
    first = len(sentences)
    while first > 1:
        one = sentences[first - 1]
        leaves = THANKS.fullmatch(one.text) or _WISHES.match(one.text) or _DASHED.fullmatch(one.text)
        # A bare name behind thanks or a line of its own signs the message.
        signs = _FULL_NAME.fullmatch(one.text) and first > 2 and THANKS.fullmatch(sentences[first - 2].text)
        if not leaves and not signs:
            break
        first -= 1
    return [*sentences[:first], *(one._replace(purpose="closing", bound=False) for one in sentences[first:])]


def joined(spaces: Sequence[str], sentences: Sequence[Sentence]) -> str:
    """Sentences in a new order as one text, with the spaces that stood there; all but the last end in a mark."""
    made: list[str] = []
    for place, one in enumerate(sentences):
        text = one.text
        if place and sentences[place - 1].purpose == "greeting" and text[:1].isupper():
            made[-1] = f"{made[-1].rstrip(',')}." if made[-1][-1] == "," or made[-1][-1].isalnum() else made[-1]
        if place and made[-1][-1] != "," and not made[-1][-1].isalnum():
            text = text[:1].upper() + text[1:]
        if place < len(sentences) - 1 and one.purpose != "greeting" and text[-1:].isalnum():
            text += "."
        made += [spaces[place] or (" " if place else ""), text]
    return "".join(made)
