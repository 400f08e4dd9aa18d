"""Plain answers: what they hold, what they say of tokens, and how they are streamed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from perturb.diagnosis.line import Heard, Line, failure
from perturb.diagnosis.records import Finding
from perturb.models.joining import repeats
from perturb.models.records import Told
from perturb.types import JSON

MOST = 2
"""Requests."""
SENTENCE = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
_PROMPT = [Told("user", f"Reply with exactly: {SENTENCE}")]
_COUNTED = {
    "prompt_tokens": "input",
    "input_tokens": "input",
    "completion_tokens": "output",
    "output_tokens": "output",
    "cached_tokens": "read from a cache",
    "cache_read_input_tokens": "read from a cache",
    "cache_creation_input_tokens": "written to a cache",
    "reasoning_tokens": "reasoning",
    "thinking_tokens": "reasoning",
}


async def plain(line: Line) -> tuple[Heard, list[Finding]]:
    """Ask for one sentence. Raises what ends the examination where no answer comes."""
    heard = await line.ask(_PROMPT)
    if heard.completion is None:
        raise failure(heard.kind, heard.trouble)
    said = heard.completion.said.text.strip()
    answer = f"in {heard.seconds:.1f} s" + ("" if said == SENTENCE else f", though not as it was told to: {said[:60]!r}")
    usage = heard.body.get("usage") if isinstance(heard.body, dict) else None
    counted = list(dict.fromkeys(_COUNTED[name] for name in _names(usage) if name in _COUNTED))
    other = heard.completion.model
    named = f"{other!r}" if other and other != line.model else "the model that was asked for" if other else "no model"
    return heard, [
        Finding(id="text", group="answers", title="plain text", value=bool(said), told=answer if said else "an empty answer"),
        Finding(id="model", group="answers", title="model named in answers", value=other or None, told=named),
        Finding(
            id="usage", group="answers", title="usage numbers", value=counted,
            told=", ".join(counted) if heard.completion.tokens else "none that can be read: budgets in tokens cannot be held",
        ),
    ]  # fmt: skip


async def streamed(line: Line) -> tuple[Heard, list[Finding]]:
    """Ask for the same as a stream."""
    heard = await line.ask(_PROMPT, stream=True)
    title = "streaming"
    if heard.refused:
        return heard, [Finding(id="streaming", group="answers", title=title, value=heard.no, told=heard.why)]
    pieces = [piece for event in heard.events or () for piece in _texts(event)]
    kind = "unknown" if len(pieces) < 2 else "cumulative" if repeats(pieces) else "incremental"
    told = {
        "unknown": "the text comes in one piece",
        "cumulative": f"{len(pieces)} pieces of text, each with all that came before",
        "incremental": f"{len(pieces)} pieces of text, each with what is new",
    }[kind]
    counted = heard.completion is not None and heard.completion.tokens is not None
    return heard, [
        Finding(id="streaming", group="answers", title=title, value=True, told=told),
        Finding(id="pieces", group="answers", title="pieces of a stream", value=kind, told=kind),
        Finding(
            id="usage_streamed", group="answers", title="usage in a stream", value=counted,
            told="at its end" if counted else "none: runs with --stream cannot hold a budget in tokens",
        ),
    ]  # fmt: skip


def _names(tree: JSON) -> Iterator[str]:
    """The names in an object and those within it that stand with a number."""
    for name, value in tree.items() if isinstance(tree, dict) else ():
        if isinstance(value, dict):
            yield from _names(value)
        elif isinstance(value, int):
            yield name


def _texts(event: Any) -> Iterator[str]:
    """What an event of a stream adds to the answer, in any of the wire formats."""
    if not isinstance(event, dict):
        return
    for choice in event.get("choices") or ():
        text = (choice.get("delta") or {}).get("content") if isinstance(choice, dict) else None
        if isinstance(text, str) and text:
            yield text
    delta = event.get("delta")
    if event.get("type") == "response.output_text.delta" and isinstance(delta, str):
        yield delta
    if isinstance(delta, dict) and isinstance(delta.get("text"), str):
        yield delta["text"]
