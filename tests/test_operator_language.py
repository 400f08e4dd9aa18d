"""`errors.language`: catalogued messages in another language, their values as they are; everything else in English."""

from __future__ import annotations

import re
import typing
from pathlib import Path
from typing import Any

import anyio
import pytest
from depot import DEPOT
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticKnownError, core_schema
from refusals_in_source import refusals
from typing_extensions import TypedDict

from perturb import texts
from perturb.authoring import toolset
from perturb.boundary import Boundary
from perturb.errors import ToolsetError
from perturb.loading import load_toolset
from perturb.operator import Operator, SeededPick, Setup, Stack, StackLens, lens_for
from perturb.operators import by_id
from perturb.operators.errors.language import ErrorLanguage
from perturb.operators.errors.languages import LANGUAGES, LOCATED, own_messages
from perturb.operators.errors.languages.validators import VALIDATORS
from perturb.operators.errors.translations import Translations, slots
from perturb.replay import Gold
from perturb.signatures import ToolFunction
from perturb.toolset import Toolset, plain_refusal
from perturb.types import Call, Failure

CALL = Call("send_parcel", {"parcel_id": "P999"})


class Shape(TypedDict):
    count: int
    day: str
    flags: list[bool]


def whole(of: Toolset, language: str) -> StackLens:
    """Every message of a toolset in one language."""
    known = {**of.messages, **own_messages()}
    plan = ErrorLanguage(messages={english: language for english, others in known.items() if language in others})
    return lens_for(plan, Setup.of(of))


def told(lens: StackLens, message: str, call: Call = CALL) -> str:
    """A message as it is shown, which must read back, from the failure and from its text alone."""
    failure = Failure("unknown", message, tool=call.name)
    shown = lens.show_failure(call, failure)
    assert lens.read_failure(call, shown) == failure
    assert lens.read_failure(call, Failure("unknown", shown.message)).message == message
    return shown.message


def filled(template: str, values: dict[str, str]) -> str:
    return template.format_map(values)


CATALOGUES = ["depot", "airline", "agentdojo:workspace"]


def loaded(name: str) -> Toolset:
    if name.startswith("agentdojo"):
        pytest.importorskip("agentdojo")
    return DEPOT if name == "depot" else load_toolset(name)


def catalogue(name: str) -> dict[str, Any]:
    return {**loaded(name).messages, **own_messages()}


@pytest.mark.parametrize("name", CATALOGUES)
def test_templates_keep_their_slots_and_no_two_are_alike_in_a_language(name: str) -> None:
    known = catalogue(name)
    for english, others in known.items():
        for other in others.values():
            assert slots(other) == slots(english), english
    for language in LANGUAGES:
        made = [re.sub(r"\{\w+\}", "{}", others[language]) for others in known.values() if language in others]
        assert sorted(made) == sorted(set(made)), language


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", CATALOGUES)
def test_every_catalogued_message_is_translated_and_reads_back(name: str, language: str) -> None:
    if name.startswith("agentdojo"):
        pytest.importorskip("agentdojo", reason="the extra [agentdojo] is not installed")
    of = DEPOT if name == "depot" else load_toolset(name)
    lens = whole(of, language)
    samples = {"customer_id": "C-40718", "date": "2026-05-26", "codes": "OSL, LHR", "name": "Ada Ek", "amount": "140.00",
               "listed": "'a', 'b' or 'c'", "value": '{"a": [1, "x y"]}', "seconds": "3", "flight_number": "NV115"}  # fmt: skip
    for english, others in catalogue(name).items():
        if language not in others or english == LOCATED[0]:  # which stands before another message alone
            continue
        values = {slot: samples.get(slot, f"x-{index}") for index, slot in enumerate(sorted(slots(english)))}
        message, wanted = filled(english, values), filled(others[language], values)
        assert told(lens, message) == wanted
        for value in values.values():
            assert value in wanted


