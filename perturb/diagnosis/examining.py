"""One examination of an endpoint, group by group."""

from __future__ import annotations

from collections.abc import Callable

from perturb.diagnosis import advice, answers, kept_reasoning, limits, reasoning, tools
from perturb.diagnosis.line import Heard, Line
from perturb.diagnosis.records import Api, Diagnosis, Finding, value_of
from perturb.models.settings import ModelSettings
from perturb.types import JSON


def most(api: Api) -> int:
    """How many requests an examination sends at most, where none has to be tried again."""
    thinking = reasoning.MOST if api == "chat" else kept_reasoning.MOST[api]
    return answers.MOST + tools.MOST + thinking + limits.MOST


async def examine(
    api: Api, model: str, settings: ModelSettings, *, pause: float = 1.0, began: Callable[[str], None] | None = None
) -> Diagnosis:
    """Ask an endpoint what it does. `began` is told each group of questions as it begins.

    Raises `ConfigurationError` where the endpoint refuses the simplest request, `Unanswered` where it cannot answer it.
    """
    tell = began or (lambda group: None)
    line = Line(api, model, settings, pause)
    try:
        found: list[Finding] = []
        tell("answers")
        plain, told = await answers.plain(line)
        found += told
        streamed, told = await answers.streamed(line)
        found += told
        tell("tools")
        heard, told = await tools.calls(line)
        found += told
        if value_of(found, "tools"):
            found += await tools.strict(line)
        tell("reasoning")
        thinking, told = await _reasoning(line, [plain, streamed, *heard], bool(value_of(found, "tools")))
        found += told
        tell("limits")
        found += await limits.limits(line)
    finally:
        await line.aclose()
    flags = advice.flags(api, found, settings, thinking)
    agent = f"{api}:{model}"
    return Diagnosis(
        api=api,
        model=model,
        endpoint=line.endpoint,
        requests=line.requests,
        input_tokens=line.input_tokens,
        output_tokens=line.output_tokens,
        findings=tuple(found),
        agent=agent,
        settings=flags,
        command=advice.command(agent, flags),
        remarks=tuple(advice.remarks(api, found)),
    )


async def _reasoning(line: Line, heard: list[Heard], calls_tools: bool) -> tuple[dict[str, JSON], list[Finding]]:
    """The findings about reasoning, and the fields of a request with which it comes."""
    if line.api == "responses":
        return {}, await kept_reasoning.responses(line)
    if line.api == "anthropic":
        found, body = await kept_reasoning.anthropic(line)
        return body, found
    found = await reasoning.returned(line, heard)
    if calls_tools:
        found += await reasoning.honoured(line, value_of(found, "returned") or [], bool(value_of(found, "split")))
    return {}, found
