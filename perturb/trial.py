"""One episode, from a fresh environment to exactly one outcome, whatever the agent, an operator or a check does on the way."""

from __future__ import annotations

import contextlib
import inspect
import time
from collections.abc import Callable
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread

from perturb import texts
from perturb.agent import Agent, EndOfRun, EpisodeEnded, RunSpent
from perturb.boundary import Boundary, BudgetExceeded, EnvironmentFault
from perturb.episode import Episode, Outcome
from perturb.leaks import Leaks
from perturb.metering import Purse
from perturb.operator import StackLens
from perturb.planning import Limits
from perturb.store import Planned
from perturb.toolset import Environment, Task, Toolset
from perturb.types import Usage
from perturb.watchdog import BlockedLoop, Watchdog


async def run_episode(
    toolset: Toolset,
    task: Task,
    agent: Agent,
    lens: StackLens,
    planned: Planned,
    limits: Limits,
    watchdog: Watchdog | None = None,
    purse: Purse | None = None,
) -> Episode:
    """One episode, from a fresh environment to exactly one outcome. Never raises for what an agent, an operator, a check or
    an environment does. Raises `RunSpent` where `purse` has nothing left for it: it has no outcome then."""
    started = time.perf_counter()
    environment = None
    boundary: Boundary | None = None
    answer: str | None = None
    answer_real: str | None = None
    outcome: Outcome
    error: str | None = None
    try:
        environment = toolset.environment(task)
        boundary = Boundary(lens, task, environment, max_calls=limits.max_calls)
        boundary.key, boundary.repeat, boundary.purse = planned.key, planned.trial, purse
        boundary.origin = task.id, planned.plan, planned.trial
    except (Exception, SystemExit, BlockedLoop) as problem:
        outcome = "infrastructure_error" if environment is None else "tester_fault"
        what = "the environment could not be made" if environment is None else "the setup could not be shown"
        error = f"{what}: {texts.told(problem)}"
    else:
        answer, outcome_or_none, error = await _act(agent, boundary, limits, watchdog)
        leak = _leak(lens, boundary)
        if leak is not None:
            outcome, error = "tester_fault", f"a name that the setup has retired was shown: {leak}"
        elif outcome_or_none is not None:
            outcome = outcome_or_none
        else:
            outcome, answer_real, error = _judge(toolset, task, boundary, answer or "")
    finally:
        if boundary is not None:
            boundary.over = True
        if environment is not None:
            _close(environment)
    if boundary is not None and boundary.abandoned:
        raise RunSpent
    return Episode(
        key=planned.key,
        task=task.id,
        arm="clean" if planned.arm == "clean" else "perturbed",
        trial=planned.trial,
        outcome=outcome,
        operator=planned.operator,
        plan=planned.plan,
        system=boundary.system if boundary else "",
        role=boundary.lens.setup.role if boundary else "system",
        prompt=boundary.prompt if boundary else task.prompt,
        said=tuple(boundary.said) if boundary else (),
        steps=tuple(boundary.steps) if boundary else (),
        answer=answer,
        answer_real=answer_real,
        reasoning=tuple(boundary.reasoning) if boundary and any(boundary.reasoning) else (),
        exposed=boundary.exposed if boundary else False,
        unparsed=boundary.unparsed if boundary else 0,
        error=error,
        usage=boundary.usage if boundary else Usage(),
        seconds=time.perf_counter() - started,
        delayed=boundary.delayed if boundary else 0.0,
    )


async def _act(
    agent: Agent, boundary: Boundary, limits: Limits, watchdog: Watchdog | None
) -> tuple[str | None, Outcome | None, str | None]:
    """Let the agent act: its answer, or the outcome that it ends in without one, with the reason."""
    answer: Any = None
    problem: BaseException | None = None
    late = False
    scope = boundary.clock = anyio.CancelScope(deadline=anyio.current_time() + limits.timeout)
    try:
        with scope:
            if watchdog is not None:
                watchdog.beat()
                watchdog.hold(scope)
            if inspect.iscoroutinefunction(agent):
                answer = await agent(boundary)
            else:
                answer = await _call_plain(agent, boundary)
        late = scope.cancelled_caught
    except BlockedLoop:
        late = True
        assert watchdog is not None
        watchdog.excuse_others(scope)
    except (KeyboardInterrupt, EndOfRun):
        raise
    except anyio.get_cancelled_exc_class() as raised:
        # Either the whole run is being cancelled, or the agent cancelled itself: that ends its own episode alone.
        await anyio.lowlevel.checkpoint_if_cancelled()
        problem = raised
    except BaseException as raised:
        problem = raised
    finally:
        if watchdog is not None:
            watchdog.release(scope)
    if boundary.fault is not None:
        ours: Outcome = "infrastructure_error" if isinstance(boundary.fault, EnvironmentFault) else "tester_fault"
        return None, ours, str(boundary.fault)
    if late:
        return None, "budget_exceeded", f"the agent was not done after {limits.timeout:g} s; a run allows more with --timeout"
    if boundary.over_budget or isinstance(problem, BudgetExceeded):
        return None, "budget_exceeded", f"the agent made more than {limits.max_calls} calls; a run allows more with --max-calls"
    if isinstance(problem, EpisodeEnded):
        return None, problem.outcome, texts.writable(str(problem))
    if problem is not None:
        return None, "agent_error", f"the agent raised {texts.told(problem)}{_place(problem)}"
    if answer is not None and not isinstance(answer, str):
        return None, "agent_error", f"the agent returned a {type(answer).__name__}; it must return its answer as text, or None"
    # The text alone of a subclass of str, which no encoder knows.
    return answer if answer is None else texts.writable(str.__str__(answer)), None, None


