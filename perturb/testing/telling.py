"""What a test marked `perturb` says: one line for the summary, a few for the report, and why it failed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from perturb.statistics.gate import Verdict, gate

if TYPE_CHECKING:
    from perturb.comparing import Compared
    from perturb.testing.marker import Marker

MOST_FAILURES, MOST_OPERATORS = 5, 5
OURS = ("infrastructure_error", "tester_fault", "invalid_setup")
MOST_OURS = 0.1
"""The share of episodes that may end in a fault that is not the agent's before a run is no measurement any more."""


class Robustness(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a run. Rates and drops are fractions, `None` where nothing could be compared.

    `low` and `high` are the ends of the drop's 95 % interval, `estimand` says which drop it is (see
    `perturb.testing.marker.Marker`), `noise_floor` is the difference of two halves of the clean trials with the ends of its
    interval, `data` the data of the whole report (`perturb.rendering.report_data`). `baseline` holds the run against its
    baseline where that was asked for and there is one (`perturb.comparing.Compared`, this run first).
    """

    clean: float | None
    perturbed: float | None
    drop: float | None
    low: float | None
    high: float | None
    estimand: str
    noise_floor: tuple[float, float, float] | None
    verdict: Verdict | None
    data: dict[str, Any]
    baseline: Compared | None = None

    @classmethod
    def of(cls, data: dict[str, Any], verdict: Verdict | None, baseline: Compared | None = None) -> Robustness:
        headline = data["headline"]
        floor = headline["noise_floor"]
        return cls(
            clean=headline["clean"],
            perturbed=headline["perturbed"],
            drop=verdict.drop if verdict else None,
            low=verdict.low if verdict else None,
            high=verdict.high if verdict else None,
            estimand=verdict.estimand if verdict else "",
            noise_floor=None if floor is None else (floor["drop"], *floor["interval"]),
            verdict=verdict,
            data=data,
            baseline=baseline,
        )


def verdict_of(data: Mapping[str, Any], marker: Marker) -> Verdict | None:
    """The verdict on a run; without a `max_drop` any drop is held."""
    return gate(data, 1.0 if marker.max_drop is None else marker.max_drop)


def failure_text(result: Robustness, marker: Marker) -> str | None:
    """Why the test fails, `None` where it does not."""
    judged = judge(result, marker)
    if judged.verdict == "held":
        return None
    lines = [f"perturb: {judged.why}", "", report_text(result, marker)]
    # The trials of one task under one operator are one failure; tasks that never pass clean have lost nothing.
    lost = [failure for failure in result.data["failures"] if not failure["passed_clean"].startswith("0 ")]
    failures = list({(failure["task"], failure["operator"]): failure for failure in reversed(lost)}.values())[::-1]
    if failures:
        lines += ["", "failed under perturbation:"]
        for failure in failures[:MOST_FAILURES]:
            told = f"{failure['passed_perturbed']} passed, clean {failure['passed_clean']}"
            lines += [f"  task {failure['task']} under {failure['operator']}: {told}", f"    {failure['reproduce']}"]
        if len(failures) > MOST_FAILURES:
            lines.append(f"  and {len(failures) - MOST_FAILURES} more")
    return "\n".join(lines)


class Judged(NamedTuple):
    """What a test comes to: it passes where it is `held`; `why` is empty there."""

    verdict: Literal["held", "failed", "inconclusive"]
    why: str = ""


_OF_GATE: dict[str, Literal["held", "failed", "inconclusive"]] = {
    "pass": "held", "fail": "failed", "inconclusive": "inconclusive",
}  # fmt: skip


def judge(result: Robustness, marker: Marker) -> Judged:
    """The gate's verdict on the drop, what stands before it (a measurement, an agent with something to lose), and whether more
    is lost than in the baseline."""
    judged = _judge_alone(result, marker)
    if judged.verdict != "held" or result.baseline is None:
        return judged
    from perturb.testing.baselines import lost_more, told

    return Judged("failed", told(result.baseline)[0]) if lost_more(result.baseline) else judged


def _judge_alone(result: Robustness, marker: Marker) -> Judged:
    from perturb.rendering.wording import count, percent, points

    ours = _ours(result.data)
    if ours is not None:
        return Judged("inconclusive", ours)
    verdict = result.verdict
    ended = result.data["ended"]
    asked = (marker.max_drop, marker.gate, marker.min_clean) != (None, None, None)
    if ended["how"] == "budget" and (asked or verdict is None):
        left = count(ended["left"], "episode")
        return Judged(
            "inconclusive", f"inconclusive: {ended['why']}, and {left} of this test are left; running it again goes on"
        )
    if verdict is None or result.clean is None:
        return Judged("inconclusive", f"nothing could be compared: {_left_out(result.data)}")
    if marker.min_clean is not None and result.clean < marker.min_clean:
        told = f"the agent passes {percent(result.clean)} clean, below min_clean, {percent(marker.min_clean)}"
        return Judged("failed", told)
    gate = result.data["gate"]
    if marker.max_drop is not None and result.clean == 0.0:
        return Judged("inconclusive", "inconclusive: the agent passes no task clean, so it has nothing to lose")
    if gate is not None:
        held = gate["answer"] == "pass"
        return Judged("held") if held else Judged(_OF_GATE[gate["answer"]], f"{gate['answer']}: {gate['why']}")
    if marker.max_drop is None:
        return Judged("held")
    limit = f"max_drop, {points(verdict.limit)} points"
    drop = f"the drop is {points(verdict.drop)} points [{points(verdict.low)}, {points(verdict.high)}]"
    if verdict.verdict == "failed":
        return Judged("failed", f"{drop}, and even the lower end is above {limit}")
    if verdict.verdict == "inconclusive":
        needed = _needed(verdict, marker, result.data)
        return Judged("inconclusive", f"inconclusive: {drop}, and {limit}, lies within; {needed}")
    return Judged("held")


def _needed(verdict: Verdict, marker: Marker, data: Mapping[str, Any]) -> str:
    if verdict.factor is None:
        return "a drop that is just at the limit is settled by no number of trials: change max_drop"
    if verdict.estimand == "suite drop":
        trials, clean_trials = (math.ceil(number * verdict.factor) for number in (marker.trials, marker.clean_trials))
        return f"about {trials - marker.trials} more trials would settle it: trials={trials}, clean_trials={clean_trials}"
    more = math.ceil(data["headline"]["tasks"] * (verdict.factor - 1.0))
    return f"about {max(1, more)} more tasks would settle it, or trials=2 and clean_trials=2, to judge exactly these tasks"


def _ours(data: Mapping[str, Any]) -> str | None:
    """What went wrong where too many episodes ended in a fault that is not the agent's."""
    outcomes = {name: data["outcomes"].get(name, 0) for name in OURS}
    episodes = sum(data["outcomes"].values()) - sum(data["outcomes"].get(name, 0) for name in ("not_applicable", "unsolvable"))
    broken = sum(outcomes.values())
    if not broken or broken <= MOST_OURS * episodes:
        return None
    counts = ", ".join(f"{number} {name}" for name, number in outcomes.items() if number)
    first = data.get("first_fault")
    return f"no measurement: {broken} of {episodes} episodes ended in no fault of the agent's ({counts})" + (
        f"; the first: {first}" if first else ""
    )


