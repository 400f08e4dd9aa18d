"""A toolset of twelve tasks in a file, and agents that break in exactly one way, for designs that are run in processes."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable
from typing import Any

import anyio

from perturb.authoring import toolset
from perturb.toolset import Task
from perturb.types import Call


class Lamps:
    def __init__(self) -> None:
        self.ordered: list[int] = []

    def order_lamps(self, number: int) -> dict[str, int]:
        """Order lamps from the supplier."""
        self.ordered.append(number)
        return {"now": sum(self.ordered)}


def has(number: int) -> Callable[..., Any]:
    return lambda lamps, answer, calls: lamps.ordered == [number] and answer == "done"


PROMPTS = ("Order {} lamps.", "Order {} lamps. I'm Jane Porter.")
"""Sentences can change places in every second one."""

TOOLSET = toolset(
    Lamps,
    name="lamps",
    tasks=[
        Task(
            id=f"n{n}", prompt=PROMPTS[n % 2].format(n), gold=(Call("order_lamps", {"number": n}),), answer="done", check=has(n)
        )
        for n in range(1, 13)
    ],
)


async def done(episode: Any) -> tuple[Any, str]:
    """Do the task in whatever form it is shown; the tool and the reply that were met."""
    tool = next(tool for tool in episode.tools if "rder lamps" in tool.description)
    name = next(iter(tool.parameters["properties"]))
    reply = await episode.call(tool.name, {name: int(re.search(r"\d+", episode.prompt).group())})  # type: ignore[union-attr]
    await anyio.sleep(float(os.environ.get("SLOW", "0")))
    return tool, reply.text


def _renamed(tool: Any) -> bool:
    return bool(tool.name != "order_lamps")


def _wordy(tool: Any) -> bool:
    return not tool.description.startswith("Order lamps")


async def sound(episode: Any) -> str:
    await done(episode)
    return "done"


async def breaks_on_names(episode: Any) -> str:
    tool, _ = await done(episode)
    return "" if _renamed(tool) else "done"


async def breaks_on_both(episode: Any) -> str:
    tool, _ = await done(episode)
    return "" if _renamed(tool) and _wordy(tool) else "done"


async def breaks_on_names_first(episode: Any) -> str:
    await done(episode)
    return "done" if episode.prompt.startswith("Order") else ""


async def wavers(episode: Any) -> str:
    """Fails at random, whatever it is shown; an episode has its own luck, so that a killed run ends as if it had not been."""
    await done(episode)
    return "" if random.Random(episode.key).random() < 0.3 else "done"
