"""Tasks of Inspect, run perturbed: `python -m pip install "perturb-agents[inspect]"`.

from inspect_ai import Task, task_with
from perturb.frameworks.inspect_ai import perturbed

task = task_with(mine(), solver=perturbed(mine().solver, "tools.synonym"))
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

from inspect_ai.agent import Agent, as_solver, is_agent
from inspect_ai.model import ChatMessage, ModelOutput, get_model
from inspect_ai.solver import Generate, Solver, TaskState, chain, solver
from inspect_ai.tool import ToolInfo

from perturb.errors import ConfigurationError
from perturb.frameworks.inspect_messages import CHAT, Written
from perturb.operators import select
from perturb.proxies.openai_drawing import DrawnEpisodes
from perturb.proxies.openai_records import BadRequest
from perturb.proxies.plans import Wanted

_SAMPLE: ContextVar[_Sample | None] = ContextVar("the sample that is run perturbed", default=None)


@solver
def perturbed(
    inner: Solver | Agent | list[Solver], operators: str | Sequence[str], intensity: float = 1.0, seed: int = 7
) -> Solver:
    """A solver that shows the model of a task other tools, prompts and results than `inner` has, and reads its calls back.

    `operators` are ids, patterns or `preset:NAME`; none leaves all as it is. Whatever `inner` does with the tools
    stays: it sees its own alone. The plan is drawn anew for the tools of each sample, the same for the same seed. Raises
    `ConfigurationError` where none applies.
    """
    # A misspelt one is told before anything runs.
    wanted = Wanted(operators=(operators,) if isinstance(operators, str) else tuple(operators), intensity=intensity, seed=seed)
    if wanted.operators:
        select(wanted.operators)
    solvers: Any = chain(inner) if isinstance(inner, list) else as_solver(inner) if is_agent(inner) else inner

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        api: Any = get_model().api
        if not isinstance(api.generate, _Watched):
            api.generate = _Watched(api.generate)
        sample = _Sample(wanted)
        token = _SAMPLE.set(sample)
        try:
            ended: TaskState = await solvers(state, generate)
            return ended
        finally:
            _SAMPLE.reset(token)
            state.store.set("perturb", {"operators": list(wanted.operators), "episodes": sample.episodes.told()})

    return solve


class _Watched:
    """What a provider of Inspect does for a model, once that has been shown what the sample is to show it."""

    def __init__(self, generate: Any) -> None:
        self._generate = generate

    async def __call__(self, input: Any, tools: Any, tool_choice: Any, config: Any) -> Any:
        sample = _SAMPLE.get()
        if sample is None:
            return await self._generate(input, tools, tool_choice, config)
        return await sample.turn(self._generate, input, tools, tool_choice, config)


class _Sample:
    """One sample: the conversations of its model, as those of a proxy."""

    def __init__(self, wanted: Wanted) -> None:
        self.episodes = DrawnEpisodes(wanted, None, None, lambda message: None)
        self._written = Written()

    async def turn(self, ask: Any, input: list[ChatMessage], tools: list[ToolInfo], choice: Any, config: Any) -> Any:
        """The model's next turn as the solver is to see it. The model may be asked several times, or not at all."""
        body = self._written.body(input, tools, choice)
        try:
            episode = self.episodes.of(None, CHAT, body)
            if episode is None:
                return await ask(input, tools, choice, config)
            request = episode.begin(CHAT, body)
            output, call, used = ModelOutput(), list[Any](), None
            response = {} if request.handed is None else episode.made(request)
            while request.handed is None:
                told = await ask(*self._written.shown(episode.next_body(request), tools, choice), config)
                output, *call = told if isinstance(told, tuple) else (told,)
                if isinstance(output, Exception) or output.empty:
                    return told
                used = output.usage if used is None or output.usage is None else used + output.usage
                response = self._written.response(output)
                episode.take(request, response)
        except BadRequest as error:
            raise ConfigurationError(str(error).removeprefix("perturb proxy: ")) from error
        handed = self._written.output(output, CHAT.handed(response, request.handed.calls, request.handed.text, None))
        handed.usage = used
        return (handed, *call) if call else handed
