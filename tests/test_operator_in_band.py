"""`errors.in_band`: each shape against its published definition, and an error that comes as a result does."""

from __future__ import annotations

import json
import re
from typing import Any

import anyio
import pytest
from depot import DEPOT
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from perturb.boundary import Boundary
from perturb.operator import SeededPick, Setup, Stack, lens_for
from perturb.operators import by_id
from perturb.operators.errors.codes import CODES
from perturb.operators.errors.in_band import InBand
from perturb.operators.errors.in_band_shapes import SHAPES
from perturb.operators.errors.told import Told
from perturb.types import Call, Failure, Reply

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["", "a.b", "a/b~c", "a]b", "%5D", "x [json-pointer:/y]", "x [json-pointer:/y", " ", "[ERROR] x", "a\nb", "Retry after 1 s"]
)
TOLD = st.builds(
    Told, st.sampled_from(sorted(CODES)), TEXT, st.none() | TEXT, st.none() | st.floats(0, 1e9) | st.sampled_from([1, 0.5])
)
EVERY_KIND = [Told(kind, 'No "x" here.', "filter.date", 1.5) for kind in CODES]
SETUP = Setup.of(DEPOT)
CALL = Call("send_parcel", {"parcel_id": "P999", "carrier": "rail", "insured": True, "pieces": 1})


@pytest.mark.parametrize("shape", SHAPES)
@examples(300)
@given(told=TOLD)
def test_everything_is_read_back_from_the_body(shape: str, told: Told) -> None:
    body = json.loads(json.dumps(SHAPES[shape].write(told)))
    assert SHAPES[shape].read(body) == told
    Draft202012Validator(SHAPES[shape].schema).validate(body)


# JSend, https://github.com/omniti-labs/jsend: "error" has a status and a message, and may have a numeric code and data.
JSEND = {
    "type": "object",
    "properties": {"status": {"const": "error"}, "message": {"type": "string"}, "code": {"type": "number"}, "data": {}},
    "required": ["status", "message"],
    "additionalProperties": False,
}
# Slack, "Using the Web API": "ok" is false, "error" a short machine-readable code, messages in "response_metadata".
SLACK = {
    "type": "object",
    "properties": {
        "ok": {"const": False},
        "error": {"type": "string", "pattern": "^[a-z_]+$"},
        "response_metadata": {
            "type": "object",
            "properties": {"messages": {"type": "array", "items": {"type": "string", "pattern": "^\\[(ERROR|WARN)\\] "}}},
        },
    },
    "required": ["ok", "error"],
}
# Cloudflare API v4, the schema of its failures: codes from 1000 on, a source with a pointer, a null result.
CLOUDFLARE_NOTE = {
    "type": "object",
    "properties": {
        "code": {"type": "integer", "minimum": 1000},
        "message": {"type": "string"},
        "documentation_url": {"type": "string"},
        "source": {"type": "object", "properties": {"pointer": {"type": "string"}}},
    },
    "required": ["code", "message"],
    "additionalProperties": False,
}
CLOUDFLARE = {
    "type": "object",
    "properties": {
        "success": {"const": False},
        "errors": {"type": "array", "minItems": 1, "items": CLOUDFLARE_NOTE},
        "messages": {"type": "array", "items": CLOUDFLARE_NOTE},
        "result": {"type": "null"},
    },
    "required": ["success", "errors", "messages", "result"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(("shape", "schema"), [("jsend", JSEND), ("slack", SLACK), ("cloudflare", CLOUDFLARE)])
@pytest.mark.parametrize("told", [*EVERY_KIND, Told("not_found", "x")], ids=str)
def test_shapes_keep_to_their_published_definitions(shape: str, schema: dict[str, Any], told: Told) -> None:
    Draft202012Validator(schema).validate(SHAPES[shape].write(told))


def test_slack_points_at_a_field_as_slack_does() -> None:
    body: Any = SHAPES["slack"].write(Told("invalid_argument", "must be a string", "blocks.0/text"))
    assert re.fullmatch(r"\[ERROR\] .+ \[json-pointer:(/\S+)\]", body["response_metadata"]["messages"][0])
    assert body["response_metadata"]["messages"] == ["[ERROR] must be a string [json-pointer:/blocks/0~1text]"]


def called(shape: str, call: Call) -> tuple[Reply, Any]:
    async def drive() -> tuple[Reply, Any]:
        lens = lens_for(InBand(shapes=dict.fromkeys(SETUP.by_name, shape)), SETUP)
        environment = DEPOT.environment(DEPOT.tasks[0])
        boundary = Boundary(lens, DEPOT.tasks[0], environment)
        reply = await boundary.call(call.name, call.arguments)
        return reply, next((tool.returns for tool in boundary.tools if tool.name == call.name), None)

    return anyio.run(drive)


@pytest.mark.parametrize("shape", SHAPES)
def test_an_error_comes_as_a_result_does_and_its_schema_allows_for_it(shape: str) -> None:
    reply, returns = called(shape, CALL)
    assert not reply.is_error
    assert reply.data == json.loads(reply.text)
    assert "There is no parcel 'P999'" in reply.text
    Draft202012Validator(returns).validate(reply.data)
    found, returns = called(shape, Call("find_parcels", {"owner": "Ottilie Branner"}))
    Draft202012Validator(returns).validate(found.data)
    assert isinstance(found.data, list)


@pytest.mark.parametrize("shape", SHAPES)
def test_what_fails_on_the_way_stays_an_error(shape: str) -> None:
    assert called(shape, Call("no_such_tool"))[0].is_error
    lens = lens_for(InBand(shapes={"send_parcel": shape}), SETUP)
    for kind in ("unavailable", "rate_limited", "timeout"):
        busy = DEPOT.refusal(kind, tool="send_parcel")  # type: ignore[arg-type]
        assert lens.show_failure(CALL, busy) == busy


@pytest.mark.parametrize("shape", SHAPES)
def test_a_text_that_is_such_a_body_by_itself_is_told_from_ours(shape: str) -> None:
    lens = lens_for(InBand(shapes={"send_parcel": shape}), SETUP)
    body = json.dumps(SHAPES[shape].write(Told("not_found", "x")), ensure_ascii=False)
    failure = Failure("unavailable", body, tool="send_parcel", renderer="json")
    shown = lens.show_failure(CALL, failure)
    assert lens.read_failure(CALL, shown) == failure
    plain = Failure("unavailable", body, tool="send_parcel")
    assert json.loads(lens.show_failure(CALL, plain).message) != json.loads(body)


def test_staleness_is_kept_and_other_tools_are_left_alone() -> None:
    lens = lens_for(InBand(shapes={"send_parcel": "slack"}), SETUP)
    stale = Failure("invalid_argument", "no", tool="send_parcel", stale=True)
    assert lens.show_failure(CALL, stale).stale
    assert lens.show_failure(Call("rename_parcel"), stale) is stale
    assert lens.setup.by_name["rename_parcel"] is SETUP.by_name["rename_parcel"]


@pytest.mark.parametrize("other", ["errors.style", "errors.codes", "errors.terse"])
def test_it_is_not_for_one_stack_with_what_gives_errors_a_text_of_their_own(other: str) -> None:
    stack, left = Stack.of([InBand, by_id(other)], SETUP, SeededPick, 1.0)  # type: ignore[arg-type]
    assert len(stack.operators) == 1
    assert [one.reason for one in left.values()] == ["conflict"]
