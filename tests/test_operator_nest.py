"""`arguments.nest`: groups at the root and below it, groups within groups, and keys that have one value."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from perturb.operator import Lens, Setup
from perturb.operators import from_json
from perturb.operators.arguments.nest import Group, Nest
from perturb.toolset import Toolset
from perturb.types import Call, Failure, Tool, to_json

TEXT = {"type": "string"}
BACKEND = {
    "type": "object",
    "properties": {"serviceName": TEXT, "servicePort": {"type": "integer"}, "weight": {"type": "integer"}},
    "required": ["serviceName"],
    "additionalProperties": False,
}
RULES = {"type": "array", "items": {"type": "object", "properties": {"host": TEXT, "backend": BACKEND}}}
DEEP = (
    Group("port", "The port.", ("rules[].backend.servicePort",), constants={"protocol": "TCP"}),
    Group("service", "The service.", ("rules[].backend.serviceName", "rules[].backend.port"), beside={"kind": "Service"}),
)


def bound(properties: dict[str, Any], *groups: Group, required: tuple[str, ...] = ()) -> Lens:
    class One(Toolset):
        name = "one"
        tools = (
            Tool(
                name="apply",
                description="Apply `serviceName`.",
                parameters={"type": "object", "properties": properties, "required": list(required)},
            ),
        )

    return Nest(groups={"apply": groups}).lens(Setup.of(One()))


def shown(lens: Lens, **arguments: Any) -> Any:
    return lens.show_call(Call("apply", arguments)).arguments


def test_groups_below_the_root_and_within_each_other() -> None:
    lens = bound({"rules": RULES}, *DEEP)
    schema = lens.setup.public_tools[0].parameters["properties"]["rules"]["items"]["properties"]["backend"]
    service = schema["properties"]["service"]
    assert schema["required"] == ["kind", "service"]
    assert list(schema["properties"]) == ["weight", "kind", "service"]
    assert schema["properties"]["kind"] == {"type": "string", "const": "Service"}
    assert (service["required"], service["additionalProperties"]) == (["serviceName"], False)
    assert service["properties"]["port"]["properties"]["protocol"] == {"type": "string", "const": "TCP"}
    call = Call("apply", {"rules": [{"host": "a", "backend": {"serviceName": "web", "servicePort": 80}}, {"host": "b"}]})
    assert lens.show_call(call).arguments["rules"] == [
        {
            "host": "a",
            "backend": {"kind": "Service", "service": {"serviceName": "web", "port": {"protocol": "TCP", "servicePort": 80}}},
        },
        {"host": "b"},
    ]
    assert lens.read_call(lens.show_call(call)) == call
    assert "`service.serviceName`" in lens.setup.public_tools[0].description


@pytest.mark.parametrize(
    ("backend", "field"),
    [
        ({"serviceName": "web"}, "serviceName"),
        ({"kind": "Service", "service": {"serviceName": "web", "servicePort": 80}}, "servicePort"),
        ({"service": {"serviceName": "web"}}, "kind"),
        ({"kind": "Pod", "service": {"serviceName": "web"}}, "kind"),
        ({"kind": "Service", "service": "web"}, "service"),
        ({"kind": "Service", "service": {"port": {"servicePort": 80}}}, "port.protocol"),
        ({"kind": "Service", "service": {"port": {"protocol": "UDP", "servicePort": 80}}}, "port.protocol"),
        ({"kind": "Service", "service": {"serviceName": "web", "weight": 3}}, "service.weight"),
    ],
)
def test_old_forms_and_wrong_constants_are_refused(backend: Any, field: str) -> None:
    refused = bound({"rules": RULES}, *DEEP).read_call(Call("apply", {"rules": [{"backend": backend}]}))
    assert isinstance(refused, Failure)
    assert (refused.kind, refused.field, refused.stale) == ("invalid_argument", field, True)


def test_failures_name_the_path_as_it_is_shown() -> None:
    lens = bound({"rules": RULES}, *DEEP)
    call = Call("apply", {"rules": []})
    for old, new in (
        ("rules.backend.servicePort", "rules.backend.service.port.servicePort"),
        ("rules.backend.serviceName", "rules.backend.service.serviceName"),
        ("rules.backend.weight", "rules.backend.weight"),
        ("rules", "rules"),
    ):
        failure = Failure("invalid_argument", "No.", tool="apply", field=old)
        assert lens.show_failure(call, failure).field == new
        assert lens.read_failure(call, lens.show_failure(call, failure)) == failure


def test_a_group_may_be_called_like_what_it_takes_in() -> None:
    lens = bound({"origin": TEXT, "alternatives": {"type": "boolean"}}, Group("origin", "Where from.", ("origin",)))
    assert shown(lens, origin="Oslo", alternatives=True) == {"alternatives": True, "origin": {"origin": "Oslo"}}
    old = lens.read_call(Call("apply", {"origin": "Oslo"}))
    assert isinstance(old, Failure)
    assert old.stale


def test_groups_that_do_not_fit_are_passed_over() -> None:
    for group in (
        Group("other", "Taken.", ("date",)),
        Group("filter", "Taken beside.", ("date",), beside={"other": 1}),
        Group("filter", "A constant like a member.", ("date",), constants={"date": 1}),
        Group("filter", "Nothing there.", ("when",)),
        Group("filter", "Nothing below.", ("date.when",)),
    ):
        lens = bound({"date": TEXT, "other": TEXT}, group)
        assert lens.setup is lens.real


def test_an_object_that_may_be_null_is_found_in_its_union() -> None:
    inner = {"type": "object", "properties": {"city": TEXT, "street": TEXT}}
    lens = bound({"to": {"anyOf": [inner, {"type": "null"}]}}, Group("place", "Where.", ("to.city",)))
    for value in ({"city": "Oslo", "street": "Elm"}, None, {"street": "Elm"}):
        call = Call("apply", {"to": value})
        assert lens.read_call(lens.show_call(call)) == call
    assert shown(lens, to={"city": "Oslo"}) == {"to": {"place": {"city": "Oslo"}}}


KEYS = st.sampled_from(["date", "cabin", "filter", "filter_", "kind", "kind_", "date_"])
ARGUMENTS = st.dictionaries(KEYS, st.none() | st.integers(0, 3) | st.just({"date": 1}), max_size=5)


@examples(400)
@given(ARGUMENTS, ARGUMENTS)
def test_any_two_calls_stay_apart_and_read_back(one: dict[str, Any], other: dict[str, Any]) -> None:
    lens = bound({"date": TEXT, "cabin": TEXT}, Group("filter", "What.", ("date",), constants={"v": 1}, beside={"kind": "f"}))
    assert lens.read_call(lens.show_call(Call("apply", one))) == Call("apply", one)
    if to_json(one) != to_json(other):
        assert to_json(shown(lens, **one)) != to_json(shown(lens, **other))


def test_one_group_needs_no_list() -> None:
    group = {"name": "filter", "description": "What.", "arguments": ["date"]}
    one, several = (from_json({"op": "arguments.nest", "version": 1, "groups": {"apply": it}}) for it in (group, [group]))
    assert msgspec.json.decode(to_json(one.to_json()))["groups"] == {"apply": group}
    assert msgspec.json.decode(to_json(several.to_json()))["groups"] == {"apply": [group]}
    setup = bound({"date": TEXT}).real
    assert one.lens(setup).setup.public_tools == several.lens(setup).setup.public_tools
