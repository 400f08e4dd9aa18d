"""A model that takes time and does no work: it does the tasks of `benchmarks.trivial`, each turn after a fixed wait, as chat.

    python benchmarks/canned_model.py --latency 0.2      prints its URL and serves until its input ends

It is a process of its own, so that its work does not count as that of whoever asks it, and speaks just as much HTTP as it must.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_NUMBER = re.compile(rb"Put (\d+) lamps")
TURNS = 6
"""Of one episode: five calls and the answer."""


def _replies(number: int) -> list[bytes]:
    """The response of each turn, as JSON."""
    from benchmarks.trivial import Trivial

    task = Trivial(number).tasks[number - 1]
    turns: list[dict[str, object]] = [
        {"tool_calls": [_call(place, one.name, one.arguments)]} for place, one in enumerate(task.gold or ())
    ]
    return [_response(turn, "tool_calls") for turn in turns] + [_response({"content": task.answer}, "stop")]


def _call(place: int, name: str, arguments: object) -> dict[str, object]:
    return {"id": f"call_{place}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}


def _response(message: dict[str, object], finish: str) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": None, **message}, "finish_reason": finish}
    usage = {"prompt_tokens": 400, "completion_tokens": 20, "total_tokens": 420}
    return json.dumps({"id": "c", "object": "chat.completion", "model": "canned", "choices": [choice], "usage": usage}).encode()


@lru_cache
def _streamed(content: bytes) -> bytes:
    from perturb.serving.chat_wire import chunks

    whole = {"created": 0, "system_fingerprint": "", **json.loads(content)}
    return (
        b"".join(b"data: %s\n\n" % json.dumps(one).encode() for one in chunks(whole, {}, cumulative=False))
        + b"data: [DONE]\n\n"
    )


class _Answers(asyncio.Protocol):
    """One connection."""

    known: dict[int, list[bytes]] = {}  # noqa: RUF012 - shared by all connections on purpose
    latency = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            found = _LENGTH.search(self._buffer, 0, end)
            whole = end + 4 + (int(found[1]) if found else 0)
            if len(self._buffer) < whole:
                return
            body, self._buffer = self._buffer[end + 4 : whole], self._buffer[whole:]
            if self.latency:
                asyncio.get_running_loop().call_later(self.latency, self._answer, body)
            else:
                self._answer(body)

    def _answer(self, body: bytes) -> None:
        found = _NUMBER.search(body)
        number = int(found[1]) if found else 1
        if number not in self.known:
            self.known[number] = _replies(number)
        content = self.known[number][min(body.count(b'"role":"tool"'), TURNS - 1)]
        kind = b"application/json"
        if b'"stream":true' in body:
            content, kind = _streamed(content), b"text/event-stream"
        head = b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n" % (kind, len(content))
        if not self._transport.is_closing():
            self._transport.write(head + content)  # type: ignore[attr-defined]


@contextmanager
def canned(latency: float) -> Iterator[str]:
    """Serve within the `with`; gives the base URL."""
    words = [sys.executable, __file__, "--latency", str(latency)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


async def _serve(latency: float) -> None:
    _Answers.latency = latency
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Answers, "127.0.0.1", 0, backlog=4096)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds before each response")
    asyncio.run(_serve(parser.parse_args().latency))
