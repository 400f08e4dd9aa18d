"""ReAct: thought, action and action input as lines of text, results as observations (Yao et al., arXiv 2210.03629)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from perturb.messages import Answered, ToolCall, Tools
from perturb.scaffold.formats import CallFormat, Reading, called

_TOLD = """\
Work in turns of thought and action, each in this form:

Thought: what to do next, and why
Action: the name of a tool
Action Input: its arguments as a JSON object

The result is then given to you:

Observation: what the tool has answered

Go on like this until you know enough. Then end with:

Thought: nothing more is needed
Final Answer: what the user is to be told"""

_MARK = re.compile(r"^[ \t]*(Action|Final Answer)[ \t]*:[ \t]*", re.MULTILINE)
_ACTION = re.compile(r"^[ \t]*Action[ \t]*:[ \t]*(.+?)[ \t]*\n\s*Action Input[ \t]*:\s*(?:```(?:json)?\s*)?", re.MULTILINE)
_OBSERVED = re.compile(r"^[ \t]*Observation[ \t]*:", re.MULTILINE)
_FINAL = re.compile(r"^[ \t]*Final Answer[ \t]*:", re.MULTILINE)
_DECODER = json.JSONDecoder()


def _write_calls(text: str, calls: Sequence[ToolCall], tools: Tools) -> str:
    lines = [f"Thought: {text}"] if text else []
    for call in calls:
        lines += [f"Action: {call.name}", f"Action Input: {call.arguments if call.arguments.strip() else '{}'}"]
    return "\n".join(lines)


def _write_answer(text: str) -> str:
    return f"Final Answer: {text}"


def _write_results(answered: Sequence[Answered]) -> str:
    return "\n".join(f"Observation: {one.text}" for one in answered)


def _read(text: str, tools: Tools) -> Reading:
    mark = _MARK.search(text)
    if mark is None:
        return _complaint("there is neither an action nor a final answer in it")
    if mark[1] == "Final Answer":
        return Reading(answer=text[mark.end() :].strip())
    # What a model goes on to imagine as a result is not its to say.
    observed = _OBSERVED.search(text, mark.end())
    text = text[: observed.start()] if observed else text
    calls: list[ToolCall] = []
    place = mark.start()
    while (action := _ACTION.search(text, place)) is not None:
        try:
            arguments, place = _DECODER.raw_decode(text, action.end())
        except (ValueError, RecursionError):
            return _complaint(f"the action input for {action[1]} is no JSON")
        if not isinstance(arguments, dict):
            return _complaint(f"the action input for {action[1]} is JSON, but no object")
        calls.append(called(action[1].strip("`"), arguments))
    if not calls:
        return _complaint("an action has no action input")
    if _FINAL.search(text, place):
        return _complaint("there is both an action and a final answer in it; wait for the observation")
    return Reading(calls=tuple(calls))


def _complaint(why: str) -> Reading:
    return Reading(
        complaint=f"Observation: your reply could not be read: {why}. Write 'Action:' and 'Action Input:', or 'Final Answer:'."
    )


REACT = CallFormat(lambda tools: _TOLD, _write_calls, _write_answer, _write_results, _read)
