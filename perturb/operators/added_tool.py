"""Tools that an operator adds and answers itself: their names in the style of the toolset's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from perturb.operator import Setup
from perturb.operators.renaming import names_in_use
from perturb.operators.vocabulary import Style, restyle, split


def house_style(setup: Setup) -> Style:
    """The style that most of the tools' names with more than one word are written in; snake case where none has."""
    parted = [split(tool.name) for tool in setup.tools]
    counts = Counter(style for words, style in parted if len(words) > 1 and style != "dotted")
    return counts.most_common(1)[0][0] if counts else "snake"


def free_names(setup: Setup, names: Iterable[str]) -> list[str]:
    """Those of some names in snake case that a new tool may have, in the style of the toolset's own."""
    taken, style = names_in_use(setup), house_style(setup)
    styled = [name if style == "snake" else restyle(name, style) for name in names]
    return [name for name in styled if name.lower() not in taken]