def _left_out(data: Mapping[str, Any]) -> str:
    outcomes = {name: number for name, number in data["outcomes"].items() if number}
    told = ", ".join(f"{number} {name}" for name, number in outcomes.items())
    gold = f"; gold calls fail clean for {', '.join(data['gold_fails_clean'])}" if data.get("gold_fails_clean") else ""
    return f"no task has episodes both clean and perturbed ({told or 'no episodes at all'}){gold}"


def report_text(result: Robustness, marker: Marker) -> str:
    """The numbers of a run in a few lines."""
    from perturb.rendering.wording import count, interval, percent, points

    data = result.data
    if result.drop is None or result.low is None or result.high is None:
        return f"{data['agent']} on {data['toolset']}: nothing to compare"
    lines = [
        f"clean {percent(result.clean)}, perturbed {percent(result.perturbed)}: "
        f"drop {points(result.drop)} points {interval((result.low, result.high))} ({result.estimand}, 95 %)"
    ]
    if (gate := data["gate"]) is not None:
        lines.append(f"gate {gate['gate']} by {gate['per']} ({gate['estimand']}): {gate['answer']}; {gate['why']}")
    if result.noise_floor is not None:
        lines.append(f"noise floor {points(result.noise_floor[0])} points {interval(result.noise_floor[1:])}")
    lines.append(
        f"{count(data['headline']['tasks'], 'task')}, {count(len(data['planned_operators']), 'operator')}, "
        f"{count(data['usage']['episodes'], 'episode')}, seed {data['seed']}, run {data['run']}"
    )
    worst = [row for row in data["operators"] if row["drop"] is not None and row["drop"] > 0][:MOST_OPERATORS]
    if worst:
        width = max(len(row["id"]) for row in worst)
        lines.append("worst operators (population drop):")
        lines += [f"  {row['id']:<{width}}  {points(row['drop']):>6}  {interval(row['interval'])}" for row in worst]
    if result.baseline is not None:
        from perturb.testing.baselines import told

        lines += told(result.baseline)
    if data["ended"]["left"] and data["ended"]["how"] == "budget":
        lines.append(f"{data['ended']['why']}; {count(data['ended']['left'], 'episode')} are left")
    return "\n".join(lines)


