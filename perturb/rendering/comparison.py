"""A failed episode beside a clean one of the same task, ready to be read: aligned, differences marked, long texts cut."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from perturb.rendering.trajectories import Step, align

SHORT, LONG = 420, 20_000
"""Characters of a text that are shown at once, and that can be unfolded."""
MOST_STEPS = 40
_MOST_TOKENS = 400
_ALIKE = 0.35

Segment = tuple[str, bool]
"""A piece of text, and whether it differs from the other side."""


class Shown(NamedTuple):
    """A text as a report shows it: marked `segments` of its beginning; the `whole` where that is not all; its `length`."""

    segments: list[Segment]
    whole: str | None
    length: int


class Budget:
    """How many characters of whole texts a report may still embed, so that a thousand long results cannot break a viewer."""

    def __init__(self, characters: int) -> None:
        self.left = characters

    def take(self, text: str) -> str | None:
        """`text`, cut where it is very long, or `None` where nothing is left."""
        kept = text[:LONG]
        if len(kept) > self.left:
            return None
        self.left -= len(kept)
        return kept


def compare(failure: Mapping[str, Any], budget: Budget) -> dict[str, Any]:
    """What a report shows of one failure, beside its own keys.

    `rows` holds one row a step: `clean` and `perturbed` (each `None` or a step to show), `missing`, what to say of a side
    that has none, and `parts`, true on the first row where they part. `left_out` counts the steps beyond the fortieth row.
    `prompt` and `answer` hold a `Shown` for each side; `prompt` is `None` where nothing in it changed.
    """
    clean, perturbed = failure.get("clean") or [], failure.get("perturbed") or []
    rows, parted = align(clean, perturbed)
    shown, ended = [], False
    for index, (i, j) in enumerate(rows[:MOST_STEPS]):
        left, right = (None if i is None else clean[i]), (None if j is None else perturbed[j])
        # After they have parted the steps answer different questions, and marks would only flicker.
        marked = parted is None or index <= parted
        before = parted is None or index < parted
        note = "only the perturbed setup has this step" if before else "" if ended else "no further step"
        ended = ended or (not before and None in (i, j))
        row = {"number": index + 1, "parts": index == parted, "missing": note}
        shown.append(row | _row(left, right, budget, marked=marked))
    prompts = failure.get("prompt_clean") or "", failure.get("prompt_perturbed") or ""
    return {
        "rows": shown,
        "left_out": max(0, len(rows) - MOST_STEPS),
        "parted": parted,
        "prompt": None if prompts[0] == prompts[1] else _both(*prompts, budget, marked=True),
        "answer": _both(failure.get("answer_clean") or "", failure.get("answer_perturbed") or "", budget, marked=False),
        "plan": indented(failure.get("plan")),
    }


def _row(clean: Step | None, perturbed: Step | None, budget: Budget, *, marked: bool) -> dict[str, Any]:
    if clean is None or perturbed is None:
        return {"clean": clean and _alone(clean, budget), "perturbed": perturbed and _alone(perturbed, budget)}
    arguments = _both(_arguments(clean), _arguments(perturbed), budget, marked=marked)
    replies = _both(clean["reply"]["text"], perturbed["reply"]["text"], budget, marked=marked)
    renamed = marked and clean["call"]["name"] != perturbed["call"]["name"]
    return {
        "clean": _step(clean, arguments[0], replies[0], renamed=renamed),
        "perturbed": _step(perturbed, arguments[1], replies[1], renamed=renamed),
    }


def _alone(step: Step, budget: Budget) -> dict[str, Any]:
    return _step(step, _one(_arguments(step), budget), _one(step["reply"]["text"], budget), renamed=False)


def _step(step: Step, arguments: Shown, reply: Shown, *, renamed: bool) -> dict[str, Any]:
    real = step.get("real")
    return {
        "name": step["call"]["name"],
        "renamed": renamed,
        "arguments": arguments,
        "reply": reply,
        "is_error": bool(step["reply"].get("is_error")),
        "reached": real is not None,
        "real": f"{real['name']}({_arguments({'call': real})})"[:SHORT] if real and real != step["call"] else None,
    }


def _arguments(step: Step) -> str:
    arguments = step["call"].get("arguments")
    if not isinstance(arguments, dict):
        return "" if arguments is None else str(arguments)
    return ", ".join(f"{name}={msgspec.json.encode(value).decode()}" for name, value in arguments.items())


def _one(text: str, budget: Budget) -> Shown:
    return _shown(text, [(text[:SHORT], False)], budget)


def _both(clean: str, perturbed: str, budget: Budget, *, marked: bool) -> tuple[Shown, Shown]:
    left, right = clean[:SHORT], perturbed[:SHORT]
    before, after = mark_differences(left, right) if marked else ([(left, False)], [(right, False)])
    return _shown(clean, before, budget), _shown(perturbed, after, budget)


def _shown(text: str, segments: list[Segment], budget: Budget) -> Shown:
    return Shown(segments, budget.take(text) if len(text) > SHORT else None, len(text))


def mark_differences(clean: str, perturbed: str) -> tuple[list[Segment], list[Segment]]:
    """Both texts in segments, with the words marked that the other lacks; nothing where they have little in common."""
    left, right = _tokens(clean), _tokens(perturbed)
    unmarked = [(clean, False)], [(perturbed, False)]
    if clean == perturbed or max(len(left), len(right)) > _MOST_TOKENS:
        return unmarked
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    # Likeness is one of words: brackets and spaces are alike in any two results.
    shared = sum(_letters(left[block.a : block.a + block.size]) for block in matcher.get_matching_blocks())
    if shared < _ALIKE * max(_letters(left), _letters(right)):
        return unmarked
    before: list[Segment] = []
    after: list[Segment] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        _extend(before, "".join(left[a:b]), tag != "equal")
        _extend(after, "".join(right[c:d]), tag != "equal")
    return before, after


def _tokens(text: str) -> list[str]:
    return re.findall(r"\w+|\s+|[^\w\s]", text)


def _letters(tokens: list[str]) -> int:
    return sum(len(token) for token in tokens if token[0].isalnum())


def _extend(segments: list[Segment], text: str, changed: bool) -> None:
    if not text:
        return
    if segments and segments[-1][1] == changed:
        segments[-1] = (segments[-1][0] + text, changed)
    else:
        segments.append((text, changed))


def indented(value: object) -> str | None:
    """`value` as indented JSON, `None` for `None`."""
    return None if value is None else msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
