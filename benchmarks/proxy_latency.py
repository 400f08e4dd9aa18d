"""What `perturb proxy openai` adds to a request, beside a plain reverse proxy of the same libraries, in one run.

    python benchmarks/proxy_latency.py [--conversations 100] [--rounds 3] [--stream]

A client does the tasks of `benchmarks.trivial`, each in six requests that carry the whole conversation, of a model that
answers at once: directly, through a plain proxy of Starlette, uvicorn and httpx2, which passes bytes on and reads none of them,
and through ours, clean and under an operator. Each server is a process of its own; the ways are gone in turn, one conversation
after the other.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from benchmarks.canned_model import TURNS, canned  # noqa: E402
from benchmarks.trivial import TOOLS, Trivial  # noqa: E402

OPERATOR = "results.log_noise"
"""It changes each result and no call, so that a model which knows nothing of it does its task."""
_TOOLS = [
    {"type": "function", "function": {"name": one.name, "description": one.description, "parameters": one.parameters}}
    for one in TOOLS
]


def plain_proxy(upstream: str) -> None:
    """Serve the plain proxy until the input ends; prints its URL."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import StreamingResponse
    from starlette.routing import Route

    from perturb.serving.server import bound

    client = httpx2.AsyncClient(timeout=60.0)
    of_one_hop = {"host", "content-length", "connection", "transfer-encoding"}

    async def passed_on(request: Request) -> StreamingResponse:
        headers = [(name, value) for name, value in request.headers.items() if name not in of_one_hop]
        url = f"{upstream}/{request.path_params['path']}"
        response = await client.send(
            client.build_request(request.method, url, headers=headers, content=await request.body()), stream=True
        )
        kept = {name: value for name, value in response.headers.items() if name not in of_one_hop}
        return StreamingResponse(_until_closed(response), response.status_code, kept)

    async def _until_closed(response: Any) -> Any:
        try:
            async for piece in response.aiter_raw():
                yield piece
        finally:
            await response.aclose()

    app = Starlette(routes=[Route("/v1/{path:path}", passed_on, methods=["GET", "POST"])])
    sock = bound("127.0.0.1", 0)
    print(f"http://127.0.0.1:{sock.getsockname()[1]}/v1", flush=True)
    server = uvicorn.Server(uvicorn.Config(app, ws="none", lifespan="off", log_level="error", timeout_keep_alive=300))

    async def run() -> None:
        serving = asyncio.create_task(server.serve(sockets=[sock]))
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        server.should_exit = server.force_exit = True
        await serving

    asyncio.run(run())


@contextmanager
def _process(*words: str, read: Any = str.strip) -> Iterator[str]:
    """A server in a process of its own; gives what its first line says."""
    with subprocess.Popen([sys.executable, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield read(process.stdout.readline())
        finally:
            process.stdin.close()
            process.terminate()


def ways(stack: ExitStack, model: str, folder: str) -> dict[str, str]:
    """The base URLs by the way that they stand for."""
    ours = ("-m", "perturb", "proxy", "openai", "--upstream", model, "--listen", "0", "--json", "--store")
    url = lambda line: json.loads(line)["url"]  # noqa: E731
    return {
        "directly": model,
        "plain proxy": stack.enter_context(_process(__file__, "--plain", model)),
        "ours, clean": stack.enter_context(_process(*ours, f"{folder}/clean.sqlite", read=url)),
        f"ours, {OPERATOR}": stack.enter_context(_process(*ours, f"{folder}/noise.sqlite", "--operators", OPERATOR, read=url)),
    }


def carried(client: httpx2.Client, url: str, number: int, mark: str, stream: bool) -> list[float]:
    """The seconds that each request of one conversation took."""
    environment = Trivial(number)
    task = environment.tasks[number - 1]
    world = environment.environment(task)
    messages: list[Any] = [{"role": "user", "content": f"{task.prompt} ({mark})"}]
    took = []
    for _ in range(TURNS):
        body = {"model": "canned", "messages": messages, "tools": _TOOLS} | ({"stream": True} if stream else {})
        content = json.dumps(body, separators=(",", ":")).encode()
        began = time.perf_counter()
        response = client.post(f"{url}/chat/completions", content=content, headers={"content-type": "application/json"})
        took.append(time.perf_counter() - began)
        message = _message(response, stream)
        messages.append(message)
        for call in message.get("tool_calls") or ():
            from perturb import texts
            from perturb.types import Call, Failure

            answer = world.call(Call(call["function"]["name"], json.loads(call["function"]["arguments"])))
            text = texts.failure_text(answer) if isinstance(answer, Failure) else texts.result_text(answer)
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": text})
    if messages[-1].get("content") != task.answer or world.stock["A"]["lamp"] != 3 + number:
        raise SystemExit(f"{url}: the task was not done; a benchmark of failures says nothing")
    return took


def _message(response: httpx2.Response, stream: bool) -> dict[str, Any]:
    response.raise_for_status()
    if not stream:
        message: dict[str, Any] = response.json()["choices"][0]["message"]
    else:
        from perturb.models.chat_stream import Assembly

        lines = [line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: ")]
        message = Assembly().of([json.loads(line) for line in lines if line != "[DONE]"])["choices"][0]["message"]
    return {name: value for name, value in message.items() if value is not None or name == "content"}


def measure(conversations: int, rounds: int, stream: bool) -> None:
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        found = ways(stack, stack.enter_context(canned(0.0)), folder)
        took: dict[str, list[float]] = {way: [] for way in found}
        client = stack.enter_context(httpx2.Client(timeout=60.0))
        for turn in range(rounds + 1):
            for number in range(1, conversations + 1):
                for way, url in found.items():
                    times = carried(client, url, number % 20 + 1, f"{turn}.{number}", stream)
                    took[way] += times if turn else []  # the first round warms up
        report(took, stream)


def report(took: Mapping[str, Sequence[float]], stream: bool) -> None:
    base, plain = (statistics.median(took[way]) * 1000 for way in ("directly", "plain proxy"))
    print(f"{len(took['directly']):,} requests each, {'streamed' if stream else 'whole'}; ms, medians")
    print(f"{'':>26} {'a request':>10} {'95th':>8} {'added':>8} {'beside the plain proxy':>24}")
    for way, times in took.items():
        middle, high = statistics.median(times) * 1000, statistics.quantiles(times, n=20)[-1] * 1000
        beside = f"{middle - plain:>+24.2f}" if way.startswith("ours") else ""
        print(f"{way:>26} {middle:>10.2f} {high:>8.2f} {middle - base:>8.2f} {beside}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--stream", action="store_true", help="have the model stream its turns")
    parser.add_argument("--plain", metavar="URL", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.plain:
        plain_proxy(options.plain)
    else:
        measure(options.conversations, options.rounds, options.stream)


if __name__ == "__main__":
    main()
