"""`openapi:…`: the operations of a running server as a toolset.

`openapi:` is followed by options and then by a document, a file or a URL, in JSON or YAML. `--tasks FILE` names a file with
what the document does not say (the keys of `perturb.beside`, and `server` and `headers`), `--server URL` where the server runs,
if the document names another, and `--allow-writes` lets operations change a world that no command resets.

In `headers`, `${NAME}` stands for an environment variable, so that no secret stands in a file.
"""

from __future__ import annotations

import json
import os
import re
import weakref
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import anyio
import httpx2
import msgspec

from perturb import texts
from perturb.beside import Beside, declared, keys_of, object_of, run, said_beside, told_by, words_of
from perturb.errors import ConfigurationError, ServerFailed, ToolsetError
from perturb.openapi.document import Document
from perturb.openapi.operations import Operation, is_json, operations
from perturb.openapi.requests import NotSendable, request_of
from perturb.plugins import OPENAPI
from perturb.toolset import Task, Toolset, plain_refusal
from perturb.types import JSON, Answer, Call, Failure, FailureKind, Result, digest

_TIME = httpx2.Timeout(60.0, connect=10.0)
_SPACED = "openapi-spaced"
_RENDERERS = ("json", _SPACED, "indented")
_KINDS: dict[int, FailureKind] = {
    400: "invalid_argument",
    401: "unauthenticated",
    403: "permission_denied",
    404: "not_found",
    408: "timeout",
    409: "conflict",
    410: "not_found",
    412: "precondition_failed",
    422: "invalid_argument",
    428: "precondition_failed",
    429: "rate_limited",
    502: "unavailable",
    503: "unavailable",
    504: "timeout",
}

texts.register_result(_SPACED, lambda data: json.dumps(data, ensure_ascii=False))


