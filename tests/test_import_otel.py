"""OpenTelemetry's spans about models and tools become episodes, whichever convention wrote them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import recorded_files as files

from perturb.importers.formats import format_of
from perturb.importers.reading import Problem, Source
from perturb.importing import Wanted, read_files
from perturb.recorded import Recorded, pair

Pairs = dict[str, Any]


def otlp(value: Any) -> dict[str, Any]:
    """A value as OTLP JSON types it."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, list):
        return {"arrayValue": {"values": [otlp(one) for one in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": attributes(value)}}
    return {"stringValue": value}


def attributes(pairs: Pairs) -> list[dict[str, Any]]:
    return [{"key": key, "value": otlp(value)} for key, value in pairs.items()]


def span(
    start: int, pairs: Pairs, events: Sequence[tuple[str, Pairs]] = (), trace: str = "t1", failed: bool = False
) -> dict[str, Any]:
    return {
        "traceId": trace,
        "spanId": f"s{start}",
        "name": "chat",
        "startTimeUnixNano": str(start * 10**9),
        "endTimeUnixNano": str((start + 1) * 10**9),
        "attributes": attributes(pairs),
        "events": [{"name": name, "attributes": attributes(inner)} for name, inner in events],
        "status": {"code": 2, "message": "it failed"} if failed else {},
    }


def request(*spans: dict[str, Any]) -> dict[str, Any]:
    resource = {"attributes": attributes({"service.name": "desk"})}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "x"}, "spans": list(spans)}]}]}


def read(path: Path) -> tuple[list[Recorded], list[Problem]]:
    got = [one for _, _, one in read_files(Wanted((path,)))]
    return [one for one in got if isinstance(one, Recorded)], [one for one in got if isinstance(one, Problem)]


SYSTEM = [{"type": "text", "content": "Be kind."}]
ASKED = {"role": "user", "parts": [{"type": "text", "content": "How many?"}]}
CALLED = {
    "role": "assistant",
    "parts": [
        {"type": "reasoning", "content": "hm"},
        {"type": "tool_call", "id": "a", "name": "count", "arguments": {"item": "lamp"}},
        {"type": "tool_call", "id": "b", "name": "find", "arguments": '{"q": 1}'},
    ],
}
ANSWERED = {
    "role": "tool",
    "parts": [
        {"type": "tool_call_response", "id": "a", "response": {"left": 3}},
        {"type": "tool_call_response", "id": "b", "response": "nothing"},
    ],
}
ENDED = {"role": "assistant", "parts": [{"type": "text", "content": "3."}], "finish_reason": "stop"}


