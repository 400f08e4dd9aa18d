"""One episode of a plan file again, clean and perturbed, with a test function as the agent (`--perturb-replay`)."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from perturb.errors import ConfigurationError
from perturb.evaluation import Prepared
from perturb.plan_files import PlanFile, read_plan_file


class Replayed(NamedTuple):
    """Whether the perturbed episode passed, and both episodes as text."""

    passed: bool
    text: str


def replay(prepared: Prepared, path: Path) -> Replayed:
    """Run the pair of a plan file. Raises `ConfigurationError` for a file that cannot be read, `PlanError` for its plan."""
    import anyio

    return anyio.run(partial(_run, prepared, read_plan_file(path)))


async def _run(prepared: Prepared, plan: PlanFile) -> Replayed:
    from perturb.episode import messages
    from perturb.operator import lens_for
    from perturb.operators import from_json
    from perturb.store import Planned
    from perturb.trial import run_episode

    if plan.task is None or plan.plan is None:
        raise ConfigurationError("the plan file names no task or no plan; take one that a failed test has named")
    task = prepared.toolset.task(plan.task)
    text, outcome = [], ""
    for arm, operator in (("clean", None), ("perturbed", from_json(plan.plan))):
        planned = Planned(key="", task=task.id, arm=arm, trial=plan.trial)
        lens = lens_for(operator, prepared.gold.setup)
        episode = await run_episode(prepared.toolset, task, prepared.agent.function, lens, planned, prepared.request.limits)
        outcome = episode.outcome
        text.append(f"task {task.id}, {arm}: {outcome}" + (f" ({episode.error})" if episode.error else ""))
        text += [f"  {line}" for message in messages(episode) for line in _lines(message)]
    return Replayed(outcome == "passed", "\n".join(text))


def _lines(message: dict[str, Any]) -> list[str]:
    calls = [f"call {one['function']['name']} {one['function']['arguments']}" for one in message.get("tool_calls", ())]
    content = message.get("content")
    return calls + ([f"{message['role']}: {content}"] if content is not None else [])