class OperatorTold(NamedTuple):
    """What one operator comes to, as a subtest: why it `failed` or is `skipped`, each empty where it did not or is not."""

    operator: str
    drop: str
    failed: str = ""
    skipped: str = ""


def operators_told(result: Robustness) -> Iterator[OperatorTold]:
    """Each operator of a run. One fails only where operators are what is judged; else it tells its drop and passes."""
    from perturb.rendering.wording import interval, points

    data, gate = result.data, result.data["gate"]
    families = {one["family"]: one for one in gate["families"]} if gate is not None and gate["per"] == "operator" else {}
    seen: set[str] = set()
    for row in data["operators"]:
        if row["id"] in seen:  # plans of another kind, that do not count
            continue
        seen.add(row["id"])
        drop = "" if row["drop"] is None else f"{points(row['drop'])} points {interval(row['interval'])}"
        family = families.get(row["id"])
        if row["drop"] is None:
            yield OperatorTold(row["id"], drop, skipped="no task has episodes both clean and under it")
        elif family is None or family["answer"] == "pass":
            yield OperatorTold(row["id"], drop)
        elif family["answer"] == "fail" or gate["answer"] == "inconclusive":
            answer = {"fail": "more is lost than the limit", "inconclusive": "not settled"}[family["answer"]]
            lost = [failure for failure in data["failures"] if failure["operator"] == row["id"]][:1]
            lines = [f"{answer}, {points(gate['limit'])} points: the drop is {drop}"]
            yield OperatorTold(row["id"], drop, failed="\n  ".join(lines + [failure["reproduce"] for failure in lost]))
        else:
            yield OperatorTold(row["id"], drop, skipped="not settled, and no more needed")


def summary_line(nodeid: str, result: Robustness, marker: Marker) -> str:
    """The one line of a test in the terminal's summary."""
    from perturb.rendering.wording import interval, points

    if result.drop is None or result.low is None or result.high is None:
        return f"{nodeid}: nothing to compare"
    if (gate := result.data["gate"]) is not None:
        return f"{nodeid}: gate {gate['gate']} by {gate['per']}: {gate['answer']}; {gate['why']}"
    line = f"{nodeid}: drop {points(result.drop)} points {interval((result.low, result.high))}"
    if marker.max_drop is None:
        return line
    return f"{line}, limit {points(marker.max_drop)}: {judge(result, marker).verdict}"