def model(**more: Any) -> Pairs:
    return {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-x", "gen_ai.usage.input_tokens": 5} | more


def in_attributes(as_text: bool) -> list[dict[str, Any]]:
    def write(value: Any) -> Any:
        return json.dumps(value) if as_text else value

    asked = [{**CALLED, "parts": CALLED["parts"][1:]}]  # reasoning is not sent again
    tools = [{"type": "function", "name": "count", "description": "Count.", "parameters": {"type": "object"}}]
    return [
        span(
            1,
            model(**{
                "gen_ai.system_instructions": write(SYSTEM),
                "gen_ai.input.messages": write([ASKED]),
                "gen_ai.output.messages": write([CALLED]),
                "gen_ai.tool.definitions": json.dumps(tools),
            }),
        ),
        span(
            4,
            model(**{
                "gen_ai.system_instructions": write(SYSTEM),
                "gen_ai.input.messages": write([ASKED, *asked, ANSWERED]),
                "gen_ai.output.messages": write([ENDED]),
            }),
        ),
    ]  # fmt: skip


def in_events() -> list[dict[str, Any]]:
    calls = json.dumps([
        {"id": "a", "type": "function", "function": {"name": "count", "arguments": '{"item": "lamp"}'}},
        {"id": "b", "type": "function", "function": {"name": "find", "arguments": '{"q": 1}'}},
    ])  # fmt: skip
    first: list[tuple[str, Pairs]] = [
        ("gen_ai.system.message", {"content": "Be kind."}),
        ("gen_ai.user.message", {"content": "How many?"}),
    ]
    choice = ("gen_ai.choice", {"index": 0, "message": json.dumps({"role": "assistant", "tool_calls": json.loads(calls)})})
    again: list[tuple[str, Pairs]] = [
        *first,
        ("gen_ai.assistant.message", {"tool_calls": calls}),
        ("gen_ai.tool.message", {"id": "a", "content": '{"left": 3}'}),
        ("gen_ai.tool.message", {"id": "b", "content": "nothing"}),
        ("gen_ai.choice", {"index": 0, "finish_reason": "stop", "message": json.dumps({"content": "3."})}),
    ]
    return [span(1, model(), [*first, choice]), span(4, model(), again)]


def numbered() -> list[dict[str, Any]]:
    def said(start: str, index: int, role: str, content: str, *calls: tuple[str, str, str], of: str = "") -> Pairs:
        known = {f"gen_ai.{start}.{index}.role": role, f"gen_ai.{start}.{index}.content": content}
        for at, (identifier, name, arguments) in enumerate(calls):
            for field, value in (("id", identifier), ("name", name), ("arguments", arguments)):
                known[f"gen_ai.{start}.{index}.tool_calls.{at}.{field}"] = value
        return known | ({f"gen_ai.{start}.{index}.tool_call_id": of} if of else {})

    calls = (("a", "count", '{"item": "lamp"}'), ("b", "find", '{"q": 1}'))
    first = said("prompt", 0, "system", "Be kind.") | said("prompt", 1, "user", "How many?")
    second = (
        first
        | said("prompt", 2, "assistant", "", *calls)
        | said("prompt", 3, "tool", '{"left": 3}', of="a")
        | said("prompt", 4, "tool", "nothing", of="b")
        | said("completion", 0, "assistant", "3.")
    )
    return [
        span(1, model() | first | said("completion", 0, "assistant", "", *calls)),
        span(4, model() | second),
    ]


WRITTEN = {
    "attributes": in_attributes(False),
    "attributes as text": in_attributes(True),
    "events": in_events(),
    "numbered": numbered(),
}


@pytest.mark.parametrize("convention", WRITTEN)
def test_each_convention_tells_the_same_episode(convention: str, tmp_path: Path) -> None:
    path = files.write(tmp_path / "spans.json", request(*reversed(WRITTEN[convention])))
    assert format_of(Source(path)).name == "otel"
    [episode], problems = read(path)
    assert problems == []
    assert [(one.role, one.text) for one in episode.messages] == [
        ("system", "Be kind."),
        ("user", "How many?"),
        ("assistant", ""),
        ("tool", '{"left": 3}'),
        ("tool", "nothing"),
        ("assistant", "3."),
    ]
    calls = pair(episode.messages).calls
    assert [(call.call.name, call.call.arguments, call.answered, call.step) for call in calls] == [
        ("count", {"item": "lamp"}, 3, 0),
        ("find", {"q": 1}, 4, 0),
    ]
    assert (episode.model, episode.suite, episode.cut_off) == ("gpt-x", "desk", False)
    assert (episode.usage.input_tokens, episode.seconds) == (10, 4.0)


def test_spans_of_tools_tell_failures_and_what_no_model_told(tmp_path: Path) -> None:
    tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "find", "gen_ai.tool.call.id": "b"}
    alone = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "dim", "gen_ai.tool.call.arguments": '{"to": 1}'}
    spans = [*WRITTEN["attributes"], span(2, tool, failed=True), span(3, alone | {"gen_ai.tool.call.result": "dimmed"})]
    [episode], _ = read(files.write(tmp_path / "spans.json", request(*spans)))
    assert [one.text for one in episode.messages if one.is_error] == ["nothing"]
    calls = pair(episode.messages).calls
    assert [call.call.name for call in calls] == ["count", "find", "dim"]
    assert calls[2].answered is not None
    assert episode.messages[calls[2].answered].text == "dimmed"
    assert episode.messages[-1].text == "3."


def test_a_conversation_over_several_traces_and_batches_is_one_episode(tmp_path: Path) -> None:
    first, second = in_attributes(True)
    for one, trace in ((first, "x"), (second, "y")):
        one["traceId"] = trace
        one["attributes"] += attributes({"gen_ai.conversation.id": "c1"})
    other = span(
        2, model(**{"gen_ai.input.messages": json.dumps([ASKED]), "gen_ai.output.messages": json.dumps([ENDED])}), trace="z"
    )
    unrelated = span(3, {"http.request.method": "GET"})
    path = files.write(tmp_path / "spans.jsonl", [request(second, other), request(unrelated), request(first)])
    episodes, problems = read(path)
    assert problems == []
    assert [(one.task, len(one.messages)) for one in episodes] == [("c1", 6), ("z", 2)]


def test_a_message_that_is_said_twice_is_kept_twice(tmp_path: Path) -> None:
    said = [ASKED, ENDED, ASKED]
    spans = [
        span(1, model(**{"gen_ai.input.messages": json.dumps([ASKED]), "gen_ai.output.messages": json.dumps([ENDED])})),
        span(2, model(**{"gen_ai.input.messages": json.dumps(said), "gen_ai.output.messages": json.dumps([ENDED])})),
    ]
    [episode], _ = read(files.write(tmp_path / "s.json", request(*spans)))
    assert [one.text for one in episode.messages] == ["How many?", "3.", "How many?", "3."]


def test_a_bad_batch_gives_its_place_and_the_rest_goes_on(tmp_path: Path) -> None:
    broken = request(*WRITTEN["events"])
    broken["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"] = 7
    lines = [json.dumps(broken), "{", json.dumps(request(*WRITTEN["numbered"]))]
    path = tmp_path / "s.jsonl"
    path.write_text("\n".join(lines))
    episodes, problems = read(path)
    assert len(episodes) == 1
    assert [problem.where for problem in problems] == ["line 1 resourceSpans[0]", "line 2"]


def test_spans_about_nothing_of_the_kind_are_said_to_be_so(tmp_path: Path) -> None:
    _, problems = read(files.write(tmp_path / "s.json", request(span(1, {"http.request.method": "GET"}))))
    assert "none has an attribute gen_ai.*" in problems[0].what
