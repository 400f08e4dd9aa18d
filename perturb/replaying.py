"""One task again, clean and under one plan: with an agent, or the gold calls alone."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec

from perturb.assembling import step_data
from perturb.boundary import shown_turns
from perturb.episode import AGENT_OUTCOMES, Episode
from perturb.errors import PlanError
from perturb.evaluation import Prepared, Request, prepare
from perturb.loading import load_toolset
from perturb.metering import added
from perturb.models.settings import ModelSettings
from perturb.operator import Operator, StackLens, lens_for
from perturb.operators import from_json
from perturb.planning import Design, Limits
from perturb.proxies.programs import ProgramSettings
from perturb.replay import Gold, GoldRun, Proof, run_gold
from perturb.store import Planned
from perturb.toolset import Task
from perturb.trial import run_episode
from perturb.types import JSON, Call, Step, Usage
from perturb.watchdog import Watchdog


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """What to run again; `agent` is `None` for the gold calls alone, `plan` is `None` for the clean setup in both arms."""

    plan: dict[str, JSON] | None
    agent: str | None
    toolset: str
    task: str
    trial: int = 0
    seed: int = 7
    trials: int = 1
    limits: Limits = Limits()
    model: ModelSettings | None = None
    program: ProgramSettings | None = None


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """One episode as it is told: its steps as `perturb.rendering.trajectories` has them."""

    prompt: str
    steps: list[dict[str, Any]]
    answer: str | None
    outcome: str
    error: str | None = None


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """Both arms of a replay, one entry a trial; `usage` is what all its episodes took of a model, in so many `seconds`."""

    request: Replay
    proof: Proof
    clean: list[Ran]
    perturbed: list[Ran]
    usage: Usage = Usage()
    seconds: float = 0.0

    def passed(self, arm: str) -> int:
        return sum(one.outcome == "passed" for one in (self.clean if arm == "clean" else self.perturbed))

    @property
    def status(self) -> int:
        """The exit status: 1 where more is lost than clean, 3 where an episode says nothing of the agent."""
        if self.request.agent is None:
            return int(self.proof.status == "unsolvable")
        if any(one.outcome not in AGENT_OUTCOMES for one in (*self.clean, *self.perturbed)):
            return 3
        return int(self.passed("clean") > self.passed("perturbed"))

    def to_json(self) -> dict[str, JSON]:
        from perturb.rendering import first_difference

        request = self.request
        return {
            "toolset": request.toolset,
            "task": request.task,
            "agent": request.agent,
            "plan": request.plan,
            "proof": msgspec.to_builtins(self.proof),
            "clean": msgspec.to_builtins(self.clean),
            "perturbed": msgspec.to_builtins(self.perturbed),
            "first_difference": first_difference(self.clean[0].steps, self.perturbed[0].steps),
            "passed": {"clean": self.passed("clean"), "perturbed": self.passed("perturbed"), "of": len(self.clean)},
        }


async def replay(request: Replay) -> Replayed:
    """Run a replay. Nothing is stored. Raises `ConfigurationError` or `PlanError` for what is not there."""
    if request.agent is None:
        return await _gold(request)
    prepared = await prepare(
        Request(
            agent=request.agent,
            toolset=request.toolset,
            tasks=(request.task,),
            design=Design(seed=request.seed),
            model=request.model,
            program=request.program,
            store=Path(":memory:"),
        )
    )
    try:
        return await replay_prepared(request, prepared)
    finally:
        await prepared.agent.aclose()


async def replay_prepared(request: Replay, prepared: Prepared) -> Replayed:
    """The same with an agent and a toolset at hand: both arms, trial by trial."""
    operator = None if request.plan is None else from_json(request.plan)
    task = prepared.toolset.task(request.task)
    gold = prepared.gold
    started = time.perf_counter()
    usage = Usage()
    proof = await gold.prove(task, operator)
    _must_be_met(operator, proof, request)
    found: dict[str, list[Ran]] = {"clean": [], "perturbed": []}
    with Watchdog(request.limits.timeout) as watchdog:
        for trial in range(request.trial, request.trial + request.trials):
            for arm, plan in (("clean", None), ("perturbed", operator)):
                name, drawn = (None, None) if plan is None else (plan.id, request.plan)
                planned = Planned(key="", task=task.id, arm=arm, trial=trial, operator=name, plan=drawn)
                lens = lens_for(plan, gold.setup)
                episode = await run_episode(
                    prepared.toolset, task, prepared.agent.function, lens, planned, request.limits, watchdog
                )
                found[arm].append(ran(episode))
                usage = added(usage, episode.usage)
    return Replayed(request=request, proof=proof, usage=usage, seconds=time.perf_counter() - started, **found)


def ran(episode: Episode) -> Ran:
    """An episode as it is told."""
    return Ran(
        prompt=episode.prompt,
        steps=[step_data(step) for step in episode.steps],
        answer=episode.answer,
        outcome=episode.outcome,
        error=episode.error,
    )


def _must_be_met(operator: Operator | None, proof: Proof, request: Replay) -> None:
    """Refuse a plan that has nothing to do with the task: most often it was drawn for another state of the toolset."""
    if operator is None or proof.reason != "not_met":
        return
    named = ", ".join(sorted(operator.places())[:3])
    raise PlanError(
        f"the plan of {operator.id} changes nothing that task {request.task!r} of toolset {request.toolset!r} meets; it names "
        f"{named or 'no places'}. Draw it again with `perturb run`, or name another task"
    )


async def _gold(request: Replay) -> Replayed:
    operator = None if request.plan is None else from_json(request.plan)
    toolset = load_toolset(request.toolset)
    gold = Gold(toolset)
    task = toolset.task(request.task)
    proof = await gold.prove(task, operator)
    _must_be_met(operator, proof, request)
    clean_lens, lens = lens_for(None, gold.setup), lens_for(operator, gold.setup)
    clean = _ran(await run_gold(toolset, task, clean_lens), clean_lens, task)
    perturbed = _ran(await run_gold(toolset, task, lens), lens, task)
    return Replayed(request=request, proof=proof, clean=[clean], perturbed=[perturbed])


def _ran(run: GoldRun, lens: StackLens, task: Task) -> Ran:
    return Ran(
        prompt=shown_turns(lens, task)[0],
        steps=[_step(step, real) for step, real in zip(run.steps, run.real, strict=True)],
        answer=run.answer,
        outcome="passed" if run.passed else "failed",
    )


def _step(step: Step, real: Call | None) -> dict[str, Any]:
    told = None if real is None else {"name": real.name, "arguments": real.arguments}
    return {
        "call": {"name": step.call.name, "arguments": step.call.arguments},
        "reply": {"text": step.reply.text, "is_error": step.reply.is_error},
        "real": told,
    }
