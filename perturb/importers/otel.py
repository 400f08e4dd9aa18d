"""Traces of OpenTelemetry with its conventions for generative AI, as OTLP JSON: an export request a line, or one in a file.

Messages are taken from wherever a convention has put them: the attributes `gen_ai.input.messages` and `gen_ai.output.messages`
(also of an event), the events `gen_ai.user.message` … `gen_ai.choice` of before 1.37, the numbered attributes
`gen_ai.prompt.0.role` of OpenLLMetry, and spans of tools. An episode is a
conversation where spans name one, else a trace. Spans come in any order, so they wait in a temporary file until all are read.

Source: OpenTelemetry semantic conventions 1.28 to 1.38, `docs/gen-ai`; opentelemetry-proto `trace/v1/trace.proto`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from functools import partial
from typing import Any

from perturb.importers import otel_messages
from perturb.importers.chat import read_tools
from perturb.importers.reading import At, Problem, Source, Unreadable, each, in_lines, members, records
from perturb.recorded import Recorded, RecordedMessage
from perturb.types import Tool, Usage

NAME = "otel"
SUMMARY = "OpenTelemetry GenAI spans (OTLP JSON)"
_BATCHES = ("resourceSpans", "resource_spans")
_GROUPS = ("scopeSpans", "scope_spans", "instrumentationLibrarySpans")


def recognises(first: Any) -> bool:
    return isinstance(first, dict) and any(name in first for name in _BATCHES)


def read(source: Source) -> Iterator[Recorded | Problem]:
    """Each episode that the spans tell of, in the order in which they began. Spans that are not about a model or a tool are
    passed over; a batch or a span that cannot be read gives its place."""
    waiting = sqlite3.connect("")  # a temporary file, gone when it is closed
    try:
        waiting.execute("create table spans (episode text, start integer, place text, span blob)")
        for one in _batches(source):
            if isinstance(one, Problem):
                yield one
                continue
            for found in each([one], lambda one: list(_spans(one))):
                if isinstance(found, Problem):
                    yield found
                else:
                    waiting.executemany("insert into spans values (?, ?, ?, ?)", found)
        waiting.execute("create index by_episode on spans (episode, start)")
        if not waiting.execute("select 1 from spans limit 1").fetchone():
            yield Problem("the file", "no span in it is about a model or a tool: none has an attribute gen_ai.*")
        episodes = waiting.execute("select episode, min(start) from spans group by episode order by 2, 1")
        for episode, _ in episodes:
            rows = waiting.execute(
                "select place, span from spans where episode = ? order by start, rowid", (episode,)
            ).fetchall()
            spans = [(place, json.loads(text)) for place, text in rows]
            yield from each([At(f"trace {episode}", spans)], partial(_episode, source))
    finally:
        waiting.close()


def _batches(source: Source) -> Iterator[At | Problem]:
    if not in_lines(source):
        yield from members(source, _BATCHES)
        return
    for one in records(source):
        if isinstance(one, Problem):
            yield one
        elif isinstance(one.value, dict):
            for name in _BATCHES:
                for index, batch in enumerate(one.value.get(name) or ()):
                    yield At(f"{one.place} {name}[{index}]", batch)


def _spans(one: At) -> Iterator[tuple[str, int, str, str]]:
    """The spans of a batch that are about a model or a tool: episode, start in nanoseconds, place, the span as plain JSON."""
    if not isinstance(one.value, dict):
        raise Unreadable("a batch of spans is an object, and this is none")
    resource = otel_messages.attributes((one.value.get("resource") or {}).get("attributes"))
    for name in _GROUPS:
        for scope, group in enumerate(one.value.get(name) or ()):
            for number, span in enumerate(group.get("spans") or ()):
                known = otel_messages.attributes(span.get("attributes"))
                events = [
                    {"name": event.get("name"), "attributes": otel_messages.attributes(event.get("attributes"))}
                    for event in span.get("events") or ()
                ]
                if not any(key.startswith("gen_ai.") for key in known) and not any(
                    str(event["name"]).startswith("gen_ai.") for event in events
                ):
                    continue
                plain = {
                    "name": span.get("name"),
                    "attributes": known,
                    "events": events,
                    "status": span.get("status") or {},
                    "end": int(span.get("endTimeUnixNano") or 0),
                    "start": int(span.get("startTimeUnixNano") or 0),
                    "service": resource.get("service.name"),
                }
                episode = known.get("gen_ai.conversation.id") or span.get("traceId")
                if not episode:
                    raise Unreadable(f"{name}[{scope}].spans[{number}] has no traceId")
                yield str(episode), plain["start"], f"{one.place}.{name}[{scope}].spans[{number}]", json.dumps(plain)


def _episode(source: Source, one: At) -> Recorded:
    messages: list[RecordedMessage] = []
    tools: dict[str, Tool] = {}
    model = suite = ended = ""
    usage = [0, 0]
    starts, ends = [], []
    by_operation: dict[str, int] = {}
    tool_spans = []
    for place, span in one.value:
        known = span["attributes"]
        operation = str(known.get("gen_ai.operation.name") or ("execute_tool" if "gen_ai.tool.name" in known else "chat"))
        by_operation[operation] = by_operation.get(operation, 0) + 1
        starts.append(span["start"])
        ends.append(span["end"])
        try:
            if operation == "execute_tool":
                tool_spans.append(span)
                continue
            otel_messages.append_new(messages, otel_messages.of_span(span))
            for tool in read_tools(otel_messages.structured(known.get("gen_ai.tool.definitions")) or ()):
                tools.setdefault(tool.name, tool)
        except Unreadable as error:
            raise Unreadable(f"{place}: {error}") from None
        model = str(known.get("gen_ai.response.model") or known.get("gen_ai.request.model") or model)
        suite = str(known.get("gen_ai.agent.name") or suite or span["service"] or "")
        if operation != "invoke_agent":  # an agent's span counts again what its model's spans did
            usage[0] += int(known.get("gen_ai.usage.input_tokens") or known.get("gen_ai.usage.prompt_tokens") or 0)
            usage[1] += int(known.get("gen_ai.usage.output_tokens") or known.get("gen_ai.usage.completion_tokens") or 0)
        if span["status"].get("code") in (2, "STATUS_CODE_ERROR"):
            ended = str(span["status"].get("message") or known.get("error.type") or "error")
    messages = otel_messages.with_tool_spans(messages, tool_spans)
    return Recorded(
        format=NAME,
        source=str(source.path),
        place=one.place,
        task=one.place.removeprefix("trace "),
        trial=0,
        suite=suite,
        model=model,
        messages=tuple(messages),
        tools=tuple(tools.values()),
        ended=ended,
        cut_off=bool(ended) or not messages or messages[-1].role != "assistant" or bool(messages[-1].calls),
        usage=Usage(input_tokens=usage[0], output_tokens=usage[1]),
        seconds=max(0.0, (max(ends) - min(starts)) / 1e9),
        about={"spans": dict(by_operation)},
    )
