"""What a test marked `perturb` does: run the test function as an agent, or a named agent, and judge its drop.

    @pytest.mark.perturb(toolset="airline", operators="tools.*", max_drop=0.10)
    async def test_my_agent(episode):
        ...
        return answer

The function, plain or async, is called once an episode with `episode` as the live episode; its other fixtures are set up
once for the test and passed on to every call. With `agent="reader"` in the marker the named agent is run instead, and the
function is called once with `robustness`, the `Robustness` of the run, to assert on.

The arguments of the marker are the fields of `Marker`. Those of a function's marker go before those of its class and module.

Every run of a test measures afresh; only a run that was cut short is resumed. Runs are kept in pytest's cache directory.
"""

from __future__ import annotations

import hashlib
import inspect
import math
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import pytest
from _pytest.outcomes import OutcomeException

from perturb.agent import EndOfRun
from perturb.errors import ConfigurationError, PerturbError, nearest
from perturb.pytest_report import OURS, Robustness, failure_text, judge, report_text, summary_line, verdict_of

if TYPE_CHECKING:
    from perturb.agent_files import LoadedAgent
    from perturb.evaluation import Evaluation, Prepared, Request
    from perturb.gate_pairs import Gate

_DIGESTED: dict[Path, str] = {}


class Marker(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The arguments of `@pytest.mark.perturb`.

    `toolset` and `operators` are named as on the command line; `operators` may be a list. `tasks` are ids, `limit` takes
    the first so many. `trials` counts the perturbed episodes of each task under each operator, `clean_trials` the clean
    ones of each task. `timeout` (seconds) and `max_calls` limit one episode. `concurrency` is how many episodes are under
    way at once: 8 for async functions and named agents, 1 for plain functions, whose fixtures need not be thread-safe.

    The gate: `max_drop` is the success that may be lost, as a fraction. The test passes where the whole 95 % interval of
    the drop lies at or below it and fails where the whole interval lies above it; where the limit lies within the interval
    the run has not settled the question, and the test fails as inconclusive and says how many trials would. The drop is
    that of exactly these tasks (suite drop) where all have at least two trials in both arms, as by default; with fewer
    it is that of all such tasks (population drop), whose interval is wider. Without a gate the test only reports.

    `gate`, such as `"drop<=10%"`, asks the same pair by pair, and ends the run as soon as the answer is certain, as
    `perturb run --gate` does: by the headline, or `per="axis"` or `"operator"`. Each pair has a clean episode of its own;
    `trials`, where it is given, limits the pairs of each task under each operator. With `early_stop=False` all are run.
    `model` holds the settings of an agent that asks one, as `{"base_url": "http://…", "body": {"temperature": 0}}`.
    `min_clean` is the success rate that the agent must reach clean; one that never passes has nothing to lose, and is
    inconclusive in any case.
    """

    toolset: str = "airline"
    operators: str | tuple[str, ...] = "*"
    max_drop: float | None = None
    gate: str | None = None
    per: Literal["headline", "axis", "operator"] = "headline"
    early_stop: bool = True
    min_clean: float | None = None
    tasks: tuple[str, ...] = ()
    limit: int | None = None
    trials: int = 2
    clean_trials: int = 4
    seed: int = 7
    intensity: float = 1.0
    agent: str | None = None
    timeout: float = 120.0
    max_calls: int = 100
    concurrency: int | None = None
    model: dict[str, Any] | None = None


def read_marker(item: pytest.Function) -> Marker:
    """The merged markers of a test. Raises `ConfigurationError` for an argument that is unknown or has a wrong value."""
    given: dict[str, Any] = {}
    for mark in reversed(list(item.iter_markers("perturb"))):
        if mark.args:
            raise ConfigurationError(f"the marker perturb takes its arguments by name: write toolset={mark.args[0]!r}")
        given |= mark.kwargs
    for name in given:
        if name not in Marker.__struct_fields__:
            told = nearest(name, Marker.__struct_fields__)
            raise ConfigurationError(f"the marker perturb takes no argument {name!r}; {told}")
    for option in ("trials", "seed"):
        value = item.config.getoption(f"perturb_{option}")
        if value is not None:
            given[option] = value
    try:
        marker = msgspec.convert(given, Marker, strict=True)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"the marker perturb: {error}") from None
    shares = {"max_drop": marker.max_drop, "min_clean": marker.min_clean, "intensity": marker.intensity}
    for name, share in shares.items():
        if share is not None and not 0.0 <= share <= 1.0:
            raise ConfigurationError(f"the marker perturb: {name} is {share}; it is a fraction from 0 to 1 (0.1 is ten points)")
    if marker.gate is not None and marker.max_drop is not None:
        raise ConfigurationError("the marker perturb: max_drop and gate are two ways to ask for a gate; leave one of them out")
    for name in ("per", "early_stop"):
        if marker.gate is None and name in given:
            raise ConfigurationError(f"the marker perturb: {name} is about a gate; name it as gate='drop<=10%'")
    counts = ("limit", "trials", "clean_trials", "timeout", "max_calls", "concurrency")
    for name in counts:
        number = getattr(marker, name)
        if number is not None and not 0 < number < math.inf:
            raise ConfigurationError(f"the marker perturb: {name} is {number}; it must be a number above 0")
    return marker


def gate_of(item: pytest.Function, marker: Marker) -> Gate | None:
    """The gate of a test that stops early; trials count where they were asked for."""
    if marker.gate is None:
        return None
    from perturb.gate_pairs import Gate, read_gate

    asked = item.config.getoption("perturb_trials") is not None
    asked = asked or any("trials" in mark.kwargs for mark in item.iter_markers("perturb"))
    limit = read_gate(marker.gate)
    return Gate(limit=limit, per=marker.per, trials=marker.trials if asked else None, early_stop=marker.early_stop)


class PerturbedTest(pytest.Function):
    """A test function that is run as an agent."""

    @classmethod
    def of(cls, item: pytest.Function) -> PerturbedTest:
        """`item` as a test of this kind."""
        made: PerturbedTest = cls.from_parent(
            item.parent,
            name=item.name,
            callspec=getattr(item, "callspec", None),
            callobj=item.obj,
            fixtureinfo=item._fixtureinfo,
            keywords=item.keywords,
            originalname=item.originalname,
        )
        made.own_markers = item.own_markers
        return made

    def setup(self) -> None:
        super().setup()
        with _told():
            self.marker = read_marker(self)
            self._takes = set(inspect.signature(self.obj).parameters)
            self._check_parameters()
            self._prepared = self._prepare()

    def _check_parameters(self) -> None:
        name = self.originalname
        if self.marker.agent is None and "episode" not in self._takes:
            raise ConfigurationError(
                f"{name}() is marked perturb and takes no 'episode'; it is run as an agent: write `async def {name}(episode)` "
                "and return the answer, or name another agent in the marker (agent=...)"
            )
        if self.marker.agent is not None and "episode" in self._takes:
            raise ConfigurationError(
                f"{name}() takes an 'episode', but its marker names the agent {self.marker.agent!r}; leave agent=... out to "
                "run the function itself, or take 'robustness' in place of 'episode'"
            )

    def runtest(self) -> None:
        plan_file = self.config.getoption("perturb_replay")
        if plan_file is not None:
            self._replay(self.config.invocation_params.dir / plan_file)
            return
        with _told():
            done = self._evaluate()
        result = Robustness.of(done.data, verdict_of(done.data, self.marker))
        self._tell(result, done)
        why = failure_text(result, self.marker)
        if why is not None:
            pytest.fail(why, pytrace=False)
        self.add_report_section("call", "perturb", report_text(result, self.marker))
        if self.marker.agent is not None:
            self._call_body(result)

    def _replay(self, plan_file: Path) -> None:
        from perturb.pytest_replay import replay

        with _told():
            replayed = replay(self._prepared, plan_file)
        if not replayed.passed:
            pytest.fail(replayed.text, pytrace=False)
        self.add_report_section("call", "perturb", replayed.text)

    def _place(self, path: str) -> str:
        """`path` as it is shortest to write from where pytest was called."""
        relative = os.path.relpath(path, self.config.invocation_params.dir)
        return path if relative.startswith("..") else relative

    def reproduce(self, plan_file: str) -> str:
        """The line that runs one failed episode again."""
        place = shlex.quote(self._place(plan_file))
        if self.marker.agent is not None or self._stands_alone():
            return f"perturb replay {place}"
        return f"python -m pytest {shlex.quote(self.nodeid)} --perturb-replay {place}"

    def _stands_alone(self) -> bool:
        """Whether the function can be called with an episode alone, as `perturb replay` calls it."""
        return self._takes == {"episode"} and self.cls is None and not hasattr(self, "callspec")

    def _prepare(self) -> Prepared:
        import anyio

        from perturb.evaluation import prepare

        return anyio.run(partial(prepare, self._request_of(), self._agent()))

    def _request_of(self) -> Request:
        from perturb.evaluation import Request
        from perturb.models.settings import read_settings
        from perturb.planning import Design, Limits

        marker = self.marker
        folder = _folder(self.config)
        operators = (marker.operators,) if isinstance(marker.operators, str) else marker.operators
        plain = marker.agent is None and not inspect.iscoroutinefunction(self.obj)
        return Request(
            agent=marker.agent or self._agent_name(),
            toolset=_anchored(marker.toolset, self),
            operators=tuple(part.strip() for operator in operators for part in operator.split(",")),
            tasks=marker.tasks,
            limit=marker.limit,
            design=Design(seed=marker.seed, intensity=marker.intensity, trials=marker.trials, clean_trials=marker.clean_trials),
            limits=Limits(
                timeout=marker.timeout,
                max_calls=marker.max_calls,
                concurrency=marker.concurrency or (1 if plain else 8),
            ),
            folder=folder,
            # One file a test: the workers of a parallel run never write to the same one.
            store=folder / f"{hashlib.sha256(self.nodeid.encode()).hexdigest()[:16]}.sqlite",
            gold=self.config.rootpath / "reports" / "gold",
            model=None if marker.model is None else read_settings(marker.model),
            gate=gate_of(self, marker),
            command=f"python -m pytest {shlex.quote(self.nodeid)}",
        )

    def _agent_name(self) -> str:
        file = self._place(str(self.path))
        return f"{file}:{self.originalname}" if self._stands_alone() else self.nodeid

    def _agent(self) -> LoadedAgent | None:
        """The test function as an agent; `None` where the marker names one."""
        if self.marker.agent is not None:
            return None
        from perturb.agent_files import LoadedAgent

        function = self.obj
        given = {name: self.funcargs[name] for name in self._fixtureinfo.argnames if name != "episode"}

        async def agent(episode: Any) -> Any:
            with _outcomes_told():
                return await function(episode=episode, **given)

        def plain_agent(episode: Any) -> Any:
            with _outcomes_told():
                return function(episode=episode, **given)

        chosen: Any = agent if inspect.iscoroutinefunction(function) else plain_agent
        return LoadedAgent(name=self._agent_name(), function=chosen, digest=self._digest())

    def _digest(self) -> str:
        """Changes with the test, its parameters, and every loaded source file of the project."""
        root = self.config.rootpath
        parts = [self.nodeid]
        for file in sorted({*_loaded_files(root), self.path}):
            if file not in _DIGESTED:
                _DIGESTED[file] = hashlib.sha256(file.read_bytes()).hexdigest()
            parts.append(_DIGESTED[file])
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def _evaluate(self) -> Evaluation:
        import anyio

        from perturb.evaluation import evaluate, store_path
        from perturb.models.kept import forget_responses
        from perturb.store import Store

        prepared = self._prepared
        with Store(store_path(prepared.request)) as store:
            kept = store.header(prepared.run)
        finished = kept is not None and (kept.get("ended") or {}).get("how") in ("complete", "settled")
        request = msgspec.structs.replace(prepared.request, fresh=finished)
        prepared = msgspec.structs.replace(prepared, request=request)
        if finished:
            forget_responses(store_path(request))
        try:
            done = anyio.run(partial(evaluate, prepared))
        except EndOfRun as end:
            raise end.__cause__ or end from None
        if done.ended.how == "interrupted":
            raise KeyboardInterrupt
        for failure in (*done.data["failures"], *done.data["other_failures"]):
            failure["reproduce"] = self.reproduce(failure["plan_file"])
        with Store(store_path(request)) as store:
            done.data["first_fault"] = next((one.error for one in store.finished(done.run) if one.outcome in OURS), None)
        return done

    def _tell(self, result: Robustness, done: Evaluation) -> None:
        """Put the numbers into the properties of the test, which JUnit XML and the terminal's summary are made of."""
        noise = result.noise_floor
        gate = done.data["gate"] or {"gate": None, "answer": None, "episodes": {"saved": None}}
        properties = {
            "drop": result.drop,
            "drop_low": result.low,
            "drop_high": result.high,
            "clean": result.clean,
            "perturbed": result.perturbed,
            "noise_floor": None if noise is None else noise[0],
            "max_drop": self.marker.max_drop,
            "gate": gate["gate"],
            "gate_answer": gate["answer"],
            "gate_saved": gate["episodes"]["saved"],
            "verdict": judge(result, self.marker).verdict,
            "run": done.run,
            "summary": summary_line(self.nodeid, result, self.marker),
        }
        self.user_properties += [(f"perturb.{name}", value) for name, value in properties.items() if value is not None]
        folder = self.config.getoption("perturb_report")
        if folder is not None:
            from perturb.rendering import render_html

            place = self.config.invocation_params.dir / folder / f"{_slug(self.nodeid)}.html"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(render_html(done.data), encoding="utf-8")

    def _call_body(self, result: Robustness) -> None:
        given = {name: self.funcargs[name] for name in self._fixtureinfo.argnames}
        given = {name: result if name == "robustness" else value for name, value in given.items()}
        if inspect.iscoroutinefunction(self.obj):
            import anyio

            anyio.run(partial(self.obj, **given))
        else:
            self.obj(**given)


@contextmanager
def _told() -> Iterator[None]:
    """Turns what is the user's own mistake into a failure of one message, without a traceback."""
    try:
        yield
    except PerturbError as error:
        pytest.fail(f"perturb: {error}", pytrace=False)


@contextmanager
def _outcomes_told() -> Iterator[None]:
    """A skip, or a failure of pytest's own, that an agent raises ends the run: it means the whole test."""
    try:
        yield
    except OutcomeException as outcome:
        raise EndOfRun from outcome


def _folder(config: pytest.Config) -> Path:
    """Where runs are kept: pytest's cache, or `reports/runs` where that is switched off."""
    cache = getattr(config, "cache", None)
    return config.rootpath / "reports" / "runs" if cache is None else Path(cache.mkdir("perturb"))


def _anchored(toolset: str, item: pytest.Item) -> str:
    """A relative path of a toolset, made absolute from the first of these that has it: the directory that pytest was called
    from, the root directory, the folder of the test."""
    from perturb.plugins import split_path

    path, option = split_path(toolset)
    if path is None or path.is_absolute():
        return toolset
    for folder in (item.config.invocation_params.dir, item.config.rootpath, item.path.parent):
        if (folder / path).exists():
            return f"{folder / path}:{option}" if option else str(folder / path)
    return toolset


def _loaded_files(root: Path) -> list[Path]:
    """The source files of the modules that are loaded now and lie in the project, installed packages left out."""
    found = []
    for module in list(sys.modules.values()):
        name = getattr(module, "__file__", None)
        if isinstance(name, str) and name.endswith(".py") and name.startswith(str(root)):
            file = Path(name)
            if not {"site-packages", "dist-packages"} & set(file.parts) and file.is_file():
                found.append(file)
    return found


def _slug(text: str) -> str:
    return "".join(character if character.isalnum() or character in "-_." else "-" for character in text)[-120:].strip("-")
