"""Where two trajectories of one task part.

A trajectory is a list of steps as `report_data` takes them:
`{"call": {"name", "arguments"}, "reply": {"text", "is_error"}, "real": {"name", "arguments"} | None}`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

Step = dict[str, Any]


class Alignment(NamedTuple):
    """Two trajectories side by side: `rows` holds the indices of a clean and a perturbed step, `None` where one side has no
    counterpart; `parted` is the first row where they differ, `None` where they never do."""

    rows: list[tuple[int | None, int | None]]
    parted: int | None


def align(clean: Sequence[Step], perturbed: Sequence[Step]) -> Alignment:
    """Set two trajectories side by side.

    Steps are compared by what they did: the real call, and whether the reply is an error. A perturbed call that never
    reached the environment and was answered without an error (the next page of a long list, a search for a tool) belongs
    to the perturbed setup and is no difference. After the first difference the steps are merely counted along.
    """
    rows: list[tuple[int | None, int | None]] = []
    i = j = 0
    while i < len(clean) or j < len(perturbed):
        if j < len(perturbed) and perturbed[j].get("real") is None and not _is_error(perturbed[j]):
            rows.append((None, j))
            j += 1
        elif i < len(clean) and j < len(perturbed) and _alike(clean[i], perturbed[j]):
            rows.append((i, j))
            i, j = i + 1, j + 1
        else:
            break
    parted = len(rows) if i < len(clean) or j < len(perturbed) else None
    for step in range(max(len(clean) - i, len(perturbed) - j)):
        rows.append((i + step if i + step < len(clean) else None, j + step if j + step < len(perturbed) else None))
    return Alignment(rows, parted)


def first_difference(clean: Sequence[Step], perturbed: Sequence[Step]) -> int | None:
    """The index of the first perturbed step that differs from the clean trajectory, counted from 0.

    It is the number of perturbed steps where the perturbed trajectory merely ends earlier, and `None` where the steps are
    the same to the end, so that only the answers can differ. `align` says what counts as a difference.
    """
    rows, parted = align(clean, perturbed)
    if parted is None:
        return None
    index = rows[parted][1]
    return len(perturbed) if index is None else index


def _alike(clean: Step, perturbed: Step) -> bool:
    return (clean.get("real") or clean["call"]) == perturbed.get("real") and _is_error(clean) == _is_error(perturbed)


def _is_error(step: Step) -> bool:
    return bool(step["reply"].get("is_error"))