@pytest.fixture(scope="module")
def gold() -> Gold:
    """Remembers what each task is answered without a perturbation."""
    return Gold(load_toolset("airline"))


@pytest.mark.parametrize("language", [one if one == "de" else pytest.param(one, marks=pytest.mark.slow) for one in LANGUAGES])
def test_what_the_airline_says_in_its_gold_runs_is_in_the_catalogue(language: str, gold: Gold) -> None:
    lens = whole(gold.toolset, language)
    seen = 0
    for task in gold.toolset.tasks:
        clean = anyio.run(gold.clean, task)
        assert clean is not None
        for call, answer in zip(task.gold or (), clean.answers, strict=True):
            if isinstance(answer, Failure):
                seen += 1
                shown = lens.show_failure(call, answer)
                assert shown.message != answer.message, answer.message
                assert (shown.kind, shown.field, shown.value, shown.renderer) == (
                    answer.kind, answer.field, answer.value, answer.renderer,
                )  # fmt: skip
                assert lens.read_failure(call, shown) == answer
                seen_text = Failure("unknown", texts.failure_text(shown))
                assert lens.read_failure(call, seen_text).message == texts.failure_text(answer)
                values = re.findall(
                    r"[A-Z]{2}\d+|C-\d+|[0-9A-Z]{6}|\d{4}-\d\d-\d\d|\d+\.\d\d|\w+_\d+|\d+[A-F]\b", answer.message
                )
                assert [value for value in values if value not in shown.message] == []
    assert seen >= 8


AIRLINE = Path(__file__).resolve().parents[1] / "toolsets" / "airline"


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_the_airline_can_refuse_with_is_in_the_catalogue(language: str) -> None:
    lens = whole(load_toolset("airline"), language)
    missing, seen = [], 0
    for path in sorted(AIRLINE.glob("*.py")):
        for line, message, values in refusals(path.read_text(encoding="utf-8")):
            seen += 1
            shown = told(lens, message)
            left = shown
            for value in values:
                assert value in shown, f"{path.name}:{line}: {shown}"
                left = left.replace(value, "")
            # A slot that has taken in words of the message leaves them as they are, which Japanese makes plain.
            english = set(re.findall("[a-z]{2,}", left)) - {"kg", "cm"} if language == "ja" else set()
            if shown == message or english:
                missing.append(f"{path.name}:{line}: {message}")
    assert missing == []
    assert seen > 50


@pytest.mark.parametrize("language", LANGUAGES)
def test_our_own_refusals_are_in_the_catalogue(language: str) -> None:
    lens = whole(DEPOT, language)
    kinds = ("unknown_tool", "invalid_argument", "unavailable", "rate_limited", "timeout", "unauthenticated", "internal")
    for kind in kinds:
        for field in (None, "a.b"):
            message = plain_refusal(kind, tool="send_parcel", field=field).message  # type: ignore[arg-type]
            assert told(lens, message) != message


def bad_calls() -> list[Call]:
    good: dict[str, Any] = {"parcel_id": "P001", "carrier": "rail", "insured": True, "pieces": 1}
    changes: list[dict[str, Any]] = [{"pieces": "many"}, {"pieces": 1.5}, {"insured": 7}, {"carrier": "sea"}, {"labels": 3},
                                     {"labels": [3]}, {"address": "here"}, {"more": 1}, {"parcel_id": None}]  # fmt: skip
    return [*(Call("send_parcel", {**good, **change}) for change in changes), Call("send_parcel", {})]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_our_own_reading_of_arguments_says_is_in_the_catalogue(language: str) -> None:
    lens = whole(DEPOT, language)
    environment = DEPOT.environment(DEPOT.tasks[0])
    for call in bad_calls():
        answer = environment.call(call)
        assert isinstance(answer, Failure)
        assert told(lens, answer.message, call) != answer.message, answer.message


