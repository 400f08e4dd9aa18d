"""Connections to a provider: as many as there are requests at once, used again, and through the proxy of the machine."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from scripted_provider import message, provided
from test_doctor import lacking

from perturb.models.connections import Connection
from perturb.models.settings import ModelSettings
from perturb.models.troubles import Trouble

BODY: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Reply with exactly: ready"}]}


async def asked(url: str, waves: int, at_once: int, *, stream: bool = False) -> list[Any]:
    connection = Connection("openai", ModelSettings(base_url=url))
    got: list[Any] = []

    async def ask() -> None:
        got.append(await connection.post("/chat/completions", {**BODY, "stream": stream}, "key"))

    try:
        for _ in range(waves):
            async with anyio.create_task_group() as group:
                for _ in range(at_once):
                    group.start_soon(ask)
    finally:
        await connection.aclose()
    return got


@pytest.mark.parametrize("stream", [False, True])
def test_a_connection_is_used_again_as_soon_as_it_is_free(stream: bool) -> None:
    with lacking(latency=0.05) as served:
        got = anyio.run(lambda: asked(f"{served.url}/v1", 3, 20, stream=stream))
        clients = served.server.clients
    assert (len(got), len(clients)) == (60, 60)
    assert len(set(clients)) <= 20


def test_a_request_that_fails_leaves_its_connection_to_the_next() -> None:
    with provided((500, {"error": {"message": "no"}}), message("yes")) as provider:

        async def go() -> Any:
            connection = Connection("openai", ModelSettings(base_url=provider.url))
            with pytest.raises(Trouble, match="HTTP 500"):
                await connection.post("/chat/completions", BODY, "key")
            answer = await connection.post("/chat/completions", BODY, "key")
            await connection.aclose()
            return answer

        answer: Any = anyio.run(go)
    assert answer["choices"][0]["message"]["content"] == "yes"


def test_the_proxy_of_the_machine_is_gone_through(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with provided() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.removesuffix("/v1"))
        # The proxy is a server that knows no such path: it answers, and nobody else could.
        with pytest.raises(ExceptionGroup) as raised:
            anyio.run(lambda: asked("http://nowhere.invalid/v1", 1, 1))
    assert raised.group_contains(Trouble, match="HTTP 404")
