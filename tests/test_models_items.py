"""Responses and Messages: items and blocks are read, and every one of them goes back as it came."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from reference_server import airline, model_agent

from perturb.models.anthropic import AnthropicDialect
from perturb.models.dialect import Unreadable
from perturb.models.records import Answered, Message, Said, Text, Thought, Told, ToolCall, without_thoughts
from perturb.models.responses import ResponsesDialect
from perturb.models.settings import ModelSettings
from perturb.types import Tool

TOOL = Tool(name="find", description="Finds.", parameters={"type": "object"})

# Responses

ITEMS: list[dict[str, Any]] = [
    {
        "id": "rs_1",
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "Brief."}],
        "encrypted_content": "gAAA+/==",
    },
    {"id": "ws_1", "type": "web_search_call", "status": "completed", "action": {"type": "search"}},
    {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": "On it. é\u2028", "annotations": []}],
    },
    {"id": "rs_2", "type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "All of it."}]},
    {
        "id": "fc_1",
        "type": "function_call",
        "call_id": "call_1",
        "name": "find",
        "arguments": '{"a":  1}',
        "status": "completed",
    },
    {"id": "fc_2", "type": "function_call", "call_id": "call_2", "name": "find", "arguments": "{}", "status": "completed"},
]
USAGE = {
    "input_tokens": 9,
    "output_tokens": 5,
    "input_tokens_details": {"cached_tokens": 3},
    "output_tokens_details": {"reasoning_tokens": 2},
}
RESPONSE = {"id": "resp_1", "model": "m", "status": "completed", "output": ITEMS, "usage": USAGE, "error": None}


def responses(**settings: Any) -> ResponsesDialect:
    return ResponsesDialect("m", ModelSettings(**settings))


def history_of(said: Said) -> list[Message]:
    answers = [Answered("call_1", "find", "found"), Answered("call_2", "find", "none", True)]
    return [Told("system", "S"), Told("user", "U"), said, *answers]


OUTPUTS = [
    {"type": "function_call_output", "call_id": "call_1", "output": "found"},
    {"type": "function_call_output", "call_id": "call_2", "output": "none"},
]


def test_every_item_is_read_and_goes_back_as_it_came() -> None:
    read = responses().read(RESPONSE)
    assert read.said.reasoning == "Brief.\nAll of it."
    assert read.said.text == "On it. é\u2028"
    assert [(call.id, call.arguments) for call in read.said.calls] == [("call_1", '{"a":  1}'), ("call_2", "{}")]
    assert read.finish == "calls"
    assert msgspec.to_builtins(read.tokens) == {"input": 9, "output": 5, "cached": 3, "written": 0, "reasoning": 2}
    body = responses(body={"max_tokens": 7, "temperature": 0.0}).request(history_of(read.said), [TOOL])
    told = [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}]
    assert body == {
        "model": "m",
        "input": [*told, *ITEMS, *OUTPUTS],
        "tools": [
            {"type": "function", "name": "find", "description": "Finds.", "parameters": {"type": "object"}, "strict": False}
        ],
        "max_output_tokens": 7,
        "temperature": 0.0,
    }


def test_what_is_stored_travels_by_its_id_and_can_be_told_whole() -> None:
    dialect = responses(state="previous")
    said = dialect.read(RESPONSE).said
    history = history_of(said)
    body = dialect.request(history, [])
    assert (body["previous_response_id"], body["input"]) == ("resp_1", OUTPUTS)
    (whole,) = dialect.fallbacks(history, [])
    assert whole["input"][2:] == [*ITEMS, *OUTPUTS]
    assert "previous_response_id" not in whole
    # A turn that was changed here is not the one that is stored there.
    assert "previous_response_id" not in dialect.request(history_of(without_thoughts(said)), [])


def test_what_is_encrypted_is_asked_for_and_not_stored() -> None:
    body = responses(state="encrypted", stream=True).request([], [])
    assert body == {
        "model": "m",
        "input": [],
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "stream": True,
    }


def test_items_that_were_made_here_are_written() -> None:
    said = Said((Thought("Hm.", "reasoning"), Text("Done."), ToolCall("1", "find", "{}")))
    assert responses().request([said], [])["input"] == [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
        {"role": "assistant", "content": "Done."},
        {"type": "function_call", "call_id": "1", "name": "find", "arguments": "{}"},
    ]


def test_a_response_tells_that_it_is_not_whole() -> None:
    cut = {**RESPONSE, "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    assert responses().read(cut).finish == "length"
    assert responses().read({**cut, "incomplete_details": {"reason": "content_filter"}}).finish == "filter"
    refusal = {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "I cannot."}]}
    assert responses().read({**RESPONSE, "output": [refusal]}).said.text == "I cannot."
    for broken in ({**RESPONSE, "output": []}, {**RESPONSE, "status": "failed"}, {"id": "resp_1"}, "text"):
        with pytest.raises(Unreadable):
            responses().read(broken)


def test_a_stream_of_items_ends_with_the_response() -> None:
    done = [{"type": "response.output_item.done", "output_index": place, "item": item} for place, item in enumerate(ITEMS)]
    assert responses().assembled(
        [{"type": "response.created"}, *done, {"type": "response.completed", "response": RESPONSE}]
    ) == (RESPONSE)
    bare = {"type": "response.completed", "response": {**RESPONSE, "output": []}}
    assert responses().assembled([*reversed(done), bare]) == RESPONSE
    with pytest.raises(Unreadable):
        responses().assembled(done)
    error = {"type": "error", "code": "server_error", "message": "no"}
    assert responses().assembled([*done, error]) == {"error": {"code": "server_error", "message": "no"}}


@pytest.mark.slow
def test_a_response_that_the_server_has_forgotten_is_told_again() -> None:
    learnt = airline()
    expected = [(one.outcome, len(one.steps)) for one in learnt.run(learnt.direct("reader"), "seat-taken")]
    with learnt.served() as served:

        class Forgetting(type(served.reference.stored)):  # type: ignore[misc]
            def items(self, body: dict[str, Any]) -> Any:
                self._items.clear()
                return super().items(body)

        served.reference.stored = Forgetting()
        episodes = learnt.run(model_agent("responses:reader", f"{served.url}/v1", state="previous"), "seat-taken")
    assert [(one.outcome, len(one.steps)) for one in episodes] == expected


# Anthropic

BLOCKS: list[dict[str, Any]] = [
    {"type": "thinking", "thinking": "Hm. é\u2028\n", "signature": "EqQB+/=="},
    {"type": "redacted_thinking", "data": "EmwKAhgB"},
    {"type": "text", "text": "On it."},
    {"type": "tool_use", "id": "toolu_1", "name": "find", "input": {"a": 1.0, "b": {"c": "é"}}},
    {"type": "thinking", "thinking": "And then.", "signature": "Eq"},
    {"type": "tool_use", "id": "toolu_2", "name": "find", "input": {}},
    {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {}},
]
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": BLOCKS,
    "stop_reason": "tool_use",
    "usage": {"input_tokens": 5, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 2, "output_tokens": 4},
}


def anthropic(**settings: Any) -> AnthropicDialect:
    return AnthropicDialect("m", ModelSettings(**settings))


def test_every_block_is_read_and_goes_back_as_it_came_in_its_order() -> None:
    read = anthropic().read(MESSAGE)
    assert read.said.reasoning == "Hm. é\u2028\n\nAnd then."
    assert read.said.text == "On it."
    assert [json.loads(call.arguments) for call in read.said.calls] == [{"a": 1.0, "b": {"c": "é"}}, {}]
    assert read.finish == "calls"
    assert msgspec.to_builtins(read.tokens) == {"input": 10, "output": 4, "cached": 3, "written": 2, "reasoning": 0}
    history = [
        *history_of(read.said)[:3],
        Answered("toolu_1", "find", "found"),
        Answered("toolu_2", "find", "none", True),
        Told("user", "And?"),
    ]
    assert anthropic(body={"max_tokens": 9}).request(history, [TOOL]) == {
        "model": "m",
        "max_tokens": 9,
        "system": "S",
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "U"}]},
            {"role": "assistant", "content": BLOCKS},
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "toolu_1", "content": "found"},
                    {"type": "tool_result", "tool_use_id": "toolu_2", "content": "none", "is_error": True},
                    {"type": "text", "text": "And?"},
                ],
            },
        ],
        "tools": [{"name": "find", "description": "Finds.", "input_schema": {"type": "object"}}],
    }


def test_blocks_that_were_made_here_are_written_and_empty_ones_are_not() -> None:
    said = Said((Thought("Hm.", "thinking"), Text(""), Text("Done."), ToolCall("1", "find", '{"a": ')))
    assert anthropic().request([said, Said()], [])["messages"] == [
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": ""},
                {"type": "text", "text": "Done."},
                {"type": "tool_use", "id": "1", "name": "find", "input": {"INVALID_JSON": '{"a": '}},
            ],
        }
    ]


def stream(*blocks: tuple[dict[str, Any], list[dict[str, Any]]], reason: str | None = "tool_use") -> list[Any]:
    events: list[Any] = [{"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}}]
    for index, (start, deltas) in enumerate(blocks):
        events.append({"type": "content_block_start", "index": index, "content_block": start})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    if reason is not None:
        events.append({"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 4}})
    return events


def test_a_stream_of_blocks_makes_the_message_that_would_have_come_whole() -> None:
    events = stream(
        (
            {"type": "thinking", "thinking": "", "signature": ""},
            [
                {"type": "thinking_delta", "thinking": "Hm. "},
                {"type": "thinking_delta", "thinking": "é\u2028\n"},
                {"type": "signature_delta", "signature": "EqQB+/=="},
            ],
        ),
        (BLOCKS[1], []),
        ({"type": "text", "text": ""}, [{"type": "text_delta", "text": "On "}, {"type": "text_delta", "text": "it."}]),
        (
            {**BLOCKS[3], "input": {}},
            [
                {"type": "input_json_delta", "partial_json": '{"a": 1.0, "b"'},
                {"type": "input_json_delta", "partial_json": ': {"c": "é"}}'},
            ],
        ),
    )
    assert anthropic().assembled(events) == {**MESSAGE, "content": BLOCKS[:4]}
    with pytest.raises(Unreadable):
        anthropic().assembled(events[:-1])


def test_arguments_that_are_no_json_are_read_as_they_were_written() -> None:
    start = {"type": "tool_use", "id": "1", "name": "find", "input": {}}
    body = anthropic().assembled(stream((start, [{"type": "input_json_delta", "partial_json": '{"a": '}])))
    (call,) = anthropic().read(body).said.calls
    assert call.arguments == '{"a": '
    assert call.wire["input"] == {"INVALID_JSON": '{"a": '}


def test_what_is_no_message_is_unreadable_and_a_refusal_is_one() -> None:
    for broken in ({"content": None}, {**MESSAGE, "content": [], "usage": {"output_tokens": 0}}, [], {"error": {}}):
        with pytest.raises(Unreadable):
            anthropic().read(broken)
    assert anthropic().read({**MESSAGE, "content": [], "stop_reason": "refusal"}).finish == "filter"
    assert anthropic().read({**MESSAGE, "stop_reason": "max_tokens"}).finish == "length"
