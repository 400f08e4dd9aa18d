"""The store: one SQLite file that holds every finished episode, every proof and every run.

An episode is written in a transaction of its own the moment it ends, so that a killed process loses none. The file may be
read while it is written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from perturb.database import connect, told
from perturb.episode import Episode
from perturb.replay import Proof
from perturb.types import JSON, to_json


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """One episode that a run consists of, whether it has been run or not."""

    key: str
    task: str
    arm: str
    trial: int
    operator: str | None = None
    axis: str | None = None
    kind: str | None = None
    plan: dict[str, JSON] | None = None
    proof: str = "solvable"


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """What the statistics need of a finished episode; the whole record is fetched by its key."""

    key: str
    task: str
    arm: str
    trial: int
    operator: str | None
    axis: str | None
    kind: str | None
    proof: str | None
    outcome: str
    exposed: bool
    error: str | None
    seconds: float
    calls: int
    stale: int
    cost: float | None
    input_tokens: int
    output_tokens: int


class Store:
    """Open or make the file at `path`; `:memory:` keeps nothing. Raises `StoreError` where it cannot be used."""

    def __init__(self, path: Path | str) -> None:
        self.path = str(path)
        self._db = connect(self.path)
        self._decoder = msgspec.json.Decoder(Episode)
        self._plans: dict[int, tuple[dict[str, JSON], str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._db.close()

    def add(self, episode: Episode) -> None:
        """Keep a finished episode; one with the same key is replaced. Raises `StoreError` where the file takes no more."""
        with told(self.path):
            self._add(episode)

    def _add(self, episode: Episode) -> None:
        self._db.execute(
            "insert or replace into episodes values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                episode.key,
                episode.task,
                episode.arm,
                episode.operator,
                episode.trial,
                episode.outcome,
                episode.exposed,
                episode.error,
                episode.seconds,
                len(episode.steps),
                episode.stale,
                episode.usage.cost,
                episode.usage.input_tokens,
                episode.usage.output_tokens,
                self._keep_plan(episode.plan),
                msgspec.json.encode(episode if episode.plan is None else msgspec.structs.replace(episode, plan=None)),
            ),
        )

    def _keep_plan(self, plan: dict[str, JSON] | None) -> str | None:
        """The name of a plan, which is kept once, however many episodes are run under it."""
        if plan is None:
            return None
        known = self._plans.get(id(plan))
        if known is None:
            text = to_json(plan)
            if len(self._plans) >= 4096:
                self._plans.clear()
            # The plan is kept beside its name, so that no other one can get its id meanwhile.
            known = self._plans[id(plan)] = plan, hashlib.sha256(text).hexdigest()[:24]
            self._db.execute("insert or ignore into plans values (?, ?)", (known[1], text))
        return known[1]

    def get(self, key: str) -> Episode | None:
        """The whole record of an episode."""
        row = self._db.execute(
            "select e.record, p.plan from episodes e left join plans p on p.digest = e.plan where e.key = ?", (key,)
        ).fetchone()
        if row is None:
            return None
        episode = self._decoder.decode(row[0])
        return episode if row[1] is None else msgspec.structs.replace(episode, plan=msgspec.json.decode(row[1]))

    def outcomes(self, run: str) -> dict[tuple[str, str], int]:
        """How many of a run's episodes have ended, by arm and outcome."""
        rows = self._db.execute(
            "select p.arm, e.outcome, count(*) from pairs p join episodes e on e.key = p.key where p.run = ? group by 1, 2",
            (run,),
        )
        return {(arm, outcome): number for arm, outcome, number in rows}

    def forget(self, run: str, outcomes: Iterable[str] | None = None, position: int = 0) -> None:
        """Drop a run's episodes from `position` on, or those with the given outcomes, so that they are run again."""
        which = "delete from episodes where key in (select key from pairs where run = ? and position >= ?)"
        for outcome in outcomes if outcomes is not None else [None]:
            if outcome is None:
                self._db.execute(which, (run, position))
            else:
                self._db.execute(which + " and outcome = ?", (run, position, outcome))

    def add_proof(self, key: str, proof: Proof) -> None:
        with told(self.path):
            self._db.execute("insert or replace into proofs values (?, ?)", (key, to_json(proof)))

    def proof(self, key: str) -> Proof | None:
        row = self._db.execute("select proof from proofs where key = ?", (key,)).fetchone()
        return None if row is None else msgspec.json.decode(row[0], type=Proof)

    def begin_plan(self, run: str) -> None:
        """Forget what a run of that name consisted of."""
        self._db.execute("delete from pairs where run = ?", (run,))

    def add_pairs(self, run: str, position: int, planned: Iterable[Planned]) -> None:
        """Write down a further part of what a run consists of, from `position` on in its order."""
        with self._db:
            self._db.execute("begin")
            self._db.executemany(
                "insert into pairs values (?,?,?,?,?,?,?,?,?,?,?)",
                (
                    (
                        run,
                        index,
                        one.key,
                        one.task,
                        one.arm,
                        one.trial,
                        one.operator,
                        one.axis,
                        one.kind,
                        self._keep_plan(one.plan),
                        one.proof,
                    )
                    for index, one in enumerate(planned, position)
                ),
            )

    def join_plans(self, run: str, parts: Iterable[str]) -> None:
        """Let a run consist of what several other runs do, one after the other."""
        with told(self.path), self._db:
            self._db.execute("begin immediate")
            self.begin_plan(run)
            for part in parts:
                self._db.execute(
                    "insert into pairs select ?, position + (select count(*) from pairs where run = ?), "
                    "key, task, arm, trial, operator, axis, kind, plan, proof from pairs where run = ?",
                    (run, run, part),
                )

    def planned(self, run: str, *, left: bool = False) -> Iterator[Planned]:
        """What a run consists of, in its order; `left` gives only what has not ended. A few are read at a time, so that a run
        of any size takes the same memory, and episodes may be added meanwhile."""
        after, plans = -1, dict[str, dict[str, JSON]]()
        ended = "and not exists (select 1 from episodes e where e.key = a.key)" if left else ""
        while True:
            rows = self._db.execute(
                "select a.position, a.key, a.task, a.arm, a.trial, a.operator, a.axis, a.kind, a.proof, a.plan, p.plan "
                "from pairs a left join plans p on p.digest = a.plan "
                f"where a.run = ? and a.position > ? {ended} order by a.position limit 256",
                (run, after),
            ).fetchall()
            if not rows:
                return
            for position, key, task, arm, trial, operator, axis, kind, proof, name, text in rows:
                if name is not None and name not in plans:
                    if len(plans) >= 512:
                        plans.clear()
                    plans[name] = msgspec.json.decode(text)
                yield Planned(
                    key=key,
                    task=task,
                    arm=arm,
                    trial=trial,
                    operator=operator,
                    axis=axis,
                    kind=kind,
                    plan=None if name is None else plans[name],
                    proof=proof,
                )
                after = position

    def begin_run(self, run: str, started: float, header: dict[str, JSON]) -> None:
        """Write down a run, in place of an earlier one of the same name."""
        self._db.execute("insert or replace into runs values (?, ?, ?)", (run, started, to_json(header)))

    def update_header(self, run: str, header: dict[str, JSON]) -> None:
        with told(self.path):
            self._db.execute("update runs set header = ? where run = ?", (to_json(header), run))

    def runs(self) -> list[tuple[str, float, dict[str, Any]]]:
        """Every run with the time it was started (seconds since 1970) and its header, the newest first."""
        rows = self._db.execute("select run, started, header from runs order by started desc").fetchall()
        return [(run, started, msgspec.json.decode(header)) for run, started, header in rows]

    def header(self, run: str) -> dict[str, Any] | None:
        row = self._db.execute("select header from runs where run = ?", (run,)).fetchone()
        return None if row is None else msgspec.json.decode(row[0])

    def finished(self, run: str) -> Iterator[Finished]:
        """The finished episodes of a run, in the order of its plan."""
        rows = self._db.execute(
            "select p.key, e.task, e.arm, e.trial, p.operator, p.axis, p.kind, p.proof, e.outcome, e.exposed, e.error, "
            "e.seconds, e.calls, e.stale, e.cost, e.input_tokens, e.output_tokens "
            "from pairs p join episodes e on e.key = p.key "
            "where p.run = ? order by p.position",
            (run,),
        )
        for row in rows:
            yield msgspec.convert(dict(zip(_FINISHED, row, strict=True)), Finished, strict=False)

    def unparsed(self, run: str) -> Iterator[tuple[str | None, int, int]]:
        """How many turns of a model were in no form that its scaffold reads, by operator (`None` for the clean setup), and in
        how many episodes; operators with none are left out."""
        yield from self._db.execute(
            "select p.operator, sum(json_extract(cast(e.record as text), '$.unparsed')), count(*) "
            "from pairs p join episodes e on e.key = p.key "
            # Most episodes have none: they are told by a look, without being read as JSON.
            "where p.run = ? and instr(e.record, cast('\"unparsed\":0,' as blob)) = 0 "
            "group by p.operator having sum(json_extract(cast(e.record as text), '$.unparsed')) > 0 order by min(p.position)",
            (run,),
        ).fetchall()

    def plan(self, run: str, key: str) -> dict[str, JSON] | None:
        """The plan of one perturbed episode of a run."""
        row = self._db.execute(
            "select p.plan from pairs a left join plans p on p.digest = a.plan where a.run = ? and a.key = ?", (run, key)
        ).fetchone()
        return None if row is None or row[0] is None else msgspec.json.decode(row[0])


_FINISHED = Finished.__struct_fields__
