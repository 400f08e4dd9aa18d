"""Agents that know every setup and do their task in it, but for one weakness that is planted in them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from perturb.agent_files import LoadedAgent
from perturb.boundary import Boundary
from perturb.episode import EpisodeStep
from perturb.operator import StackLens
from perturb.types import Answer, Call, Failure


class Met(NamedTuple):
    """A gold call that was carried out in a setup, by these shown calls and what they were answered."""

    lens: StackLens
    gold: Call
    shown: list[Call]
    answers: list[Answer]


Symptom = Callable[[Met], bool]
"""Whether the agent has met what it is weak at."""


def planted(*needed: Symptom, noise: float = 0.0, broken: float = 0.0, seed: int = 0, name: str = "planted") -> LoadedAgent:
    """An agent that passes but for a share `noise` of its episodes. Where it has met all that is `needed` for it to break, it
    passes a share `broken` only. Its luck comes from the key of the episode, so that one episode always ends alike."""

    async def agent(episode: Boundary) -> str:
        luck = random.Random(f"{seed}\x1f{episode.key}").random()
        missing = set(range(len(needed)))
        while await episode.next_user() is not None:
            pass
        for gold in episode.task.gold or ():
            met = await _done(episode, gold)
            missing -= {number for number in missing if needed[number](met)}
        weak = bool(needed) and not missing
        if luck >= (broken if weak else 1.0 - noise):
            raise RuntimeError("lost")  # no answer would do: checks of the state alone do not mind it
        return episode.lens.show_answer(episode.task.answer)

    return LoadedAgent(name=name, digest=f"{seed}-{noise}-{broken}", function=agent)  # type: ignore[arg-type]


async def _done(episode: Boundary, gold: Call) -> Met:
    lens, generator = episode.lens, episode.perform(gold)
    shown, calls, answers = next(generator), [], []
    while True:
        calls.append(shown)
        answers.append(await episode.send(shown))
        reached = tuple(episode.real_calls[-1:])
        episode.steps.append(EpisodeStep(shown, episode.reply(shown, answers[-1]), reached, len(episode.steps)))
        episode.end_batch()
        try:
            shown = generator.send(answers[-1])
        except StopIteration:
            return Met(lens, gold, calls, answers)


def renamed_argument(place: str) -> Symptom:
    """The argument at a place of the tool that is called has another name."""
    tool, name = place.split(".", 1)[0], place.rsplit(".", 1)[-1]

    def met(what: Met) -> bool:
        found = _shown(what, place) if what.gold.name == tool and name in what.gold.arguments else {}
        return bool(found) and name not in found

    return met


def recoded_enum(place: str) -> Symptom:
    """The argument at a place takes other values than the toolset's own."""
    tool, name = place.split(".", 1)

    def met(what: Met) -> bool:
        if what.gold.name != tool or name not in what.gold.arguments:
            return False
        own = what.lens.real.by_name[tool].parameters["properties"][name]["enum"]
        return any("enum" in child and child["enum"] != own for child in _shown(what, place).values())

    return met


def renamed_tool(tool: str) -> Symptom:
    """The tool that is called goes by another name."""
    return lambda what: what.gold.name == tool and all(call.name != tool for call in what.shown)


def third_page(tool: str) -> Symptom:
    """One call of a tool takes three or more, all of them answered."""

    def met(what: Met) -> bool:
        answered = [one for one in what.answers if not isinstance(one, Failure)]
        return what.gold.name == tool and len(answered) >= 3

    return met


def refused_first(tool: str) -> Symptom:
    """A call that is right is refused before it works."""
    return lambda what: (
        what.gold.name == tool and isinstance(what.answers[0], Failure) and not isinstance(what.answers[-1], Failure)
    )


def either(*symptoms: Symptom) -> Symptom:
    return lambda what: any(one(what) for one in symptoms)


def _shown(what: Met, place: str) -> dict[str, Any]:
    """The properties that stand at a place in the shown tools, by their names."""
    tools = [tool for tool in what.lens.setup.tools if what.gold.name in tool.stands_for]
    return {name: child for tool in tools for name, child in _properties(tool.parameters) if child.get("x-place") == place}


def _properties(schema: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(schema, dict):
        for name, child in (schema.get("properties") or {}).items():
            yield name, child
            yield from _properties(child)
        for key in ("items", "additionalProperties", "anyOf", "oneOf", "allOf"):
            value = schema.get(key)
            for one in value if isinstance(value, list) else [value]:
                yield from _properties(one)
