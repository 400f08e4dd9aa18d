"""English inflection as far as identifiers and the first verb of a description need it."""

from __future__ import annotations

_IRREGULAR = {
    "person": "people",
    "child": "children",
    "man": "men",
    "woman": "women",
    "foot": "feet",
    "tooth": "teeth",
    "goose": "geese",
    "mouse": "mice",
    "index": "indices",
    "matrix": "matrices",
    "vertex": "vertices",
    "appendix": "appendices",
    "criterion": "criteria",
    "phenomenon": "phenomena",
    "analysis": "analyses",
    "basis": "bases",
    "crisis": "crises",
    "hypothesis": "hypotheses",
    "thesis": "theses",
    "diagnosis": "diagnoses",
    "leaf": "leaves",
    "shelf": "shelves",
    "half": "halves",
    "knife": "knives",
    "life": "lives",
    "wife": "wives",
    "quiz": "quizzes",
    "hero": "heroes",
    "potato": "potatoes",
    "tomato": "tomatoes",
    "echo": "echoes",
    "status": "statuses",
    "bus": "buses",
    "gas": "gases",
    "alias": "aliases",
    "bonus": "bonuses",
    "campus": "campuses",
    "census": "censuses",
    "virus": "viruses",
    "lens": "lenses",
    "iris": "irises",
    "canvas": "canvases",
    "atlas": "atlases",
    "move": "moves",
    "cookie": "cookies",
    "movie": "movies",
    "tie": "ties",
    "axis": "axes",
    "cache": "caches",
    "niche": "niches",
}
_SINGULAR = {plural: singular for singular, plural in _IRREGULAR.items()}
_UNCOUNTED = (
    frozenset(
        {
            "aircraft",
            "baggage",
            "luggage",
            "cash",
            "cashflow",
            "money",
            "equipment",
            "hardware",
            "software",
            "mail",
            "staff",
            "insurance",
        }
    )
    | frozenset(
        {
            "information",
            "info",
            "news",
            "data",
            "metadata",
            "weather",
            "feedback",
            "music",
            "advice",
            "inventory",
            "history",
            "traffic",
            "content",
        }
    )
    | frozenset(
        {
            "series",
            "species",
            "details",
            "correspondence",
            "graph",
            "physics",
            "mathematics",
            "statistics",
            "analytics",
            "logistics",
        }
    )
    | frozenset({"https", "dns", "tls", "sms", "gps", "css", "ohlcv", "by", "its", "has", "is", "was", "this", "progress"})
)
_SIBILANT = ("s", "x", "z", "ch", "sh")
_VOWELS = "aeiou"


def plural(noun: str) -> str:
    """The plural of a singular noun in lower case; a plural stays as it is."""
    if noun in _IRREGULAR:
        return _IRREGULAR[noun]
    if noun in _UNCOUNTED or is_plural(noun):
        return noun
    return _with_s(noun)


def singular(noun: str) -> str:
    """The singular of a plural noun in lower case; a singular stays as it is."""
    if noun in _SINGULAR:
        return _SINGULAR[noun]
    if noun in _IRREGULAR or noun in _UNCOUNTED or not noun.endswith("s") or len(noun) < 3:
        return noun
    if noun.endswith(("ss", "us", "is")):
        return noun
    if noun.endswith("ies") and len(noun) > 4:
        return noun[:-3] + "y"
    if noun.endswith(("xes", "ches", "shes", "sses", "zzes")):
        return noun[:-2]
    return noun[:-1]


def is_plural(noun: str) -> bool:
    """Whether a noun in lower case is a plural that has another singular."""
    return singular(noun) != noun


def third_person(verb: str) -> str:
    """The form that goes with "it": `get` gives `gets`, `carry` gives `carries`."""
    irregular = {"be": "is", "have": "has", "do": "does", "go": "goes", "undo": "undoes", "redo": "redoes"}
    return irregular.get(verb) or _with_s(verb)


def _with_s(word: str) -> str:
    if word.endswith("y") and len(word) > 1 and word[-2] not in _VOWELS:
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(_SIBILANT) else "s")
