"""The agent loop: a model, the tools of an episode, and the scaffold between them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from perturb.agent import LimitReached, LiveEpisode
from perturb.models.asking import Asker
from perturb.models.records import Answered, History, Message, Part, Said, Told, ToolCall, Tools

Written = tuple[History, Tools]


def _native(history: History, tools: Tools) -> Written:
    return history, tools


class Scaffold(msgspec.Struct, frozen=True, kw_only=True):
    """What stands between a model and an episode.

    A call format is the pair `write` and `parse`: `write` puts a history and the tools into the form that goes to the server
    (as they are, for calls in the server's own form; into text, for others), `parse` reads the calls out of a turn that came
    back. `remember` gives the history that the model is shown of the whole one: a reasoning policy, or a window. All three
    are functions of what they are given alone, and change nothing in place.
    """

    write: Callable[[History, Tools], Written] = _native
    parse: Callable[[Said, Tools], Said] = lambda said, tools: said
    remember: Callable[[History], History] = lambda history: history
    max_turns: int = 100


async def converse(episode: LiveEpisode, asker: Asker, scaffold: Scaffold) -> str:
    """Carry an episode through to the answer of the model."""
    conversation = asker.conversation(episode)
    history: list[Message] = [Told(one["role"], one["content"]) for one in episode.messages]  # type: ignore[arg-type]
    for _ in range(scaffold.max_turns):
        tools = tuple(episode.tools)
        written = scaffold.write(scaffold.remember(history), tools)
        said = scaffold.parse(with_ids(await conversation.ask(*written), len(history)), tools)
        history.append(said)
        if said.calls:
            replies = await episode.calls([(call.name, call.arguments) for call in said.calls])
            history += [
                Answered(call.id, call.name, reply.text, reply.is_error)
                for call, reply in zip(said.calls, replies, strict=True)
            ]
            continue
        following = await episode.next_user(said.text)
        if following is None:
            return said.text
        history.append(Told("user", following))
    raise LimitReached(f"the model took {scaffold.max_turns} turns and was not done; allow more with --max-turns")


def with_ids(said: Said, place: int) -> Said:
    """A turn whose calls have ids that tell them apart: some servers send none, or one twice, and take neither back."""
    seen: set[str] = set()
    parts: list[Part] = []
    for index, part in enumerate(said.parts):
        if isinstance(part, ToolCall):
            if not part.id or part.id in seen:
                name = f"call_{place}_{index}"
                part = msgspec.structs.replace(part, id=name, wire=_renamed(part.wire, name))
            seen.add(part.id)
        parts.append(part)
    return msgspec.structs.replace(said, parts=tuple(parts))


def _renamed(wire: object, name: str) -> object:
    if not isinstance(wire, dict):
        return wire
    return {**wire, "call_id" if "call_id" in wire else "id": name}
