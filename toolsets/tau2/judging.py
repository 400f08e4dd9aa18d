"""The verdict on an episode, by tau2's own evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inspect_ai.model import ChatMessageAssistant, ChatMessageUser, ModelName
from inspect_ai.scorer import CORRECT, Target
from inspect_ai.solver import TaskState
from inspect_ai.tool import ToolCall
from inspect_evals.tau2.common.agents import StoredAgentState
from inspect_evals.tau2.common.metadata import Tau2MetaData
from inspect_evals.tau2.common.scorer import evaluate_required_actions, score_communicated_info
from inspect_evals.tau2.data_model.tasks import Task as TheirTask
from inspect_evals.tau2.telecom.scorer import env_assertions

from perturb.types import Call

from .environment import Tau2Environment, done, within

INSTANCE = "perturb"


def communicated(task: TheirTask, said: str) -> bool:
    """Whether what an agent has said holds what the user had to be told."""
    return _scored(score_communicated_info(), _state(task, said, ()))


def telecom_passed(task: TheirTask, environment: Tau2Environment, calls: Sequence[Call], user_tools: frozenset[str]) -> bool:
    """tau2's verdict on telecom: its assertions about the world, and where the task says so the actions that were taken."""
    mine, users = ([call for call in calls if (call.name in user_tools) is theirs] for theirs in (False, True))
    state = _state(task, "", users)
    with within(environment.store):
        agent = StoredAgentState(instance=INSTANCE)
        agent.messages = _messages(mine)
        required = evaluate_required_actions(check_reward_basis=True, get_agent_state=lambda instance: agent)
        return _scored(required, state) and _scored(env_assertions(), state)


def _scored(scorer: Any, state: TaskState) -> bool:
    return bool(done(scorer(state, Target(""))).value == CORRECT)


def _state(task: TheirTask, said: str, calls: Sequence[Call]) -> TaskState:
    """An episode as tau2's scorers look at it: in it the agent's words are a user's, since it is the user who is played."""
    return TaskState(
        model=ModelName("none/none"),
        sample_id=task.id,
        epoch=1,
        input="",
        messages=[ChatMessageUser(content=said), *_messages(calls)],
        metadata=Tau2MetaData(instance=INSTANCE, task=task).model_dump(),
    )


def _messages(calls: Sequence[Call]) -> list[Any]:
    made = [ToolCall(id=str(place), function=call.name, arguments=call.arguments) for place, call in enumerate(calls)]
    return [ChatMessageAssistant(content="", tool_calls=made)] if made else []