async def _call_plain(agent: Agent, boundary: Boundary) -> Any:
    """A function that is no coroutine function: it may still give an awaitable; else it is run in a thread, where it can use
    the episode through a blocking face."""
    if inspect.iscoroutinefunction(getattr(agent, "__call__", None)):  # noqa: B004 - an object with an async __call__
        return await agent(boundary)  # type: ignore[misc]
    blocking = BlockingEpisode(boundary)
    # A limiter of its own: a thread that never returns must not keep a later episode waiting.
    answer = await anyio.to_thread.run_sync(lambda: agent(blocking), abandon_on_cancel=True, limiter=anyio.CapacityLimiter(1))
    if inspect.isawaitable(answer):
        answer = await answer
    return answer


class BlockingEpisode:
    """A live episode for an agent that is a plain function: the same names, and calls that return their replies."""

    def __init__(self, boundary: Boundary) -> None:
        self._boundary = boundary

    @property
    def system(self) -> str:
        return self._boundary.system

    @property
    def prompt(self) -> str:
        return self._boundary.prompt

    @property
    def messages(self) -> Any:
        return self._boundary.messages

    @property
    def tools(self) -> Any:
        return self._boundary.tools

    def call(self, name: str, arguments: Any) -> Any:
        return _awaited(self._boundary.call, name, arguments)

    def calls(self, calls: Any) -> Any:
        return _awaited(self._boundary.calls, calls)

    def next_user(self, answer: str = "") -> Any:
        return _awaited(self._boundary.next_user, answer)

    @property
    def repeat(self) -> int:
        return self._boundary.repeat

    @property
    def seed(self) -> int:
        return self._boundary.seed

    def used(self, usage: Usage, *, reasoning: str = "", replayed: bool = False) -> None:
        import anyio.from_thread

        anyio.from_thread.run_sync(lambda: self._boundary.used(usage, reasoning=reasoning, replayed=replayed))


def _awaited(function: Callable[..., Any], *arguments: Any) -> Any:
    import anyio.from_thread

    return anyio.from_thread.run(function, *arguments)


def _leak(lens: StackLens, boundary: Boundary) -> str | None:
    """The first retired name in what an episode has shown; what the agent itself had said before is none. What it is shown
    before it acts was looked through as the pair was proven."""
    leaks = Leaks.of(lens)
    if not leaks.sought:
        return None
    said = [one.answer for one in boundary.said]
    return next((str(leak) for leak in leaks.in_steps(boundary.steps, said)), None)


def _judge(toolset: Toolset, task: Task, boundary: Boundary, answer: str) -> tuple[Outcome, str | None, str | None]:
    """The verdict on a finished episode; a judge that raises is our fault, never the agent's."""
    fresh: list[Any] = []

    def make() -> Any:
        fresh.append(toolset.environment(task))
        return fresh[-1]

    try:
        answer_real = boundary.read_answer(answer)
        final = boundary.final_environment(make)
        passed = toolset.check(task, final, answer_real, boundary.real_calls)
    except (Exception, SystemExit, BlockedLoop) as error:
        return "tester_fault", None, f"the check of task {task.id!r} raised {texts.told(error)}"
    finally:
        for environment in fresh:
            _close(environment)
    return ("passed" if passed else "failed"), answer_real, None


def _close(environment: Environment) -> None:
    """An episode is over, whatever its environment says to that."""
    with contextlib.suppress(Exception, SystemExit):
        environment.close()


def _place(problem: BaseException) -> str:
    """The last place of the agent's own code in a traceback, as `, file.py line 12`."""
    import pathlib
    import traceback

    ours = pathlib.Path(__file__).parent, pathlib.Path(anyio.__file__).parent
    frames = [
        frame
        for frame in traceback.extract_tb(problem.__traceback__)
        if not any(pathlib.Path(frame.filename).is_relative_to(folder) for folder in ours)
    ]
    return f", {pathlib.Path(frames[-1].filename).name} line {frames[-1].lineno}" if frames else ""
