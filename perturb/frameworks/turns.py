"""What every adapter of a framework does alike: the user's turns, the two system prompts, and whose fault an error is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NoReturn

from perturb.agent import EndOfRun, LimitReached, LiveEpisode, ProviderFailed, SetupRefused
from perturb.errors import ConfigurationError
from perturb.models.troubles import BUSY, FAILING, of_status
from perturb.types import JSON


async def answered(episode: LiveEpisode, ask: Callable[[str], Awaitable[str]]) -> str:
    """The answer to the last thing that the user says; `ask` gives the answer to one message, in view of those before."""
    answer = await ask(episode.prompt)
    while (message := await episode.next_user(answer)) is not None:
        answer = await ask(message)
    return answer


def joined(own: str | None, system: str) -> str:
    """The instructions that an agent has of its own, and after them the system prompt of the toolset."""
    return "\n\n".join(part for part in (own, system) if part)


@contextmanager
def providers_faults_told() -> Iterator[None]:
    """Tell an error of the provider, as the `openai` SDK raises it, apart from one of the agent: the first is nothing that an
    agent is to be blamed for. The SDK has tried again by then as often as it was told to."""
    import openai

    try:
        yield
    except openai.APIStatusError as error:
        blame_provider(error.status_code, error.body, error.response.headers)
    except openai.APIConnectionError as error:
        raise ProviderFailed(f"the model cannot be reached: {error}") from error


def blame_provider(status: int, body: JSON, headers: Mapping[str, str] | None = None) -> NoReturn:
    """Raise what an episode deserves after a response with an error, as with an agent of ours: the provider failed, the context
    is too long, or the setup was refused; `EndOfRun` where nobody may ask."""
    trouble = of_status(status, body, headers or {}, "the model")
    if trouble.kind in BUSY | FAILING:
        raise ProviderFailed(str(trouble))
    if trouble.kind == "too_long":
        raise LimitReached(str(trouble))
    if trouble.kind == "not_allowed":
        raise EndOfRun(str(trouble)) from ConfigurationError(str(trouble))
    raise SetupRefused(str(trouble))
