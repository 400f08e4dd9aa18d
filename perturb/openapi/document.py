"""An OpenAPI document: read from a file or a URL, in JSON or YAML, with what its references point to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit
from urllib.request import url2pathname

import httpx2
import msgspec

from perturb.beside import object_in, object_of
from perturb.errors import ConfigurationError, PerturbError, ServerFailed, ToolsetError, nearest
from perturb.types import JSON

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_WANTED = 'openapi: "3.1.0" and paths'
_TIME = 30.0
_DEEPEST = 64
"""References that may lead to one another, before one is taken for a circle."""


class Node(msgspec.Struct, frozen=True):
    """A part of a document: its value, the file or URL that it stands in, and the path to it there, as a JSON pointer."""

    value: Any
    uri: str
    pointer: str = ""

    @property
    def where(self) -> str:
        """The place, for messages: `api.yaml, at /paths/~1pets/get`."""
        file = url2pathname(urlsplit(self.uri).path) if self.uri.startswith("file:") else self.uri
        return f"{_nearby(file)}, at {self.pointer}" if self.pointer else _nearby(file)

    def child(self, key: str | int) -> Node:
        return Node(self.value[key], self.uri, f"{self.pointer}/{_escaped(key)}")

    def get(self, key: str) -> Node | None:
        return self.child(key) if isinstance(self.value, dict) and key in self.value else None

    def wrong(self, problem: str, remedy: str) -> ToolsetError:
        return ToolsetError(f"{self.where}: {problem}; {remedy}")

    def object(self, what: str) -> dict[str, Any]:
        """The value, which must be an object."""
        if not isinstance(self.value, dict):
            raise self.wrong(f"{what} is {_short(self.value)}", "write an object")
        return self.value

    def items(self, what: str) -> Iterator[tuple[str, Node]]:
        for key in self.object(what):
            yield key, self.child(key)

    def list(self, what: str) -> Iterator[Node]:
        if not isinstance(self.value, list):
            raise self.wrong(f"{what} is {_short(self.value)}", "write a list")
        for index in range(len(self.value)):
            yield self.child(index)

    def text(self, what: str) -> str:
        if not isinstance(self.value, str) or not self.value:
            raise self.wrong(f"{what} is {_short(self.value)}", "write a text")
        return self.value


class Document:
    """A whole document. `version` is `3.0` or `3.1`; 3.2 is read as 3.1, whose schemas it has."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.uri = place if _is_url(place) else Path(place).resolve().as_uri()
        self.root = Node(_read(self.uri), self.uri)
        self.version = _version(self.root)
        self._wholes = {self.uri: self.root}

    def followed(self, node: Node) -> Node:
        """What a node is, or what it refers to."""
        for _ in range(_DEEPEST):
            if not (isinstance(node.value, dict) and "$ref" in node.value):
                return node
            node = self.target(node)
        raise node.wrong(f"the reference {node.value['$ref']!r} leads in a circle", "have it lead to something")

    def target(self, node: Node) -> Node:
        """What the `$ref` of a node points to."""
        reference = node.value["$ref"]
        if not isinstance(reference, str):
            raise node.wrong(f"$ref is {_short(reference)}", "write a text, such as '#/components/schemas/Pet'")
        uri, pointer = urldefrag(urljoin(node.uri, reference))
        if pointer and not pointer.startswith("/"):
            raise node.wrong(f"{reference!r} names an anchor", "refer by a path, such as '#/components/schemas/Pet'")
        found = self._whole(uri, node, reference)
        for step in pointer.split("/")[1:]:
            key: str | int = unquote(step).replace("~1", "/").replace("~0", "~")
            if isinstance(found.value, list) and str(key).isdecimal() and int(key) < len(found.value):
                key = int(key)
            elif not isinstance(found.value, dict) or key not in found.value:
                known = found.value if isinstance(found.value, dict) else ()
                there = f"there is no {key!r} at {found.pointer or 'its top'}: {nearest(str(key), known)}"
                raise node.wrong(f"{reference!r} points to nothing", there)
            found = found.child(key)
        return found

    def _whole(self, uri: str, node: Node, reference: str) -> Node:
        """The file or page that a reference leads into."""
        if uri not in self._wholes:
            if _is_url(node.uri) and not _is_url(uri):
                raise node.wrong(f"{reference!r} leads from the net to a file", "refer to what lies beside the document")
            try:
                self._wholes[uri] = Node(_read(uri), uri)
            except ServerFailed as error:
                raise ServerFailed(f"{node.where}: {error}") from None
            except PerturbError as error:
                raise ToolsetError(f"{node.where}: {error}") from None
        return self._wholes[uri]


def _version(root: Node) -> str:
    told = root.value.get("openapi")
    if told is None and "swagger" in root.value:
        raise root.wrong(
            f"this is Swagger {root.value['swagger']}, which came before OpenAPI 3",
            "convert it first, as swagger2openapi does",
        )
    found = re.match(r"3\.([012])(\.|$)", told) if isinstance(told, str) else None
    if found is None:
        problem = "this is no OpenAPI document: it has no key 'openapi'" if told is None else f"openapi is {_short(told)}"
        raise root.wrong(problem, 'versions 3.0 and 3.1 are read, written as a text: openapi: "3.1.0"')
    paths = root.get("paths")
    if paths is None:
        raise root.wrong("it has no paths, so there is nothing to call", "write some")
    return "3.0" if found[1] == "0" else "3.1"


def _is_url(place: str) -> bool:
    return place.startswith(("http://", "https://"))


def _read(uri: str) -> dict[str, JSON]:
    if not _is_url(uri):
        return object_of(Path(_nearby(url2pathname(urlsplit(uri).path))), _WANTED)
    try:
        answer = httpx2.get(uri, follow_redirects=True, timeout=_TIME)
    except httpx2.InvalidURL as error:
        raise ConfigurationError(f"{uri} is no URL: {error}; correct it") from None
    except httpx2.HTTPError as error:
        raise ServerFailed(f"{uri} cannot be read: {error or type(error).__name__}; start its server, or name a file") from None
    if answer.status_code != 200:
        raise ServerFailed(f"{uri} answers with {answer.status_code} {answer.reason_phrase}; name the URL of the document")
    kind = answer.headers.get("content-type", "")
    return object_in(answer.text, uri, _WANTED, is_json="json" in kind or urlsplit(uri).path.endswith(".json"))


def _nearby(file: str) -> str:
    """A path as seen from the current folder, where that is shorter."""
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_absolute() and path.is_relative_to(Path.cwd()) else file


def _escaped(key: str | int) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")


def _short(value: JSON) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 60 else text[:57] + "..."
