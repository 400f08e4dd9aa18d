"""Hearing a user out: all that is said in an episode, before anything is done."""

from __future__ import annotations

from perturb.agent import LiveEpisode


async def heard(episode: LiveEpisode) -> str:
    """The prompt and every further turn of the user's, parted by an empty line."""
    said = [episode.prompt]
    while (message := await episode.next_user()) is not None:
        said.append(message)
    return "\n\n".join(said)
