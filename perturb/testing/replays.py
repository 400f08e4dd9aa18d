"""The one episode of a plan file, clean and perturbed, with a test function or a named agent."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from perturb.errors import ConfigurationError
from perturb.plan_files import PlanFile, read_plan_file
from perturb.testing.measuring import ended_by_the_agent
from perturb.testing.telling import Judged

if TYPE_CHECKING:
    from perturb.evaluation import Prepared
    from perturb.replaying import Ran, Replay, Replayed
    from perturb.testing.budget import SessionBudget


def read_whole(path: Path) -> PlanFile:
    """A plan file that says what it is run with. Raises `ConfigurationError` for one that does not."""
    plan = read_plan_file(path)
    if plan.task is None or plan.plan is None:
        raise ConfigurationError(
            f"{path}: the plan file names no task or no plan; take one that a failed test or `perturb search` has named"
        )
    return plan


def run_pairs(prepared: Prepared, plan: PlanFile, trials: int, budget: SessionBudget) -> Replayed:
    """Run the task of a plan file `trials` times clean and as often under its plan. Raises `PlanError` for a plan that has
    nothing to do with the task."""
    import anyio

    from perturb.replaying import Replay

    request = Replay(
        plan=plan.plan,
        agent=prepared.agent.name,
        toolset=prepared.request.toolset,
        task=str(plan.task),
        trial=plan.trial,
        seed=plan.seed,
        trials=trials,
        limits=prepared.request.limits,
    )
    if budget.spent is not None:
        pytest.fail(f"perturb: inconclusive: the budget of {budget.spent} is spent", pytrace=False)
    with ended_by_the_agent():
        replayed = anyio.run(partial(_replayed, request, prepared))
    usage = replayed.usage
    budget.spend(
        episodes=2 * trials,
        seconds=replayed.seconds,
        tokens=usage.input_tokens + usage.output_tokens,
        cost=usage.cost or 0.0,
    )
    return replayed


async def _replayed(request: Replay, prepared: Prepared) -> Replayed:
    from perturb.replaying import replay_prepared

    try:
        return await replay_prepared(request, prepared)
    finally:
        await prepared.agent.aclose()


def judge(replayed: Replayed) -> Judged:
    """A plan holds where as many trials pass under it as clean; where none passes clean, or an episode says nothing of the
    agent, it is not known."""
    of = replayed.request.trials
    clean, perturbed = replayed.passed("clean"), replayed.passed("perturbed")
    told = f"clean {clean} of {of}, perturbed {perturbed} of {of}"
    if replayed.proof.status == "unsolvable":
        return Judged(
            "inconclusive", f"inconclusive: the task is not solvable under the plan any more: {replayed.proof.detail}"
        )
    if replayed.status == 3:
        errors = [one.error for one in (*replayed.clean, *replayed.perturbed) if one.error]
        return Judged("inconclusive", f"no measurement: an episode ended in no fault of the agent's: {errors[0]}")
    if not clean:
        return Judged(
            "inconclusive", f"inconclusive: the agent never passes the task clean, so it has nothing to lose ({told})"
        )
    return Judged("failed", f"the plan breaks the task: {told}") if replayed.status else Judged("held")


def properties(nodeid: str, replayed: Replayed) -> list[tuple[str, object]]:
    """What a report is told of a plan file."""
    of, verdict = replayed.request.trials, judge(replayed).verdict
    passed = {arm: replayed.passed(arm) for arm in ("clean", "perturbed")}
    told = ", ".join(f"{arm} {number} of {of}" for arm, number in passed.items())
    known = {arm: number / of for arm, number in passed.items()} | {"verdict": verdict, "episodes": 2 * of}
    if replayed.usage.cost is not None:
        known["cost"] = replayed.usage.cost
    return [(f"perturb.{name}", value) for name, value in {**known, "summary": f"{nodeid}: {told}: {verdict}"}.items()]


def text(replayed: Replayed) -> str:
    """The first episode of either arm, step by step."""
    lines = []
    for arm, ran in (("clean", replayed.clean[0]), ("perturbed", replayed.perturbed[0])):
        lines.append(f"task {replayed.request.task}, {arm}: {ran.outcome}" + (f" ({ran.error})" if ran.error else ""))
        lines += [f"  {line}" for line in _steps(ran)]
    return "\n".join(lines)


def _steps(ran: Ran) -> list[str]:
    lines = [f"user: {ran.prompt}"]
    for step in ran.steps:
        call: dict[str, Any] = step["call"]
        arguments = call["arguments"]
        written = arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode()
        lines += [f"call {call['name']} {written}", f"tool: {step['reply']['text']}"]
    return lines + ([] if ran.answer is None else [f"assistant: {ran.answer}"])
