"""The operations of an OpenAPI document as tools: one JSON Schema object for all that a request takes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal
from urllib.parse import urljoin

import msgspec

from perturb.openapi.document import METHODS, Document, Node
from perturb.openapi.schemas import Reader
from perturb.types import Schema, Tool

Location = Literal["path", "query", "header", "cookie"]
_LOCATIONS = ("path", "query", "header", "cookie")
_STYLES: dict[str, tuple[str, ...]] = {
    "path": ("simple", "label", "matrix"),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form",),
}
"""The styles of each location, its own first."""
_NOT_PARAMETERS = ("accept", "content-type", "authorization")
"""Headers that a document describes elsewhere."""
_LONGEST = 64


class Parameter(msgspec.Struct, frozen=True):
    """One parameter. `argument` is what an agent calls it; with `as_json` its value is written as JSON."""

    name: str
    location: Location
    argument: str
    required: bool
    style: str
    explode: bool
    as_json: bool


class Body(msgspec.Struct, frozen=True):
    """A request's body. `properties` maps arguments to the properties of the object that it is; where it is none, all of it is
    the argument `whole`."""

    media_type: str
    required: bool
    properties: dict[str, str] | None
    whole: str = ""


class Operation(msgspec.Struct, frozen=True):
    """One operation. `servers` are its own or the document's, the first of them first."""

    tool: Tool
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    body: Body | None
    servers: tuple[str, ...]


def operations(document: Document, headers: Iterable[str]) -> list[Operation]:
    """Every operation of a document, in its order. `headers` go along with each request, and are no arguments therefore."""
    given = {name.lower() for name in headers}
    reader = Reader(document)
    made: list[Operation] = []
    seen: dict[str, Node] = {}
    for path, written in document.root.child("paths").items("paths"):
        if not path.startswith("/"):
            if path.startswith("x-"):
                continue
            raise written.wrong(f"the path {path!r} does not begin with a slash", "write one before it")
        item = document.followed(written)
        item.object("a path")
        for method in METHODS:
            node = item.get(method)
            if node is None:
                continue
            name = _name(node, method, path, seen)
            made.append(_operation(document, reader, path, method, item, node, name, given))
    if not made:
        raise document.root.child("paths").wrong("there is no operation in it", f"write one: {', '.join(METHODS)}")
    return made


def _name(node: Node, method: str, path: str, seen: dict[str, Node]) -> str:
    """The name of an operation's tool: its operationId, or its method and path, in the letters that providers accept."""
    node.object("an operation")
    told = node.get("operationId")
    wanted = told.text("operationId") if told is not None else f"{method}_{path}"
    base = re.sub(r"_+", "_", re.sub(r"[^A-Za-z0-9_-]+", "_", wanted)).strip("_") or method
    if told is not None and base in seen and seen[base].value == wanted:
        raise told.wrong(f"operationId {wanted!r} stands at {seen[base].pointer} too", "give each operation an id of its own")
    name, number = base[:_LONGEST], 2
    while name in seen:
        name, number = f"{base[: _LONGEST - len(str(number)) - 1]}_{number}", number + 1
    seen[name] = told if told is not None else node
    return name


def _operation(
    document: Document, reader: Reader, path: str, method: str, item: Node, node: Node, name: str, given: set[str]
) -> Operation:
    described = [
        (parameter, schema)
        for parameter, schema in _parameters(document, reader, item, node)
        if not (parameter.location == "header" and parameter.name.lower() in given)
    ]
    _check_path(path, node, [parameter for parameter, _ in described])
    body, body_properties, body_required = _body(document, reader, node)
    taken = Counter(_argument(name) for name in (*(one.name for one, _ in described), *body_properties))
    arguments: dict[str, Schema] = {}
    required: list[str] = []
    parameters = []
    for parameter, schema in described:
        argument = _argument(parameter.name)
        argument = _free(f"{argument}_in_{parameter.location}" if taken[argument] > 1 else argument, arguments)
        arguments[argument] = schema
        required += [argument] if parameter.required else []
        parameters.append(msgspec.structs.replace(parameter, argument=argument))
    names = {}
    for property_name, schema in body_properties.items():
        argument = _argument(property_name)
        argument = _free(f"{argument}_in_body" if taken[argument] > 1 else argument, arguments)
        arguments[argument] = schema
        required += [argument] if property_name in body_required else []
        names[argument] = property_name
    if body is not None:
        change = {"whole": next(iter(names))} if body.properties is None else {"properties": names}
        body = msgspec.structs.replace(body, **change)
    tool = Tool(
        name=name,
        description=_description(node, item, method, path),
        parameters={"type": "object", "properties": arguments, **({"required": required} if required else {})},
        returns=_returns(document, reader, node),
        effect="read" if method in ("get", "head", "options", "trace") else "write",
        idempotent=method not in ("post", "patch"),
        renderer="json",
    )
    return Operation(tool, method.upper(), path, tuple(parameters), body, tuple(_servers(document, item, node)))


