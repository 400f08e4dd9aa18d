"""A program as an agent: started once for each episode, behind a proxy of the run's own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

import anyio

from perturb.agent import LimitReached, LiveEpisode, ProviderFailed, SetupRefused
from perturb.boundary import Boundary
from perturb.errors import ConfigurationError
from perturb.models.troubles import BUSY, FAILING, of_status
from perturb.operator import Setup
from perturb.proxies.batch import Elsewhere
from perturb.proxies.openai_episode import ProxiedEpisode
from perturb.proxies.openai_records import BadRequest, Raw, Said, Wire
from perturb.proxies.openai_server import Running, running
from perturb.proxies.openai_tools import RequestToolset
from perturb.proxies.programs import ProgramSettings
from perturb.proxies.recording import new_key
from perturb.toolset import Task
from perturb.types import JSON

_TO_LEARN = 60.0
"""Seconds in which a program must have asked its model for the first time."""
_TOLD = 600
"""How much of what a program has written to standard error is told."""


class ProgramFailed(Exception):
    """A program ended in a way that says nothing of its task."""


class HeldEpisodes:
    """The episodes that are under way; see `perturb.proxies.openai_app.Episodes`. A program names its own with every request,
    by its base URL."""

    def __init__(self) -> None:
        self._held: dict[str, ProxiedEpisode] = {}
        self.asked: set[str] = set()

    def hold(self, id: str, boundary: Boundary, setup: Setup) -> ProxiedEpisode:
        episode = self._held[id] = ProxiedEpisode(id, boundary, setup)
        return episode

    def release(self, id: str) -> None:
        self._held.pop(id, None)
        self.asked.discard(id)

    def of(self, id: str | None, wire: Wire, body: Raw) -> ProxiedEpisode | None:
        found = self._held.get(id or "")
        if found is None:
            message = "this is a request of no episode; ask the base URL that stands in OPENAI_BASE_URL"
            raise BadRequest(message, status=404, kind="not_found_error")
        self.asked.add(found.id)
        return found

    def went_on(self, episode: ProxiedEpisode) -> None:
        """The run keeps its episodes itself."""

    def judge(self, id: str, passed: bool) -> None:
        episode = self._held.get(id)
        if episode is None or not isinstance(episode.boundary.environment, Elsewhere):
            raise BadRequest(f"there is no episode {id!r}", status=404, kind="not_found_error")
        episode.boundary.environment.passed = passed

    def told(self) -> list[JSON]:
        return [{"episode": id, "calls": len(one.boundary.steps)} for id, one in self._held.items()]


class Process:
    """One start of a program. What it has started is ended with it."""

    def __init__(self, settings: ProgramSettings, url: str, episode: str, task: Task, system: str, repeat: int) -> None:
        self._words = settings.words
        self._folder = tempfile.TemporaryDirectory(prefix="perturb-", ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        self._outcome, self._errors = folder / "outcome.json", folder / "stderr"
        base = f"{url}/episodes/{episode}/v1"
        self._variables = {
            "OPENAI_API_KEY": os.environ.get("OPENAI_API_KEY") or "none",
            "OPENAI_BASE_URL": base,
            "OPENAI_API_BASE": base,
            "PERTURB_EPISODE": episode,
            "PERTURB_TASK": task.id,
            "PERTURB_PROMPT": task.prompt,
            "PERTURB_TURNS": json.dumps([task.prompt, *task.follow_ups]),
            "PERTURB_SYSTEM": system,
            "PERTURB_TRIAL": str(repeat),
            "PERTURB_OUTCOME_URL": f"{url}/perturb/episodes/{episode}/outcome",
            "PERTURB_OUTCOME_FILE": str(self._outcome),
        }

    async def run(self) -> int:
        """Its exit status. Where this is cancelled, it is killed with all that it has started."""
        with self._errors.open("wb") as errors:
            process = await anyio.open_process(
                self._words,
                stdin=DEVNULL,
                stdout=DEVNULL,
                stderr=errors,
                env={**os.environ, **self._variables},
                start_new_session=True,
            )
        try:
            return await process.wait()
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            with anyio.CancelScope(shield=True):
                await process.aclose()

    @property
    def said(self) -> bool | None:
        """The verdict in the file of its outcome. Raises `ProgramFailed` for a file that holds none."""
        try:
            told: Any = json.loads(self._outcome.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError:
            told = None
        if not isinstance(told, dict) or not isinstance(told.get("passed"), bool):
            raise ProgramFailed('it wrote no verdict into PERTURB_OUTCOME_FILE; write {"passed": true} or {"passed": false}')
        return bool(told["passed"])

    @property
    def last_words(self) -> str:
        """The end of what it wrote to standard error, in a line."""
        text = self._errors.read_bytes()[-_TOLD:].decode(errors="replace").strip() if self._errors.exists() else ""
        return f": {text.splitlines()[-1].strip()}" if text else ""

    def close(self) -> None:
        self._folder.cleanup()


class Program:
    """See `perturb.agent.Agent`. `setup` is that of the tools as the program has them."""

    def __init__(self, settings: ProgramSettings, setup: Setup) -> None:
        self._settings = settings
        self._setup = setup
        self._episodes = HeldEpisodes()
        self._open = ExitStack()
        self._proxy: Running | None = None

    def start(self) -> None:
        """Start the proxy. Raises `ConfigurationError` for a provider that is not there."""
        self._proxy = self._open.enter_context(running(self._settings.upstream, self._episodes))

    async def __call__(self, episode: LiveEpisode) -> str:
        assert isinstance(episode, Boundary)
        assert self._proxy is not None
        # An episode of a replay has no key, since nothing is stored.
        held = self._episodes.hold(episode.key or new_key(), episode, self._setup)
        process = Process(self._settings, self._proxy.url, held.id, episode.task, self._setup.system, episode.repeat)
        try:
            status = await process.run()
            self._judge(held, process, status)
        finally:
            self._episodes.release(held.id)
            process.close()
        return held.answer or ""

    def _judge(self, held: ProxiedEpisode, process: Process, status: int) -> None:
        """The verdict: that of a call, of a file, or of the exit status, in this order."""
        environment = held.boundary.environment
        assert isinstance(environment, Elsewhere)
        if environment.passed is None:
            environment.passed = process.said
        said = environment.passed is not None
        if environment.passed is None:
            environment.passed = status == 0
        if environment.passed or held.boundary.over_budget or held.boundary.fault is not None:
            return
        if held.refused is not None:
            self._providers_fault(*held.refused)
        if said:
            return
        if status < 0:
            raise ProgramFailed(f"it was ended by signal {-status}{process.last_words}")
        if held.id not in self._episodes.asked:
            raise ProgramFailed(f"it ended with status {status} and never asked a model{process.last_words}")

    def _providers_fault(self, status: int, body: JSON) -> None:
        """The model could not be asked: what then failed is not the program."""
        trouble = of_status(status, body, {}, self._settings.upstream)
        if trouble.kind == "tools_refused":
            raise SetupRefused(str(trouble))
        if trouble.kind == "too_long":
            raise LimitReached(str(trouble))
        if trouble.kind in BUSY | FAILING or trouble.kind == "not_allowed":
            raise ProviderFailed(str(trouble))

    async def aclose(self) -> None:
        """Stop the proxy."""
        self._proxy = None
        await asyncio.to_thread(self._open.close)


class _Learning(HeldEpisodes):
    """Takes note of the first request that offers tools, and lets nothing pass."""

    def __init__(self) -> None:
        super().__init__()
        self.found: tuple[str, list[Raw]] | None = None

    def of(self, id: str | None, wire: Wire, body: Raw) -> ProxiedEpisode | None:
        functions = wire.functions(body)
        if functions and self.found is None:
            system = wire.instructions(body)
            if system is None:
                said = (one.text for one in wire.entries(body) if isinstance(one, Said) and one.role != "user")
                system = next((text for text in said if text is not None), "")
            self.found = system, functions
        raise BadRequest("the tools of this program are being learnt; it is not to go on")


async def learnt_tools(settings: ProgramSettings, tasks: tuple[Task, ...]) -> RequestToolset:
    """The tools and the system prompt of a program, from the first request that it makes on its first task. No request reaches
    the provider, and the program is ended then. Raises `ConfigurationError` where it makes none."""
    episodes = _Learning()
    with running(settings.upstream, episodes) as proxy:
        process = Process(settings, proxy.url, "learning", tasks[0], "", 0)
        ended: list[int] = []

        async def run(scope: anyio.CancelScope) -> None:
            ended.append(await process.run())
            scope.cancel()

        try:
            with anyio.move_on_after(_TO_LEARN):
                async with anyio.create_task_group() as group:
                    group.start_soon(run, group.cancel_scope)
                    while episodes.found is None:
                        await anyio.sleep(0.01)
                    group.cancel_scope.cancel()
            if episodes.found is None:
                how = f"ended with status {ended[0]}" if ended else f"made no request with tools within {_TO_LEARN:g} s"
                raise ConfigurationError(
                    f"the tools of {settings.command!r} cannot be learnt: it {how}{process.last_words}; it asks its model at "
                    "OPENAI_BASE_URL, over Chat Completions or Responses, with 'tools'"
                )
        finally:
            process.close()
    system, functions = episodes.found
    return RequestToolset(settings.command, system, functions, tasks)
