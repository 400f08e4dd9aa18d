"""Reads as `reader` does, and fails at random with the given probability: `flaky:0.3` gives no answer 3 times in 10.

Whether it fails is settled by the seed of the run and that of the episode: an episode that is run again ends the same way.
"""

from __future__ import annotations

import math
import random

from perturb.agent import Agent, AgentContext, LiveEpisode
from perturb.errors import ConfigurationError
from perturb.reference.notebook import Notebook
from perturb.reference.reading import ask_once, read_along


def create(context: AgentContext) -> Agent:
    probability = _probability(context.option)
    notebook = Notebook(context.transcripts)

    async def flaky(episode: LiveEpisode) -> str:
        if random.Random(f"{context.seed}\x1f{episode.seed}").random() < probability:
            return ""
        return await read_along(notebook, episode, ask_once)

    return flaky


def _probability(option: str) -> float:
    try:
        probability = float(option or "0.1")
    except ValueError:
        probability = math.nan
    if not 0 <= probability <= 1:
        raise ConfigurationError(
            f"agent 'flaky': {option!r} is no probability of failing; give a number from 0 to 1, such as flaky:0.3"
        )
    return probability
