"""What episodes can tell before they are run: the drop that so many can detect, how many a drop takes, and what they cost."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec

from perturb.assembling import stored_rows
from perturb.errors import ConfigurationError
from perturb.gate_pairs import Gate
from perturb.statistics import Spread, clean_trials, detectable_drop, gate_margin, pairs_to_gate, spread_of, tasks_needed
from perturb.statistics.contrast import contrast, plain, pooled
from perturb.statistics.tallies import count
from perturb.store import Planned, Store
from perturb.types import HEADLINE_KINDS, Transcript, to_json

POWER = 0.8
"""With this probability a drop that is called detectable is told from none."""
MOST_TRIALS = 200
CHARACTERS = 4
"""Of English text and JSON, about so many characters are a token."""


class Detectable(msgspec.Struct, frozen=True, kw_only=True):
    """The smallest drop that a plan detects with probability `POWER`, as a fraction: of the headline, and of each of so many
    `operators` with the error shared among them. `None` where not even the loss of all success would be; `gate` holds
    the drops that a gate passes and fails nine times in ten."""

    tasks: int
    clean_trials: float
    headline: float | None
    operator: float | None
    operators: int
    gate: tuple[float, float] | None = None


def detectable(planned: Iterable[Planned], gate: Gate | None = None, spread: Spread | None = None) -> Detectable:
    """What the episodes of a plan can detect, by the default spread where no other is given."""
    clean: Counter[str] = Counter()
    cells: dict[str, Counter[str]] = {}
    for one in planned:
        if one.operator is None:
            clean[one.task] += 1
        elif one.kind in HEADLINE_KINDS:
            cells.setdefault(one.task, Counter())[one.operator] += 1
    both = [task for task in cells if clean[task]]
    if not both:
        return Detectable(tasks=0, clean_trials=0.0, headline=None, operator=None, operators=0)
    k_clean = _harmonic(clean[task] for task in both)
    by_operator: dict[str, list[int]] = {}
    for task in both:
        for operator, trials in cells[task].items():
            by_operator.setdefault(operator, []).append(trials)
    together = _harmonic(len(cells[task]) * _harmonic(cells[task].values()) for task in both)
    each = [
        detectable_drop(len(trials), k_clean, _harmonic(trials), spread, power=POWER, families=len(by_operator))
        for trials in by_operator.values()
    ]
    pairs = sum(sum(mine.values()) for mine in cells.values())
    margin = gate_margin(pairs, (spread or Spread()).deviation(1, 1))
    return Detectable(
        tasks=len(both),
        clean_trials=k_clean,
        headline=_possible(detectable_drop(len(both), k_clean, together, spread, power=POWER)),
        # An operator like most of them: half of the operators need a larger drop.
        operator=_possible(sorted(each)[len(each) // 2]),
        operators=len(by_operator),
        gate=None if gate is None or gate.per != "headline" else (gate.limit - margin, gate.limit + margin),
    )


def _harmonic(numbers: Iterable[float]) -> float:
    known = list(numbers)
    return len(known) / math.fsum(1.0 / number for number in known)


def _possible(drop: float) -> float | None:
    return drop if drop <= 1.0 else None


# --- what they cost ---------------------------------------------------------------------------------------------------


class PerEpisode(msgspec.Struct, frozen=True):
    """The tokens of one episode, in the mean, and where they are known from: a `run`, or the gold solutions."""

    input: float
    output: float
    source: str
    cost: float | None = None

    def of(self, episodes: int, price: tuple[float, float] | None) -> float | None:
        """US dollars of so many episodes; `price` is for a million tokens in and out, `None` what the run has paid."""
        if price is not None:
            return episodes * (self.input * price[0] + self.output * price[1]) / 1e6
        return None if self.cost is None else episodes * self.cost


def tokens_of(transcripts: Sequence[Transcript]) -> PerEpisode | None:
    """An estimate from the gold solutions: each call is a turn of its own, which is sent all that was before it."""
    if not transcripts:
        return None
    into = out = 0
    for one in transcripts:
        tools = [[tool.name, tool.description, tool.parameters] for tool in one.tools]
        sent = len(one.system) + len(one.prompt) + len(to_json(tools))
        for step in one.steps:
            call = len(to_json(step.call))
            into += sent
            out += call
            sent += call + len(step.reply.text)
        into += sent
        out += len(one.answer)
    return PerEpisode(into / CHARACTERS / len(transcripts), out / CHARACTERS / len(transcripts), "gold solutions")


class Pilot(NamedTuple):
    """What an earlier run shows: the spread of its headline and of an operator, its size, and what an episode took."""

    run: str
    headline: Spread
    operator: Spread
    tasks: int
    operators: int
    episode: PerEpisode | None


def read_pilot(store: Store, run: str) -> Pilot:
    """Read a stored run as a pilot. Raises `ConfigurationError` where it is too small to be one."""
    rows = list(stored_rows(store, run))
    tallies = count(rows)
    clean = plain(tallies.clean)
    together = contrast(clean, {task: pooled(cells) for task, cells in tallies.headline().items()})
    if len(together.tasks) < 2:
        raise ConfigurationError(f"run {run} is no pilot: two tasks or more need both arms, and {len(together.tasks)} have")
    each = [contrast(clean, plain(by_task)) for (_, kind), by_task in tallies.perturbed.items() if kind in HEADLINE_KINDS]
    spreads = [spread_of(one) for one in each if len(one.tasks) > 1] or [spread_of(together)]
    mean = Spread(*(math.fsum(values) / len(spreads) for values in zip(*spreads, strict=True)))
    ran = [row for row in rows if row.key]
    into, out = (sum(getattr(row, name) for row in ran) / len(ran) for name in ("input_tokens", "output_tokens"))
    costs = [row.cost for row in ran]
    known = None if None in costs else math.fsum(cost or 0.0 for cost in costs) / len(ran)
    episode = PerEpisode(into, out, f"run {run}", known) if into or out else None
    return Pilot(run, spread_of(together), mean, len(together.tasks), len(each), episode)


# --- how many ---------------------------------------------------------------------------------------------------------


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One way to an answer: so many `tasks` with so many `trials` under each operator and `clean_trials`, or a gate with so
    many `pairs` at most. `enough` says whether the suite has the tasks."""

    question: Literal["headline", "operator", "gate"]
    tasks: int | None
    trials: int | None
    clean_trials: int | None
    episodes: int
    enough: bool = True
    pairs: int | None = None


