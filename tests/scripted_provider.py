"""A provider that says what a test has it say, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

pytest.importorskip("starlette", reason="the extra [serve] is not installed")
pytest.importorskip("uvicorn", reason="the extra [serve] is not installed")

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from perturb.serving import chat_wire, responses_wire
from perturb.serving.server import bound


class Provider:
    """`script` has its answers in order: a whole response, a status with a body, or a text that is sent as it is; the last one
    again and again where `again` is set."""

    def __init__(self, *script: Any, again: bool = False) -> None:
        self.script = list(script)
        self.again = again
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""

    async def answer(self, request: Request) -> Response:
        if request.method == "GET":
            return JSONResponse({"object": "list", "data": [{"id": "m"}]}, headers={"x-request-id": "of the provider"})
        body = json.loads(await request.body())
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        told = self.script[0] if self.again and len(self.script) == 1 else self.script.pop(0)
        if isinstance(told, tuple):
            return JSONResponse(told[1], told[0], headers={"retry-after": "7"})
        if isinstance(told, str):
            return StreamingResponse(iter([told.encode()]), media_type="text/event-stream")
        if not body.get("stream"):
            return JSONResponse(told, headers={"x-request-id": "of the provider"})
        if "output" in told:
            return StreamingResponse(responses_wire.events(told), media_type="text/event-stream")
        chunks = [f"data: {json.dumps(one)}\n\n" for one in chat_wire.chunks(told, body, cumulative=False)]
        return StreamingResponse(iter([*chunks, "data: [DONE]\n\n"]), media_type="text/event-stream")


def message(text: str | None = None, *calls: tuple[str, dict[str, Any]], number: int = 0) -> dict[str, Any]:
    """A whole chat completion."""
    told: dict[str, Any] = {"role": "assistant", "content": text}
    if calls:
        told["tool_calls"] = [
            {"id": f"call_{number}_{place}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
            for place, (name, arguments) in enumerate(calls)
        ]
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 1764000000,
        "model": "m",
        "system_fingerprint": "fp",
        "choices": [{"index": 0, "message": told, "logprobs": None, "finish_reason": "tool_calls" if calls else "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12},
    }


@contextmanager
def provided(*script: Any, again: bool = False) -> Iterator[Provider]:
    """Serve a provider within the `with`."""
    provider = Provider(*script, again=again)
    app = Starlette(routes=[Route("/{path:path}", provider.answer, methods=["GET", "POST"])])
    server = uvicorn.Server(uvicorn.Config(app, ws="none", lifespan="off", log_level="critical"))
    sock = bound("127.0.0.1", 0)
    thread = threading.Thread(target=lambda: server.run(sockets=[sock]), daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.005)
    provider.url = f"http://127.0.0.1:{sock.getsockname()[1]}/v1"
    try:
        yield provider
    finally:
        server.should_exit = server.force_exit = True
        thread.join(10)
        sock.close()
