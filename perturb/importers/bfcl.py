"""BFCL's results: a line an entry, `{"id", "result", "inference_log", …}`, and the score file beside it for the verdicts.

Multi-turn entries hold their conversation in `inference_log`; without one, only the calls are known and none of their results.
Source: bfcl-eval 2026.3.23, `model_handler/base_handler.py` and `eval_checker/`.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from perturb.importers.chat import listed, read_arguments, read_content
from perturb.importers.reading import At, Problem, Source, Unreadable, each, records
from perturb.recorded import Recorded, RecordedCall, RecordedMessage
from perturb.types import JSON, Usage

NAME = "bfcl"
SUMMARY = "BFCL results (result/MODEL/…_result.json), with the score file beside them"
_NAMED = frozenset({"id", "result", "inference_log", "input_token_count", "output_token_count", "latency"})
_FORCED = "forced to quit"


def recognises(first: Any) -> bool:
    return isinstance(first, dict) and "id" in first and "result" in first and "traj" not in first


def read(source: Source) -> Iterator[Recorded | Problem]:
    """Each entry of a result file. A score file that is beside it, as BFCL writes it, says which of them are right."""
    wrong: set[str] | None = None
    score = _score_file(source.path)
    if score is not None:
        wrong = set()
        for one in records(Source(score)):
            if isinstance(one, Problem):
                yield Problem(f"{score.name} {one.where}", f"{one.what}; without it no entry has a verdict")
                wrong = None
                break
            if isinstance(one.value, dict) and one.value.get("valid") is False:
                wrong.add(str(one.value.get("id")))
    yield from each(records(source, ("id", "result")), partial(_entry, source, wrong))


def _score_file(path: Path) -> Path | None:
    """`score/MODEL/X_score.json` for `result/MODEL/X_result.json`, or the one in the same folder."""
    name = path.name.replace("_result.", "_score.")
    parts = list(path.absolute().parts)
    places = [path.with_name(name)]
    if "result" in parts:
        at = len(parts) - 1 - parts[::-1].index("result")
        places.append(Path(*parts[:at], "score", *parts[at + 1 : -1], name))
    return next((place for place in places if name != path.name and place.is_file()), None)


def _entry(source: Source, wrong: set[str] | None, one: At) -> Recorded:
    record = one.value
    if not isinstance(record, dict) or "result" not in record or "id" not in record:
        raise Unreadable("an entry has an id and a result, and this has not")
    identifier = str(record["id"])
    log, result = record.get("inference_log"), record["result"]
    turns = [part for part in log if isinstance(part, dict) and "begin_of_turn_query" in part] if isinstance(log, list) else []
    about: dict[str, JSON] = {name: value for name, value in record.items() if name not in _NAMED}
    states = [part for part in log if isinstance(part, list)] if isinstance(log, list) else []
    if states:
        about["final_state"] = states[-1]
    forced = False
    if turns:
        messages = [message for turn in turns for message in _turn(turn)]
        forced = any(_FORCED in str(entry.get("content")) for turn in turns for entry in _entries(turn))
    else:
        if isinstance(log, list) and log:
            about["inference_log"] = log
        messages = list(_bare(result))
    parts = source.path.absolute().parts
    model = parts[parts.index("result") + 1] if "result" in parts[:-2] else ""
    return Recorded(
        format=NAME,
        source=str(source.path),
        place=one.place,
        suite=identifier.rpartition("_")[0],
        task=identifier,
        trial=-1,
        model=model,
        messages=tuple(messages),
        passed=None if wrong is None else identifier not in wrong,
        ended="the limit of steps" if forced else "",
        cut_off=forced,
        usage=Usage(input_tokens=_sum(record.get("input_token_count")), output_tokens=_sum(record.get("output_token_count"))),
        seconds=_total(record.get("latency")),
        about=about,
    )


def _sum(value: Any) -> int:
    return round(_total(value))


def _total(value: Any) -> float:
    """The sum of numbers in lists of lists."""
    if isinstance(value, list):
        return sum(map(_total, value))
    return float(value) if isinstance(value, int | float) else 0.0


def _entries(turn: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The entries of a turn's log, step after step."""
    for name, step in turn.items():
        if name != "begin_of_turn_query":
            for entry in listed(step, name):
                if not isinstance(entry, dict):
                    raise Unreadable(f"{name} of its inference_log holds something that is no entry")
                yield entry


