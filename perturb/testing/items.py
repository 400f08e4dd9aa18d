"""What a test marked `perturb` does: run the test function as an agent, or a named agent, and judge its drop.

    @pytest.mark.perturb(toolset="airline", operators="tools.*", max_drop=0.10)
    async def test_my_agent(episode):
        ...
        return answer

The function, plain or async, is called once an episode with `episode` as the live episode; its other fixtures are set up
once for the test and passed on to every call. With `agent="reader"` in the marker the named agent is run instead, and the
function is called once with `robustness`, the `Robustness` of the run, to assert on.

The arguments of the marker are the fields of `perturb.testing.marker.Marker`. Each operator is a subtest, and its drop a
property of the test.

Every run of a test measures afresh; only a run that was cut short is resumed. Runs are kept in pytest's cache directory.
"""

from __future__ import annotations

import hashlib
import inspect
import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from perturb.errors import ConfigurationError
from perturb.testing import replays
from perturb.testing.budget import session_budget
from perturb.testing.marker import PREFIX, anchored, gate_of, given_to, place_from, read_marker
from perturb.testing.measuring import digest_of, file_name, folder_of, measured, outcomes_told, told
from perturb.testing.telling import Robustness, failure_text, judge, operators_told, report_text, summary_line, verdict_of

if TYPE_CHECKING:
    from perturb.agent_files import LoadedAgent
    from perturb.comparing import Measured
    from perturb.evaluation import Evaluation, Prepared, Request
    from perturb.plan_files import PlanFile


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
        with told():
            self.marker = read_marker(self)
            self._takes = set(inspect.signature(self.obj).parameters)
            self._check_parameters()
            self._plan = self._read_plan()
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

    def _read_plan(self) -> PlanFile | None:
        """The plan file that the test is about, `None` where it is about a whole run."""
        asked = self.config.getoption("perturb_replay")
        if asked is not None:
            return replays.read_whole(self.config.invocation_params.dir / asked)
        if self.marker.plan is None:
            return None
        return replays.read_whole(Path(anchored(self.marker.plan, self)))

    def runtest(self) -> None:
        if self._plan is not None:
            self._replay(self._plan)
            return
        with told():
            done = measured(self._prepared, self.marker, session_budget(self.config))
            result, kept = self._compared(done)
        for failure in (*done.data["failures"], *done.data["other_failures"]):
            failure["reproduce"] = self.reproduce(failure["plan_file"])
        self._tell_operators(result)
        self._tell(result, done, kept)
        why = failure_text(result, self.marker)
        if why is not None:
            pytest.fail(why, pytrace=False)
        self.add_report_section("call", "perturb", "\n".join([report_text(result, self.marker), *kept]))
        if self.marker.agent is not None:
            self._call_body(result)

    def _replay(self, plan: PlanFile) -> None:
        trials = self.marker.trials if "trials" in given_to(self) else 1
        with told():
            replayed = replays.run_pairs(self._prepared, plan, trials, session_budget(self.config))
        self.user_properties += replays.properties(self.nodeid, replayed)
        judged = replays.judge(replayed)
        if judged.verdict != "held":
            pytest.fail(f"perturb: {judged.why}\n\n{replays.text(replayed)}", pytrace=False)
        self.add_report_section("call", "perturb", replays.text(replayed))

    def _compared(self, done: Evaluation) -> tuple[Robustness, list[str]]:
        """The result beside its baseline, and what is to be said of files; the baseline is written where that was asked."""
        from perturb.testing.baselines import against, baseline_of, baseline_path, read_baseline, write_baseline

        compare = self.config.getoption("perturb_compare") or self.config.getini("perturb_compare")
        save = self.config.getoption("perturb_save_baseline")
        result = Robustness.of(done.data, verdict_of(done.data, self.marker))
        if not (compare or save):
            return result, []
        path = baseline_path(self.config, self.nodeid)
        place, kept = place_from(self.config.rootpath, path), []
        if result.drop is None or (done.ended.left and done.ended.how != "settled"):
            return result, [f"no baseline: this run has not been made whole, so {place} is neither read nor written"]
        now = self._read(done)
        if compare:
            baseline = read_baseline(path)
            if baseline is None:
                kept.append(f"no baseline yet at {place}; --perturb-save-baseline writes it")
            else:
                beside = against(baseline, now, self.marker)
                result = Robustness.of(done.data, result.verdict, beside)
        if save:
            write_baseline(path, baseline_of(self.nodeid, now, done.data, self.marker))
            kept.append(f"baseline written to {place}")
        return result, kept

    def _read(self, done: Evaluation) -> Measured:
        from perturb.comparing import read_measured
        from perturb.evaluation import store_path
        from perturb.store import Store

        with Store(store_path(self._prepared.request)) as store:
            return read_measured(store, done.run)

    def reproduce(self, plan_file: str) -> str:
        """The line that runs one failed episode again."""
        place = shlex.quote(place_from(self.config.invocation_params.dir, plan_file))
        if self.marker.agent is not None or self._stands_alone():
            return f"perturb replay {place}"
        return f"python -m pytest {shlex.quote(self.nodeid)} --perturb-replay {place}"

    def _stands_alone(self) -> bool:
        """Whether the function can be called with an episode alone, as `perturb replay` calls it."""
        parameters = getattr(getattr(self, "callspec", None), "params", {})
        return self._takes == {"episode"} and self.cls is None and all(name.startswith(PREFIX) for name in parameters)

    def _prepare(self) -> Prepared:
        import anyio

        from perturb.evaluation import prepare

        return anyio.run(partial(prepare, self._request_of(), self._agent()))

    def _request_of(self) -> Request:
        from perturb.evaluation import Request
        from perturb.models.settings import read_settings
        from perturb.planning import Design, Limits

        marker, plan = self.marker, self._plan
        folder = folder_of(self.config)
        plain = marker.agent is None and not inspect.iscoroutinefunction(self.obj)
        toolset, seed = marker.toolset, marker.seed
        if plan is not None:
            given = given_to(self)
            toolset = toolset if "toolset" in given or plan.toolset is None else plan.toolset
            seed = seed if "seed" in given else plan.seed
        return Request(
            agent=marker.agent or self._agent_name(),
            toolset=anchored(toolset, self),
            operators=tuple(part.strip() for part in marker.operators.split(",")),
            tasks=marker.tasks if plan is None else (str(plan.task),),
            limit=marker.limit,
            design=Design(seed=seed, intensity=marker.intensity, trials=marker.trials, clean_trials=marker.clean_trials),
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
            gate=None if plan is not None else gate_of(self, marker),
            command=f"python -m pytest {shlex.quote(self.nodeid)}",
        )

    def _agent_name(self) -> str:
        file = place_from(self.config.invocation_params.dir, self.path)
        return f"{file}:{self.originalname}" if self._stands_alone() else self.nodeid

    def _agent(self) -> LoadedAgent | None:
        """The test function as an agent; `None` where the marker names one."""
        if self.marker.agent is not None:
            return None
        from perturb.agent_files import LoadedAgent

        function = self.obj
        given = {name: self.funcargs[name] for name in self._fixtureinfo.argnames if name != "episode"}

        async def agent(episode: Any) -> Any:
            with outcomes_told():
                return await function(episode=episode, **given)

        def plain_agent(episode: Any) -> Any:
            with outcomes_told():
                return function(episode=episode, **given)

        chosen: Any = agent if inspect.iscoroutinefunction(function) else plain_agent
        return LoadedAgent(name=self._agent_name(), function=chosen, digest=digest_of(self))

    def _tell_operators(self, result: Robustness) -> None:
        """Report each operator as a subtest, where pytest knows of subtests. A test that is expected to fail has none: pytest
        would have to expect each of them to fail."""
        if not self.config.pluginmanager.has_plugin("subtests") or self.get_closest_marker("xfail") is not None:
            return
        subtests = self._request.getfixturevalue("subtests")
        for one in operators_told(result):
            with subtests.test(one.operator):
                if one.failed:
                    pytest.fail(f"perturb: {one.operator}: {one.failed}", pytrace=False)
                if one.skipped:
                    pytest.skip(one.skipped)

    def _tell(self, result: Robustness, done: Evaluation, kept: list[str]) -> None:
        """Put the numbers into the properties of the test, which JUnit XML and the terminal's summary are made of."""
        data, noise, beside = done.data, result.noise_floor, result.baseline
        gate = data["gate"] or {"gate": None, "answer": None, "episodes": {"saved": None}}
        usage = data["usage"]
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
            "episodes": usage["episodes"],
            "cost": usage["cost"],
            "tokens": (usage["input_tokens"] + usage["output_tokens"]) or None,
            "baseline_difference": None if beside is None else beside.difference,
            "baseline_low": None if beside is None else beside.interval[0],
            "baseline_high": None if beside is None else beside.interval[1],
            **{f"drop.{row['id']}": row["drop"] for row in data["operators"] if row["headline"]},
            "summary": summary_line(self.nodeid, result, self.marker),
            "note": "; ".join(kept) or None,
        }
        self.user_properties += [(f"perturb.{name}", value) for name, value in properties.items() if value is not None]
        folder = self.config.getoption("perturb_report")
        if folder is not None:
            from perturb.rendering import render_html

            place = self.config.invocation_params.dir / folder / f"{file_name(self.nodeid)}.html"
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
