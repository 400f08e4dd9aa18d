"""What a search has found: the sentence that says it, and the file that runs it again."""

from __future__ import annotations

import re
from collections.abc import Sequence

from perturb.operator import Operator, Setup
from perturb.operator.parts import members
from perturb.types import digest

MOST_PLACES = 3
_PLACE = re.compile(r"(?P<tool>[^.>\[]+)(?P<part>[.>\[].*)?")


def sentence(operator: Operator, setup: Setup, task: str, clean: str, perturbed: str) -> str:
    """One sentence: ``renaming `date` to `day` in `book_flight` breaks task 12: 0 of 8, clean 8 of 8``."""
    causes = [cause(member, setup) for member in members(operator)]
    verb = "breaks" if len(causes) == 1 else "together break"
    return f"{_listed(causes)} {verb} task {task}: {perturbed}, clean {clean}"


def cause(operator: Operator, setup: Setup) -> str:
    """What one operator does, in words: where it renames, what it renames; else what it is, and where."""
    names = getattr(operator, "names", None)
    tools = set(setup.by_name)
    if isinstance(names, dict) and names and all(_PLACE.match(place) and tool_of(place) in tools for place in names):
        return _listed([_renaming(place, str(new)) for place, new in list(names.items())[:MOST_PLACES]], len(names))
    places = sorted(operator.places())
    told = _listed([_told(place, tools) for place in places[:MOST_PLACES]], len(places))
    return f"`{operator.id}` at {told}" if places else f"`{operator.id}`"


def tool_of(place: str) -> str:
    """The tool that a place is at, where it names one: `book_flight` for `book_flight.passengers[].name`."""
    found = _PLACE.match(place)
    return found["tool"] if found else place


def _renaming(place: str, new: str) -> str:
    tool = tool_of(place)
    if place == tool:
        return f"renaming `{tool}` to `{new}`"
    old = re.split(r"[.>\]]", place)[-1]
    where = f"the results of `{tool}`" if ">" in place else f"`{tool}`"
    return f"renaming `{old}` to `{new}` in {where}"


def _told(place: str, tools: set[str]) -> str:
    tool = tool_of(place)
    if tool not in tools or place == tool:
        return f"`{place}`" if len(place) <= 60 else f"`{place[:57]}…`"
    rest = place[len(tool) :]
    return f"`{rest.lstrip('.>')}` of {'the results of ' if rest.startswith('>') else ''}`{tool}`"


def _listed(words: Sequence[str], total: int | None = None) -> str:
    more = (total or len(words)) - len(words)
    listed = [*words, *([f"{more} more"] if more > 0 else [])]
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} and {listed[-1]}"


def file_name(operator: Operator, task: str) -> str:
    """The name of the plan file of a finding: which operators, which task, and a digest that tells two findings apart."""
    ids = "+".join(dict.fromkeys(member.id for member in members(operator)))
    safe = "".join(one if one.isalnum() or one in "-_.+" else "-" for one in f"{ids}-{task}")
    return f"{safe[:80]}-{digest([operator.to_json(), task], 4)}.json"
