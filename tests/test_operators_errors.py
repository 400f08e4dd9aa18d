"""`errors.terse`, `errors.hint` and `errors.codes`: what is withheld, added, and recoded."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from depot import DEPOT

from perturb import texts
from perturb.operator import Setup, lens_for
from perturb.operators import from_json
from perturb.replay import Gold
from perturb.types import Call, Failure

MISSING = Failure("not_found", "There is no parcel 'P9'.", "send_parcel", field="parcel_id", value="P9", renderer="json")
CALL = Call("send_parcel", {"parcel_id": "P9"})
TERSE = {"op": "errors.terse", "version": 1, "tools": {"send_parcel": "Error"}}


def shown(plan: dict[str, Any], failure: Failure = MISSING) -> str:
    return texts.failure_text(lens_for(from_json(plan), Setup.of(DEPOT)).show_failure(CALL, failure))


def test_a_terse_failure_tells_nothing() -> None:
    assert shown(TERSE) == "Error"
    assert shown(TERSE, Failure("rate_limited", "Wait.", retry_after=3.0, renderer="json")) == "Error"


def test_gold_calls_that_fail_on_purpose_survive_what_is_withheld() -> None:
    gold = Gold(DEPOT)
    proof = anyio.run(gold.prove, DEPOT.task("recover"), from_json(TERSE))
    assert proof.status == "solvable"
    assert proof.felt


def test_a_fault_under_terse_failures_is_gone_through_all_the_same() -> None:
    flaky = {"op": "faults.transient", "version": 1, "failures": {"send_parcel": 2}}
    stack = from_json({"op": "stack", "operators": [flaky, TERSE]})
    assert stack.kind == "ablation"
    assert anyio.run(Gold(DEPOT).prove, DEPOT.task("send"), stack).status == "solvable"


def test_a_code_takes_the_place_of_the_kind_in_an_error_object() -> None:
    plan = {"op": "errors.codes", "version": 1, "families": {"send_parcel": "E"}}
    assert '"code":"E4041"' in shown(plan)
    assert "not_found" not in shown(plan)


@pytest.mark.parametrize("family", ["E", "ERR-", "digits"])
def test_every_code_is_explained_and_none_stands_for_two_kinds(family: str) -> None:
    lens = lens_for(from_json({"op": "errors.codes", "version": 1, "families": {"send_parcel": family}}), Setup.of(DEPOT))
    told = lens.setup.by_name["send_parcel"].description.rpartition("Error codes: ")[2].rstrip(".").split(", ")
    explained = dict(one.split(" ", 1) for one in told)
    assert len(explained) == len(told)
    for code, kind in explained.items():
        failure = Failure(kind.replace(" ", "_"), "Why.")  # type: ignore[arg-type]
        assert texts.failure_text(lens.show_failure(CALL, failure)) == f"{code}: Why."


def test_a_failure_of_unknown_kind_gets_no_code() -> None:
    plan = {"op": "errors.codes", "version": 1, "families": {"send_parcel": "E"}}
    assert shown(plan, Failure("unknown", "It broke.")) == "It broke."


def test_a_hint_stands_within_the_error_object() -> None:
    plan = {"op": "errors.hint", "version": 1, "leads": {"send_parcel": "Hint:"}}
    text = shown(plan)
    assert text.startswith('{"error":{"code":"not_found","message":"There is no parcel \'P9\'. Hint: check')
