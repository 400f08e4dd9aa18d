"""`errors.style`: each style against its published definition, and every failure read back from its text alone."""

from __future__ import annotations

import json
import re
import traceback
from html.parser import HTMLParser
from http import HTTPStatus
from typing import Any, get_args

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from perturb.operator import SeededPick, Setup
from perturb.operators.errors.api_styles import stripe_codes
from perturb.operators.errors.codes import CODES, Codes
from perturb.operators.errors.style import STYLES, ErrorStyle
from perturb.operators.errors.told import Told
from perturb.toolset import Toolset
from perturb.types import Call, Failure, FailureKind, Tool

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["", "Infinity", "[]", "argument --x: y", " argument x: y", "a\r\nb", "&amp;", "&#13;", "</pre>\n", "\ncontext: {}",
     "a\ncontext: {}", ": x",
     "a.b", "a/b~c", "\x00", "\x85", "\nx", 'a "quoted" \\ one', "<b>"]
)  # fmt: skip
KINDS = st.sampled_from(sorted(CODES))
RETRY = st.none() | st.floats(0, 1e9) | st.sampled_from([1.0, 0.5, 1e-12])
TOLD = st.builds(Told, KINDS, TEXT, st.none() | TEXT, RETRY)
EVERY_KIND = [Told(kind, 'No "x" <here> & there.\nLook again.', "filter.date", 1.5) for kind in CODES]


@examples(1000)
@given(TOLD, st.sampled_from(sorted(STYLES)))
@pytest.mark.slow
def test_everything_is_read_back_from_the_text(told: Told, style: str) -> None:
    assert STYLES[style].read(STYLES[style].write(told, "get_user")) == told


@examples(300)
@given(TEXT, st.sampled_from(sorted(STYLES)))
def test_other_texts_are_in_no_style(text: str, style: str) -> None:
    assert STYLES[style].read(text) is None


@examples(500)
@given(
    TOLD, st.sampled_from(sorted(STYLES)), st.integers(0, 400), st.sampled_from(["", "x", "1", '"', "\\", "\n", "{", "null"])
)
def test_a_text_that_is_almost_in_a_style_never_raises(told: Told, style: str, at: int, piece: str) -> None:
    written = STYLES[style].write(told, "get_user")
    STYLES[style].read(written[:at] + piece + written[at + 1 :])


def test_every_kind_has_a_code_of_its_own_in_every_scheme() -> None:
    assert set(CODES) == set(get_args(FailureKind))
    # Most errors of Stripe's have no code, and are told apart by their status.
    assert len({stripe_codes(kind) for kind in CODES}) == len(CODES)
    for name in set(Codes._fields) - {"google_http", "stripe"}:
        codes = [getattr(codes, name) for codes in CODES.values()]
        assert len(set(codes)) == len(codes), name


def test_http_statuses_carry_their_registered_phrases() -> None:
    for codes in CODES.values():
        phrase = "Unprocessable Content" if codes.http == 422 else HTTPStatus(codes.http).phrase
        assert codes.reason == phrase


