"""The server: wire formats under the paths of their providers, one state, and a log of what was asked."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from email.utils import formatdate
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from perturb.errors import PerturbError
from perturb.serving import anthropic_wire, chat_wire, instructed, responses_wire
from perturb.serving.faults import OF_THE_MODEL, Fault, Spoiler, spoiled
from perturb.serving.minds import Mind
from perturb.serving.seen import BadRequest, Move, Seen
from perturb.serving.sockets import Sockets
from perturb.types import JSON

MindOf = Callable[[str], Mind]


class Logged(msgspec.Struct):
    """One request: which it was, the fault that it met, the id of the response that it got."""

    key: str
    model: str
    path: str
    fault: str | None = None
    id: str | None = None
    status: int = 200


class Reference:
    """What all requests share."""

    def __init__(
        self,
        mind_of: MindOf,
        models: Sequence[str],
        *,
        style: chat_wire.Style = "vllm",
        strict: bool = False,
        spoiler: Spoiler | None = None,
        latency: float = 0.0,
        retry_after: float = 0.02,
        hang: float = 3600.0,
    ) -> None:
        self.mind_of = mind_of
        self.models = tuple(models)
        self.style = style
        self.strict = strict
        self.spoiler = spoiler or Spoiler()
        self.latency = latency
        self.retry_after = retry_after
        self.hang = hang
        self.sockets = Sockets()
        self.stored = responses_wire.Stored()
        self.log: list[Logged] = []

    def app(self) -> Starlette:
        """The ASGI application."""
        routes = []
        for prefix in ("", "/{style}"):
            routes += [
                Route(f"{prefix}/v1/models", self.list_models),
                Route(f"{prefix}/v1/chat/completions", self.chat, methods=["POST"]),
                Route(f"{prefix}/v1/responses", self.responses, methods=["POST"]),
                Route(f"{prefix}/v1/messages", self.messages, methods=["POST"]),
            ]
        return Starlette(routes=[Route("/reference/log", self.tell_log), *routes])

    async def list_models(self, request: Request) -> Response:
        """`GET /v1/models`."""
        listed = [{"id": name, "object": "model", "created": 0, "owned_by": "perturb"} for name in self.models]
        return JSONResponse({"object": "list", "data": listed})

    async def tell_log(self, request: Request) -> Response:
        """`GET /reference/log`: every request so far, a JSON object a line."""
        return PlainTextResponse("".join(json.dumps(msgspec.to_builtins(one)) + "\n" for one in self.log))

    async def chat(self, request: Request) -> Response:
        """`POST /v1/chat/completions`."""
        named = request.path_params.get("style", self.style)
        style = next((one for one in chat_wire.STYLES if named in (one, f"{one}-cumulative")), None)
        if style is None:
            return _refusal(BadRequest(f"there is no provider {named!r}; there are: {', '.join(chat_wire.STYLES)}", status=404))
        return await self.answer(
            request,
            lambda body: chat_wire.seen(body, style, self.strict),
            lambda move, body: chat_wire.response(move, body, style),
            lambda whole, body: _events(chat_wire.chunks(whole, body, cumulative=named.endswith("-cumulative"))),
            refusal=_refusal,
            empty={"choices": []},
        )

    async def responses(self, request: Request) -> Response:
        """`POST /v1/responses`."""
        return await self.answer(
            request,
            lambda body: responses_wire.seen(body, self.stored, self.strict),
            lambda move, body: responses_wire.response(move, body, self.stored),
            lambda whole, body: responses_wire.events(whole),
            refusal=_refusal,
            empty={"output": []},
        )

    async def messages(self, request: Request) -> Response:
        """`POST /v1/messages`."""
        return await self.answer(
            request,
            lambda body: anthropic_wire.seen(body, self.strict),
            anthropic_wire.response,
            lambda whole, body: anthropic_wire.events(whole),
            refusal=_anthropic_refusal,
            empty={"content": [], "usage": {"input_tokens": 1, "output_tokens": 0}},
        )

    async def answer(
        self,
        request: Request,
        seen_of: Callable[[dict[str, Any]], Seen],
        whole_of: Callable[[Move, dict[str, Any]], dict[str, JSON]],
        stream_of: Callable[[dict[str, JSON], dict[str, Any]], Iterator[str]],
        *,
        refusal: Callable[[BadRequest], Response],
        empty: dict[str, JSON],
    ) -> Response:
        """A request in whatever wire format, with the fault that it is to meet."""
        content = await request.body()
        # What stands behind the first hyphen tells tries of one request apart.
        key = request.headers.get("idempotency-key", "").partition("-")[0]
        logged = Logged(key=key, model="", path=request.url.path)
        self.log.append(logged)
        try:
            body = json.loads(content)
            logged.model = str(body.get("model", ""))
            seen = seen_of(body)
            wanted = request.headers.get("x-reference-fault")
            fault = self.spoiler.fault(logged.key or content.decode(), len(seen.turns) + 1, wanted)
            logged.fault = fault
            if self.latency:
                await asyncio.sleep(self.latency)
            if fault is not None and (early := await self._early(fault, request, refusal)) is not None:
                logged.status = early.status_code
                return early
            try:
                mind = self.mind_of(seen.model)
            except PerturbError as error:
                raise BadRequest(
                    f"The model '{seen.model}' does not exist: {error}", code="model_not_found", status=404
                ) from None
            move = await instructed.move(mind, seen)
            whole = whole_of(spoiled(move, fault) if fault in OF_THE_MODEL else move, body)
        except BadRequest as error:
            logged.status = error.status
            return refusal(error)
        if fault == "duplicate_ids":
            whole = _with_one_id(whole)
        if fault == "empty_choice":
            # A stream without a choice says nothing and ends.
            whole = {**whole, **empty} if "choices" not in empty or not body.get("stream") else {**whole, "choices": None}
        logged.id = str(whole.get("id"))
        if body.get("stream"):
            events = list(stream_of(whole, body))
            return StreamingResponse(self._sent(events, fault, request), media_type="text/event-stream")
        text = json.dumps(whole)
        if fault == "malformed":
            return Response(text[: len(text) * 2 // 3] + "…", media_type="application/json")
        if fault in ("cut", "reset"):
            headers = {"content-length": str(len(text.encode()))}
            return StreamingResponse(self._sent([text], fault, request), media_type="application/json", headers=headers)
        return Response(text, media_type="application/json")

    async def _early(self, fault: Fault, request: Request, refusal: Callable[[BadRequest], Response]) -> Response | None:
        """The response of a fault that leaves no room for another; `None` for one that spoils a response."""
        if fault == "hang":
            await asyncio.sleep(self.hang)
        headers: dict[str, str] = {}
        if fault == "rate_limit_seconds":
            headers["retry-after"] = f"{self.retry_after:g}"
        elif fault == "rate_limit_date":
            headers["retry-after"] = formatdate(time.time() + 1.0, usegmt=True)
        if fault.startswith("rate_limit"):
            error = {"message": "Rate limit reached", "type": "requests", "param": None, "code": "rate_limit_exceeded"}
            return JSONResponse({"error": error}, 429, headers)
        if fault == "bad_gateway":
            return Response("<html><body><h1>502 Bad Gateway</h1></body></html>", 502, media_type="text/html")
        status = {"server_error": 500, "unavailable": 503, "overloaded": 529}.get(fault)
        if status is not None:
            return JSONResponse({"error": {"message": "The server had an error", "type": "server_error", "code": None}}, status)
        if fault == "refused_schema":
            message = "Invalid schema for function: 'oneOf' is not permitted"
            return refusal(BadRequest(message, code="invalid_function_parameters", param="tools[0].function.parameters"))
        return None

    async def _sent(self, events: list[str], fault: Fault | None, request: Request) -> AsyncIterator[bytes]:
        """A body as it is sent: whole, or as far as the fault lets it come."""
        data = [event.encode() for event in events]
        if fault not in ("cut", "reset", "malformed"):
            for part in data:
                yield part
            return
        if fault == "malformed":
            yield b"".join(data[: len(data) // 2])
            yield b'data: {"id": "chatcmpl-broken", "choices": [{"del\n\n'
            return
        text = b"".join(data)
        yield text[: len(text) // 2]
        await asyncio.sleep(0)
        self.sockets.close(request.client, reset=fault == "reset")
        raise ConnectionAbortedError("the response was to be cut here")  # or the rest would be written to nobody


def _with_one_id(whole: dict[str, Any]) -> dict[str, Any]:
    """The response with the id of its first call in all of them."""
    calls = [call for choice in whole.get("choices", ()) for call in choice["message"].get("tool_calls") or ()]
    calls += [item for item in whole.get("output", ()) if item["type"] == "function_call"]
    calls += [block for block in whole.get("content", ()) if block["type"] == "tool_use"]
    name = "call_id" if "output" in whole else "id"
    for call in calls[1:]:
        call[name] = calls[0][name]
    return whole


def _events(chunks: Iterator[dict[str, JSON]]) -> Iterator[str]:
    for chunk in chunks:
        yield f"data: {json.dumps(chunk)}\n\n"
    yield "data: [DONE]\n\n"


def _refusal(error: BadRequest) -> Response:
    told = {"message": str(error), "type": "invalid_request_error", "param": error.param, "code": error.code}
    return JSONResponse({"error": told}, error.status)


def _anthropic_refusal(error: BadRequest) -> Response:
    kind = "not_found_error" if error.status == 404 else "invalid_request_error"
    return JSONResponse({"type": "error", "error": {"type": kind, "message": str(error)}}, error.status)
