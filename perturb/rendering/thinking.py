"""The thinking table in words: what every report writes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from perturb.rendering import wording

POLICIES: dict[str, str] = {
    "keep": "kept",
    "drop_all": "dropped",
    "drop_before_last_user": "since last user turn",
    "truncate": "truncated",
    "wrong_field": "in the wrong field",
}
CELL_HEADS = ("Setup", "Earlier thinking", "Success", "Tokens", "Calls", "Turns a thought", "Latency", "Cost")
DIFFERENCE_HEADS = ("Setup", "Kept against", "Keep", "Drop", "Keep − drop", "95 % interval", "Adjusted p", "Tokens a point")
INTERACTION_HEADS = ("Kept against", "More when changed", "95 % interval", "Tasks")
PUBLISHED_HEADS = ("Benchmark", "Keep", "Drop", "Keep − drop")
NOTE = (
    "Success is over tasks, the rest a mean over episodes: tokens in and out, the calls of tools, the model's turns for each "
    "that holds a thought, the seconds that the model took, US dollars."
)
PAIRED = (
    "Paired by task; the intervals hold together at 95 %. Tokens a point: how many more an episode takes, with all earlier "
    "thinking sent back, for each point of success that this gains."
)
PUBLISHED = (
    "Published by MiniMax for M2 on 3 November 2025, to hold this against: earlier thinking kept and dropped; no numbers of "
    "runs, no intervals."
)


class Tables(NamedTuple):
    """The rows of each table as text, in the columns of its heads."""

    cells: list[tuple[str, ...]]
    differences: list[tuple[str, ...]]
    interactions: list[tuple[str, ...]]
    published: list[tuple[str, ...]]


def tables(thinking: Mapping[str, Any]) -> Tables:
    """The thinking table as text."""
    return Tables(
        [_cell(row) for row in thinking["cells"]],
        [_difference(row) for row in thinking["differences"]],
        [
            (POLICIES[row["policy"]], wording.points(row["more"]), wording.interval(row["interval"]), str(row["tasks"]))
            for row in thinking["interactions"]
        ],
        [(row["name"], *(wording.points(row[key]) for key in ("keep", "drop", "difference"))) for row in thinking["published"]],
    )


def context(data: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a template needs of the table, each part with how many of its columns, the first ones, hold words; `None` where a
    run has none."""
    thinking = data.get("thinking")
    if not thinking:
        return None
    made = tables(thinking)
    parts = (
        ("What each policy does, and what it takes", CELL_HEADS, made.cells, NOTE, 2),
        ("What keeping gains", DIFFERENCE_HEADS, made.differences, PAIRED, 2),
        ("How much more it gains where the setup was changed", INTERACTION_HEADS, made.interactions, "", 1),
        ("The published table", PUBLISHED_HEADS, made.published, PUBLISHED, 1),
    )
    names = ("title", "heads", "rows", "note", "words")
    return {"parts": [dict(zip(names, part, strict=True)) for part in parts if part[2]]}


def aligned(part: Mapping[str, Any], width: int) -> list[str]:
    """The lines of a part's table, its heads first: words to the left, numbers to the right. The p-values give way where
    `width` columns are not enough."""
    rows = [part["heads"], *part["rows"]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if "Adjusted p" in rows[0] and sum(widths) + 2 * len(widths) > width:
        gone = rows[0].index("Adjusted p")
        rows = [(*row[:gone], *row[gone + 1 :]) for row in rows]
        del widths[gone]
    sides = ["<" if place < part["words"] else ">" for place in range(len(widths))]
    return ["".join(f"  {text:{side}{wide}}" for text, side, wide in zip(row, sides, widths, strict=True)) for row in rows]


def _cell(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        row["setup"],
        POLICIES[row["policy"]],
        wording.points(row["success"]),
        _number(row["tokens"], ",.0f"),
        _number(row["calls"], ".1f"),
        _number(row["turns_a_thought"], ".1f"),
        _seconds(row["latency"]),
        _money(row["cost"]),
    )


def _difference(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        row["setup"],
        POLICIES[row["policy"]],
        wording.points(row["keep"]),
        wording.points(row["drop"]),
        wording.points(row["difference"]),
        wording.interval(row["interval"]),
        wording.p_value(row["p_adjusted"]),
        _number(row["tokens_a_point"], ",.0f").replace("-", wording.MINUS),
    )


def _number(value: float | None, form: str) -> str:
    return wording.NOTHING if value is None else format(value, form)


def _seconds(value: float | None) -> str:
    if value is None:
        return wording.NOTHING
    return f"{value:.3f} s" if value < 1 else f"{value:.1f} s"


def _money(value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"${value:.4f}" if value < 0.1 else f"${value:.2f}"
