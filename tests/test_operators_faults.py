"""Faults that go by: what is shown says how to go on, and nothing is done twice."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from depot import DEPOT

from perturb.boundary import Boundary
from perturb.operator import Setup, lens_for
from perturb.operators import from_json
from perturb.types import Reply

SEND = {"parcel_id": "P004", "carrier": "rail", "insured": True, "pieces": 4}


def live(*plans: dict[str, Any]) -> Boundary:
    plan = {"op": "stack", "operators": [{"version": 1, **one} for one in plans]}
    return Boundary(lens_for(from_json(plan), Setup.of(DEPOT)), DEPOT.tasks[0], DEPOT.environment(DEPOT.tasks[0]))


def replies(boundary: Boundary, name: str, arguments: dict[str, Any], times: int) -> list[Reply]:
    async def run() -> list[Reply]:
        return [await boundary.call(name, arguments) for _ in range(times)]

    return anyio.run(run)


def sent(boundary: Boundary) -> int:
    return sum(call.name == "send_parcel" for call in boundary.real_calls)


@pytest.mark.parametrize(
    "plan",
    [
        {"op": "faults.timeout", "losses": {"send_parcel": 2}},
        {"op": "faults.malformed", "cuts": {"send_parcel": 2}, "percent": {"send_parcel": 40}},
    ],
)
def test_a_write_whose_answer_is_lost_is_done_once(plan: dict[str, Any]) -> None:
    boundary = live(plan)
    first, second, third, fourth = replies(boundary, "send_parcel", SEND, 4)
    assert first.is_error
    assert second.is_error
    assert "only once" in first.text
    assert not third.is_error
    assert third.data["status"] == "sent"
    assert not fourth.is_error
    assert sent(boundary) == 2, "the fourth call is a new one: the answer kept was given out by the third"


def test_another_write_is_not_answered_from_what_was_kept() -> None:
    boundary = live({"op": "faults.timeout", "losses": {"send_parcel": 1}})
    replies(boundary, "send_parcel", SEND, 1)
    (other,) = replies(boundary, "send_parcel", {**SEND, "parcel_id": "P003", "pieces": 3}, 1)
    assert other.data["parcel_id"] == "P003"


def test_a_read_that_is_sent_again_is_made_again() -> None:
    boundary = live({"op": "faults.timeout", "losses": {"count_by_city": 1}})
    replies(boundary, "count_by_city", {}, 2)
    assert len(boundary.real_calls) == 2


def test_a_cut_answer_is_the_beginning_of_the_shown_one() -> None:
    renamed = {"op": "results.rename_keys", "names": {"send_parcel>parcel_id": "shipment_ref"}}
    boundary = live(renamed, {"op": "faults.malformed", "cuts": {"send_parcel": 1}, "percent": {"send_parcel": 60}})
    cut, whole = replies(boundary, "send_parcel", SEND, 2)
    beginning = cut.text.split("\n")[0]
    assert "shipment_ref" in beginning
    assert whole.text.startswith(beginning)
    assert len(beginning) < len(whole.text)


def test_a_failure_comes_whole() -> None:
    boundary = live({"op": "faults.malformed", "cuts": {"send_parcel": 1}, "percent": {"send_parcel": 60}})
    (failed,) = replies(boundary, "send_parcel", {**SEND, "parcel_id": "P999"}, 1)
    assert "There is no parcel 'P999'" in failed.text
    assert "Incomplete" not in failed.text


def test_a_rate_limit_says_when_to_come_back_and_does_nothing() -> None:
    boundary = live({"op": "faults.rate_limit", "refusals": {"send_parcel": 2}, "seconds": 5})
    first, second, third = replies(boundary, "send_parcel", SEND, 3)
    assert "429" in first.text
    assert "Retry-After: 5" in first.text
    assert second.is_error
    assert not third.is_error
    assert sent(boundary) == 1


def test_a_job_is_carried_out_once_and_asked_for_by_its_id() -> None:
    boundary = live({"op": "faults.slow", "waits": {"send_parcel": 2}, "argument": "job_id"})
    (pending,) = replies(boundary, "send_parcel", SEND, 1)
    job = pending.data["job_id"]
    assert "job_id" in pending.data["message"]
    again, ready, still_there = replies(boundary, "send_parcel", {**SEND, "job_id": job}, 3)
    assert again.data["status"] == "pending"
    assert ready.data["status"] == "sent"
    assert still_there == ready
    assert sent(boundary) == 1


def test_a_job_that_nobody_has_started_is_refused() -> None:
    boundary = live({"op": "faults.slow", "waits": {"send_parcel": 1}, "argument": "job_id"})
    (refused,) = replies(boundary, "send_parcel", {**SEND, "job_id": "nonsense"}, 1)
    assert refused.is_error
    assert "Give the `job_id` of a pending answer of this tool, or leave it out to start a new job." in refused.text
    assert sent(boundary) == 0


def test_the_same_call_twice_is_two_jobs() -> None:
    boundary = live({"op": "faults.slow", "waits": {"count_by_city": 1}, "argument": "job_id"})
    first, second = replies(boundary, "count_by_city", {}, 2)
    assert first.data["job_id"] != second.data["job_id"]
