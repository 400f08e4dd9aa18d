"""The agent loop: a model, the tools of an episode, and the scaffold between them."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import msgspec

from perturb.agent import LimitReached, LiveEpisode
from perturb.messages import Answered, Message, Part, Said, Told, ToolCall
from perturb.models.asking import Asker
from perturb.scaffold import NATIVE, Scaffold, renamed

MOST_TURNS = 100


@runtime_checkable
class Scaffolded(Protocol):
    """An episode that brings the scaffold which is to stand between it and a model, and is told what comes of that: `unparsed`
    counts the turns that could not be read, and `wrote_otherwise` is called where anything is sent in another form than the
    server's own."""

    unparsed: int

    @property
    def scaffold(self) -> Scaffold: ...

    def wrote_otherwise(self) -> None: ...


async def converse(episode: LiveEpisode, asker: Asker, max_turns: int = MOST_TURNS) -> str:
    """Carry an episode through to the answer of the model."""
    conversation = asker.conversation(episode)
    history: list[Message] = [Told(one["role"], one["content"]) for one in episode.messages]  # type: ignore[arg-type]
    for _ in range(max_turns):
        tools = tuple(episode.tools)
        scaffold = episode.scaffold if isinstance(episode, Scaffolded) else NATIVE
        written = scaffold.write(history, tools)
        if isinstance(episode, Scaffolded) and written != (history, tools):
            episode.wrote_otherwise()
        heard = scaffold.parse(await conversation.ask(*written), tools, history)
        said = with_ids(heard.said, len(history))
        history.append(said)
        if heard.complaint:
            if isinstance(episode, Scaffolded):
                episode.unparsed += 1
            history.append(Told("user", heard.complaint))
            continue
        if said.calls:
            history += await _answers(episode, said, at_once=scaffold.turns == "parallel")
            continue
        more = scaffold.follow(history)
        if more is not None:
            if isinstance(episode, Scaffolded):
                episode.wrote_otherwise()
        else:
            more = await episode.next_user(heard.answer)
        if more is None:
            return heard.answer
        history.append(Told("user", more))
    raise LimitReached(f"the model took {max_turns} turns and was not done; allow more with --max-turns")


async def _answers(episode: LiveEpisode, said: Said, *, at_once: bool) -> list[Message]:
    """What the calls of a turn give."""
    wanted = [(call.name, call.arguments) for call in said.calls]
    if at_once:
        replies = await episode.calls(wanted)
    else:
        replies = [await episode.call(name, arguments) for name, arguments in wanted]
    return [Answered(call.id, call.name, reply.text, reply.is_error) for call, reply in zip(said.calls, replies, strict=True)]


def with_ids(said: Said, place: int) -> Said:
    """A turn whose calls have ids that tell them apart: some servers send none, or one twice, and take neither back."""
    seen: set[str] = set()
    parts: list[Part] = []
    for index, part in enumerate(said.parts):
        if isinstance(part, ToolCall):
            if not part.id or part.id in seen:
                part = renamed(part, f"call_{place}_{index}")
            seen.add(part.id)
        parts.append(part)
    return msgspec.structs.replace(said, parts=tuple(parts))
