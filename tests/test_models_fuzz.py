"""Whatever a server sends, it is a response or it is not: nothing else comes of it."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perturb.models.anthropic import AnthropicDialect
from perturb.models.chat import ChatDialect
from perturb.models.connections import encoded
from perturb.models.dialect import Unreadable, understood
from perturb.models.records import Told
from perturb.models.responses import ResponsesDialect
from perturb.models.settings import ModelSettings
from perturb.models.troubles import Trouble, of_status

DIALECTS = [dialect("m", ModelSettings()) for dialect in (ChatDialect, ResponsesDialect, AnthropicDialect)]

WORDS = st.sampled_from(
    [
        *("choices", "message", "content", "tool_calls", "function", "name", "arguments", "id", "delta", "index", "usage"),
        *("finish_reason", "output", "type", "status", "call_id", "reasoning", "reasoning_details", "summary", "thinking"),
        *("input", "stop_reason", "content_block", "response", "item", "partial_json", "text", "error", "prompt_tokens"),
    ]
)
VALUES = st.sampled_from(
    [
        *("stop", "tool_calls", "completed", "message", "function_call", "tool_use", "text", "thinking", "message_start"),
        *("content_block_start", "content_block_delta", "message_delta", "response.completed", "response.output_item.done"),
        *("input_json_delta", "text_delta", "", "{", None, True, 0, 1, 2.5, "\ud800"),
    ]
)
ANYTHING = st.recursive(
    VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=5), max_leaves=20
)
LIKELY = st.fixed_dictionaries(
    {},
    optional={
        "choices": st.lists(
            st.fixed_dictionaries(
                {}, optional={"message": ANYTHING, "delta": ANYTHING, "finish_reason": ANYTHING, "index": st.just(0)}
            ),
            max_size=2,
        ),
        "output": st.lists(ANYTHING, max_size=3),
        "content": st.lists(ANYTHING, max_size=3),
        "type": VALUES,
        "delta": ANYTHING,
        "message": ANYTHING,
        "response": ANYTHING,
        "item": ANYTHING,
        "content_block": ANYTHING,
        "index": VALUES,
        "usage": ANYTHING,
        "status": VALUES,
        "stop_reason": VALUES,
    },
)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: type(dialect).__name__)
@given(answer=LIKELY | ANYTHING | st.lists(LIKELY | ANYTHING, max_size=5), streamed=st.booleans())
def test_anything_that_is_received_is_a_response_or_is_not(dialect: Any, answer: Any, streamed: bool) -> None:
    with contextlib.suppress(Unreadable, Trouble):
        body = understood(dialect, answer if isinstance(answer, list) or not streamed else [answer], "here", streamed=streamed)
        said = dialect.read(body).said
        # What was understood can be told again, kept, and sent back.
        assert isinstance(said.text + said.reasoning, str)
        assert all(isinstance(call.name, str) and isinstance(call.arguments, str) for call in said.calls)
        written = dialect.request([Told("user", "U"), said], ())
        assert json.loads(encoded(written)) is not None
        for other in dialect.fallbacks([Told("user", "U"), said], ()):
            encoded(other)


@given(status=st.sampled_from([200, 400, 401, 404, 418, 429, 500, 503, 529, 599]), body=ANYTHING)
def test_any_error_has_one_meaning(status: int, body: Any) -> None:
    assert str(of_status(status, body, {}, "here"))
    assert str(of_status(status, {"error": body}, {}, "here"))