class ApiBeside(Beside, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a file says beside a document. `server` is the base URL, `headers` go along with each request."""

    server: str = ""
    headers: dict[str, str] = msgspec.field(default_factory=dict)


class ApiEnvironment:
    """One episode. The world is reset when it is first asked for something; cookies live as long as the episode."""

    def __init__(self, toolset: ApiToolset) -> None:
        self._toolset = toolset
        self._client = httpx2.Client(transport=toolset.transport, timeout=_TIME, follow_redirects=True)
        self._state: list[JSON] = []
        self._begun = False
        self._starting = anyio.Lock()

    async def call(self, call: Call) -> Answer:
        """Raises `ServerFailed` where nothing answers, `ToolsetError` for a write that nothing would take back."""
        self._toolset.refuse_lasting(call.name)
        async with self._starting:
            await self._begin()
        self._state.clear()
        operation = self._toolset.operations.get(call.name)
        if operation is None:
            return self._toolset.refusal("unknown_tool", tool=call.name)
        try:
            request = self._toolset.request(operation, call.arguments)
        except NotSendable as error:
            return self._toolset.refusal("invalid_argument", tool=call.name, field=error.field, value=error.value)
        self._client.cookies.set_cookie_header(request)
        return await anyio.to_thread.run_sync(partial(self._answer, call, request), abandon_on_cancel=True)

    def _answer(self, call: Call, request: httpx2.Request) -> Answer:
        where = f"{request.method} {request.url.copy_with(query=None)}"
        try:
            response = self._client.send(request)
        except httpx2.TimeoutException:
            raise ServerFailed(f"{where} had no answer after {_TIME.read:g} s; is the server well?") from None
        except httpx2.HTTPError as error:
            raise ServerFailed(f"{where}: {error or type(error).__name__}; start the server, or give --server URL") from None
        return answer_of(call, response)

    async def _begin(self) -> None:
        if not self._begun:
            self._toolset.enter(self)
            self._begun = True
            await self._toolset.reset()

    def dump(self) -> JSON:
        if not self._state:
            self._state.append(_waited(self._told()))
        return self._state[0]

    async def _told(self) -> JSON:
        await self._begin()
        return await self._toolset.state()

    def load(self, state: JSON) -> None:
        raise NotImplementedError(f"toolset {self._toolset.name!r} has no command that sets its state")

    def close(self) -> None:
        self._toolset.leave(self)


class ApiToolset(Toolset):
    """The operations of a server, with the tasks that somebody has written for it.

    Without a command that resets its world, only operations that read may be called, unless writes are allowed. It is
    `exclusive` where its episodes share a world that they may change.
    """

    loads_state = False

    def __init__(
        self,
        document: Document,
        made: list[Operation],
        beside: ApiBeside,
        tasks: tuple[Task, ...],
        *,
        folder: Path,
        server: str,
        allow_writes: bool,
    ) -> None:
        info = document.root.value.get("info")
        info = info if isinstance(info, Mapping) else {}
        self.name = beside.name or str(info.get("title") or Path(document.place).stem)
        self.system = beside.system or ""
        self.tools = tuple(declared((one.tool for one in made), beside, document.place))
        self.operations = {one.tool.name: one for one in made}
        self.tasks = tasks
        self.entities = beside.entities
        self.identifiers = beside.forms()
        self.messages = beside.messages
        self.volatile = beside.volatile
        self.dumps_state = beside.state is not None
        self.exclusive = beside.reset is not None or allow_writes
        self.transport = httpx2.HTTPTransport()
        weakref.finalize(self, self.transport.close)
        self._beside = beside
        self._folder = folder
        self._server = server or beside.server
        self._headers = {name: _filled(value, name) for name, value in beside.headers.items()}
        self._allow_writes = allow_writes
        self._effects = {tool.name: tool.effect for tool in self.tools}
        self._open: set[ApiEnvironment] = set()
        for one in made:
            self._base(one)
        for task in self.tasks:
            for call in task.gold or ():
                self.refuse_lasting(call.name, f"a gold call of task {task.id!r} of toolset {self.name!r}: ")

    def environment(self, task: Task) -> ApiEnvironment:
        return ApiEnvironment(self)

    def request(self, operation: Operation, arguments: Mapping[str, JSON]) -> httpx2.Request:
        return request_of(operation, arguments, self._base(operation), self._headers)

    def _base(self, operation: Operation) -> str:
        base = self._server or next(iter(operation.servers), "")
        if not base.startswith(("http://", "https://")):
            told = f"the server is {base!r}, which is no whole URL" if base else "the document names no server"
            raise ConfigurationError(f"toolset {self.name!r}: {told}; give --server http://HOST/… before the document")
        return base

    def refuse_lasting(self, tool: str, where: str = "") -> None:
        """Raise `ToolsetError` for an operation whose effects nothing would take back."""
        if self._effects.get(tool, "read") == "read" or self._beside.reset is not None or self._allow_writes:
            return
        raise ToolsetError(
            f"{where}{tool!r} ({self.operations[tool].method}) writes, and nothing takes back what it does; give a command as "
            "reset in the file of --tasks, or allow it with --allow-writes"
        )

    def enter(self, environment: ApiEnvironment) -> None:
        """An episode begins. Where episodes share a world, the last must have ended."""
        if self.exclusive and self._open:
            raise ToolsetError(f"two episodes of toolset {self.name!r} would share one world; run them one at a time")
        self._open.add(environment)

    def leave(self, environment: ApiEnvironment) -> None:
        self._open.discard(environment)

    async def reset(self) -> None:
        """Make the world as it is to be when an episode begins."""
        if self._beside.reset is not None:
            await run("reset", self._beside.reset, self._folder)

    async def state(self) -> JSON:
        """What the state command tells."""
        if self._beside.state is None:
            raise NotImplementedError("nothing reads the state behind this server; name a command as state")
        return told_by(await run("state", self._beside.state, self._folder))

    def refusal(self, kind: FailureKind, *, tool: str, field: str | None = None, value: JSON = None) -> Failure:
        return plain_refusal(kind, tool=tool, field=field, value=value)

    def digest(self) -> str:
        # What headers hold is nobody's business, and changes from place to place.
        beside = msgspec.structs.replace(self._beside, headers=dict.fromkeys(self._beside.headers, ""))
        return digest([super().digest(), beside, sorted({self._base(one) for one in self.operations.values()}), self._initial])

    @cached_property
    def _initial(self) -> JSON:
        """The state that episodes begin in, `None` where nothing tells it."""
        if not self.dumps_state:
            return None
        environment = ApiEnvironment(self)
        try:
            return environment.dump()
        finally:
            environment.close()


def answer_of(call: Call, response: httpx2.Response) -> Answer:
    """What a server answered: JSON as data whose text is the very one that was sent, where a renderer makes it; other text as
    it is; what is no text named in brackets."""
    kind = response.headers.get("content-type", "")
    if response.is_error:
        said = texts.writable(response.text.strip()) if _is_text(kind) else ""
        status = f"{response.status_code} {response.reason_phrase}".strip()
        named = _KINDS.get(response.status_code, "internal" if response.status_code >= 500 else "unknown")
        return Failure(
            kind=named, message=f"{status}: {said}" if said else status, tool=call.name, retry_after=_retry_after(response)
        )
    if not _is_text(kind):
        return Result(f"[{kind.partition(';')[0]}, {len(response.content)} bytes]", "text")
    text = texts.writable(response.text)
    if is_json(kind) and text:
        try:
            data = json.loads(text)
        except ValueError:
            return Result(text, "text")
        made = (name for name in _RENDERERS if texts.result_text(Result(data, name)) == text)
        return Result(data, next(made, "json"))
    return Result(text, "text")


def _is_text(media_type: str) -> bool:
    kind = media_type.partition(";")[0].strip().lower()
    textual = ("json", "xml", "yaml", "javascript", "urlencoded")
    return not kind or kind.startswith("text/") or any(word in kind for word in textual)


def _retry_after(response: httpx2.Response) -> float | None:
    told = response.headers.get("retry-after", "")
    return float(told) if re.fullmatch(r"\d+(\.\d+)?", told) else None


def _filled(value: str, header: str) -> str:
    def variable(found: re.Match[str]) -> str:
        if found[1] not in os.environ:
            raise ConfigurationError(f"the header {header} takes ${{{found[1]}}}, which is not set; export {found[1]}=…")
        return os.environ[found[1]]

    return re.sub(r"\$\{(\w+)\}", variable, value)


def _waited(work: Coroutine[Any, Any, JSON]) -> JSON:
    """What some work gives, done in another thread: here a loop may be running already."""

    async def done() -> JSON:
        return await work

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(anyio.run, done).result()


def create(spec: str) -> ApiToolset:
    """The toolset that stands behind `openapi:`."""
    given, words = words_of(OPENAPI, spec, {"--allow-writes": "", "--tasks": "a file", "--server": "a URL"})
    if len(words) != 1:
        names = "names no document" if not words else f"names {len(words)} documents"
        raise ConfigurationError(f"toolset '{OPENAPI}{spec}' {names}; write the file or the URL of one")
    beside, folder = ApiBeside(), Path.cwd()
    tasks: tuple[Task, ...] = ()
    if "--tasks" in given:
        file = Path(given["--tasks"])
        told = object_of(file, ", ".join(keys_of(ApiBeside)))
        beside, tasks = said_beside(told, file, ApiBeside)
        folder = file.resolve().parent
    document = Document(words[0])
    return ApiToolset(
        document,
        operations(document, beside.headers),
        beside,
        tasks,
        folder=folder,
        server=given.get("--server", ""),
        allow_writes="--allow-writes" in given,
    )