def _description(node: Node, item: Node, method: str, path: str) -> str:
    """What the document says of an operation; nothing better than its method and path, where it says nothing."""
    told = [one.value.get(key) for one in (node, item) for key in ("summary", "description")]
    said = list(dict.fromkeys(text.strip() for text in told[:2] if isinstance(text, str) and text.strip()))
    said = said or [text.strip() for text in told[2:] if isinstance(text, str) and text.strip()]
    said = said or [f"{method.upper()} {path}"]
    return "\n\n".join([*said, *(["Deprecated."] if node.value.get("deprecated") is True else [])])


def _parameters(document: Document, reader: Reader, item: Node, node: Node) -> Iterator[tuple[Parameter, Schema]]:
    """The parameters of an operation, each with its schema: its own in the place of the path's."""
    found: dict[tuple[str, str], Node] = {}
    for holder in (item, node):
        listed = holder.get("parameters")
        for each in listed.list("parameters") if listed is not None else ():
            target = document.followed(each)
            target.object("a parameter")
            for key in ("name", "in"):
                if key not in target.value:
                    raise target.wrong(f"the parameter has no {key!r}", "write it")
            location = target.child("in").text("in")
            if location not in _LOCATIONS:
                raise target.child("in").wrong(f"'in' is {location!r}", f"write one of {', '.join(_LOCATIONS)}")
            found[location, target.child("name").text("name")] = target
    for (location, name), target in found.items():
        if location == "header" and name.lower() in _NOT_PARAMETERS:
            continue
        yield _parameter(reader, target, name, location)


def _parameter(reader: Reader, node: Node, name: str, location: Any) -> tuple[Parameter, Schema]:
    own, content = node.get("schema"), node.get("content")
    as_json = False
    schema: Schema = {}
    if own is not None:
        schema = reader.schema(own, "request")
    elif content is not None:
        media = next((child for _, child in content.items("content")), None)
        as_json = next(iter(content.value), "").endswith("json")
        inner = media.get("schema") if media is not None else None
        schema = reader.schema(inner, "request") if inner is not None else {}
    else:
        raise node.wrong(f"the parameter {name!r} has neither schema nor content", 'write its schema: {"type": "string"}')
    if isinstance(text := node.value.get("description"), str) and text.strip():
        schema = {**schema, "description": text.strip()}
    if "example" in node.value and "examples" not in schema:
        schema = {**schema, "examples": [node.value["example"]]}
    style = node.value.get("style", _STYLES[location][0])
    if style not in _STYLES[location]:
        raise node.child("style").wrong(f"style is {style!r}", f"in {location} write one of {', '.join(_STYLES[location])}")
    explode = node.value.get("explode", style == "form")
    required = location == "path" or node.value.get("required") is True
    return Parameter(name, location, name, required, style, bool(explode), as_json), schema


def _check_path(path: str, node: Node, parameters: Sequence[Parameter]) -> None:
    """The parts of a path that are left open, and its parameters, must be the same."""
    left_open = re.findall(r"\{([^{}]+)\}", path)
    told = [parameter.name for parameter in parameters if parameter.location == "path"]
    for name in left_open:
        if name not in told:
            raise node.wrong(f"the path {path} leaves {{{name}}} open", f"add a parameter {name!r} with in: path")
    for name in told:
        if name not in left_open:
            raise node.wrong(f"the path {path} has no {{{name}}}", f"put it there, or take the parameter {name!r} out")


