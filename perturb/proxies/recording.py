"""What passed through a proxy, as episodes in the store."""

from __future__ import annotations

import time
import uuid

from perturb.boundary import Boundary, EnvironmentFault
from perturb.episode import Episode, Outcome
from perturb.leaks import Leaks
from perturb.operator import Operator, StackLens
from perturb.store import Store
from perturb.types import digest

TASK = "proxied"
"""The task of every session through a proxy: whatever its client was about."""
UNJUDGED = "a session through a proxy, which nobody has judged"


class Recorder:
    """Keeps the sessions of one proxy in a store, each as an episode with what was shown and what it stood for.

    Such an episode has no verdict unless its client gives one: its outcome is `not_applicable`, or `infrastructure_error` and
    `tester_fault` where one of those came up. Headers and environments of servers are no part of it.
    """

    def __init__(self, store: Store, operator: Operator | None) -> None:
        self._store = store
        self._operator = operator
        self._plan = None if operator is None else operator.to_json()

    def keep(
        self,
        boundary: Boundary,
        first: StackLens,
        key: str,
        started: float,
        *,
        answer: str | None = None,
        judged: bool | None = None,
    ) -> Episode | None:
        """Write a session down; `None` for one in which nothing was called or answered. `first` is the lens that it began
        under, `started` is of `time.perf_counter`; `answer` is the model's last one, `judged` the verdict on it."""
        if not boundary.steps and answer is None:
            return None
        outcome, error = _outcome(boundary, first, judged)
        episode = Episode(
            key=key,
            task=TASK,
            arm="clean" if self._operator is None else "perturbed",
            trial=0,
            outcome=outcome,
            operator=None if self._operator is None else self._operator.id,
            plan=self._plan,
            system=boundary.system,
            role=boundary.lens.setup.role,
            prompt=boundary.prompt,
            said=tuple(boundary.said),
            steps=tuple(boundary.steps),
            answer=answer,
            answer_real=None if answer is None else boundary.read_answer(answer),
            reasoning=tuple(boundary.reasoning) if any(boundary.reasoning) else (),
            usage=boundary.usage,
            exposed=boundary.exposed,
            error=error,
            seconds=time.perf_counter() - started,
            delayed=boundary.delayed,
        )
        self._store.add(episode)
        return episode


def _outcome(boundary: Boundary, first: StackLens, judged: bool | None) -> tuple[Outcome, str | None]:
    if boundary.fault is not None:
        ours: Outcome = "infrastructure_error" if isinstance(boundary.fault, EnvironmentFault) else "tester_fault"
        return ours, str(boundary.fault)
    leak = next(Leaks.of(first).in_steps(boundary.steps), None)
    if leak is not None:
        return "tester_fault", f"a name that the setup has retired was shown: {leak}"
    if judged is not None:
        return ("passed" if judged else "failed"), None
    return "not_applicable", UNJUDGED


def new_key() -> str:
    """The key of a session; no two are one."""
    return digest(["proxied", uuid.uuid4().hex], 24)
