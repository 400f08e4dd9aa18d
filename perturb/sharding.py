"""The shards of a run in one store, joined to the run that they are parts of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from perturb.store import Store

SUMMED = ("tasks", "proven", "pairs", "not_proven", "unsolvable", "seconds")


def join_shards(store: Store, whole: str) -> None:
    """Write down the run called `whole` as what its newest shards in the store are together; which ones is told by `shards`.

    A run of that name that was made in one piece is left alone.
    """
    made = store.header(whole)
    if made is not None and made.get("shards") is None:
        return
    parts: dict[int, tuple[str, float, dict[str, Any]]] = {}
    of = None
    for run, started, kept in store.runs():
        shard = kept.get("shard") or {}
        if shard.get("whole") == whole and of in (None, shard["of"]):
            of = shard["of"]
            parts.setdefault(shard["number"], (run, started, kept))
    if of is None:
        return
    ordered = [parts[number] for number in sorted(parts)]
    kept = _joined([kept for _, _, kept in ordered])
    kept["header"]["run"] = whole
    kept["shards"] = {"of": of, "numbers": sorted(parts), "runs": [run for run, _, _ in ordered]}
    store.join_plans(whole, [run for run, _, _ in ordered])
    # A moment after the last shard, so that the whole is the newest run.
    store.begin_run(whole, max(started for _, started, _ in ordered) + 1e-3, kept)


def _joined(parts: list[dict[str, Any]]) -> dict[str, Any]:
    headers = [kept["header"] for kept in parts]
    header = dict(headers[0])
    for name in SUMMED:
        header[name] = sum(one[name] for one in headers)
    header["started"] = min(one["started"] for one in headers)
    header["operators"] = list(dict.fromkeys(_flat(one["operators"] for one in headers)))
    if all(one["floor"] for one in headers):
        floors = [one["floor"] for one in headers]
        counts = {name: sum(one[name] for one in floors) for name, known in floors[0].items() if isinstance(known, int)}
        header["floor"] = {**counts, "vacuous": _flat(one.get("vacuous", []) for one in floors)}
    header["command"] = parts[0]["shard"]["command"]
    kept = dict(parts[0]) | {"header": header, "shard": None}
    kept["request"] = dict(parts[0]["request"]) | {"shard": None, "command": header["command"]}
    for name in ("left_out", "gold_fails_clean", "not_proven_tasks"):
        kept[name] = _flat(one[name] for one in parts)
    kept["ended"] = _ended([one["ended"] for one in parts if one.get("ended")])
    return kept


def _ended(parts: list[dict[str, Any]]) -> dict[str, Any] | None:
    if not parts:
        return None
    worst = next((one for one in parts if one["how"] != "complete"), parts[0])
    return dict(worst) | {name: sum(one[name] for one in parts) for name in ("episodes", "resumed", "left", "seconds")}


def _flat(lists: Iterable[list[Any]]) -> list[Any]:
    return [one for some in lists for one in some]
