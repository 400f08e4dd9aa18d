"""A model that does what a prompt asks of its tools in so many words: no task was learnt, so any tools will do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from perturb.serving.seen import Move, Seen, Wanted
from perturb.types import digest

_TOOL = re.compile(r"`([^`\s]+)` with (?=\{)")
_EXACTLY = re.compile(r"[Rr]eply with exactly: (.+)")
_RECALL = re.compile(r"[Rr]eply with that (?:code word|number)")
_CHOOSE = re.compile(r"[Cc]hoose a number")
_NOTED = re.compile(r"\b(?:code word|number) is ([A-Z0-9-]+)")


class ObligingMind:
    """Calls the tools that the prompt names, each as `NAME` with its arguments, all in one turn; then it replies as it was told
    to. What it has chosen or noted it knows from the reasoning that is sent back to it, and from nowhere else."""

    async def move(self, seen: Seen) -> Move:
        said = "\n".join(seen.users)
        offered = {tool.name for tool in seen.tools}
        wanted = [call for call in _calls(said) if call.name in offered]
        results = seen.results()
        if wanted and not results:
            number = f"The number is {10_000 + int(digest([seen.system, *seen.users], 8), 16) % 90_000}. "
            thought = f"{number if _CHOOSE.search(said) else ''}I was asked for {len(wanted)} calls, and make them now."
            return Move(thought=thought, calls=tuple(wanted))
        exactly = _EXACTLY.findall(said)
        if exactly:
            return Move(text=exactly[-1], thought="I was told what to reply.")
        if _RECALL.search(said):
            noted = _NOTED.findall("\n".join(thought for turn in seen.turns for thought in turn.thoughts))
            return Move(text=noted[-1] if noted else "NONE", thought="I look for it in what I thought.")
        return Move(text=" ".join(result.text for result in results.values()), thought="I say what the tools gave.")


def _calls(text: str) -> Iterator[Wanted]:
    """The calls that a text asks for."""
    for found in _TOOL.finditer(text):
        try:
            arguments, _ = json.JSONDecoder().raw_decode(text, found.end())
        except ValueError:
            continue
        yield Wanted(found[1], json.dumps(arguments))
