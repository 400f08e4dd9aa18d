"""The episodes of a proxy that stands by itself: begun by whoever comes, each with a plan for the tools that it brings."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import msgspec

from perturb.boundary import Boundary
from perturb.errors import PerturbError
from perturb.operator import Operator, Setup, StackLens, lens_for
from perturb.proxies.batch import Elsewhere
from perturb.proxies.openai_episode import ProxiedEpisode
from perturb.proxies.openai_records import BadRequest, Entry, Raw, Said, Turn, Wire
from perturb.proxies.openai_tools import RequestToolset, among_clients, tools_digest
from perturb.proxies.plans import Wanted, drawn
from perturb.proxies.recording import TASK, Recorder, new_key
from perturb.store import Store
from perturb.toolset import Task, Toolset
from perturb.types import JSON, digest

_NO_LIMIT = 1_000_000_000
_MOST = 5_000
"""How many episodes are remembered; those that have rested longest are forgotten first, in the store they stay."""


class Drawn(msgspec.Struct, frozen=True):
    """What an episode is shown."""

    lens: StackLens
    setup: Setup
    operator: Operator | None
    left_out: dict[str, str]


class DrawnEpisodes:
    """See `perturb.proxies.openai_app.Episodes`. `toolset` is what the tools of requests are known as; without it they are what
    the first request of an episode says of them. `say` is told once of each thing that a person should know."""

    def __init__(self, wanted: Wanted, toolset: Toolset | None, store: Store | None, say: Callable[[str], None]) -> None:
        self._wanted = wanted
        self._toolset = toolset
        self._store = store
        self._say = say
        self._said: set[str] = set()
        self._episodes: dict[str, ProxiedEpisode] = {}
        self._drawn: dict[str, Drawn] = {}
        self._of_opening: dict[str, list[str]] = {}
        self._opening: dict[str, str] = {}
        self._operators: dict[str, Operator | None] = {}

    def of(self, id: str | None, wire: Wire, body: Raw) -> ProxiedEpisode | None:
        found = self._episodes.get(id) if id is not None else self._told_by_its_words(wire, body)
        if found is not None:
            self._episodes[found.id] = self._episodes.pop(found.id)
            return found
        if not wire.functions(body):
            return None
        return self._begin(id or new_key(), wire, body)

    def _told_by_its_words(self, wire: Wire, body: Raw) -> ProxiedEpisode | None:
        """The episode that a request goes on with, where no name says which. One that holds an opening and nothing else
        begins an episode, however many have begun alike."""
        if wire.earlier(body) is not None:
            return next((one for one in reversed(self._episodes.values()) if one.knows(wire, body)), None)
        alike = (self._episodes[id] for id in reversed(self._of_opening.get(_opening(wire, body), ())))
        known = [one for one in alike if one.knows(wire, body)]
        # Of several that have come to the same words, each goes on once.
        return next((one for one in known if not one.has_begun(wire, body)), known[0] if known else None)

    def _begin(self, id: str, wire: Wire, body: Raw) -> ProxiedEpisode:
        entries = wire.entries(body)
        prompt = next((one.text or "" for one in entries if isinstance(one, Said) and one.role == "user"), "")
        try:
            found = self._draw(wire, body, entries, prompt)
        except PerturbError as error:
            self._tell(str(error))
            raise BadRequest(f"perturb proxy: {error}", kind="perturb_configuration") from error
        boundary = Boundary(found.lens, Task(id=TASK, prompt=prompt), Elsewhere(), max_calls=_NO_LIMIT)
        episode = self._episodes[id] = ProxiedEpisode(id, boundary, found.setup)
        self._operators[id] = found.operator
        opening = self._opening[id] = _opening(wire, body)
        self._of_opening.setdefault(opening, []).append(id)
        if len(self._episodes) > _MOST:
            self._forget(next(iter(self._episodes)))
        return episode

    def _draw(self, wire: Wire, body: Raw, entries: list[Entry], prompt: str) -> Drawn:
        functions = wire.functions(body)
        system = wire.instructions(body)
        if system is None:
            said = (one.text for one in entries if isinstance(one, Said) and one.role != "user")
            system = next((text for text in said if text is not None), None)
        # A plan may be about what the user says.
        key = digest([tools_digest(functions, system or ""), prompt])
        if key not in self._drawn:
            task = Task(id=TASK, prompt=prompt)
            if self._toolset is not None:
                toolset = among_clients(self._toolset, system or "")
                toolset.tasks = (*toolset.tasks, task) if all(one.prompt != prompt for one in toolset.tasks) else toolset.tasks
            else:
                toolset = RequestToolset("the tools of the request", system or "", functions, [task])
                for name, reason in toolset.apart.items():
                    self._tell(f"{name} is passed on as it is: {reason}")
            setup = Setup.of(toolset).for_agent(takes_scaffold=False)
            made = drawn(self._wanted, setup.for_task(task), texts_pass=True)
            for name, reason in made.left_out.items():
                self._tell(f"{name} is left out: {reason}")
            if len(self._drawn) >= _MOST:
                self._drawn.clear()
            self._drawn[key] = Drawn(lens_for(made.operator, setup), setup, made.operator, dict(made.left_out))
        return self._drawn[key]

    def _tell(self, message: str) -> None:
        if message not in self._said:
            self._said.add(message)
            self._say(message)

    def went_on(self, episode: ProxiedEpisode) -> None:
        if episode.answer is not None:
            self.keep(episode)

    def keep(self, episode: ProxiedEpisode) -> None:
        """Write an episode down as it is now."""
        if self._store is None:
            return
        environment = episode.boundary.environment
        judged = environment.passed if isinstance(environment, Elsewhere) else None
        recorder = Recorder(self._store, self._operators.get(episode.id))
        recorder.keep(episode.boundary, episode.first, episode.id, episode.started, answer=episode.answer, judged=judged)

    def judge(self, id: str, passed: bool) -> None:
        episode = self._episodes.get(id)
        if episode is None or not isinstance(episode.boundary.environment, Elsewhere):
            raise BadRequest(f"there is no episode {id!r}", status=404, kind="not_found_error")
        episode.boundary.environment.passed = passed
        self.keep(episode)

    def told(self) -> list[JSON]:
        told: list[JSON] = []
        for id, one in self._episodes.items():
            operator, environment = self._operators[id], one.boundary.environment
            told.append(
                {
                    "episode": id,
                    "prompt": one.boundary.prompt,
                    "operator": None if operator is None else operator.id,
                    "calls": len(one.boundary.steps),
                    "seconds": round(time.perf_counter() - one.started, 3),
                    "passed": environment.passed if isinstance(environment, Elsewhere) else None,
                }
            )
        return told

    def close(self) -> None:
        """Write everything down."""
        for id in list(self._episodes):
            self._forget(id)

    def _forget(self, id: str) -> None:
        episode = self._episodes.pop(id)
        self.keep(episode)
        self._operators.pop(id)
        opening = self._opening.pop(id)
        self._of_opening[opening].remove(id)
        if not self._of_opening[opening]:
            del self._of_opening[opening]


def _opening(wire: Wire, body: Raw) -> str:
    """What a conversation begins with: all that stands before the model's first turn."""
    raws: list[Any] = [wire.instructions(body)]
    for entry in wire.entries(body):
        if isinstance(entry, Turn):
            break
        raws.append(entry.raw)
    return digest([wire.path, raws])
