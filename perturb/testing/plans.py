"""Plan files in a folder of their own, each collected as a test: the agent that the file names passes its task as often under
the plan as clean."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from perturb.errors import ConfigurationError, PerturbError
from perturb.plan_files import PlanFile
from perturb.testing.budget import session_budget
from perturb.testing.marker import anchored, setting
from perturb.testing.measuring import folder_of, told
from perturb.testing.replays import judge, properties, read_whole, run_pairs, text


class PlanFileOfTests(pytest.File):
    """A plan file, which holds one test."""

    def collect(self) -> Iterator[PlanTest]:
        try:
            plan = read_whole(self.path)
        except PerturbError as error:
            raise self.CollectError(f"perturb: {error}") from None
        yield PlanTest.from_parent(self, name=_name(plan), plan=plan)


def _name(plan: PlanFile) -> str:
    """The operators and the task, without what parts the names of tests."""
    name = f"{_operators(plan.plan or {})}-{plan.task}"
    return "".join("-" if character in "[]:" else character for character in name)


def _operators(plan: dict[str, Any]) -> str:
    """The operators of a plan, those of a stack with plus signs between them."""
    within = plan.get("operators")
    return "+".join(_operators(one) for one in within) if isinstance(within, list) else str(plan.get("op"))


class PlanTest(pytest.Item):
    """One plan file as a test."""

    def __init__(self, *, plan: PlanFile, **rest: Any) -> None:
        super().__init__(**rest)
        self.plan = plan

    def runtest(self) -> None:
        with told():
            replayed = self._replayed()
        self.user_properties += properties(self.nodeid, replayed)
        judged = judge(replayed)
        if judged.verdict != "held":
            pytest.fail(f"perturb: {judged.why}\n\n{text(replayed)}\n\nperturb replay {self._path}", pytrace=False)
        self.add_report_section("call", "perturb", text(replayed))

    def _replayed(self) -> Any:
        import anyio

        from perturb.evaluation import Request, prepare
        from perturb.models.settings import read_settings
        from perturb.planning import Design

        plan = self.plan
        agent = self.config.getini("perturb_agent") or plan.agent
        if not agent or "::" in agent:
            whose = f"its agent is the test {agent}, which cannot be called alone" if agent else "it names no agent"
            raise ConfigurationError(
                f"{self._path}: {whose}; name one in the setting perturb_agent, or run the file by a test function marked "
                f"@pytest.mark.perturb(plan={self._path!r})"
            )
        if plan.toolset is None:
            raise ConfigurationError(f'{self._path} names no toolset; write one beside its plan, as "toolset": "NAME"')
        request = Request(
            agent=anchored(agent, self),
            toolset=anchored(plan.toolset, self),
            tasks=(str(plan.task),),
            design=Design(seed=plan.seed),
            folder=folder_of(self.config),
            store=Path(":memory:"),
            gold=self.config.rootpath / "reports" / "gold",
            model=read_settings(plan.model) if plan.model and agent == plan.agent else None,
        )
        trials = self.config.getoption("perturb_trials") or setting(self.config, "trials") or 1
        prepared = anyio.run(partial(prepare, request))
        return run_pairs(prepared, plan, trials, session_budget(self.config))

    @property
    def _path(self) -> str:
        return self.nodeid.partition("::")[0]

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{self._path}: {self.name}"
