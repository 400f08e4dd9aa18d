"""What an operator adds to the tools and answers itself: names in the style of the toolset's own, refusals in its words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from perturb.operator import Setup
from perturb.operators.renaming import names_in_use
from perturb.operators.vocabulary import Style, restyle, split
from perturb.types import Call, Failure


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


def refused(setup: Setup, call: Call, field: str, way_out: str) -> Failure:
    """The toolset's own refusal of the value of an argument that an operator has added, and a sentence on what to give."""
    failure = setup.source.refusal("invalid_argument", tool=call.name, field=field, value=call.arguments.get(field))
    told = failure.message.rstrip()
    return msgspec.structs.replace(failure, message=f"{told}{'' if told.endswith('.') else '.'} {way_out}")