def _turn(turn: dict[str, Any]) -> Iterator[RecordedMessage]:
    for said in listed(turn["begin_of_turn_query"], "begin_of_turn_query"):
        text, rest = read_content(said.get("content"))
        yield RecordedMessage(str(said.get("role")), text, rest=rest)
    spoken: dict[str, Any] | None = None
    decoded: list[Any] = []
    for entry in [*_entries(turn), {"role": "assistant", "content": None}]:
        role = entry.get("role")
        if role == "handler_log":
            decoded = entry.get("model_response_decoded") or decoded
            continue
        if spoken is not None:
            yield _said(spoken, decoded)
            spoken, decoded = None, []
        if role == "assistant":
            spoken = None if entry.get("content") is None else entry
        elif role == "tool":
            content = entry.get("content")
            text = content if isinstance(content, str) else json.dumps(content)
            yield RecordedMessage("tool", text, is_error=_failed(text))
        elif role != "inference_input":  # what was sent again: all of it is here already
            text, rest = read_content(entry.get("content"))
            yield RecordedMessage(str(role), text, rest=rest)


def _failed(text: str) -> bool:
    if text.startswith("Error during execution"):
        return True
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(read, dict) and "error" in read


def _said(entry: dict[str, Any], decoded: list[Any]) -> RecordedMessage:
    content, reasoning = entry["content"], entry.get("reasoning_content")
    calls = _calls(content) if isinstance(content, list) else tuple(_written(text) for text in decoded if isinstance(text, str))
    return RecordedMessage(
        "assistant",
        content if isinstance(content, str) else "",
        calls=calls,
        reasoning=reasoning if isinstance(reasoning, str) else "",
    )


def _bare(result: Any) -> Iterator[RecordedMessage]:
    """What the model gave, where nothing else was logged: a text, calls, or turns of steps of them."""
    if isinstance(result, str):
        yield RecordedMessage("assistant", result, calls=_in_text(result))
    elif isinstance(result, list) and all(isinstance(turn, dict) for turn in result):
        yield RecordedMessage("assistant", calls=_calls(result))
    else:
        for turn in listed(result, "result"):
            for step in listed(turn, "a turn of the result"):
                yield from _bare(step)


def _calls(parts: list[Any]) -> tuple[RecordedCall, ...]:
    """`[{"tool": "{…}"}, …]`, as models with calls of their own are recorded."""
    made = []
    for part in parts:
        if not isinstance(part, dict):
            raise Unreadable("its calls are no objects of a tool and its arguments")
        for name, value in part.items():
            arguments, malformed = read_arguments(value)
            made.append(RecordedCall(name, arguments, None, malformed))
    return tuple(made)


def _in_text(text: str) -> tuple[RecordedCall, ...]:
    """The calls of a text that is nothing else: `[move(source='a'), ls()]`."""
    try:
        read = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    parts = read.elts if isinstance(read, ast.List) else [read]
    calls = [ast.unparse(part) for part in parts if isinstance(part, ast.Call)]
    return tuple(map(_written, calls)) if len(calls) == len(parts) else ()


def _written(text: str) -> RecordedCall:
    """A call that is written in Python. Arguments by position have no name, so the text of such a call is kept too."""
    try:
        call = ast.parse(text.strip(), mode="eval").body
        if not isinstance(call, ast.Call):
            raise ValueError("no call")
        name = ast.unparse(call.func)
        arguments = {word.arg: ast.literal_eval(word.value) for word in call.keywords if word.arg is not None}
        json.dumps(arguments)
    except (SyntaxError, TypeError, ValueError, RecursionError, MemoryError):
        return RecordedCall(text.partition("(")[0].strip(), malformed=text)
    whole = not call.args and len(arguments) == len(call.keywords)
    return RecordedCall(name, arguments, malformed=None if whole else text)
