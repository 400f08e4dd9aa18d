"""`arguments.split`, `.merge` and `.flatten`: whatever was given comes back, and prose and failures follow."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from depot import DEPOT
from hypothesis import given
from hypothesis import strategies as st
from test_renaming_operators import Desk

from perturb import laws
from perturb.operator import Lens, NotApplicable, Operator, SeededPick, Setup, lens_for
from perturb.operators import by_id, from_json
from perturb.operators.arguments.flatten import FlattenArguments
from perturb.operators.arguments.merge import MergeArguments
from perturb.operators.arguments.split import SplitArguments
from perturb.replay import Gold
from perturb.types import Call, Failure, Schema, Tool, to_json

DAY = {"type": "string", "x-date": {"format": "date", "zone": "local"}}
MINUTE = {"type": "string", "x-date": {"format": "date-time", "zone": "local", "written": "%Y-%m-%d %H:%M"}}
UTC = {"type": "string", "x-date": {"format": "date-time", "zone": "UTC"}}
OFFSET = {"type": "string", "x-date": {"format": "date-time", "zone": "offset"}}
CLOCK = {"type": "string", "x-date": {"format": "time", "zone": "local", "written": "%H:%M"}}
SPAN = {"type": "string", "x-date": {"format": "interval", "zone": "local"}}
TEXT = {"type": "string"}


def part(schema: Schema, of: str, role: str) -> Schema:
    return {**schema, "x-part": {"of": of, "as": role}}


def money(**more: Any) -> Schema:
    properties = {"amount": part({"type": "number"}, "m", "amount"), "currency": part(TEXT, "m", "currency")}
    return {
        "type": "object",
        "properties": properties,
        "required": ["amount", "currency"],
        "additionalProperties": False,
        **more,
    }


def nullable(schema: Schema) -> Schema:
    inner = {key: value for key, value in schema.items() if key != "x-part"}
    kept = {"x-part": schema["x-part"]} if "x-part" in schema else {}
    return {"anyOf": [inner, {"type": "null"}], "default": None, **kept}


def setup_of(required: tuple[str, ...] = (), description: str = "Book.", **properties: Any) -> Setup:
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    schema |= {"required": list(required)} if required else {}
    return Setup.of(Desk(Tool(name="book", description=description, parameters=schema), system="Never guess `start_time`."))


def drawn(operator: type[Operator], setup: Setup, seed: int = 1) -> tuple[Any, Lens]:
    plan = operator.plan(setup, SeededPick(seed, "x"), 1.0)
    assert isinstance(plan, operator), plan
    return plan, lens_for(plan, setup)


def over(lens: Lens, **arguments: Any) -> dict[str, Any]:
    made = lens.show_call(Call("book", arguments))
    assert to_json(lens.read_call(made)) == to_json(Call("book", arguments))
    return made.arguments


@pytest.mark.parametrize(
    ("schema", "value", "shown"),
    [
        (MINUTE, "2026-05-01 09:30", {"when_date": "2026-05-01", "when_time": "09:30"}),
        (UTC, "2026-05-01T09:30:00Z", {"when_date": "2026-05-01", "when_time": "09:30:00"}),
        (OFFSET, "2026-05-01T09:30:00+02:00", {"when_date": "2026-05-01", "when_time": "09:30:00+02:00"}),
        (nullable(MINUTE), None, {"when_date": None, "when_time": None}),
        (SPAN, "2026-05-01/2026-05-03", {"when_start": "2026-05-01", "when_end": "2026-05-03"}),
        (money(), {"amount": 5, "currency": "EUR"}, {"when_amount": 5, "when_currency": "EUR"}),
        (MINUTE, "2026-05-01", {"when": "2026-05-01"}),
        (MINUTE, "soon", {"when": "soon"}),
        (UTC, None, {"when_date": None, "when_time": None}),
        (money(), {"amount": 5, "tip": 1}, {"when": {"amount": 5, "tip": 1}}),
        (money(), {}, {"when": {}}),
    ],
)
def test_one_argument_becomes_two_where_its_value_is_of_the_form(schema: Schema, value: Any, shown: dict[str, Any]) -> None:
    _, lens = drawn(SplitArguments, setup_of(when=schema))
    assert over(lens, when=value) == shown


def test_both_parts_are_needed_and_the_old_form_is_refused() -> None:
    _, lens = drawn(SplitArguments, setup_of(("when",), when=MINUTE))
    made = lens.setup.tools[0].parameters
    assert made["required"] == ["when_date", "when_time"]
    for arguments, field, stale in (
        ({"when": "2026-05-01 09:30"}, "when", True),
        ({"when_date": "2026-05-01"}, "when_time", True),
        ({"when_date": 5, "when_time": "09:30"}, "when_date", True),
        ({"when_date": "2026-05-01", "when_time": "09:30", "when": "x"}, "when", True),
    ):
        refused = lens.read_call(Call("book", arguments))
        assert isinstance(refused, Failure)
        assert (refused.field, refused.stale) == (field, stale)


@pytest.mark.parametrize(
    ("name", "beside", "schema", "names"),
    [
        ("departure", (), MINUTE, ["departure_date", "departure_time"]),
        ("start_time", (), MINUTE, ["start_date", "start_time_of_day"]),
        ("startTime", ("userId",), MINUTE, ["startDate", "startTimeOfDay"]),
        ("stay_period", (), SPAN, ["stay_start", "stay_end"]),
        ("price", (), money(), ["price_amount", "price_currency"]),
        ("price", ("price_amount",), money(), ["price_value", "price_currency"]),
        ("amount", (), money(), ["amount_value", "amount_currency"]),
    ],
)
def test_parts_have_names_that_nothing_else_has(name: str, beside: tuple[str, ...], schema: Schema, names: list[str]) -> None:
    setup = setup_of(**{name: schema}, **{one: {"type": "integer"} for one in beside})
    plan, _ = drawn(SplitArguments, setup)
    assert list(plan.parts[f"book.{name}"].names) == names


def test_without_a_free_name_nothing_is_split() -> None:
    taken = {"start_date": TEXT, "start_day": TEXT}
    plan = SplitArguments.plan(setup_of(start_time=MINUTE, **taken), SeededPick(1), 1.0)
    assert isinstance(plan, NotApplicable)
    assert plan.reason == "names_exhausted"


def test_what_was_said_of_the_whole_is_said_of_both() -> None:
    when = {**MINUTE, "description": "When it begins, as YYYY-MM-DD HH:MM."}
    _, lens = drawn(
        SplitArguments, setup_of(description="Book at `when`, or 'when' it is free.\n\nArgs:\n    when: The start.", when=when)
    )
    tool = lens.setup.public_tools[0]
    told = [child["description"] for child in tool.parameters["properties"].values()]
    assert told == [
        "When it begins. Its date, such as 2026-12-31.",
        "When it begins. Its time of day, such as 17:45.",
    ]
    expected = "Book at `when_date` and `when_time`, or 'when_date' and 'when_time' it is free."
    assert tool.description.startswith(expected)
    assert "    when_date and when_time: The start." in tool.description
    assert list(laws.coherent(lens)) == []  # type: ignore[arg-type]


def test_a_default_is_split_too() -> None:
    _, lens = drawn(SplitArguments, setup_of(when={**MINUTE, "default": "2026-05-01 09:30"}))
    made = lens.setup.tools[0].parameters["properties"]
    assert (made["when_date"]["default"], made["when_time"]["default"]) == ("2026-05-01", "09:30")


def test_failures_name_what_was_sent_and_read_back() -> None:
    _, lens = drawn(SplitArguments, setup_of(start_time=MINUTE, end_time=MINUTE))
    failure = Failure("invalid_argument", "`end_time` is before start_time.", field="end_time")
    shown = lens.show_failure(Call("book"), failure)
    assert shown.message == "`end_date` and `end_time_of_day` is before start_date and start_time_of_day."
    assert shown.field == "end_date"
    assert lens.read_failure(Call("book"), shown) == failure
    written = Failure("unknown", '{"error":{"field":"end_date"}}')
    assert lens.read_failure(Call("book"), written).message == '{"error":{"field":"end_time"}}'
    assert lens.setup.system == "Never guess `start_date` and `start_time_of_day`."
    assert lens.show_text("Use start_time.") == "Use start_date and start_time_of_day."


SPANS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"start": "2026-05-01", "end": "2026-05-03"}, {"stay_period": "2026-05-01/2026-05-03"}),
    ({"start": "2026-05-01"}, {"stay_period": "2026-05-01/"}),
    ({"end": "2026-05-03"}, {"stay_period": "/2026-05-03"}),
    ({"start": "2026-05-01", "end": None}, {"stay_period": "2026-05-01/.."}),
    ({"start": None, "end": None}, {"stay_period": "../.."}),
    ({}, {}),
    ({"start": "soon", "end": "2026-05-03"}, {"start": "soon", "end": "2026-05-03"}),
    ({"start": "2026-05-01", "end": "2026/05/03"}, {"start": "2026-05-01", "end": "2026/05/03"}),
]


@pytest.mark.parametrize(("given", "shown"), SPANS)
def test_start_and_end_become_an_interval(given: dict[str, Any], shown: dict[str, Any]) -> None:
    start, end = part(nullable(DAY), "stay", "start"), part(nullable(DAY), "stay", "end")
    _, lens = drawn(MergeArguments, setup_of(start=start, end=end, note=TEXT))
    assert over(lens, note="x", **given) == {"note": "x", **shown}


def test_an_interval_of_moments_is_written_as_iso_8601_has_it() -> None:
    for schema, start, end, text in (
        (MINUTE, "2026-05-01 09:30", "2026-05-01 10:00", "2026-05-01T09:30/2026-05-01T10:00"),
        (UTC, "2026-05-01T09:30:00Z", "2026-05-01T10:00:00Z", "2026-05-01T09:30:00Z/2026-05-01T10:00:00Z"),
        (OFFSET, "2026-05-01T09:30:00+02:00", "2026-05-01T10:00:00Z", "2026-05-01T09:30:00+02:00/2026-05-01T10:00:00Z"),
    ):
        _, lens = drawn(MergeArguments, setup_of(a=part(schema, "slot", "start"), b=part(schema, "slot", "end")))
        assert over(lens, a=start, b=end) == {"slot_period": text}


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("2026-05-01T09:30:00/2026-05-01T10:00", {"a": "2026-05-01 09:30", "b": "2026-05-01 10:00"}),
        ("2026-05-01T09:30:15/tomorrow", {"a": "2026-05-01T09:30:15", "b": "tomorrow"}),
        ("2026-05-01", None),
        ("a/b/c", None),
        (5, None),
    ],
)
def test_a_part_that_is_no_date_is_left_to_the_toolset(given: Any, read: dict[str, Any] | None) -> None:
    _, lens = drawn(MergeArguments, setup_of(a=part(MINUTE, "slot", "start"), b=part(MINUTE, "slot", "end")))
    call = lens.read_call(Call("book", {"slot_period": given}))
    if read is None:
        assert isinstance(call, Failure)
        assert call.field == "slot_period"
    else:
        assert call == Call("book", read)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"first": "Ada", "last": "Lovelace"}, {"guest_name": "Lovelace, Ada"}),
        ({"last": "Lovelace"}, {"guest_name": "Lovelace"}),
        ({"first": "Ada"}, {"guest_name": ", Ada"}),
        ({"first": "Ada, Countess", "last": "Lovelace"}, {"guest_name": "Lovelace, Ada, Countess"}),
        ({"first": "Ada", "last": "King, Lovelace"}, {"first": "Ada", "last": "King, Lovelace"}),
        ({"first": " Ada", "last": "Lovelace"}, {"first": " Ada", "last": "Lovelace"}),
        ({"first": "", "last": "Lovelace"}, {"guest_name": "Lovelace, "}),
        ({"first": 7, "last": "Lovelace"}, {"first": 7, "last": "Lovelace"}),
    ],
)
def test_names_become_one_where_it_can_be_taken_apart(given: dict[str, Any], shown: dict[str, Any]) -> None:
    parts = {"first": part(TEXT, "guest", "first_name"), "last": part(TEXT, "guest", "last_name")}
    _, lens = drawn(MergeArguments, setup_of(("last",), **parts))
    assert over(lens, **given) == shown


def test_dates_with_times_and_sums_of_money_too() -> None:
    _, lens = drawn(MergeArguments, setup_of(day=part(DAY, "visit", "date"), hour=part(CLOCK, "visit", "time")))
    assert over(lens, day="2026-05-01", hour="09:30") == {"visit_at": "2026-05-01T09:30"}
    _, lens = drawn(
        MergeArguments, setup_of(("sum",), sum=part({"type": "number"}, "fee", "amount"), unit=part(TEXT, "fee", "currency"))
    )
    assert over(lens, sum=5, unit="EUR") == {"fee": {"amount": 5, "currency": "EUR"}}
    assert over(lens, sum=5.0) == {"fee": {"amount": 5.0}}
    assert lens.setup.public_tools[0].parameters["properties"]["fee"]["required"] == ["amount"]
    assert isinstance(lens.read_call(Call("book", {"fee": {"amount": 5, "tip": 1}})), Failure)


def test_an_object_that_is_the_whole_already_is_left_alone() -> None:
    planned = MergeArguments.plan(setup_of(price=money()), SeededPick(1), 1.0)
    assert isinstance(planned, NotApplicable)
    assert planned.reason == "not_declared"


def test_parts_are_named_in_failures_and_optional_ones_explained() -> None:
    start, end = part(DAY, "stay", "start"), part(nullable(DAY), "stay", "end")
    start["description"], end["description"] = "First night, as YYYY-MM-DD.", "Last night"
    _, lens = drawn(MergeArguments, setup_of(("first_night",), first_night=start, last_night=end))
    made = lens.setup.public_tools[0].parameters
    assert made["required"] == ["stay_period"]
    assert made["properties"]["stay_period"]["description"] == (
        "An ISO 8601 interval, start and end with a slash between them, such as 2026-12-29/2026-12-31. "
        'The end may be left empty. ".." as the end stands for null. Start: First night. End: Last night.'
    )
    failure = Failure("invalid_argument", "last_night is before `first_night`.", field="last_night")
    shown = lens.show_failure(Call("book"), failure)
    assert (shown.message, shown.field) == ("stay_period.end is before `stay_period.start`.", "stay_period.end")
    assert lens.read_failure(Call("book"), shown) == failure


def test_rows_of_a_list_are_regrouped_too() -> None:
    person = {"first": part(TEXT, "guest", "first_name"), "last": part(TEXT, "guest", "last_name"), "age": {"type": "integer"}}
    rows = {"type": "array", "items": {"type": "object", "properties": person, "required": ["first", "last"]}}
    _, lens = drawn(MergeArguments, setup_of(guests=rows))
    shown = over(lens, guests=[{"first": "Ada", "last": "Lovelace", "age": 36}, {"last": "Byron"}])
    assert shown == {"guests": [{"age": 36, "guest_name": "Lovelace, Ada"}, {"guest_name": "Byron"}]}
    failure = Failure("invalid_argument", "no", field="guests.first")
    assert lens.show_failure(Call("book"), failure).field == "guests.guest_name.first_name"


ADDRESS = {
    "type": "object",
    "properties": {
        "street": {"type": "string", "description": "With the number."},
        "place": {
            "type": "object",
            "properties": {"city": TEXT, "zip": TEXT},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
    "required": ["street"],
    "additionalProperties": False,
    "description": "Where it goes",
}


def flat(joint: str, schema: Schema = ADDRESS, **more: Any) -> Lens:
    plan = from_json({"op": "arguments.flatten", "version": 1, "joints": {"book.address": joint}})
    return lens_for(plan, setup_of(address=schema, **more))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"street": "3 Elm Walk"}, {"address.street": "3 Elm Walk"}),
        (
            {"street": "3 Elm Walk", "place": {"city": "Oslo", "zip": "0150"}},
            {"address.street": "3 Elm Walk", "address.place.city": "Oslo", "address.place.zip": "0150"},
        ),
        ({"place": {"city": "Oslo"}}, {"address.place.city": "Oslo"}),
        ({"street": None}, {"address.street": None}),
        ({}, {"address": {}}),
        (None, {"address": None}),
        ("3 Elm Walk", {"address": "3 Elm Walk"}),
        ({"street": "3 Elm Walk", "floor": 2}, {"address": {"street": "3 Elm Walk", "floor": 2}}),
        ({"street": "3 Elm Walk", "place": {}}, {"address": {"street": "3 Elm Walk", "place": {}}}),
    ],
)
def test_an_object_becomes_arguments(value: Any, shown: dict[str, Any]) -> None:
    assert over(flat("dotted"), address=value) == shown


def test_names_are_joined_in_the_style_of_the_house_and_descriptions_carried() -> None:
    lens = flat("joined", userId=TEXT)
    made = lens.setup.public_tools[0].parameters["properties"]
    assert list(made) == ["addressStreet", "addressPlaceCity", "addressPlaceZip", "userId"]
    assert made["addressStreet"]["description"] == "Where it goes. With the number."
    assert made["addressPlaceCity"]["description"] == "Where it goes. The city of the place."
    assert "required" not in lens.setup.public_tools[0].parameters


def test_null_is_told_by_null_in_what_the_object_needs() -> None:
    lens = flat("joined", nullable(ADDRESS))
    assert over(lens, address=None) == {"address_street": None}
    assert over(lens, address={"street": None}) == {"address": {"street": None}}
    made = lens.setup.public_tools[0].parameters["properties"]["address_street"]
    assert made["type"] == ["string", "null"]
    assert made["description"].endswith("Null where there is none.")


def test_the_object_itself_is_refused_and_spoken_of_by_its_arguments() -> None:
    lens = flat("joined")
    refused = lens.read_call(Call("book", {"address": {"street": "3 Elm Walk"}}))
    assert isinstance(refused, Failure)
    assert (refused.field, refused.stale) == ("address", True)
    failure = Failure("invalid_argument", "'address' lacks 'address.street'.", field="address.street")
    shown = lens.show_failure(Call("book"), failure)
    assert (shown.message, shown.field) == ("'address_*' lacks 'address_street'.", "address_street")
    assert lens.read_failure(Call("book"), shown) == failure


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {**ADDRESS, "required": []},
        {**ADDRESS, "additionalProperties": True},
        {**ADDRESS, "additionalProperties": {"type": "string"}},
        {key: value for key, value in ADDRESS.items() if key != "additionalProperties"},
        {**ADDRESS, "default": {"street": "x"}},
        {"anyOf": [ADDRESS, {"type": "string"}]},
        {**ADDRESS, "anyOf": [{"required": ["street"]}]},
    ],
)
def test_an_object_that_cannot_be_told_by_its_properties_stays(schema: Schema) -> None:
    planned = FlattenArguments.plan(setup_of(address=schema), SeededPick(1), 1.0)
    assert isinstance(planned, NotApplicable)
    assert planned.reason == "nothing_to_change"


def test_renaming_keeps_two_objects_apart() -> None:
    address = {**ADDRESS, "properties": {"street": TEXT}, "description": ""}
    setup = setup_of(home=address, work=address)
    flatten, lens = drawn(FlattenArguments, setup)
    assert len(flatten.joints) == 2
    rename = from_json(
        {"op": "arguments.synonym", "version": 1, "names": {"book.home.street": "road", "book.work.street": "road"}}
    )
    renamed = rename.lens(lens.setup)
    assert list(renamed.setup.tools[0].parameters["properties"]) == list(lens.setup.tools[0].parameters["properties"])


TEXTS = st.sampled_from(["2026-05-01", "2026-05-01 09:30", "09:30", "a", "", "/", "..", "A, B", "x/y"])
VALUES = (
    st.none()
    | st.integers(0, 3)
    | TEXTS
    | st.dictionaries(st.sampled_from(["amount", "currency", "street", "x"]), TEXTS, max_size=3)
)
KEYS = [
    "when",
    "start",
    "end",
    "first",
    "last",
    "price",
    "address",
    "when_date",
    "stay_period",
    "address.street",
    "price_amount_",
]
EVERYTHING = setup_of(
    when=nullable(MINUTE),
    start=part(nullable(DAY), "stay", "start"),
    end=part(nullable(DAY), "stay", "end"),
    first=part(TEXT, "guest", "first_name"),
    last=part(TEXT, "guest", "last_name"),
    price=money(),
    address=nullable({**ADDRESS, "properties": {"street": TEXT}}),
)
ARGUMENTS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=5)


@pytest.mark.parametrize("operator_id", ["arguments.split", "arguments.merge", "arguments.flatten"])
@given(one=ARGUMENTS, other=ARGUMENTS)
def test_any_two_calls_stay_apart_and_read_back(operator_id: str, one: dict[str, Any], other: dict[str, Any]) -> None:
    lens = lens_for(by_id(operator_id).plan(EVERYTHING, SeededPick(1), 1.0), EVERYTHING)  # type: ignore[arg-type]
    first, second = (lens.show_call(Call("book", arguments)) for arguments in (one, other))
    assert to_json(lens.read_call(first)) == to_json(Call("book", one))
    if to_json(one) != to_json(other):
        assert to_json(first) != to_json(second)


@pytest.mark.parametrize("operator_id", ["arguments.split", "arguments.merge", "arguments.flatten"])
def test_the_depot_is_solvable_and_known(operator_id: str) -> None:
    gold = Gold(DEPOT)
    for seed in range(4):
        plan = by_id(operator_id).plan(gold.setup, SeededPick(seed), 1.0)
        assert isinstance(plan, Operator)
        proofs = {task.id: anyio.run(gold.prove, task, plan) for task in DEPOT.tasks}
        assert {proof.status for proof in proofs.values()} <= {"solvable"}, proofs
        assert proofs["pickup"].felt
