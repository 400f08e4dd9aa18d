"""The numbers of a run, as records."""

from __future__ import annotations

import msgspec

Interval = tuple[float, float]


class Drop(msgspec.Struct, frozen=True):
    """A drop with its interval, cut to [-1, 1], where a difference of two rates must lie."""

    drop: float
    interval: Interval


class Headline(msgspec.Struct, frozen=True, kw_only=True):
    """The run in one number. All are `None` where no task has both arms.

    `clean` and `perturbed` are means over the `tasks` tasks that have both arms, so that their difference is the drop.
    """

    clean: float | None
    perturbed: float | None
    drop: float | None
    interval: Interval | None
    p_value: float | None
    noise_floor: Drop | None
    tasks: int
    k: float | None


class Collapse(msgspec.Struct, frozen=True):
    """The tasks that always passed clean and never perturbed: how many of how many, with the exact interval of their share."""

    count: int
    of: int
    interval: Interval
    tasks: tuple[str, ...]


class Eligible(msgspec.Struct, frozen=True):
    """The drop over the tasks that pass a clean trial, `tasks` of `of`: one clean trial selects, the others estimate."""

    drop: float
    interval: Interval
    tasks: int
    of: int


class Retention(msgspec.Struct, frozen=True):
    """The share of the clean success that is `kept`, with the ends of its interval; `high` is `None` where there is none."""

    kept: float
    low: float
    high: float | None


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """What the drop could be, had the episodes without an outcome of the agent's ended otherwise.

    `clean` and `perturbed` count them. The measured drop lies between `least` and `most`, whichever way they are counted;
    `interval` holds the true one at the stated confidence whatever they were.
    """

    clean: int
    perturbed: int
    least: float
    most: float
    interval: Interval


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """What stands beside the headline drop; `missing` is `None` where no episode is missing."""

    eligible: Eligible | None
    retention: Retention | None
    missing: Missing | None
    perturbed_pass_hat_k: list[float]


class Discordance(msgspec.Struct, frozen=True):
    """With one trial in each arm: the tasks that passed in one arm only, and McNemar's exact p-value."""

    clean_only: int
    perturbed_only: int
    p_value: float


class ExposedDrop(msgspec.Struct, frozen=True):
    """The drop over the episodes that met the change. What an agent meets is partly its own doing: read it beside the drop."""

    pairs: int
    drop: float
    interval: Interval


class OperatorSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One operator with plans of one kind; rates are `None` where no pair is left to compare."""

    id: str
    axis: str | None
    kind: str | None
    headline: bool
    tasks: int
    pairs: int
    exposed: float | None
    clean: float | None
    perturbed: float | None
    drop: float | None
    interval: Interval | None
    p_value: float | None
    p_adjusted: float | None
    exposed_drop: ExposedDrop | None
    collapsed: Collapse | None
    mcnemar: Discordance | None
    pass_hat_k: list[float]
    stale: int
    outcomes: dict[str, int]


class AxisSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One axis over its headline operators; `worst` is the operator with the largest drop above 0."""

    axis: str
    operators: int
    tasks: int
    clean: float
    perturbed: float
    drop: float
    interval: Interval
    p_value: float
    p_adjusted: float
    worst: str | None


class CellSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One task under one operator and kind."""

    operator: str
    kind: str | None
    passed: int
    trials: int
    seconds: float
    outcomes: dict[str, int]


class TaskSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One task: what it did clean, its headline drop, and what it did under each operator."""

    task: str
    passed: int
    trials: int
    drop: float | None
    outcomes: dict[str, int]
    operators: tuple[CellSummary, ...]


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """All that a report says in numbers; operators worst first, those that count towards the headline before the rest.
    `without_vacuous` is the headline over the other tasks, `None` where none is vacuous."""

    headline: Headline
    without_vacuous: Headline | None
    beside: Beside
    axes: tuple[AxisSummary, ...]
    operators: tuple[OperatorSummary, ...]
    tasks: tuple[TaskSummary, ...]
    collapsed: Collapse | None
    clean_pass_hat_k: list[float]
    outcomes_clean: dict[str, int]
    outcomes_perturbed: dict[str, int]
    exposed: int