PROBLEM = {  # RFC 9457, appendix A
    "type": "object",
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 100, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
    },
    "required": ["type", "title", "status", "detail"],
}
JSON_RPC = {  # JSON-RPC 2.0, sections 5 and 5.1
    "type": "object",
    "properties": {
        "jsonrpc": {"const": "2.0"},
        "id": {"type": ["string", "number", "null"]},
        "error": {
            "type": "object",
            "properties": {"code": {"type": "integer"}, "message": {"type": "string"}},
            "required": ["code", "message"],
        },
    },
    "required": ["jsonrpc", "error", "id"],
    "not": {"required": ["result"]},
}
GOOGLE = {  # AIP-193
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "integer"},
                "message": {"type": "string"},
                "status": {"type": "string", "pattern": "^[A-Z_]+$"},
                "details": {"type": "array", "items": {"type": "object", "required": ["@type"]}},
            },
            "required": ["code", "message", "status"],
            "additionalProperties": False,
        }
    },
    "required": ["error"],
    "additionalProperties": False,
}
AWS = {  # the error body of Smithy's AWS JSON 1.1 protocol
    "type": "object",
    "properties": {
        "__type": {"type": "string", "pattern": "^[A-Z][A-Za-z]+$"},
        "message": {"type": "string"},
        "fieldList": {"type": "array", "items": {"type": "object", "required": ["name", "message"]}},
    },
    "required": ["__type", "message"],
}
STRIPE = {  # Stripe API reference, "The Error object"
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "type": {"enum": ["api_error", "card_error", "idempotency_error", "invalid_request_error"]},
                "code": {"type": "string"},
                "message": {"type": "string"},
                "param": {"type": "string"},
            },
            "required": ["type", "message"],
        }
    },
    "required": ["error"],
}
GRAPHQL = {  # GraphQL, October 2021, section 7.1.2
    "type": "object",
    "properties": {
        "errors": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "properties": {
                    "message": {"type": "string"},
                    "path": {"type": "array", "items": {"type": ["string", "integer"]}},
                    "extensions": {"type": "object"},
                    "locations": {"type": "array", "minItems": 1},
                },
                "required": ["message"],
                "additionalProperties": False,
            },
        },
        "data": {"type": ["object", "null"]},
        "extensions": {"type": "object"},
    },
    "required": ["errors"],
    "additionalProperties": False,
}
MCP = {  # Model Context Protocol 2025-06-18, CallToolResult
    "type": "object",
    "properties": {
        "content": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"type": {"const": "text"}, "text": {"type": "string"}},
                "required": ["type", "text"],
            },
        },
        "structuredContent": {"type": "object"},
        "isError": {"const": True},
    },
    "required": ["content", "isError"],
}


@pytest.mark.parametrize(
    ("style", "schema"),
    [("problem", PROBLEM), ("json_rpc", JSON_RPC), ("google", GOOGLE), ("aws", AWS), ("graphql", GRAPHQL), ("mcp", MCP)],
)
@pytest.mark.parametrize("told", EVERY_KIND, ids=lambda told: told.kind)
def test_json_styles_keep_to_their_definitions(style: str, schema: dict[str, Any], told: Told) -> None:
    Draft202012Validator(schema).validate(json.loads(STYLES[style].write(told, "get_user")))


@pytest.mark.parametrize("told", EVERY_KIND, ids=lambda told: told.kind)
def test_google_details(told: Told) -> None:
    error = json.loads(STYLES["google"].write(told, "get_user"))["error"]
    details = {detail["@type"].removeprefix("type.googleapis.com/google.rpc."): detail for detail in error["details"]}
    assert re.fullmatch(r"[A-Z][A-Z0-9_]+[A-Z0-9]", details["ErrorInfo"]["reason"])
    assert details["BadRequest"]["fieldViolations"][0]["field"] == "filter.date"
    assert re.fullmatch(r"\d+(\.\d{1,9})?s", details["RetryInfo"]["retryDelay"])
    # google/rpc/code.proto
    published = {"INVALID_ARGUMENT": 400, "FAILED_PRECONDITION": 400, "UNAUTHENTICATED": 401, "PERMISSION_DENIED": 403,
                 "NOT_FOUND": 404, "ALREADY_EXISTS": 409, "RESOURCE_EXHAUSTED": 429, "UNKNOWN": 500, "INTERNAL": 500,
                 "UNIMPLEMENTED": 501, "UNAVAILABLE": 503, "DEADLINE_EXCEEDED": 504}  # fmt: skip
    assert published[error["status"]] == error["code"]


def test_json_rpc_codes_are_the_reserved_ones_or_of_the_range_for_servers() -> None:
    reserved = {"unknown_tool": -32601, "invalid_argument": -32602, "internal": -32603}
    for kind, codes in CODES.items():
        if kind in reserved:
            assert codes.json_rpc == reserved[kind]
        else:
            assert -32099 <= codes.json_rpc <= -32000


