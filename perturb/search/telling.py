"""A search that has ended, as it is told: the plan file, what the agent saw, both trajectories, and JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from perturb import __version__
from perturb.demonstration import Section, demonstrate
from perturb.evaluation import Prepared
from perturb.plan_files import PlanFile, write_plan_file
from perturb.replaying import Ran, ran
from perturb.search.finding import file_name
from perturb.search.searching import Searched

HELD, BROKEN, OPEN = 0, 1, 3


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a search. `plan_file` is written where a break was found, `sections` are what the agent saw before and
    after, `clean` and `perturbed` an episode of each arm."""

    searched: Searched
    plan_file: Path | None = None
    sections: tuple[Section, ...] = ()
    clean: Ran | None = None
    perturbed: Ran | None = None

    @property
    def status(self) -> int:
        """The exit status: 1 where a break was found, 3 where the search was stopped or has a suspicion that it could not
        confirm, 0 where it has looked and found none."""
        searched = self.searched
        if searched.found:
            return BROKEN
        looked = searched.ended in ("exhausted", "budget") and searched.operator is None and searched.tried > 0
        return HELD if looked else OPEN

    def to_json(self) -> dict[str, Any]:
        searched = self.searched
        operator = searched.operator
        return {
            "found": searched.found,
            "plan": None if operator is None else operator.to_json(),
            "task": searched.task,
            "clean": msgspec.to_builtins(searched.clean),
            "perturbed": msgspec.to_builtins(searched.perturbed),
            "episodes": searched.episodes,
            "sentence": searched.sentence,
            "smallest": searched.smallest,
            "kind": None if operator is None else operator.kind,
            "ended": searched.ended,
            "why": searched.why,
            "error": searched.error,
            "evidence": searched.evidence,
            "tried": searched.tried,
            "ran": searched.ran,
            "plan_file": None if self.plan_file is None else str(self.plan_file),
            "seen": msgspec.to_builtins([one for one in self.sections if one.before != one.after]),
            "trajectories": {"clean": msgspec.to_builtins(self.clean), "perturbed": msgspec.to_builtins(self.perturbed)},
            "faults": searched.faults,
            "not_proven_tasks": searched.not_proven,
        }


async def tell(prepared: Prepared, searched: Searched, folder: Path) -> Told:
    """Put together what is said of a search. A break that was found goes into a file in `folder`, by which `perturb replay` and
    the pytest plugin run it again; a suspicion goes nowhere."""
    operator = searched.operator
    if operator is None or searched.task is None:
        return Told(searched=searched)
    request, task = prepared.request, prepared.toolset.task(searched.task)
    path = None
    if searched.found:
        path = folder / file_name(operator, task.id)
        record = PlanFile(
            perturb=__version__,
            toolset=request.toolset,
            task=task.id,
            trial=0 if searched.perturbed_episode is None else searched.perturbed_episode.trial,
            seed=request.design.seed,
            agent=prepared.agent.name,
            plan=operator.to_json(),
            model=None if request.model is None else request.model.identity(),
        )
        write_plan_file(path, record)
    return Told(
        searched=searched,
        plan_file=path,
        sections=tuple(await demonstrate(prepared.gold, operator, [task])),
        clean=None if searched.clean_episode is None else ran(searched.clean_episode),
        perturbed=None if searched.perturbed_episode is None else ran(searched.perturbed_episode),
    )
