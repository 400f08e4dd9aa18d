"""Whether an answer says something, however it is written: letter case, thousands separators and currency marks aside."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import TypeAlias

Fact: TypeAlias = str | int | float | Decimal | Sequence[str | int | float | Decimal]
"""A text or a number that an answer must hold; a sequence holds alternatives, of which one is enough."""

_NUMBER = re.compile(r"(?<![\w.,])[-−]?[$€£]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\w]*\d)")
_SIGNS = str.maketrans({"’": "'", "‘": "'", "−": "-", "\u00a0": " ", "\u202f": " "})


def plain(text: str) -> str:
    """`text` in lower case, with plain apostrophes and single spaces, without Markdown's stars and back-ticks."""
    return " ".join(re.sub(r"[*`]+", "", text.translate(_SIGNS)).lower().split())


def numbers(text: str) -> set[Decimal]:
    """The numbers in `text`; `1,240.50`, `$1240.5` and `1240.50` are one number. Digits behind a letter
    are none."""
    return {Decimal(re.sub(r"[,$€£]", "", found.replace("−", "-"))) for found in _NUMBER.findall(text)}


def says(answer: str, fact: Fact) -> bool:
    """Whether `answer` holds `fact`: a number by its value, a text as whole words in any letter case."""
    if isinstance(fact, str):
        return re.search(rf"(?<!\w){re.escape(plain(fact))}(?!\w)", plain(answer)) is not None
    if isinstance(fact, Sequence):
        return any(says(answer, each) for each in fact)
    return Decimal(str(fact)) in numbers(answer)