def test_validators_say_what_the_catalogue_says_they_do() -> None:
    """Each message of Pydantic's is to the letter one of the installed release."""
    context = dict.fromkeys(("gt", "ge", "lt", "le", "multiple_of", "pattern", "expected", "error", "class_name"), "{x}")
    numbers = {"min_length": 2, "max_length": 2, "actual_length": 3, "field_type": "{x}", "expected_schemes": "{x}"}
    known: set[str] = set()
    for kind in typing.get_args(core_schema.ErrorType):
        for ones in (1, 2):
            try:
                given_: Any = {**context, **numbers, "min_length": ones, "max_length": ones}
                known.add(PydanticKnownError(kind, given_).message())
            except (KeyError, TypeError, ValueError):
                continue
            try:
                known.add(
                    PydanticKnownError(kind, {**given_, **dict.fromkeys(("gt", "ge", "lt", "le", "multiple_of"), 7)}).message()
                )
            except (KeyError, TypeError, ValueError):
                continue
    for shape in (list[int], dict[str, int], None):
        with pytest.raises(ValidationError) as error:
            TypeAdapter(shape).validate_json('"x"')
        known.add(error.value.errors()[0]["msg"])
    plain = {re.sub(r"\{\w+\}|\b[1237]\b", "{}", one) for one in known}
    beside = {"1 validation error for {}", "{} validation errors for {}", "For further information visit {}",
              "value is not a valid email address: {}", "time data {} does not match format {}", "unconverted data remains: {}",
              "Invalid isoformat string: {}"}  # fmt: skip
    for english, *_ in VALIDATORS:
        form = re.sub(r"\{\w+\}|\b1\b", "{}", english)
        assert form in plain or re.sub(r"\b1\b", "{}", form) in {re.sub(r"\b1\b", "{}", one) for one in beside}, english


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_that_pydantic_prints_for_a_bad_call_is_translated_but_places_and_values(language: str) -> None:
    with pytest.raises(ValidationError) as error:
        TypeAdapter(Shape).validate_python({"count": "x", "flags": ["maybe"]})
    message = f"ValidationError: {error.value}"
    shown = told(whole(DEPOT, language), message)
    assert shown.startswith("ValidationError: ")
    assert "Input should" not in shown
    assert "Field required" not in shown
    for kept in (
        "\ncount\n",
        "\nflags.0\n",
        "\nday\n",
        "[type=int_parsing, input_value='x', input_type=str]",
        "errors.pydantic.dev",
    ):
        assert kept in shown


def test_a_message_that_is_not_in_the_catalogue_stays_in_every_part() -> None:
    lens = whole(load_toolset("airline"), "de")
    printed = "ValidationError: 1 validation error for x\nfield\n  Never heard of [type=x, input_value=1, input_type=int]"
    half = "There is no customer C-1. Something else."
    for message in ("Something else.", half, "Input should be a valid frozendict", "", "\n", printed):
        assert told(lens, message) == message


def test_several_messages_in_a_row_are_translated_one_by_one() -> None:
    lens = whole(load_toolset("airline"), "fr")
    message = "Seat 14C on NV516 is taken. The nearest free aisle seat is 14D."
    assert told(lens, message) == "Le siège 14C du vol NV516 est pris. Le siège libre le plus proche (aisle) est 14D."


def test_the_more_specific_message_is_the_one_that_is_meant() -> None:
    lens = whole(load_toolset("airline"), "es")
    assert told(lens, "There is no flight from OSL to LHR on 2026-05-16.") == "No hay ningún vuelo de OSL a LHR el 2026-05-16."
    assert told(lens, "There is no flight NV999 on 2026-05-16.") == "No existe el vuelo NV999 el 2026-05-16."


PIECES = st.sampled_from(
    ["There is no customer ", "Es gibt keinen Kunden ", "C-1", ".", " ", "  ", "x", "Seat 1A on NV1 is taken.",
     "Platz 1A auf NV1 ist belegt.", "\n", "ValueError: ", "Field required", "Feld erforderlich", "{", "}"]
)  # fmt: skip


