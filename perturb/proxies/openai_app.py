"""The OpenAI proxy as an application: the paths of a provider, with an episode behind each conversation.

Below the root lie `/v1`, as of the provider, and `/episodes/ID/v1`, which says with every request which episode it is of; the
header `X-Perturb-Episode` says the same. `POST /perturb/episodes/ID/outcome` takes the verdict on an episode.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from perturb.proxies.openai_chat import Chat
from perturb.proxies.openai_episode import ProxiedEpisode
from perturb.proxies.openai_records import BadRequest, Raw, Wire
from perturb.proxies.openai_request import Request
from perturb.proxies.openai_responses import Responses
from perturb.proxies.openai_upstream import Headers, Unreachable, Upstream, passed
from perturb.proxies.openai_upstream import Response as Arriving
from perturb.types import JSON

EPISODE = "x-perturb-episode"
WIRES: tuple[Wire, ...] = (Chat(), Responses())


class Episodes(Protocol):
    """The episodes behind a proxy."""

    def of(self, id: str | None, wire: Wire, body: Raw) -> ProxiedEpisode | None:
        """The episode of a request, `None` for one that passes as it is. Raises `BadRequest` where there can be none."""
        ...

    def went_on(self, episode: ProxiedEpisode) -> None:
        """A request of an episode has been answered."""
        ...

    def judge(self, id: str, passed: bool) -> None:
        """A client says how an episode has ended. Raises `BadRequest` for an episode that is not known."""
        ...

    def told(self) -> list[JSON]:
        """What there is to know of each."""
        ...


class Application:
    """One proxy, in front of one provider."""

    def __init__(self, upstream: Upstream, episodes: Episodes) -> None:
        self.upstream = upstream
        self.episodes = episodes

    def app(self) -> Starlette:
        """The ASGI application."""
        routes = [
            Route("/perturb/episodes", self.list_episodes),
            Route("/perturb/episodes/{episode}/outcome", self.outcome, methods=["POST"]),
        ]
        for prefix in ("", "/episodes/{episode}"):
            for wire in WIRES:
                routes.append(Route(f"{prefix}/v1/{wire.path}", self._of(wire), methods=["POST"]))
            methods = ["GET", "POST", "DELETE", "PUT", "PATCH"]
            routes.append(Route(f"{prefix}/v1/{{path:path}}", self.anything_else, methods=methods))
        return Starlette(routes=routes)

    async def list_episodes(self, request: HttpRequest) -> Response:
        """`GET /perturb/episodes`."""
        return JSONResponse({"episodes": self.episodes.told()})

    async def outcome(self, request: HttpRequest) -> Response:
        """`POST /perturb/episodes/ID/outcome`."""
        try:
            body = _object(await request.body())
            if not isinstance(body.get("passed"), bool):
                raise BadRequest('say {"passed": true} or {"passed": false}')
            self.episodes.judge(request.path_params["episode"], body["passed"])
        except BadRequest as error:
            return _refusal(error)
        return JSONResponse({"episode": request.path_params["episode"], "passed": body["passed"]})

    async def anything_else(self, request: HttpRequest) -> Response:
        """What holds no conversation goes to the provider as it is."""
        return await self._pass(request, request.path_params["path"], await request.body())

    def _of(self, wire: Wire) -> Any:
        async def handle(request: HttpRequest) -> Response:
            content = await request.body()
            try:
                body = _object(content)
                wire.check(body)
                id = request.path_params.get("episode") or request.headers.get(EPISODE)
                episode = self.episodes.of(id, wire, body)
                if episode is None:
                    return await self._pass(request, wire.path, content)
                begun = episode.begin(wire, body)
            except BadRequest as error:
                return _refusal(error)
            one = _Carried(self, episode, begun, passed(request.headers.items()), request.url.query)
            return await (one.streamed() if body.get("stream") else one.whole())

        return handle

    async def _pass(self, request: HttpRequest, path: str, content: bytes) -> Response:
        stack = AsyncExitStack()
        try:
            headers = passed(request.headers.items())
            arriving = await stack.enter_async_context(
                self.upstream.send(request.method, path, content, headers, request.url.query)
            )
            if arriving.streams:
                return _Streaming(arriving.pieces(), stack, arriving.status, arriving.headers)
            answer = _answer(arriving, await arriving.content())
        except Unreachable as error:
            answer = _unreachable(error)
        await stack.aclose()
        return answer


class _Carried:
    """One request of an episode's, carried to the model as often as it takes."""

    def __init__(
        self, application: Application, episode: ProxiedEpisode, request: Request, headers: Headers, query: str
    ) -> None:
        self._application = application
        self._episode = episode
        self._request = request
        self._headers = headers
        self._query = query
        self._named = [(EPISODE, episode.id)]

    def _asked(self) -> Any:
        body = self._episode.next_body(self._request)
        return self._application.upstream.post(self._request.wire.path, body, self._headers, self._query)

    def _went_on(self) -> None:
        self._application.episodes.went_on(self._episode)

    async def whole(self) -> Response:
        wire, episode, request = self._request.wire, self._episode, self._request
        try:
            if request.handed is not None:
                return JSONResponse(episode.made(request), headers=dict(self._named))
            while True:
                async with self._asked() as arriving:
                    content = await arriving.content()
                if arriving.status >= 400:
                    return self._refused(arriving, content)
                response = _response(content)
                episode.take(request, response)
                if (handed := request.handed) is not None:
                    told = wire.handed(response, handed.calls, handed.text, request.usage)
                    headers = [*(one for one in arriving.headers if one[0].lower() != "content-type"), *self._named]
                    return _plain(json.dumps(told, ensure_ascii=False).encode(errors="replace"), 200, headers)
        except BadRequest as error:
            return _refusal(error, self._named)
        except Unreachable as error:
            episode.refused = 502, None
            return _unreachable(error, self._named)
        except ValueError as error:
            episode.refused = 502, None
            return _unreadable(error, self._named)
        finally:
            self._went_on()

    async def streamed(self) -> Response:
        """The first response is waited for, so that a refusal keeps its status."""
        stack = AsyncExitStack()
        stack.callback(self._went_on)
        try:
            if self._request.handed is not None:
                return _Streaming(self._made(), stack, 200, self._named)
            arriving = await stack.enter_async_context(self._asked())
            if arriving.status >= 400:
                answer = self._refused(arriving, await arriving.content())
            elif not arriving.streams:
                answer = _unreadable(ValueError("it is no stream of events"), self._named)
            else:
                headers = [one for one in arriving.headers if one[0].lower() != "content-type"]
                return _Streaming(self._events(arriving, stack), stack, 200, [*headers, *self._named])
        except Unreachable as error:
            self._episode.refused = 502, None
            answer = _unreachable(error, self._named)
        await stack.aclose()
        return answer

    async def _made(self) -> AsyncIterator[str]:
        stream = self._request.wire.stream(True)
        for piece in stream.end(self._episode.made(self._request)):
            yield piece

    async def _events(self, arriving: Arriving, stack: AsyncExitStack) -> AsyncIterator[str]:
        wire, episode, request = self._request.wire, self._episode, self._request
        stream = wire.stream(not episode.boundary.reads_answers)
        try:
            while True:
                async for event in arriving.events():
                    for piece in stream.take(event):
                        yield piece
                response = stream.whole()
                episode.take(request, response, stream.text, stream.id)
                if (handed := request.handed) is not None:
                    for piece in stream.end(wire.handed(response, handed.calls, handed.text, request.usage)):
                        yield piece
                    return
                arriving = await stack.enter_async_context(self._asked())
                if arriving.status >= 400:
                    content = await arriving.content()
                    self._refused(arriving, content)
                    raise ValueError(f"the provider answered HTTP {arriving.status}: {content[:500].decode(errors='replace')}")
        except BadRequest as error:
            problem = str(error)
        except (Unreachable, ValueError) as error:
            episode.refused = episode.refused or (502, None)
            problem = str(error)
        for piece in stream.error(problem):
            yield piece

    def _refused(self, arriving: Arriving, content: bytes) -> Response:
        try:
            self._episode.refused = arriving.status, json.loads(content)
        except ValueError:
            self._episode.refused = arriving.status, None
        return _plain(content, arriving.status, [*arriving.headers, *self._named])


