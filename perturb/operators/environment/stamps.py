"""What an environment stamps with the machine's own time, which is of no world's."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from perturb.types import JSON


def stamps_kept(value: JSON, other: JSON, places: re.Pattern[str]) -> JSON:
    """`value`, but with the stamps of today that it or `other`, which is like it, holds at `places` (paths: `/inbox/3/sent`) as
    `other` has them. An episode may have begun on the day before."""
    now = datetime.now()
    today = frozenset((now.date().isoformat(), (now - timedelta(days=1)).date().isoformat()))
    return _kept(value, other, places, today, "")


def _kept(value: JSON, other: JSON, places: re.Pattern[str], today: frozenset[str], path: str) -> JSON:
    if isinstance(value, dict):
        made = {}
        for (key, one), two in zip(value.items(), other.values(), strict=True):
            made[key] = _kept(one, two, places, today, f"{path}/{key}")
        return made if any(made[key] is not one for key, one in value.items()) else value
    if isinstance(value, list):
        rows = [
            _kept(one, two, places, today, f"{path}/{index}") for index, (one, two) in enumerate(zip(value, other, strict=True))
        ]
        return rows if any(new is not one for new, one in zip(rows, value, strict=True)) else value
    if isinstance(value, str) and isinstance(other, str) and not today.isdisjoint((value[:10], other[:10])):
        return other if places.fullmatch(path) else value
    return value
