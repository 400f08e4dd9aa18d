"""Inspect's logs: `.eval`, a zip with a file of JSON for each sample, and the same as one file of JSON.

Source: inspect_ai 0.3.285, `log/_recorders/eval.py`, `log/_log.py` and `model/_chat_message.py`.
"""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Iterator
from functools import partial
from typing import IO, Any

from perturb.errors import ConfigurationError
from perturb.importers.chat import listed, read_arguments, read_tools
from perturb.importers.reading import At, Problem, Source, Unreadable, each, inner, members
from perturb.recorded import Recorded, RecordedCall, RecordedMessage
from perturb.types import JSON, Tool, Usage

NAME = "inspect"
SUMMARY = "Inspect logs (.eval, or .json)"
_ZSTANDARD = 93
_ATTACHMENT = "attachment://"
_LOCAL_HEADER = 30
_GRADES: dict[str, float] = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}
"""Inspect's letters: correct, incorrect, partly correct, no answer."""


def recognises(first: Any) -> bool:
    return isinstance(first, dict) and isinstance(first.get("eval"), dict) and "status" in first


def is_archive(source: Source) -> bool:
    """Whether a file is a zip with samples in it."""
    if source.head(2) != b"PK" or not zipfile.is_zipfile(source.path):
        return False
    with zipfile.ZipFile(source.path) as archive:
        return any(name.startswith(("samples/", "_journal/")) or name == "header.json" for name in archive.namelist())


def read(source: Source) -> Iterator[Recorded | Problem]:
    """Each sample of a log; one whose entry cannot be read gives its name and the reason."""
    if source.head(2) == b"PK":
        try:
            yield from _read_archive(source)
        except zipfile.BadZipFile as error:
            yield Problem("the file", f"it is a zip that is damaged or was cut off: {error}")
        return
    header: dict[str, Any] = {}
    for one in members(source, ("samples",), ("id", "epoch", "messages")):
        if isinstance(one, Problem):
            yield one
        elif one.place.startswith("samples["):
            yield from each([one], partial(_sample, source, header))
        elif one.place == "eval" and isinstance(one.value, dict):
            header = one.value


def _read_archive(source: Source) -> Iterator[Recorded | Problem]:
    with zipfile.ZipFile(source.path) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}  # the last of one name counts
        # A log that was cut off has no header yet, only its beginning.
        begun = next((entries[name] for name in ("header.json", "_journal/start.json") if name in entries), None)
        header: dict[str, Any] = {}
        if begun is not None:
            try:
                header = json.loads(_content(archive, begun)).get("eval") or {}
            except (ValueError, AttributeError, zipfile.BadZipFile) as error:
                yield Problem(begun.filename, f"it cannot be read, so the model and the task are not known: {error}")
        if "header.json" not in entries:
            yield Problem("header.json", "it is missing, so the log was cut off; the samples that it has are read")
        for name, entry in entries.items():
            if not name.startswith("samples/"):
                continue
            source.read_at(entry.header_offset + entry.compress_size)
            try:
                value = json.loads(_content(archive, entry), parse_constant=str)
            except (ValueError, RecursionError, EOFError, OSError, zipfile.BadZipFile) as error:
                yield Problem(name, f"it cannot be read: {error}")
                continue
            yield from each([At(name, value)], partial(_sample, source, header))


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """The bytes of an entry. Inspect packs with Zstandard, which `zipfile` reads from Python 3.14 on only."""
    if entry.compress_type != _ZSTANDARD:
        return archive.read(entry)
    try:
        import zstandard
    except ImportError:
        raise ConfigurationError(
            f"{archive.filename} is packed with Zstandard, for which the package zstandard is needed: "
            'python -m pip install "perturb-agents[import]"'
        ) from None
    opened: IO[bytes] = archive.fp  # type: ignore[assignment]
    opened.seek(entry.header_offset)
    header = opened.read(_LOCAL_HEADER)
    if len(header) < _LOCAL_HEADER or header[:4] != b"PK\x03\x04":
        raise zipfile.BadZipFile("its entry is damaged")
    name, extra = struct.unpack("<HH", header[26:30])
    opened.seek(entry.header_offset + _LOCAL_HEADER + name + extra)
    packed = opened.read(entry.compress_size)
    try:
        with zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True) as reader:
            return bytes(reader.read())
    except zstandard.ZstdError as error:
        raise zipfile.BadZipFile(str(error)) from None