def _body(document: Document, reader: Reader, node: Node) -> tuple[Body | None, dict[str, Schema], list[str]]:
    """The body of an operation, the schemas of its arguments by the names that they have in it, and those required."""
    written = node.get("requestBody")
    if written is None:
        return None, {}, []
    told = document.followed(written)
    told.object("a request body")
    content = told.get("content")
    if content is None or not content.object("content"):
        raise told.wrong("the request body has no content", "write its media type and schema")
    media_type = _preferred(list(content.value))
    media = content.child(media_type)
    media.object("a media type")
    inner = media.get("schema")
    schema = reader.schema(inner, "request") if inner is not None else {}
    required = told.value.get("required") is True
    if _has_its_own_properties(schema):
        names = [name for name in schema.get("required", ()) if required]
        return Body(media_type, required, {}), schema["properties"], names
    if "description" not in schema and isinstance(text := told.value.get("description"), str):
        schema = {**schema, "description": text.strip()}
    return Body(media_type, required, None), {"body": schema}, ["body"] if required else []


def _has_its_own_properties(schema: Schema) -> bool:
    """Whether a schema is of an object whose properties are all declared at its root."""
    if schema.get("type", "object") != "object" or schema.get("additionalProperties"):
        return False
    return bool(schema.get("properties")) and not schema.keys() & {"anyOf", "oneOf", "allOf", "patternProperties"}


def _preferred(media_types: Sequence[str]) -> str:
    """JSON where a body may be JSON, else a form, else what comes first."""
    for wanted in (is_json, lambda name: "urlencoded" in name, lambda name: "multipart" in name):
        for name in media_types:
            if wanted(name):
                return name
    return media_types[0]


def is_json(media_type: str) -> bool:
    kind = media_type.partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


def _returns(document: Document, reader: Reader, node: Node) -> Schema | None:
    """The schema of the JSON that an operation gives when it succeeds; `None` where it gives none, or may give other things."""
    responses = node.get("responses")
    if responses is None:
        return None
    found: list[Schema] = []
    for code, written in responses.items("responses"):
        if not (code.upper() == "2XX" or re.fullmatch(r"2\d\d", code)):
            continue
        response = document.followed(written)
        response.object("a response")
        content = response.get("content")
        if content is None:
            continue
        for media_type, media in content.items("content"):
            if is_json(media_type) and isinstance(media.value, dict) and (inner := media.get("schema")) is not None:
                schema = reader.schema(inner, "response")
                if schema not in found:
                    found.append(schema)
    return found[0] if len(found) == 1 else None


def _servers(document: Document, item: Node, node: Node) -> Iterator[str]:
    """The base URLs of an operation, variables at their defaults, relative to where the document was read from."""
    for holder in (node, item, document.root):
        listed = holder.get("servers")
        if listed is None or not listed.value:
            continue
        for server in listed.list("servers"):
            server.object("a server")
            url = server.get("url")
            if url is None:
                raise server.wrong("the server has no url", "write it")
            filled = _filled(url.text("url"), server)
            yield urljoin(document.uri, filled) if document.uri.startswith("http") else filled
        return
    if document.uri.startswith("http"):
        yield urljoin(document.uri, "/")


def _filled(url: str, server: Node) -> str:
    def default(found: re.Match[str]) -> str:
        try:
            return str(server.value["variables"][found[1]]["default"])
        except (KeyError, TypeError):
            raise server.wrong(f"the variable {found[1]!r} has no default", "write one, or give --server URL") from None

    return re.sub(r"\{([^{}]+)\}", default, url)


def _argument(name: str) -> str:
    """The name of a parameter in the letters that providers accept."""
    return re.sub(r"_+", "_", re.sub(r"[^A-Za-z0-9_.-]+", "_", name)).strip("_")[:_LONGEST] or "argument"


def _free(name: str, taken: dict[str, Schema]) -> str:
    found, number = name, 2
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found