@examples(300)
@given(st.lists(PIECES, max_size=6).map("".join), st.lists(PIECES, max_size=6).map("".join))
@pytest.mark.slow
def test_every_text_reads_back_and_no_two_are_shown_alike(one: str, other: str) -> None:
    lens = whole(load_toolset("airline"), "de")
    first, second = told(lens, one), told(lens, other)
    assert (first == second) == (one == other)


@given(st.text(max_size=30))
def test_any_value_in_a_slot_is_kept_or_the_message_is_left_alone(value: str) -> None:
    made = Translations({"Bad {value}.": "Schlecht: {value}."})
    shown = made.show(f"Bad {value}.")
    assert shown in (f"Schlecht: {value}.", f"Bad {value}.")
    assert made.read(shown) == f"Bad {value}."


def test_the_plan_names_the_messages_and_has_one_language() -> None:
    setup = Setup.of(load_toolset("airline"))
    languages = set()
    for seed in range(20):
        plan = ErrorLanguage.plan(setup, SeededPick(seed), 0.3)
        assert isinstance(plan, ErrorLanguage)
        assert plan.places() <= {*setup.source.messages, *own_messages()}
        assert len(set(plan.messages.values())) == 1
        languages |= set(plan.messages.values())
    assert languages == set(LANGUAGES)


def test_only_the_messages_of_the_plan_are_translated() -> None:
    plan = ErrorLanguage(messages={"There is no parcel '{parcel_id}'.": "de", "gone since": "de"})
    lens = lens_for(plan, Setup.of(DEPOT))
    assert told(lens, "There is no parcel 'P9'.") == "Es gibt kein Paket 'P9'."
    assert told(lens, "An internal error occurred.") == "An internal error occurred."


def test_an_agent_reads_it_with_code_and_field_as_they_are() -> None:
    async def drive() -> str:
        environment = DEPOT.environment(DEPOT.tasks[0])
        boundary = Boundary(whole(DEPOT, "ja"), DEPOT.tasks[0], environment)
        return (await boundary.call("rename_parcel", {"parcel_id": "P999", "note": "x"})).text

    assert anyio.run(drive) == '{"error":{"code":"not_found","message":"荷物 \'P999\' はありません。","field":"parcel_id"}}'


def test_faults_still_say_that_the_same_call_may_be_made_again() -> None:
    """Law 9 in each language: the way out is stated in what is shown."""
    gold = Gold(DEPOT)
    fault = by_id("faults.transient").plan(gold.setup, SeededPick(1), 1.0)
    assert isinstance(fault, Operator)
    for language in LANGUAGES:
        plan = ErrorLanguage(messages=dict.fromkeys(own_messages(), language))
        stack = Stack(operators=(fault, plan))
        assert {anyio.run(gold.prove, task, stack).status for task in DEPOT.tasks} == {"solvable"}


def test_other_slots_are_named_with_the_remedy() -> None:
    bad = {"There is no {thing}.": {"de": "Es gibt kein {ding}."}}
    with pytest.raises(ToolsetError, match="same slots") as error:
        toolset(type(DEPOT._create()), name="t", tasks=DEPOT.tasks, messages=bad)
    assert "'There is no {thing}.'" in str(error.value)
    with pytest.raises(ToolsetError, match="no template"):
        toolset(type(DEPOT._create()), name="t", tasks=DEPOT.tasks, messages={"x": {"de": "{"}})


def test_signatures_word_their_refusals_as_the_catalogue_expects() -> None:
    def tool(count: int) -> None:
        """Count."""

    refused = ToolFunction(tool, method=False).read(Call("tool", {"count": "x"}))
    assert isinstance(refused, Failure)
    lens = whole(DEPOT, "de")
    assert told(lens, refused.message) == (
        "Ungültiges Argument für tool: 'count' war \"x\"; Die Eingabe muss eine gültige ganze Zahl sein"
    )
