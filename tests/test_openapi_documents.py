"""OpenAPI documents: both versions, references that lead elsewhere, and what is said of one that is broken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from perturb.errors import ConfigurationError, PerturbError, ServerFailed, ToolsetError
from perturb.loading import load_toolset
from perturb.types import Tool


def document(**changes: Any) -> dict[str, Any]:
    return {"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "servers": [{"url": "http://localhost:1"}]} | changes


def operation(schema: Any, **changes: Any) -> dict[str, Any]:
    """A document with one operation, whose body has a schema."""
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    return document(paths={"/things": {"post": {"operationId": "make", "requestBody": body, "responses": {}}}}, **changes)


def parameter(**told: Any) -> dict[str, Any]:
    return document(paths={"/things": {"get": {"operationId": "find", "parameters": [told], "responses": {}}}})


def tool(folder: Path, content: Any) -> Tool:
    path = folder / "api.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    (found,) = load_toolset(f"openapi:{path}").tools
    return found


def test_the_schemas_of_3_0_are_read_as_json_schema(tmp_path: Path) -> None:
    schema = {
        "type": "object",
        "required": ["size", "id"],
        "x-internal": True,
        "properties": {
            "id": {"type": "integer", "readOnly": True},
            "size": {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 9, "exclusiveMaximum": False},
            "colour": {"type": "string", "nullable": True, "enum": ["red", "blue"], "example": "red"},
            "owner": {"nullable": True, "allOf": [{"$ref": "#/components/schemas/Owner"}], "description": "Whose it is."},
            "maker": {"$ref": "#/components/schemas/Owner", "description": "Ignored beside a reference."},
        },
    }
    owner = {"type": "object", "properties": {"name": {"type": "string"}}, "externalDocs": {"url": "http://x"}}
    found = tool(tmp_path, operation(schema, components={"schemas": {"Owner": owner}}))
    plain = {"type": "object", "properties": {"name": {"type": "string"}}}
    assert found.parameters == {
        "type": "object",
        "properties": {
            "size": {"type": "number", "exclusiveMinimum": 0, "maximum": 9},
            "colour": {"type": ["string", "null"], "enum": ["red", "blue", None], "examples": ["red"]},
            "owner": {"description": "Whose it is.", "anyOf": [{"allOf": [plain]}, {"type": "null"}]},
            "maker": plain,
        },
        "required": ["size"],
    }


def test_in_3_1_what_stands_beside_a_reference_counts(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"maker": {"$ref": "#/components/schemas/Owner", "description": "Who made it."}}}
    found = tool(tmp_path, operation(schema, components={"schemas": {"Owner": {"type": "string"}}}, openapi="3.1.0"))
    assert found.parameters["properties"] == {"maker": {"type": "string", "description": "Who made it."}}


def test_references_lead_into_other_files_and_from_there_on(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "types.yaml").write_text(
        yaml.safe_dump(
            {
                "thing": {"type": "object", "properties": {"size": {"$ref": "#/size"}, "maker": {"$ref": "../owner.json"}}},
                "size": {"type": "integer"},
            }
        )
    )
    (tmp_path / "owner.json").write_text('{"type": "string", "description": "A name."}')
    found = tool(tmp_path, operation({"$ref": "shared/types.yaml#/thing"}))
    assert found.parameters["properties"] == {
        "size": {"type": "integer"},
        "maker": {"type": "string", "description": "A name."},
    }


def test_names_that_providers_refuse_are_written_otherwise_and_stay_apart(tmp_path: Path) -> None:
    paths = {
        f"/a.b/{'very-long/' * 8}{end}": {"get": {"responses": {}}, "put": {"responses": {}, "operationId": f"put {end}"}}
        for end in ("x", "y")
    }
    path = tmp_path / "api.yaml"
    path.write_text(yaml.safe_dump(document(paths=paths)))
    names = [found.name for found in load_toolset(f"openapi:{path}").tools]
    assert len(set(names)) == 4
    assert names[1::2] == ["put_x", "put_y"]
    assert all(len(name) <= 64 for name in names)


def test_a_body_that_may_hold_more_than_is_declared_is_one_argument(tmp_path: Path) -> None:
    open_ended = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": True}
    assert list(tool(tmp_path, operation(open_ended)).parameters["properties"]) == ["body"]
    either = {"oneOf": [{"type": "string"}, {"type": "integer"}]}
    assert tool(tmp_path, operation(either)).parameters == {
        "type": "object",
        "properties": {"body": either},
        "required": ["body"],
    }


BROKEN: dict[str, tuple[Any, type[PerturbError], str]] = {
    "no OpenAPI": (
        {"a": 1},
        ToolsetError,
        r"api\.yaml: this is no OpenAPI document: it has no key 'openapi'; versions 3\.0 and",
    ),
    "no text as version": (
        document(openapi=3.1, paths={}),
        ToolsetError,
        r"api\.yaml: openapi is 3\.1; versions .* are read, written as a text",
    ),
    "Swagger": ({"swagger": "2.0"}, ToolsetError, r"api\.yaml: this is Swagger 2\.0, .*; convert it first"),
    "no paths": (document(), ToolsetError, r"api\.yaml: it has no paths"),
    "no operations": (
        document(paths={"/a": {}}),
        ToolsetError,
        r"api\.yaml, at /paths: there is no operation in it; write one",
    ),
    "no slash": (document(paths={"a": {}}), ToolsetError, r"at /paths/a: the path 'a' does not begin with a slash; write one"),
    "no object": (
        document(paths={"/a": {"get": "nothing"}}),
        ToolsetError,
        r'at /paths/~1a/get: an operation is "nothing"; write an object',
    ),
    "two of one id": (
        document(paths={"/a": {"get": {"operationId": "one"}}, "/b": {"get": {"operationId": "one"}}}),
        ToolsetError,
        r"at /paths/~1b/get/operationId: operationId 'one' stands at /paths/~1a/get/operationId too; give each",
    ),
    "an open path": (
        document(paths={"/a/{id}": {"get": {"operationId": "one"}}}),
        ToolsetError,
        r"at /paths/~1a~1\{id\}/get: the path /a/\{id\} leaves \{id\} open; add a parameter 'id' with in: path",
    ),
    "a parameter of no path": (
        parameter(**{"name": "id", "in": "path", "schema": {"type": "string"}}),
        ToolsetError,
        r"at /paths/~1things/get: the path /things has no \{id\}; put it there, or take the parameter 'id' out",
    ),
    "nowhere": (
        parameter(name="id", schema={"type": "string"}),
        ToolsetError,
        r"at /paths/~1things/get/parameters/0: the parameter has no 'in'; write it",
    ),
    "elsewhere": (
        parameter(**{"name": "id", "in": "body", "schema": {"type": "string"}}),
        ToolsetError,
        r"at /paths/~1things/get/parameters/0/in: 'in' is 'body'; write one of path, query, header, cookie",
    ),
    "no schema": (
        parameter(**{"name": "id", "in": "query"}),
        ToolsetError,
        r"at /paths/~1things/get/parameters/0: the parameter 'id' has neither schema nor content",
    ),
    "a style of elsewhere": (
        parameter(**{"name": "id", "in": "query", "style": "matrix", "schema": {}}),
        ToolsetError,
        r"parameters/0/style: style is 'matrix'; in query write one of form, spaceDelimited, pipeDelimited, deepObject",
    ),
    "a reference to nothing": (
        operation({"$ref": "#/components/schemas/Thign"}, components={"schemas": {"Thing": {}}}),
        ToolsetError,
        r"at /paths/~1things/post/requestBody/content/application~1json/schema: '#/components/schemas/Thign' points to "
        "nothing; "
        r"there is no 'Thign' at /components/schemas: did you mean 'Thing'\?",
    ),
    "a reference to itself": (
        document(
            paths={"/a": {"get": {"parameters": [{"$ref": "#/components/parameters/A"}]}}},
            components={"parameters": {"A": {"$ref": "#/components/parameters/A"}}},
        ),
        ToolsetError,
        r"at /components/parameters/A: the reference '#/components/parameters/A' leads in a circle; have it lead to something",
    ),
    "a file that is not there": (
        operation({"$ref": "other.yaml#/Thing"}),
        ToolsetError,
        r"application~1json/schema: other\.yaml cannot be read: No such file or directory; write it, or name another",
    ),
    "no schema at all": (operation(["string"]), ToolsetError, r'json/schema: a schema is \["string"\]; write an object'),
    "a type that is none": (
        operation({"type": "object", "properties": {"a": {"type": "text"}}}),
        ToolsetError,
        r"tool 'make' of toolset 't': parameters is no valid JSON Schema at '/properties/a/type'",
    ),
    "no server": (
        operation({"type": "string"}, servers=[]),
        ConfigurationError,
        r"toolset 't': the document names no server; give --server http://HOST/",
    ),
    "half a server": (
        operation({"type": "string"}, servers=[{"url": "/v1"}]),
        ConfigurationError,
        r"toolset 't': the server is '/v1', which is no whole URL; give --server http://HOST/",
    ),
    "an open server": (
        operation({"type": "string"}, servers=[{"url": "https://{region}.test"}]),
        ToolsetError,
        r"at /servers/0: the variable 'region' has no default; write one, or give --server URL",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_of_a_broken_document_the_place_and_the_remedy_are_told(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, kind, message = BROKEN[case]
    monkeypatch.chdir(tmp_path)
    Path("api.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(kind, match=message):
        load_toolset("openapi:api.yaml")


@pytest.mark.parametrize(
    ("spec", "kind", "message"),
    [
        ("", ConfigurationError, "names no document; write the file or the URL of one"),
        ("a.yaml b.yaml", ConfigurationError, "names 2 documents"),
        ("--task a.yaml b.yaml", ConfigurationError, r"has the option --task; did you mean '--tasks'\?"),
        ("b.yaml --tasks a.yaml", ConfigurationError, "names 3 documents"),
        ("--server", ConfigurationError, "has the option --server; it takes a URL"),
        ("none.yaml", ConfigurationError, "none.yaml cannot be read: No such file or directory; write it, or name another"),
        ("http://127.0.0.1:9/api.json", ServerFailed, "http://127.0.0.1:9/api.json cannot be read: .*; start its server, or"),
        ("bad.json", ToolsetError, r"bad\.json, line 2, column 1: .*; correct the JSON there"),
        ("bad.yaml", ToolsetError, r"bad\.yaml, line 2, column 2: .*; correct the YAML there"),
        ("list.yaml", ToolsetError, 'list.yaml holds no object; write one with openapi: "3.1.0" and paths'),
    ],
)
def test_of_what_cannot_be_read_the_remedy_is_told(
    spec: str, kind: type[PerturbError], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in (("bad.json", '{"a": 1,\n}'), ("bad.yaml", "a: [1\nb: 2"), ("list.yaml", "[1]")):
        Path(name).write_text(text)
    with pytest.raises(kind, match=message):
        load_toolset(f"openapi:{spec}")


def test_a_document_from_the_net_reads_no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx2

    told = operation({"$ref": "file:///etc/hostname"})
    answer = httpx2.Response(200, json=told, request=httpx2.Request("GET", "http://api.test/api.json"))
    monkeypatch.setattr(httpx2, "get", lambda *given, **options: answer)
    with pytest.raises(ToolsetError, match="'file:///etc/hostname' leads from the net to a file; refer to what lies beside"):
        load_toolset("openapi:http://api.test/api.json")
