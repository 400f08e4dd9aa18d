"""Chat messages as servers send them: what is read, and that everything goes back as it came."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perturb.models.chat import ChatDialect, read_message, written_message
from perturb.models.dialect import Unreadable
from perturb.models.joining import joined
from perturb.models.mending import mended
from perturb.models.records import Answered, Said, Text, Thought, Told, ToolCall, without_thoughts
from perturb.models.settings import ModelSettings
from perturb.types import Tool

CALL = {"id": "call_1", "type": "function", "function": {"name": "find", "arguments": '{"a":  "é\\u2028"}'}}
SIGNED = {**CALL, "extra_content": {"google": {"thought_signature": "CpYB+/=="}}}
DETAIL = {"type": "reasoning.text", "id": "r-1", "format": "MiniMax-response-v1", "index": 0, "text": "Let me see. \n"}
SEALED = {"type": "reasoning.encrypted", "data": "gAAAA==", "id": "r-2", "index": 1}

MESSAGES: dict[str, dict[str, Any]] = {
    "plain": {"role": "assistant", "content": "Done.", "refusal": None, "annotations": []},
    "calls": {"role": "assistant", "content": None, "tool_calls": [CALL, {**CALL, "id": "call_2"}]},
    "a signature in a call": {"role": "assistant", "content": "", "tool_calls": [SIGNED]},
    "MiniMax, split": {"role": "assistant", "content": "\n", "reasoning_details": [DETAIL, SEALED], "tool_calls": [CALL]},
    "MiniMax, inline": {
        "role": "assistant",
        "content": "<think>\nHm…\n</think>\n\nDone.\n",
        "tool_calls": [CALL],
        "name": "M2",
    },
    "two thoughts inline": {"role": "assistant", "content": "<think>first</think>\n\nOne. <think>then</think>Two."},
    "append_think": {"role": "assistant", "content": "<think>Hm.\n</think>\n\n", "tool_calls": [CALL]},
    "append_think, cut": {"role": "assistant", "content": "<think>Hm, and then"},
    "opened by the template": {"role": "assistant", "content": "Hm.\n</think>\n\nDone."},
    "vLLM": {"role": "assistant", "content": None, "reasoning": "Hm. 🙂\u2028", "tool_calls": [CALL]},
    "vLLM, both names": {"role": "assistant", "content": "Done.", "reasoning": "Hm.", "reasoning_content": "Hm."},
    "DeepSeek": {"role": "assistant", "content": "", "reasoning_content": " Hm.\n\n", "tool_calls": [CALL]},
    "no reasoning": {"role": "assistant", "content": "Done.", "reasoning": None, "reasoning_content": ""},
    "blocks": {
        "role": "assistant",
        "content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, {"type": "text", "text": "Done."}],
    },
    "a refusal": {"role": "assistant", "content": None, "refusal": "I cannot help."},
    "half a surrogate pair": {"role": "assistant", "content": "cut \ud83d", "reasoning": "\udc00"},
}
THOUGHT: dict[str, str] = {
    "MiniMax, split": "Let me see. \n",
    "MiniMax, inline": "Hm…",
    "two thoughts inline": "first\nthen",
    "append_think": "Hm.",
    "append_think, cut": "Hm, and then",
    "opened by the template": "Hm.",
    "vLLM": "Hm. 🙂\u2028",
    "vLLM, both names": "Hm.",
    "DeepSeek": " Hm.\n\n",
    "blocks": "Hm.",
    "half a surrogate pair": "\udc00",
}
TEXT = {
    "plain": "Done.", "MiniMax, inline": "Done.\n", "two thoughts inline": "One. Two.", "opened by the template": "Done.",
    "vLLM, both names": "Done.", "no reasoning": "Done.", "blocks": "Done.", "a refusal": "I cannot help.",
}  # fmt: skip


@pytest.mark.parametrize("kind", MESSAGES)
def test_a_message_goes_back_with_every_field_as_it_came(kind: str) -> None:
    message = MESSAGES[kind]
    assert written_message(read_message(message)) == message


@pytest.mark.parametrize("kind", MESSAGES)
def test_reasoning_text_and_calls_are_told_apart(kind: str) -> None:
    said = read_message(MESSAGES[kind])
    assert said.reasoning == THOUGHT.get(kind, "")
    if kind in TEXT:
        assert said.text == TEXT[kind]
    assert [call.arguments for call in said.calls] == [
        call["function"]["arguments"] for call in MESSAGES[kind].get("tool_calls", [])
    ]


@pytest.mark.parametrize("kind", THOUGHT)
def test_a_dropped_thought_leaves_nothing_of_itself_and_all_else(kind: str) -> None:
    said = read_message(MESSAGES[kind])
    written = written_message(without_thoughts(said))
    assert THOUGHT[kind].splitlines()[0].strip() not in str(written)
    assert "reasoning" not in str(written)
    assert read_message(written).calls == said.calls
    assert read_message(written).text == said.text


def test_a_thought_can_be_sent_back_under_another_field() -> None:
    written = written_message(read_message(MESSAGES["DeepSeek"]), "reasoning")
    assert written == {"role": "assistant", "content": "", "reasoning": " Hm.\n\n", "tool_calls": [CALL]}
    both = written_message(read_message(MESSAGES["vLLM, both names"]), "reasoning")
    assert both == {"role": "assistant", "content": "Done.", "reasoning": "Hm."}


def test_a_thought_that_was_made_here_is_written_into_its_field() -> None:
    assert written_message(Said((Thought("Hm.", "reasoning"), Text("Done."))))["reasoning"] == "Hm."
    assert written_message(Said((Thought("Hm.", "reasoning_details"),)))["reasoning_details"] == [
        {"type": "reasoning.text", "text": "Hm."}
    ]
    assert written_message(Said((Thought("Hm.", "content"), Text("Done."))))["content"] == "<think>\nHm.\n</think>\n\nDone."


def test_text_that_only_speaks_of_the_mark_is_no_thought() -> None:
    for content in ("The tag <think> opens it and </think> closes it.", "no mark", "a <think> b"):
        assert read_message({"role": "assistant", "content": content}).parts == (Text(content, content),)


@given(st.lists(st.sampled_from(["<think>", "</think>", "a", "\n", " ", "é", "<", "think>"]), max_size=12).map("".join))
def test_any_content_goes_back_as_it_came(content: str) -> None:
    message = {"role": "assistant", "content": content}
    assert written_message(read_message(message)) == message


# Requests


def test_a_request_holds_the_history_the_tools_and_the_sampling() -> None:
    settings = ModelSettings(stream=True, body={"temperature": 0.3, "stream_options": None, "reasoning_split": True})
    tool = Tool(name="find", description="Finds.", parameters={"type": "object"})
    said = read_message(MESSAGES["MiniMax, split"])
    history = [Told("system", "S"), Told("user", "U"), said, Answered("call_1", "find", "found")]
    assert ChatDialect("M2", settings).request(history, [tool]) == {
        "model": "M2",
        "messages": [
            {"role": "system", "content": "S"},
            {"role": "user", "content": "U"},
            MESSAGES["MiniMax, split"],
            {"role": "tool", "tool_call_id": "call_1", "content": "found"},
        ],
        "tools": [
            {"type": "function", "function": {"name": "find", "description": "Finds.", "parameters": {"type": "object"}}}
        ],
        "stream": True,
        "temperature": 0.3,
        "reasoning_split": True,
    }
    assert "tools" not in ChatDialect("M2", settings).request(history, [])


def test_the_limit_of_tokens_has_the_name_that_the_server_knows() -> None:
    body = {"max_tokens": 9}
    assert ChatDialect("m", ModelSettings(body=body)).request([], [])["max_completion_tokens"] == 9
    assert ChatDialect("m", ModelSettings(body=body, base_url="http://here/v1")).request([], [])["max_tokens"] == 9


def test_what_some_servers_refuse_to_take_back_is_mended_and_nothing_else() -> None:
    good = [Told("user", "U"), read_message(MESSAGES["calls"]), Answered("call_1", "find", "found")]
    assert mended(good) == good
    assert ChatDialect("m", ModelSettings()).fallbacks(good, []) == []
    bad = [Said((ToolCall("1", "look up!", '{"a": ', {"id": "1"}),)), Answered("1", "look up!", "no")]
    (body,) = ChatDialect("m", ModelSettings()).fallbacks(bad, [])
    (call,) = body["messages"][0]["tool_calls"]
    assert call == {
        "id": "1",
        "type": "function",
        "function": {"name": "look_up_", "arguments": '{"INVALID_JSON": "{\\"a\\": "}'},
    }


# Responses


def response(message: dict[str, Any], finish: Any = "stop", **more: Any) -> dict[str, Any]:
    return {"id": "r", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": finish}], **more}


def test_a_response_tells_why_it_ended_and_what_it_took() -> None:
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 7,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 5},
    }
    dialect = ChatDialect("m", ModelSettings())
    read = dialect.read(response(MESSAGES["calls"], "tool_calls", usage=usage))
    assert read.finish == "calls"
    assert read.tokens is not None
    assert msgspec.to_builtins(read.tokens) == {"input": 10, "output": 7, "cached": 4, "written": 0, "reasoning": 5}
    finishes = {"length": "length", "content_filter": "filter", "stop": "stop", "eos": "stop", None: "stop"}
    for told, finish in finishes.items():
        read = dialect.read(response(MESSAGES["plain"], told))
        assert (read.finish, read.tokens) == (finish, None)


@pytest.mark.parametrize(
    "body",
    [
        {"choices": []},
        {"choices": None},
        [],
        {"choices": [{"finish_reason": "stop"}]},
        {"choices": [{"message": {"role": "assistant"}, "finish_reason": "error"}]},
        {"choices": [{"message": {"tool_calls": [{"id": "1"}]}, "finish_reason": "tool_calls"}]},
    ],
)
def test_what_is_no_response_is_unreadable(body: Any) -> None:
    with pytest.raises(Unreadable):
        ChatDialect("m", ModelSettings()).read(body)


# Streams


def chunks(*deltas: dict[str, Any], finish: str | None = "stop", **more: Any) -> list[Any]:
    made: list[Any] = [{"id": "r", "model": "m", "choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    if finish is not None:
        made.append({"id": "r", "choices": [{"index": 0, "delta": {}, "finish_reason": finish}], **more})
    return made


def assembled(stream: list[Any], **settings: Any) -> dict[str, Any]:
    body = ChatDialect("m", ModelSettings(**settings)).assembled(stream)
    message: dict[str, Any] = body["choices"][0]["message"]
    return message


def test_pieces_make_the_message_that_would_have_come_whole() -> None:
    whole = assembled(
        chunks(
            {"role": "assistant", "content": ""},
            {"reasoning": "Let "},
            {"reasoning": "me"},
            {"content": "Do"},
            {"content": "ne"},
            {"tool_calls": [{"index": 0, "id": "1", "type": "function", "function": {"name": "find", "arguments": ""}}]},
            {"tool_calls": [{"index": 0, "function": {"arguments": '{"a"'}}]},
            {
                "tool_calls": [
                    {"index": 1, "id": "2", "function": {"name": "send", "arguments": "{}"}, "extra_content": {"s": 1}}
                ]
            },
            {"tool_calls": [{"index": 0, "function": {"arguments": ": 1}"}}]},
        )
    )
    assert whole == {
        "role": "assistant",
        "content": "Done",
        "reasoning": "Let me",
        "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "find", "arguments": '{"a": 1}'}},
            {"id": "2", "type": "function", "function": {"name": "send", "arguments": "{}"}, "extra_content": {"s": 1}},
        ],
    }


def test_calls_that_share_an_index_are_told_apart_by_their_ids() -> None:
    def call(**fields: Any) -> dict[str, Any]:
        return {"tool_calls": [fields]}

    for index in ({"index": 0}, {}):
        whole = assembled(
            chunks(
                call(**index, id="1", function={"name": "find", "arguments": "{"}),
                call(**index, function={"arguments": "}"}),
                call(**index, id="2", function={"name": "find", "arguments": '{"b": 2}'}),
            )
        )
        assert [(one["id"], one["function"]["arguments"]) for one in whole["tool_calls"]] == [("1", "{}"), ("2", '{"b": 2}')]


def detail(text: str, index: int = 0) -> dict[str, Any]:
    return {"reasoning_details": [{"type": "reasoning.text", "id": "r", "format": "F", "index": index, "text": text}]}


@pytest.mark.parametrize("cumulative", [True, False, None])
def test_details_grow_whether_their_pieces_repeat_or_not(cumulative: bool | None) -> None:
    pieces = ["Let me see", " what", " this is."]
    sent = ["Let me see", "Let me see what", "Let me see what this is."] if cumulative is not False else pieces
    whole = assembled(chunks(*map(detail, sent), detail("More.", 1)), cumulative=cumulative)
    assert [item["text"] for item in whole["reasoning_details"]] == ["Let me see what this is.", "More."]
    assert whole["reasoning_details"][0] == {**detail("Let me see what this is.")["reasoning_details"][0]}


def test_a_last_chunk_that_holds_the_whole_message_is_believed() -> None:
    stream = chunks({"content": "Do"}, {"content": "Done"}, finish=None)
    message = {"role": "assistant", "content": "Done", "name": "M2"}
    stream.append({"object": "chat.completion", "choices": [{"index": 0, "finish_reason": "stop", "message": message}]})
    assert assembled(stream) == message


def test_a_stream_that_does_not_say_why_it_ended_was_cut() -> None:
    with pytest.raises(Unreadable, match="ended before"):
        ChatDialect("m", ModelSettings()).assembled(chunks({"content": "Do"}, finish=None))


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        ([], ""),
        (["a"], "a"),
        (["ha", "ha"], "haha"),
        (["\n", "\n", "\n"], "\n\n\n"),
        (["1", "10"], "110"),
        (["Let me ", "see"], "Let me see"),
        (["Let me ", "Let me see"], "Let me see"),
        (["I", "I s", "I see", "I see.", "I see."], "I see."),
    ],
)
def test_pieces_that_repeat_all_before_them_are_told_by_looking(pieces: list[str], text: str) -> None:
    assert joined(pieces) == text


@given(st.lists(st.text(min_size=1, max_size=4), min_size=5, max_size=12))
def test_a_stream_of_either_kind_is_read(pieces: list[str]) -> None:
    whole = "".join(pieces)
    assert joined(["".join(pieces[: end + 1]) for end in range(len(pieces))]) == whole
    assert joined(pieces, False) == whole
