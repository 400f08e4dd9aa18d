"""The record of one run of an agent on one task, as shown and as real, and the ways in which it can end."""

from __future__ import annotations

import json
from typing import Literal, get_args

import msgspec

from perturb.types import JSON, Call, Reply, Usage

Outcome = Literal[
    "passed",
    "failed",
    "agent_error",
    "budget_exceeded",
    "unsolvable",
    "invalid_setup",
    "infrastructure_error",
    "tester_fault",
    "not_applicable",
]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
AGENT_OUTCOMES: frozenset[str] = frozenset({"passed", "failed", "agent_error", "budget_exceeded"})
"""The outcomes that speak of the agent; the others never enter a rate."""

Arm = Literal["clean", "perturbed"]


class EpisodeStep(msgspec.Struct, frozen=True):
    """One call of the agent's: as it was shown, and the calls it became in the toolset's own terms.

    `batch` counts the agent's turns: calls of one batch were made at once. `stale` marks a call in a retired form.
    `malformed` is the text of arguments that were no JSON object.
    """

    call: Call
    reply: Reply
    real: tuple[Call, ...] = ()
    batch: int = 0
    stale: bool = False
    malformed: str | None = None


class Said(msgspec.Struct, frozen=True):
    """A further turn: after `steps` steps the agent said `answer` (`""` for nothing), and the user said `message`."""

    steps: int
    answer: str
    message: str


class Episode(msgspec.Struct, frozen=True, kw_only=True):
    """One run. `key` is a digest of everything that could change it; `answer` is as the agent gave it. `said` holds the turns
    behind the first; `role` is in whose name the system prompt was sent. `unparsed` counts the turns of a model that
    were in no form that its scaffold reads."""

    key: str
    task: str
    arm: Arm
    trial: int
    outcome: Outcome
    operator: str | None = None
    plan: dict[str, JSON] | None = None
    system: str = ""
    role: str = "system"
    prompt: str = ""
    said: tuple[Said, ...] = ()
    steps: tuple[EpisodeStep, ...] = ()
    answer: str | None = None
    answer_real: str | None = None
    reasoning: tuple[str, ...] = ()
    exposed: bool = False
    unparsed: int = 0
    error: str | None = None
    usage: Usage = Usage()
    seconds: float = 0.0
    delayed: float = 0.0

    @property
    def stale(self) -> int:
        """How many calls came in a form that was retired."""
        return sum(step.stale for step in self.steps)


def messages(episode: Episode) -> list[dict[str, JSON]]:
    """The episode as OpenAI chat messages, in shown terms; calls of one batch share an assistant message."""
    made: list[dict[str, JSON]] = []
    if episode.system:
        made.append({"role": episode.role, "content": episode.system})
    made.append({"role": "user", "content": episode.prompt})
    batch: int | None = None
    answers: list[dict[str, JSON]] = []
    turns = list(episode.said)

    def say(until: int) -> None:
        nonlocal answers, batch
        while turns and turns[0].steps <= until:
            made.extend(answers)
            answers, batch = [], None
            turn = turns.pop(0)
            made.append({"role": "assistant", "content": turn.answer})
            made.append({"role": "user", "content": turn.message})

    for index, step in enumerate(episode.steps):
        say(index)
        if step.batch != batch:
            made += answers
            answers = []
            batch = step.batch
            made.append({"role": "assistant", "content": None, "tool_calls": []})
        identifier = f"call_{index}"
        arguments = step.malformed if step.malformed is not None else json.dumps(step.call.arguments)
        calls = made[-1]["tool_calls"]
        calls.append({"id": identifier, "type": "function", "function": {"name": step.call.name, "arguments": arguments}})
        answers.append({"role": "tool", "tool_call_id": identifier, "content": step.reply.text})
    say(len(episode.steps))
    made += answers
    if episode.answer is not None:
        made.append({"role": "assistant", "content": episode.answer})
    return made
