"""Perturb's own store: the episodes of its runs, as the agent saw them, and what was imported into it before."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator

import msgspec

from perturb.episode import Episode, messages
from perturb.errors import StoreError
from perturb.importers.chat import read_message
from perturb.importers.reading import Problem, Source
from perturb.recorded import Recorded
from perturb.types import JSON

NAME = "perturb"
SUMMARY = "a store of Perturb's own (episodes.sqlite)"


def is_store(source: Source) -> bool:
    return source.head(16) == b"SQLite format 3\x00"


def read(source: Source) -> Iterator[Recorded | Problem]:
    """Each episode of a store, clean and perturbed, then each that was imported; the file is not changed."""
    try:
        database = sqlite3.connect(f"file:{source.path.absolute()}?mode=ro", uri=True)
        tables = {name for (name,) in database.execute("select name from sqlite_master where type = 'table'")}
    except sqlite3.Error as error:
        raise StoreError(f"the store {source.path} cannot be read: {error}") from None
    try:
        if not tables & {"episodes", "recorded"}:
            raise StoreError(f"{source.path} is no store of Perturb: it holds no table of episodes")
        if "episodes" in tables:
            yield from _run_episodes(source, database)
        if "recorded" in tables:
            for key, record in database.execute("select key, record from recorded order by import, position"):
                try:
                    yield msgspec.json.decode(record, type=Recorded)
                except msgspec.DecodeError as error:
                    yield Problem(f"recorded {key}", f"it cannot be read: {error}")
    finally:
        database.close()


def _run_episodes(source: Source, database: sqlite3.Connection) -> Iterator[Recorded | Problem]:
    runs = {run: json.loads(header).get("header") or {} for run, header in database.execute("select run, header from runs")}
    rows = database.execute(
        "select e.key, e.record, p.plan, max(a.run) from episodes e left join plans p on p.digest = e.plan "
        "left join pairs a on a.key = e.key group by e.rowid order by e.rowid"
    )
    for key, record, plan, run in rows:
        try:
            episode = msgspec.json.decode(record, type=Episode)
            if plan is not None:
                episode = msgspec.structs.replace(episode, plan=msgspec.json.decode(plan))
        except msgspec.DecodeError as error:
            yield Problem(f"episode {key}", f"it cannot be read: {error}")
            continue
        of = runs.get(run) or {}
        yield recorded_of(episode, str(source.path), suite=str(of.get("toolset", "")), model=str(of.get("agent", "")))


def recorded_of(episode: Episode, source: str, *, suite: str = "", model: str = "") -> Recorded:
    """An episode of a run as a recorded one, in the terms that its agent saw; the setup is the operator, `""` for clean."""
    errors = iter([step.reply.is_error for step in episode.steps])
    said = tuple(
        msgspec.structs.replace(one, is_error=next(errors, False)) if one.role == "tool" else one
        for one in map(read_message, messages(episode))
    )
    judged = {"passed": True, "failed": False}
    about: dict[str, JSON] = {"outcome": episode.outcome, "arm": episode.arm}
    if episode.plan is not None:
        about["plan"] = episode.plan
    if episode.reasoning:
        about["reasoning"] = list(episode.reasoning)
    if episode.steps:
        about["real_calls"] = [msgspec.to_builtins(step.real) for step in episode.steps]
    return Recorded(
        format=NAME,
        source=source,
        place=f"episode {episode.key}",
        task=episode.task,
        suite=suite,
        model=model,
        trial=episode.trial,
        setup=episode.operator or "",
        messages=said,
        passed=judged.get(episode.outcome),
        reward=float(judged[episode.outcome]) if episode.outcome in judged else None,
        ended=episode.error or ("" if episode.outcome in judged else episode.outcome),
        cut_off=episode.outcome in ("agent_error", "budget_exceeded"),
        usage=episode.usage,
        seconds=episode.seconds,
        about=about,
    )
