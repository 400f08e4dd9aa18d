"""`results.identifiers`: a keyed bijection, wherever identifiers stand, and the old form out of use."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from depot import DEPOT
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from perturb import laws
from perturb.boundary import Boundary
from perturb.declared import identified, without_identifiers
from perturb.errors import ToolsetError
from perturb.known_identifiers import CleanVisible
from perturb.loading import load_toolset
from perturb.operator import NotApplicable, Operator, SeededPick, Setup, StackLens, lens_for
from perturb.operators.results.identifier_codes import DIGITS, Codes
from perturb.operators.results.identifiers import Coded, Identifiers
from perturb.operators.vocabulary.id_prefixes import PREFIXES, prefixes
from perturb.replay import Gold
from perturb.toolset import Toolset
from perturb.types import Call, Failure, Identifier, Result, Tool

CODES = Codes("usr", 7)
IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12) | st.integers(-(10**12), 10**12)


@examples(500)
@given(IDS, IDS)
def test_codes_are_a_bijection(one: Any, other: Any) -> None:
    assert CODES.decode(CODES.encode(one)) == one
    assert (CODES.encode(one) == CODES.encode(other)) == ((one, type(one)) == (other, type(other)))


def test_short_identifiers_are_permuted_and_not_merely_padded() -> None:
    """All of one byte and many of two: no two alike, none a neighbour of the one beside it."""
    for size in (1, 2):
        plain = [chr(65 + index % 26) * (size - 1) + chr(48 + index % 64) for index in range(64)]
        bodies = [CODES.encode(one)[4:-4] for one in dict.fromkeys(plain)]
        assert len(set(bodies)) == len(bodies)
        assert sorted(bodies) != bodies


@examples(300)
@given(IDS, st.integers(0, 40), st.sampled_from(DIGITS))
def test_a_misspelt_code_is_none(value: Any, at: int, digit: str) -> None:
    code = CODES.encode(value)
    place = 4 + at % (len(code) - 4)
    other = code[:place] + digit + code[place + 1 :]
    assert CODES.decode(other) == (value if other == code else None)


@given(st.text(max_size=20))
def test_other_texts_are_no_codes(text: str) -> None:
    assert CODES.decode(text) is None
    assert CODES.decode("usr_" + text) is None


def test_another_key_gives_other_codes_and_reads_none_of_them() -> None:
    other = Codes("usr", 8)
    assert other.encode("U-1") != CODES.encode("U-1")
    assert other.decode(CODES.encode("U-1")) is None


def test_prefixes_are_customary_and_never_shared() -> None:
    given_ = prefixes(["customer", "mail", "message", "loyalty_card", "widget", "gadget_widget"])
    assert given_["customer"] == "cus"
    assert len(set(given_.values())) == len(given_)
    assert given_["widget"] == "wid"
    assert all(prefix.isascii() and prefix.islower() for prefix in PREFIXES.values())


class Desk(Toolset):
    name = "desk"
    system = "Ask for U-0001 first."
    identifiers = {"user": Identifier(form=r"U-\d{4}"), "event": Identifier(form=r"\d+", mention=r"(?<=event )\d+")}  # noqa: RUF012
    tools = (
        Tool(
            name="get",
            description="Such as U-0001.",
            parameters={
                "type": "object",
                "properties": {
                    "user": {"type": "string", "x-identifier": "user", "pattern": "^U-", "maxLength": 6, "default": "U-0001"},
                    "event": {"type": "integer", "x-identifier": "event"},
                    "events": {"type": "array", "items": {"type": ["integer", "null"], "x-identifier": "event"}},
                    "attached": {"type": "array", "items": {"type": "object", "x-identifiers": {"who": "user"}}},
                    "note": {"type": "string"},
                },
            },
            returns={
                "type": "object",
                "properties": {
                    "user": {"anyOf": [{"type": "string", "x-identifier": "user"}, {"type": "null"}]},
                    "event": {"type": "integer", "x-identifier": "event"},
                    "by_user": {"type": "object", "additionalProperties": {"type": "integer"}},
                    "note": {"type": "string"},
                },
            },
        ),
    )


SETUP = Setup.of(Desk())
LENS = lens_for(Identifiers(kinds={"user": Coded("usr", 7), "event": Coded("evt", 9)}), SETUP)
USER, EVENT = CODES.encode("U-4821"), Codes("evt", 9).encode(12)
FULL = Call(
    "get",
    {"user": "U-4821", "event": 12, "events": [12, None], "attached": [{"who": "U-4821", "n": 12}], "note": "For U-4821, 12."},
)


def test_identifiers_are_traded_where_they_are_declared_and_where_they_are_mentioned() -> None:
    shown = LENS.show_call(FULL)
    assert shown.arguments == {
        "user": USER, "event": EVENT, "events": [EVENT, None], "attached": [{"who": USER, "n": 12}], "note": f"For {USER}, 12.",
    }  # fmt: skip
    assert LENS.read_call(shown) == FULL


def test_results_failures_prompts_and_answers_follow() -> None:
    real = Result({"user": "U-4821", "event": 12, "by_user": {"U-4821": 1}, "note": "U-4821 goes to event 12, not 12."})
    made = LENS.show_result(FULL, real)
    assert made.data == {"user": USER, "event": EVENT, "by_user": {USER: 1}, "note": f"{USER} goes to event {EVENT}, not 12."}
    assert LENS.read_result(FULL, made) == real
    failure = Failure("not_found", "There is no U-4821.", tool="get", field="user", value="U-4821")
    assert LENS.show_failure(FULL, failure).message == f"There is no {USER}."
    assert LENS.read_failure(FULL, LENS.show_failure(FULL, failure)) == failure
    assert LENS.show_text("Is U-4821 in?") == f"Is {USER} in?"
    assert LENS.read_answer(f"{USER} is in.") == "U-4821 is in."
    assert LENS.setup.system == f"Ask for {CODES.encode('U-0001')} first."


def test_the_schema_no_longer_says_the_old_form() -> None:
    tool = LENS.setup.by_name["get"]
    user = tool.parameters["properties"]["user"]
    assert {key: user[key] for key in ("type", "default")} == {"type": "string", "default": CODES.encode("U-0001")}
    assert {"pattern", "maxLength"}.isdisjoint(user)
    assert tool.parameters["properties"]["event"]["type"] == "string"
    assert tool.parameters["properties"]["events"]["items"]["type"] == ["string", "null"]
    assert "U-0001" not in tool.description


@pytest.mark.parametrize(
    ("arguments", "field"),
    [({"user": "U-4821"}, "user"), ({"event": 12}, "event"), ({"event": "12"}, "event"),
     ({"attached": [{"who": "U-1111"}]}, "attached.who")],
)  # fmt: skip
def test_the_old_form_is_refused_and_never_repaired(arguments: dict[str, Any], field: str) -> None:
    refused = LENS.read_call(Call("get", arguments))
    assert isinstance(refused, Failure)
    assert (refused.kind, refused.field, refused.stale) == ("invalid_argument", field, True)


def test_what_is_no_identifier_passes_and_fails_as_it_would_clean() -> None:
    call = Call("get", {"user": "nobody", "note": "usr_made0up0code"})
    assert LENS.show_call(call) == call
    assert LENS.read_call(call) == call


TEXTS = st.lists(
    st.sampled_from(["U-4821", USER, USER + "_", USER + "__", EVENT, "event 12", "12", "usr_00", " ", "-", ".", "x", "é", "_"])
).map("".join)


@examples(400)
@given(TEXTS, TEXTS)
def test_texts_read_back_and_stay_apart_whatever_looks_like_a_code(one: str, other: str) -> None:
    assert LENS.read_answer(LENS.show_text(one)) == one
    assert (LENS.show_text(one) == LENS.show_text(other)) == (one == other)
    call = Call("get", {"user": one, "note": other, one: other})
    shown = LENS.show_call(call)
    assert LENS.read_call(shown) == call


def test_a_kind_whose_codes_could_be_of_the_old_form_is_left_alone() -> None:
    class Loose(Desk):
        identifiers = {"user": Identifier(form=r"\w+")}  # noqa: RUF012

    planned = Identifiers.plan(Setup.of(Loose()), SeededPick(1), 1.0)
    assert isinstance(planned, NotApplicable)
    assert planned.reason == "not_declared"


def test_kinds_are_the_places_and_each_has_a_key_of_its_own() -> None:
    setup = Setup.of(load_toolset("airline"))
    plan = Identifiers.plan(setup, SeededPick(1), 1.0)
    assert isinstance(plan, Identifiers)
    assert len({one.key for one in plan.kinds.values()}) == len(plan.kinds)
    assert {kind: one.prefix for kind, one in plan.kinds.items()} == {
        "customer": "cus", "reservation": "rsv", "payment_method": "pm", "hold": "hol", "bag_report": "rep", "claim": "cla",
    }  # fmt: skip
    assert plan.places() == set(setup.source.identifiers)
    assert next(iter(laws.strict(lens_for(plan, setup), setup.source.tasks[0].gold or ())), None) is None


def airline_lens(seed: int = 1) -> tuple[Gold, StackLens]:
    gold = Gold(load_toolset("airline"))
    plan = Identifiers.plan(gold.setup, SeededPick(seed), 1.0)
    assert isinstance(plan, Operator)
    return gold, lens_for(plan, gold.setup)


def test_an_identifier_that_is_made_in_the_episode_has_a_code_that_works_at_once() -> None:
    gold, lens = airline_lens()
    task = gold.toolset.task("voucher-for-bags")

    async def drive() -> list[str]:
        environment = gold.toolset.environment(task)
        boundary = Boundary(lens, task, environment)
        replies = []
        for call in task.gold or ():
            shown = lens.show_call(call)
            replies.append((await boundary.call(shown.name, shown.arguments)).text)
        assert gold.toolset.check(task, environment, boundary.read_answer(lens.show_answer(task.answer)), boundary.real_calls)
        environment.close()
        return replies

    replies = anyio.run(drive)
    assert not any("voucher_43497" in reply or "T8D4MD" in reply for reply in replies)
    made = lens.show_text("voucher_43497")
    assert made in replies[3]
    assert made in replies[4]


@pytest.mark.slow
def test_nothing_of_the_old_form_is_left_in_anything_that_is_shown() -> None:
    gold, lens = airline_lens()
    for task in gold.toolset.tasks:
        shown = lens.show_turns((task.prompt, *task.follow_ups))
        clean = anyio.run(gold.clean, task)
        assert clean is not None
        told = [*shown, lens.show_answer(task.answer)]
        for call, answer in zip(task.gold or (), clean.answers, strict=True):
            told.append(str(lens.show_call(call).arguments))
            told.append(
                str(lens.show_result(call, answer).data if isinstance(answer, Result) else lens.show_failure(call, answer))
            )
        texts = lens.layers[0]._texts  # type: ignore[attr-defined]
        assert [name for text in told for name in texts.mentioned(text)] == []


def test_identifiers_are_told_from_other_values_that_look_alike() -> None:
    schema = Desk.tools[0].returns
    data = {"user": "U-1", "event": 7, "note": "7 o'clock"}
    assert list(identified(schema, data)) == [("user", "U-1"), ("event", 7)]
    assert without_identifiers(schema, data, {"event": ()}) == {"user": "U-1", "event": None, "note": "7 o'clock"}
    known = CleanVisible(["Now."], (), Desk.identifiers)
    known.add_answer(schema, Result({"event": 7, "note": "see 9"}), '{"event":7,"note":"see 9"}')
    parameters = Desk.tools[0].parameters
    assert known.hidden(parameters, {"event": 7, "note": "9"}) == []
    assert known.hidden(parameters, {"event": 9}) == [9], "a number in prose is no event"
    assert known.hidden(parameters, {"note": "7"}) == ["7"], "an event is no number in prose"
    known.add("It is event 9.")
    assert known.hidden(parameters, {"event": 9}) == []


@pytest.mark.parametrize(
    ("suite", "tasks"), [("banking", ["user_task_5", "user_task_9"]), ("workspace", ["user_task_32", "user_task_33"])]
)
def test_numbers_that_count_up_are_traded_where_the_adapter_says_what_they_are(suite: str, tasks: list[str]) -> None:
    pytest.importorskip("agentdojo")
    gold = Gold(load_toolset(f"agentdojo:{suite}"))
    plan = Identifiers.plan(gold.setup, SeededPick(1), 1.0)
    assert isinstance(plan, Operator)
    for task in tasks:
        proof = anyio.run(gold.prove, gold.toolset.task(task), plan)
        assert (proof.status, proof.felt) == ("solvable", True), proof


@pytest.mark.parametrize(("form", "what"), [("(", "no regular expression"), ("x*", "no empty text"), ("(a)b", "(?:…)")])
def test_a_bad_form_is_named_with_the_remedy(form: str, what: str) -> None:
    from perturb.authoring import toolset

    with pytest.raises(ToolsetError) as error:
        toolset(type(DEPOT._create()), name="t", tasks=DEPOT.tasks, identifiers={"parcel": form})
    for piece in ("'parcel'", "'t'", repr(form), what):
        assert piece in str(error.value)
