"""What the system and the users of a client say, as its model is shown it: the same words always in the same way."""

from __future__ import annotations

from perturb.boundary import Boundary
from perturb.operator import Setup


class ShownTexts:
    """Shows the prompts of one episode. What was shown once stays as it is, whatever has changed in the setup since."""

    def __init__(self, boundary: Boundary, setup: Setup) -> None:
        self._boundary = boundary
        self._own = setup.system
        self._systems = {setup.system: boundary.system}
        self._users: dict[tuple[str, ...], tuple[str, ...]] = {}
        task = boundary.task
        known = (task.prompt, *task.follow_ups)
        if len(boundary.turns) == len(known):
            self._users = {known[: place + 1]: (text,) for place, text in enumerate(boundary.turns)}

    def system(self, text: str) -> str:
        """A system prompt; `""` where it is shown elsewhere."""
        if text not in self._systems:
            self._systems[text] = self._boundary.shown_text(text)
        return self._systems[text]

    @property
    def added_system(self) -> str:
        """The system prompt that is shown where there is none."""
        return "" if self._own else self._boundary.system

    def users(self, said: tuple[str, ...]) -> list[tuple[str, ...]]:
        """For each of the user's messages what is said in its place: one message, or several, one a turn."""
        groups: list[tuple[str, ...]] = []
        for place in range(len(said)):
            known = said[: place + 1]
            if known not in self._users:
                shown = self._boundary.shown_turns(known)[sum(map(len, groups)) :]
                self._users[known] = shown or (self._boundary.shown_text(said[place]),)
            groups.append(self._users[known])
        return groups