def ways(drop: float, tasks: int, operators: int, spreads: Mapping[str, Spread | None], power: float = POWER) -> list[Way]:
    """The ways to detect a drop with probability `power`: with the tasks of the suite and the fewest trials that do, with one
    trial and the fewest tasks that do, and as a gate. `spreads` is that of the `headline` and of an `operator`."""
    found = _ways("headline", drop, tasks, operators, spreads["headline"], power)
    if operators > 1:
        found += _ways("operator", drop, tasks, operators, spreads["operator"], power)
    spread = spreads["operator"]
    pairs = pairs_to_gate(drop, None if spread is None else spread.deviation(1, 1))
    gate = Way(question="gate", tasks=None, trials=None, clean_trials=None, episodes=2 * pairs, pairs=pairs)
    return [*found, gate]


def _ways(
    question: Literal["headline", "operator"], drop: float, tasks: int, operators: int, spread: Spread | None, power: float
) -> list[Way]:
    families = 1 if question == "headline" else operators

    def arms(trials: int) -> tuple[int, int]:
        return clean_trials(trials, operators), trials * operators if question == "headline" else trials

    def way(tasks_: int, trials: int) -> Way:
        clean = clean_trials(trials, operators)
        taken = tasks_ * (operators * trials + clean)
        return Way(question=question, tasks=tasks_, trials=trials, clean_trials=clean, episodes=taken, enough=tasks_ <= tasks)

    def detects(trials: int) -> bool:
        return detectable_drop(tasks, *arms(trials), spread, power=power, families=families) <= drop

    # More trials never detect less, so that the fewest are found by halving.
    fewest = 1 + bisect_left(range(1, MOST_TRIALS + 1), True, key=detects)
    needed = tasks_needed(drop, *arms(1), spread, power=power, families=families)
    return [
        *([way(tasks, fewest)] if fewest <= MOST_TRIALS else []),
        *([way(needed, 1)] if needed != tasks else []),
    ]
