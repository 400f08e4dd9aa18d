"""One episode of a plan file again, clean and perturbed, with a test function as the agent (`--perturb-replay`)."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from perturb.errors import ConfigurationError, PlanError
from perturb.evaluation import Prepared


class Replayed(NamedTuple):
    """Whether the perturbed episode passed, and both episodes as text."""

    passed: bool
    text: str


class PlanFile(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan file holds, as far as one episode needs it."""

    task: str
    plan: dict[str, Any]
    trial: int = 0


def replay(prepared: Prepared, path: Path) -> Replayed:
    """Run the pair of a plan file. Raises `ConfigurationError` or `PlanError` for a file that cannot be read."""
    import anyio

    try:
        plan = msgspec.json.decode(path.read_bytes(), type=PlanFile)
    except OSError as error:
        raise ConfigurationError(f"the plan file {path} cannot be read: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise PlanError(f"{path} is no plan file: {error}") from None
    return anyio.run(partial(_run, prepared, plan))


async def _run(prepared: Prepared, plan: PlanFile) -> Replayed:
    from perturb.episode import messages
    from perturb.operator import lens_for
    from perturb.operators import from_json
    from perturb.runner import run_episode
    from perturb.store import Planned

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