class _Streaming(StreamingResponse):
    """Events as they come; what they come from is closed at the end, whatever the end is."""

    def __init__(self, content: AsyncIterator[str | bytes], stack: AsyncExitStack, status: int, headers: Headers) -> None:
        super().__init__(content, status_code=status, media_type="text/event-stream")
        _add(self, [one for one in headers if one[0].lower() != "content-type"])
        self._stack = stack

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._stack.aclose()


def _object(content: bytes) -> Raw:
    try:
        body = json.loads(content)
    except ValueError as error:
        raise BadRequest(f"the body is no JSON: {error}") from None
    if not isinstance(body, dict):
        raise BadRequest("the body must be an object")
    return body


def _response(content: bytes) -> Raw:
    response = json.loads(content)
    if not isinstance(response, dict):
        raise ValueError("it is no object")
    return response


def _add(response: Response, headers: Headers) -> None:
    for name, value in headers:
        response.headers.append(name, value)


def _plain(content: bytes, status: int, headers: Headers) -> Response:
    response = Response(content, status)
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers = [*headers, ("content-type", "application/json")]
    _add(response, headers)
    return response


def _answer(arriving: Arriving, content: bytes) -> Response:
    return _plain(content, arriving.status, arriving.headers)


def _error(message: str, kind: str, status: int, headers: Headers) -> Response:
    told = {"message": message, "type": kind, "param": None, "code": None}
    return JSONResponse({"error": told}, status, headers=dict(headers))


def _refusal(error: BadRequest, headers: Headers = []) -> Response:  # noqa: B006 - it is only read
    return _error(str(error), error.kind, error.status, headers)


def _unreachable(error: Unreachable, headers: Headers = []) -> Response:  # noqa: B006 - it is only read
    return _error(f"perturb proxy: {error}", "upstream_unreachable", 502, headers)


def _unreadable(error: ValueError, headers: Headers) -> Response:
    return _error(f"perturb proxy: what the provider has sent is no response: {error}", "upstream_malformed", 502, headers)
