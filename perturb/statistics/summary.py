"""A run in numbers: the headline drop beside its noise floor, each operator, each axis, each task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction

from perturb.statistics.beside import beside, cut
from perturb.statistics.collapse import collapsed_tasks
from perturb.statistics.contrast import Arm, Contrast, contrast, mean_rate, met_only, plain, pooled
from perturb.statistics.drop import Estimate
from perturb.statistics.families import bonferroni_t, holm
from perturb.statistics.proportions import mcnemar_exact
from perturb.statistics.records import (
    AxisSummary,
    CellSummary,
    Discordance,
    Drop,
    ExposedDrop,
    Headline,
    OperatorSummary,
    Summary,
    TaskSummary,
)
from perturb.statistics.reliability import mean_pass_hat
from perturb.statistics.rows import EpisodeRow
from perturb.statistics.tallies import OperatorKind, Tallies, Tally, count, joined
from perturb.types import HEADLINE_KINDS


def summarize(rows: Iterable[EpisodeRow], confidence: float = 0.95, *, vacuous: Collection[str] = ()) -> Summary:
    """Compute the population drop of a run and all that stands beside it.

    Per task: the clean mean minus the unweighted mean over its headline operators (kinds equivalent, distraction and
    fault), then `hull_t` over the tasks. Intervals in a table of operators, or of axes, hold together at `confidence`
    (Bonferroni-t); their `p_adjusted` are Holm's. Episodes whose outcome does not speak of the agent are in no rate.
    `vacuous` are tasks that an agent passes which does nothing: the headline is told without them too.
    """
    tallies = count(rows)
    clean = plain(tallies.clean)
    by_task = {task: pooled(by_operator) for task, by_operator in tallies.headline().items()}
    headline = contrast(clean, by_task)
    operators = _operators(tallies, clean, confidence)
    return Summary(
        headline=_headline(headline, _noise_floor(tallies, confidence), confidence),
        without_vacuous=_without(tallies, vacuous, confidence),
        beside=beside(tallies, headline, confidence),
        axes=_axes(tallies, clean, operators, confidence),
        operators=operators,
        tasks=_tasks(tallies, headline),
        collapsed=collapsed_tasks(headline, confidence),
        clean_pass_hat_k=mean_pass_hat((t.passed, t.trials) for t in tallies.clean.values()),
        outcomes_clean=_outcomes(tallies.clean.values()),
        outcomes_perturbed=_outcomes(t for cells in tallies.perturbed.values() for t in cells.values()),
        exposed=sum(t.met for cells in tallies.perturbed.values() for t in cells.values()),
    )


def _headline(paired: Contrast, noise_floor: Drop | None, confidence: float) -> Headline:
    if not paired.tasks:
        return Headline(
            clean=None, perturbed=None, drop=None, interval=None, p_value=None, noise_floor=noise_floor, tasks=0, k=None
        )
    estimate = paired.estimate(confidence)
    return Headline(
        clean=paired.clean_rate,
        perturbed=paired.perturbed_rate,
        drop=estimate.estimate,
        interval=cut(estimate),
        p_value=estimate.p_value,
        noise_floor=noise_floor,
        tasks=estimate.tasks,
        k=paired.k,
    )


def _without(tallies: Tallies, left_out: Collection[str], confidence: float) -> Headline | None:
    """The headline over the tasks that are not left out; `None` where none of them was run."""
    rest = tallies.without(left_out)
    if rest.clean.keys() == tallies.clean.keys():
        return None
    by_task = {task: pooled(by_operator) for task, by_operator in rest.headline().items()}
    return _headline(contrast(plain(rest.clean), by_task), _noise_floor(rest, confidence), confidence)


def _noise_floor(tallies: Tallies, confidence: float) -> Drop | None:
    """What a drop looks like where nothing was changed: the difference of two halves of the clean trials."""
    halves = [
        {
            task: Arm(Fraction(t.halves[i][0], t.halves[i][1]), t.halves[i][1])
            for task, t in tallies.clean.items()
            if t.halves[i][1]
        }
        for i in range(2)
    ]
    paired = contrast(halves[0], halves[1])
    if not paired.tasks:
        return None
    estimate = paired.estimate(confidence)
    return Drop(estimate.estimate, cut(estimate))


def _operators(tallies: Tallies, clean: Mapping[str, Arm], confidence: float) -> tuple[OperatorSummary, ...]:
    cells = _with_inapplicable(tallies)
    contrasts = {key: contrast(clean, plain(by_task)) for key, by_task in cells.items()}
    compared = [key for key, paired in contrasts.items() if paired.tasks]
    estimates = dict(
        zip(compared, bonferroni_t([(contrasts[k].differences, contrasts[k].k) for k in compared], confidence), strict=True)
    )
    adjusted = dict(zip(compared, holm([estimates[key].p_value for key in compared]), strict=True))
    rows = [
        _operator(key, cells[key], contrasts[key], estimates.get(key), adjusted.get(key), tallies, clean, confidence)
        for key in cells
    ]
    return tuple(sorted(rows, key=lambda r: (not r.headline, r.drop is None, -(r.drop or 0.0), r.id)))


def _with_inapplicable(tallies: Tallies) -> dict[OperatorKind, dict[str, Tally]]:
    """Count episodes without a kind, which were never planned, in the first row of their operator that has one."""
    cells = {key: dict(by_task) for key, by_task in tallies.perturbed.items() if key[1] is not None}
    for key, by_task in tallies.perturbed.items():
        if key[1] is not None:
            continue
        home = next((other for other in cells if other[0] == key[0]), key)
        for task, tally in by_task.items():
            there = cells.setdefault(home, {})
            there[task] = joined(there[task], tally) if task in there else tally
    return cells


def _operator(
    key: OperatorKind,
    cells: Mapping[str, Tally],
    paired: Contrast,
    estimate: Estimate | None,
    p_adjusted: float | None,
    tallies: Tallies,
    clean: Mapping[str, Arm],
    confidence: float,
) -> OperatorSummary:
    operator, kind = key
    compared = [cells[task] for task in paired.tasks]
    pairs = sum(t.trials for t in compared)
    return OperatorSummary(
        id=operator,
        axis=tallies.axes.get(operator),
        kind=kind,
        headline=kind in HEADLINE_KINDS,
        tasks=len(paired.tasks),
        pairs=pairs,
        exposed=sum(t.met for t in compared) / pairs if pairs else None,
        clean=paired.clean_rate,
        perturbed=paired.perturbed_rate,
        drop=estimate.estimate if estimate else None,
        interval=cut(estimate) if estimate else None,
        p_value=estimate.p_value if estimate else None,
        p_adjusted=p_adjusted,
        exposed_drop=_exposed_drop(contrast(clean, met_only(cells)), cells, confidence),
        collapsed=collapsed_tasks(paired, confidence),
        mcnemar=_mcnemar(paired),
        pass_hat_k=mean_pass_hat((t.passed, t.trials) for t in compared),
        stale=sum(t.stale for t in cells.values()),
        outcomes=_outcomes(cells.values()),
    )


def _exposed_drop(paired: Contrast, cells: Mapping[str, Tally], confidence: float) -> ExposedDrop | None:
    if not paired.tasks:
        return None
    estimate = paired.estimate(confidence)
    return ExposedDrop(sum(cells[task].met for task in paired.tasks), estimate.estimate, cut(estimate))


def _mcnemar(paired: Contrast) -> Discordance | None:
    """Exact where each task has one trial in each arm; with more trials the tasks would count more than once."""
    if not paired.tasks or any(arm.trials != 1 for arm in paired.clean + paired.perturbed):
        return None
    pairs = list(zip(paired.clean, paired.perturbed, strict=True))
    clean_only = sum(c.rate > p.rate for c, p in pairs)
    perturbed_only = sum(c.rate < p.rate for c, p in pairs)
    return Discordance(clean_only, perturbed_only, mcnemar_exact(clean_only, perturbed_only).exact)


def _axes(
    tallies: Tallies, clean: Mapping[str, Arm], operators: tuple[OperatorSummary, ...], confidence: float
) -> tuple[AxisSummary, ...]:
    contrasts: dict[str, Contrast] = {}
    for axis in dict.fromkeys(tallies.axes.values()):
        paired = contrast(clean, {task: pooled(cells) for task, cells in tallies.headline(axis).items()})
        if paired.tasks:
            contrasts[axis] = paired
    estimates = bonferroni_t([(c.differences, c.k) for c in contrasts.values()], confidence)
    adjusted = holm([estimate.p_value for estimate in estimates])
    rows = []
    for (axis, paired), estimate, p_adjusted in zip(contrasts.items(), estimates, adjusted, strict=True):
        members = [row for row in operators if row.axis == axis and row.headline and row.drop is not None]
        rows.append(
            AxisSummary(
                axis=axis,
                operators=len({row.id for row in members}),
                tasks=len(paired.tasks),
                clean=_known(mean_rate(paired.clean)),
                perturbed=_known(mean_rate(paired.perturbed)),
                drop=estimate.estimate,
                interval=cut(estimate),
                p_value=estimate.p_value,
                p_adjusted=p_adjusted,
                # The operators come worst first.
                worst=next((row.id for row in members if row.drop is not None and row.drop > 0), None),
            )
        )
    return tuple(sorted(rows, key=lambda row: (-row.drop, row.axis)))


def _tasks(tallies: Tallies, headline: Contrast) -> tuple[TaskSummary, ...]:
    drops = dict(zip(headline.tasks, headline.differences, strict=True))
    cells: dict[str, list[CellSummary]] = {}
    for (operator, kind), by_task in tallies.perturbed.items():
        for task, t in by_task.items():
            cell = CellSummary(
                operator=operator, kind=kind, passed=t.passed, trials=t.trials, seconds=t.seconds, outcomes=dict(t.outcomes)
            )
            cells.setdefault(task, []).append(cell)
    empty = Tally()
    return tuple(
        TaskSummary(
            task=task,
            passed=tallies.clean.get(task, empty).passed,
            trials=tallies.clean.get(task, empty).trials,
            drop=drops.get(task),
            outcomes=dict(tallies.clean.get(task, empty).outcomes),
            operators=tuple(cells.get(task, ())),
        )
        for task in dict.fromkeys([*tallies.clean, *cells])
    )


def _outcomes(cells: Iterable[Tally]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for tally in cells:
        total.update(tally.outcomes)
    return dict(total.most_common())


def _known(rate: float | None) -> float:
    if rate is None:
        raise ValueError("a contrast without tasks has no rate")
    return rate
