"""A small web API for tests, described by `shelter.yaml`: animals that are read and written, in a file.

As a program, `python shelter.py reset FILE` writes the animals as they are at first, and `python shelter.py state FILE` prints
them.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ANIMALS: list[dict[str, Any]] = [
    {"number": number, "name": name, "kind": kind, "age": age}
    for number, (name, kind, age) in enumerate(
        [("Mimi", "cat", 3), ("Rex", "dog", 9), ("Agathe", "hen", 1), ("Felix", "cat", 12), ("Bello", "dog", None)], 1
    )
]


def reset(file: Path) -> None:
    file.write_text(json.dumps(ANIMALS), encoding="utf-8")


def application(file: Path) -> Any:
    """The server. What no animal is about is told back as it was received."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse, PlainTextResponse, Response
    from starlette.routing import Route

    def kept() -> list[dict[str, Any]]:
        return list(json.loads(file.read_text(encoding="utf-8")))

    def keep(animals: list[dict[str, Any]]) -> None:
        file.write_text(json.dumps(animals), encoding="utf-8")

    def found(request: Request) -> dict[str, Any] | None:
        return next((one for one in kept() if one["number"] == request.path_params["animal"]), None)

    def missing(request: Request) -> Response:
        return JSONResponse({"detail": f"There is no animal {request.path_params['animal']}."}, 404)

    def listed(request: Request) -> Response:
        kinds, oldest = request.query_params.getlist("kind"), request.query_params.get("age[max]")
        if request.headers.get("x-language") == "none":
            return JSONResponse({"detail": "Come back later."}, 429, {"Retry-After": "7"})
        animals = [one for one in kept() if not kinds or one["kind"] in kinds]
        return JSONResponse([one for one in animals if oldest is None or (one["age"] or 0) <= int(oldest)])

    async def take_in(request: Request) -> Response:
        told = await request.json()
        if told.get("kind") not in ("cat", "dog", "hen"):
            return JSONResponse({"detail": f"'kind' may not be {told.get('kind')!r}."}, 422)
        animals = kept()
        animals.append({"number": len(animals) + 1, "age": None, **told})
        keep(animals)
        return JSONResponse(animals[-1], 201)

    def one(request: Request) -> Response:
        animal = found(request)
        # Not the plain JSON that Starlette writes, so that its text is another.
        return missing(request) if animal is None else Response(json.dumps(animal), media_type="application/json")

    async def change(request: Request) -> Response:
        animal = found(request)
        if animal is None:
            return missing(request)
        animal |= await request.json()
        keep([animal if other["number"] == animal["number"] else other for other in kept()])
        return JSONResponse(animal)

    def give_away(request: Request) -> Response:
        animal = found(request)
        if animal is None:
            return missing(request)
        keep([other for other in kept() if other != animal])
        return Response(status_code=204)

    def picture(request: Request) -> Response:
        return Response(b"\x89PNG", media_type="image/png")

    def stays(request: Request) -> Response:
        query = request.url.query
        return JSONResponse({"path": request.scope["raw_path"].decode(), "query": query, "cookies": request.cookies})

    async def note(request: Request) -> Response:
        return PlainTextResponse((await request.body()).decode())

    async def report(request: Request) -> Response:
        return JSONResponse(len(await request.body()))

    def document(request: Request) -> Response:
        return Response(Path(__file__).with_name("shelter.yaml").read_bytes(), media_type="application/yaml")

    return Starlette(
        routes=[
            Route("/v1/animals", listed),
            Route("/v1/animals", take_in, methods=["POST"]),
            Route("/v1/animals/{animal:int}", one),
            Route("/v1/animals/{animal:int}", change, methods=["PATCH"]),
            Route("/v1/animals/{animal:int}", give_away, methods=["DELETE"]),
            Route("/v1/animals/{animal:int}/picture", picture),
            Route("/v1/stays/{days:path}", stays),
            Route("/v1/notes", note, methods=["POST"]),
            Route("/v1/reports", report, methods=["PUT"]),
            Route("/openapi.yaml", document),
        ]
    )


@contextmanager
def serving(file: Path) -> Iterator[str]:
    """The server over a real socket, and its URL."""
    import uvicorn

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(application(file), ws="none", lifespan="off", log_level="critical")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


if __name__ == "__main__":
    if sys.argv[1] == "reset":
        reset(Path(sys.argv[2]))
    else:
        print(Path(sys.argv[2]).read_text(encoding="utf-8"))