def _sample(source: Source, header: dict[str, Any], one: At) -> Recorded:
    record = one.value
    if not isinstance(record, dict) or "messages" not in record:
        raise Unreadable("a sample has an id, an epoch and messages, and this has not")
    attachments = inner(record, "attachments")
    messages = []
    for index, message in enumerate(listed(record["messages"], "messages")):
        try:
            messages.append(_message(message, attachments))
        except Unreadable as error:
            raise Unreadable(f"messages[{index}]: {error}") from None
    scores = inner(record, "scores")
    reward = _grade(next(iter(scores.values())).get("value")) if scores else None
    failed, limit = inner(record, "error"), inner(record, "limit")
    epoch, target = record.get("epoch"), record.get("target")
    targets = target if isinstance(target, list) else [target]
    return Recorded(
        format=NAME,
        source=str(source.path),
        place=one.place,
        suite=str(header.get("task") or ""),
        task=str(record.get("id")),
        trial=epoch - 1 if isinstance(epoch, int) else -1,
        model=str(header.get("model") or ""),
        messages=tuple(messages),
        tools=_tools(record.get("events"), attachments),
        passed=None if reward is None or failed else reward >= 1.0,
        reward=reward,
        verdicts={name: score.get("value") for name, score in scores.items()},
        gold_answers=tuple(str(text) for text in targets if text not in (None, "")),
        ended=str(failed.get("message") or (f"limit of {limit.get('type')}" if limit else "")),
        cut_off=bool(failed or limit),
        usage=_usage(inner(record, "model_usage")),
        seconds=float(record.get("total_time") or 0.0),
        about={name: record[name] for name in ("metadata", "choices", "store", "uuid") if record.get(name)},
    )


def _grade(value: Any) -> float | None:
    if isinstance(value, str):
        return _GRADES.get(value)
    return float(value) if isinstance(value, int | float) else None


def _usage(by_model: dict[str, Any]) -> Usage:
    parts = [part for part in by_model.values() if isinstance(part, dict)]

    def total(name: str) -> int:
        return sum(int(part.get(name) or 0) for part in parts)

    return Usage(
        input_tokens=total("input_tokens"), output_tokens=total("output_tokens"), reasoning_tokens=total("reasoning_tokens")
    )


def _message(message: Any, attachments: dict[str, str]) -> RecordedMessage:
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        raise Unreadable("a message has a role, and this has none")
    words, thoughts, rest = [], [], list[JSON]()
    content = message.get("content")
    for part in content if isinstance(content, list) else [content]:
        if part is None or isinstance(part, str):
            words.append(_attached(part or "", attachments))
        elif isinstance(part, dict) and part.get("type") == "text":
            words.append(_attached(str(part.get("text") or ""), attachments))
        elif isinstance(part, dict) and part.get("type") == "reasoning" and not part.get("redacted"):
            thoughts.append(_attached(str(part.get("reasoning") or ""), attachments))
        else:
            rest.append(part)
    error, identifier, tool = message.get("error"), message.get("tool_call_id"), message.get("function")
    is_result = message["role"] == "tool"
    text = "\n".join(words)
    return RecordedMessage(
        role=message["role"],
        # Inspect tells a model the error's message where there is no other content.
        text=str(error.get("message") or "") if is_result and not text and isinstance(error, dict) else text,
        calls=tuple(_call(call, attachments) for call in listed(message.get("tool_calls") or [], "tool_calls")),
        answers=identifier if is_result and isinstance(identifier, str) else None,
        tool=tool if is_result and isinstance(tool, str) else None,
        is_error=is_result and error is not None,
        reasoning="\n".join(thoughts),
        rest=tuple(rest),
    )


def _attached(text: str, attachments: dict[str, str]) -> str:
    """A text with what stands in the attachments of the sample put where it is named."""
    if _ATTACHMENT not in text:
        return text
    for name, content in attachments.items():
        text = text.replace(f"{_ATTACHMENT}{name}", content)
    return text


def _call(call: Any, attachments: dict[str, str]) -> RecordedCall:
    if not isinstance(call, dict) or not isinstance(call.get("function"), str):
        raise Unreadable("a call names its function, and this does not")
    arguments, malformed = read_arguments(_filled(call.get("arguments"), attachments))
    identifier = call.get("id")
    if call.get("parse_error") and malformed is None:
        malformed = str(call["parse_error"])
    return RecordedCall(call["function"], arguments, identifier if isinstance(identifier, str) else None, malformed)


def _filled(value: Any, attachments: dict[str, str]) -> Any:
    if isinstance(value, str):
        return _attached(value, attachments)
    if isinstance(value, dict):
        return {name: _filled(inner, attachments) for name, inner in value.items()}
    return [_filled(inner, attachments) for inner in value] if isinstance(value, list) else value


def _tools(events: Any, attachments: dict[str, str]) -> tuple[Tool, ...]:
    """The tools that the model was given, from its calls of the model, in which they were told."""
    seen: dict[str, Tool] = {}
    for event in events if isinstance(events, list) else ():
        if isinstance(event, dict) and event.get("event") == "model":
            for tool in read_tools(_filled(event.get("tools") or [], attachments)):
                seen.setdefault(tool.name, tool)
    return tuple(seen.values())
