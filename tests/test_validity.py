"""Whether a schema is valid: told of its shape, so that one answer serves all that have it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from perturb.errors import ToolsetError
from perturb.types import Tool
from perturb.validity import validate_tool

KEYWORDS = (
    *(
        "type",
        "description",
        "title",
        "default",
        "const",
        "enum",
        "examples",
        "properties",
        "patternProperties",
        "required",
        "items",
    ),
    *("anyOf", "not", "minimum", "maxLength", "pattern", "format", "additionalProperties", "$defs", "x-place", "x-entity"),
)
VALUES = st.recursive(
    st.sampled_from([None, True, 0, -1, 2.5, "", "string", "object", "nonsense", "["]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYWORDS), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(KEYWORDS), VALUES, max_size=5))
def test_it_is_what_jsonschema_says_of_the_whole(schema: dict[str, Any]) -> None:
    schema = {**schema, "type": "object"}
    try:
        Draft202012Validator.check_schema({key: value for key, value in schema.items() if not key.startswith("x-")})
        valid = True
    except SchemaError:
        valid = False
    try:
        validate_tool("tests", Tool(name="tool", parameters=schema))
        found = True
    except ToolsetError:
        found = False
    assert found is valid


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"properties": {"a": {"type": "objekt"}}}, "/properties/a/type"),
        ({"properties": {"description": {"enum": "a"}}}, "/properties/description/enum"),
        ({"required": ["a", "a"]}, "/required"),
        ({"$defs": {"default": {"minimum": "1"}}}, "/$defs/default/minimum"),
        ({"patternProperties": {"x-a": {"maxLength": -1}}}, "/patternProperties/x-a/maxLength"),
    ],
)
def test_the_place_is_that_of_the_schema_itself(schema: dict[str, Any], place: str) -> None:
    with pytest.raises(ToolsetError, match=place.replace("$", r"\$")):
        validate_tool("tests", Tool(name="tool", parameters={"type": "object", **schema}))