def test_a_problem_of_unknown_type_is_blank_and_a_pointer_leads_to_the_argument() -> None:
    unknown = json.loads(STYLES["problem"].write(Told("unknown", "x"), "get_user"))
    assert (unknown["type"], unknown["title"]) == ("about:blank", HTTPStatus(unknown["status"]).phrase)
    pointed = json.loads(STYLES["problem"].write(Told("invalid_argument", "x", "filter.a/b"), "get_user"))
    assert pointed["errors"][0]["pointer"] == "#/filter/a~1b"


@pytest.mark.parametrize("told", EVERY_KIND, ids=lambda told: told.kind)
@pytest.mark.parametrize("style", ["stripe", "html"])
def test_http_heads_count_whole_seconds(style: str, told: Told) -> None:
    head, _, body = STYLES[style].write(told, "get_user").partition("\n\n")
    lines = head.split("\n")
    status = re.fullmatch(r"HTTP/1\.1 (\d{3}) (.+)", lines[0])
    assert status is not None
    assert "Retry-After: 2" in lines
    if style == "stripe":
        Draft202012Validator(STRIPE).validate(json.loads(body))


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts[self.open[-1]] = self.texts.get(self.open[-1], "") + data


def test_a_page_is_well_formed_and_holds_the_message() -> None:
    for told in EVERY_KIND:
        page = _Page()
        page.feed(STYLES["html"].write(told, "get_user").partition("\n\n")[2])
        assert page.open == []
        assert page.texts["pre"] == "\n" + told.message
        assert page.texts["code"] == told.field


def test_a_traceback_ends_as_python_ends_one() -> None:
    for told in EVERY_KIND:
        raised = type(CODES[told.kind].exception, (Exception,), {"__module__": "service.errors"})(told.message)
        raised.add_note('context: {"argument": "filter.date", "retry_after": 1.5}')
        printed = "".join(traceback.format_exception_only(raised)).rstrip("\n")
        written = STYLES["traceback"].write(told, "get_user")
        assert written.startswith("Traceback (most recent call last):\n  File ")
        assert written.endswith("\n" + printed)


def test_exit_statuses_fit_in_a_byte_and_never_mean_success() -> None:
    assert all(0 < codes.exit < 128 for codes in CODES.values())


class Desk(Toolset):
    name = "desk"
    tools = (
        Tool(name="get_user", parameters={"type": "object", "properties": {"id": {"type": "string"}}}),
        Tool(name="delete_user"),
    )


@examples(200)
@given(TOLD, st.sampled_from(sorted(STYLES)))
def test_what_an_agent_sees_of_a_failure_is_enough(told: Told, style: str) -> None:
    lens = ErrorStyle(tools={"get_user": style}).lens(Setup.of(Desk()))
    call = Call("get_user", {"id": "bo"})
    failure = Failure(told.kind, told.message, tool="get_user", field="id", value="bo", retry_after=told.retry_after)
    shown = lens.show_failure(call, failure)
    assert lens.read_failure(call, shown) == failure
    assert lens.read_failure(call, Failure("unknown", shown.message)) == failure
    other = Call("delete_user")
    assert lens.show_failure(other, failure) is failure


def test_one_style_for_all_tools_and_staleness_kept() -> None:
    setup = Setup.of(Desk())
    styles = set()
    for seed in range(200):
        plan = ErrorStyle.plan(setup, SeededPick(seed), 1.0)
        assert isinstance(plan, ErrorStyle)
        assert set(plan.tools) == {"get_user", "delete_user"}
        assert len(set(plan.tools.values())) == 1
        styles |= set(plan.tools.values())
    assert styles == set(STYLES)
    stale = Failure("invalid_argument", "no", tool="get_user", stale=True)
    assert ErrorStyle(tools={"get_user": "mcp"}).lens(setup).show_failure(Call("get_user"), stale).stale
