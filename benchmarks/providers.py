"""Two campaigns against a provider that misbehaves, and against `kill -9`; each says at the end what it found.

    python benchmarks/providers.py faults --responses 10000     one response in five spoiled, every kind
    python benchmarks/providers.py kills --times 200            runs killed at random moments, and gone on with

The provider is `perturb serve-reference`, in this process; exit status 1 if anything is not as it must be.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import anyio

import perturb
from perturb.episode import Episode
from perturb.evaluation import Request, evaluate, prepare, store_path
from perturb.models.settings import ModelSettings
from perturb.planning import Design, Limits
from perturb.serving.app import Logged, Reference
from perturb.serving.faults import FAULTS, Fault, Spoiler
from perturb.serving.server import Served, learnt, serving
from perturb.store import Store
from perturb.toolset import Toolset

OPERATOR = "tools.synonym"
"""The agent reads through it, and no perturbed request is like a clean one, so that each response belongs to one episode."""
CIRCUMSTANCES = frozenset({"seconds", "started", "ended", "cost", "latency", "delayed"})
"""What of a report may differ between two runs that found the same."""


def served(spoiler: Spoiler | None = None, latency: float = 0.0) -> Any:
    mind_of, models = anyio.run(learnt, "airline")
    return serving(Reference(mind_of, models, spoiler=spoiler, latency=latency))


# Faults


def faults(
    responses: int,
    rate: float = 0.2,
    kinds: Sequence[Fault] = FAULTS,
    seed: int = 1,
    folder: Path | None = None,
    limit: int | None = None,
) -> list[str]:
    """Run until about so many responses were asked for, or the first `limit` tasks once; what is not as it must be."""
    place = folder or Path(tempfile.mkdtemp(prefix="perturb-faults-"))
    started = time.perf_counter()
    with served(Spoiler(rate, kinds, seed)) as provider:
        wrong, told = anyio.run(_fault_run, provider, responses, place, kinds, limit)
    spoiled = Counter(one.fault for one in provider.log if one.fault)
    print(f"{len(provider.log):,} responses, {spoiled.total():,} spoiled, {time.perf_counter() - started:.0f} s")
    print("  " + ", ".join(f"{kind} {number}" for kind, number in sorted(spoiled.items())))
    print("  " + told)
    missing = set(kinds) - set(spoiled)
    return wrong + ([f"no response was spoiled by {sorted(missing)}"] if missing else [])


async def _fault_run(
    provider: Served, responses: int, place: Path, kinds: Sequence[Fault], limit: int | None
) -> tuple[list[str], str]:
    # A clean and a perturbed episode of each task ask for at least so many.
    trials = 1 if limit else max(1, -(-responses // 580))
    request = Request(
        agent="chat:reader",
        operators=(OPERATOR,),
        design=Design(trials=trials, clean_trials=trials),
        limits=Limits(concurrency=16, timeout=300.0),
        folder=place,
        limit=limit,
        model=ModelSettings(
            base_url=f"{provider.url}/v1",
            pause=0.01,
            # A response that comes too late on a busy machine is spoiled by nothing that the log tells.
            request_timeout=5.0 if "hang" in kinds else 120.0,
            retries=8,
            stream=bool(responses % 2),
        ),
    )
    done = await evaluate(await prepare(request))
    prepared = await prepare(request)
    by_key: dict[str, list[Logged]] = defaultdict(list)
    for one in provider.log:
        by_key[one.key].append(one)
    wrong = []
    outcomes: Counter[str] = Counter()
    with Store(store_path(request)) as store, sqlite3.connect(store_path(request)) as database:
        asked: dict[str, list[str]] = defaultdict(list)
        for episode, key in database.execute("select distinct episode, key from requests"):
            asked[episode].append(key)
        open_requests = database.execute("select count(*) from requests where how is null").fetchone()[0]
        if open_requests:
            wrong.append(f"{open_requests} requests have no end")
        for planned in store.planned(done.run):
            found = store.get(planned.key)
            if found is None:
                wrong.append(f"the episode of task {planned.task} was lost")
                continue
            outcomes[found.outcome] += 1
            met = {one.fault for key in asked[planned.key] for one in by_key[key] if one.fault}
            expected = deserved(prepared.toolset, found, met)
            if found.outcome != expected:
                wrong.append(f"task {planned.task} ended in {found.outcome}, not in {expected}; it met {met}: {found.error}")
    return wrong, ", ".join(f"{outcome} {number}" for outcome, number in outcomes.most_common())


def deserved(toolset: Toolset, episode: Episode, met: set[str]) -> str:
    """The outcome that an episode deserves which met these faults; without any it passes."""
    if "refused_schema" in met:
        return "invalid_setup"
    if "length" in met:
        return "budget_exceeded"
    if "refusal" not in met:
        return "passed"
    task = toolset.task(episode.task)
    environment = toolset.environment(task)
    try:
        calls = [call for step in episode.steps for call in step.real]
        for call in calls:
            environment.call(call)
        # Where the user has more to say, a refusal is an answer to one message, and need not be the last.
        last = episode.answer or "" if task.follow_ups else "I am sorry, but I cannot help with that."
        return "passed" if toolset.check(task, environment, last, calls) else "failed"
    finally:
        environment.close()


# Kills


def kills(times: int, seed: int = 1, limit: int = 6, latency: float = 0.02) -> list[str]:
    """Kill runs at random moments until so many were killed; each is gone on with until it is whole, and then held against a
    run that nobody disturbed. What is not as it must be."""
    chance = random.Random(seed)
    started = time.perf_counter()
    place = Path(tempfile.mkdtemp(prefix="perturb-kills-"))
    wrong: list[str] = []
    killed = lost = requests = jobs = 0
    with served(latency=latency) as provider:
        command = _command(provider, limit)
        whole = _undisturbed(command, place / "undisturbed")
        while killed < times:
            jobs += 1
            folder = place / f"job{jobs}"
            folder.mkdir()
            provider.log.clear()
            finished = 0
            while True:
                ended = _run(command, folder, _moment(chance, provider) if killed < times else None)
                killed += ended is None
                before, finished = finished, _episodes(folder)
                if finished < before:
                    wrong.append(f"job {jobs}: {before - finished} finished episodes were lost")
                if ended is not None:
                    break
            if ended != 0:
                wrong.append(f"job {jobs} ended with status {ended}")
                continue
            if (told := _report(folder)) != whole:
                wrong.append(f"job {jobs}: the report is not that of the undisturbed run: {_difference(told, whole)}")
            found, mine = _asked_twice(folder, provider)
            wrong += [f"job {jobs}: {one}" for one in found]
            lost += mine
            requests += len(provider.log)
            shutil.rmtree(folder)
    print(
        f"{killed} kills in {jobs} jobs, {requests:,} requests, of which {lost} were in flight at a kill; "
        f"{time.perf_counter() - started:.0f} s"
    )
    shutil.rmtree(place)
    return wrong


def _command(provider: Served, limit: int) -> list[str]:
    return [
        *(sys.executable, "-m", "perturb", "run", "--agent", "chat:reader", "--base-url", f"{provider.url}/v1"),
        *(
            "--operators",
            f"{OPERATOR},results.envelope",
            "--limit",
            str(limit),
            "--trials",
            "2",
            "--concurrency",
            "4",
            "--json",
        ),
    ]


def _moment(chance: random.Random, provider: Served) -> Callable[[], bool]:
    """When to kill: one time in five at any time of the start, else some time after a few more requests have come."""
    if chance.random() < 0.2:
        end = time.monotonic() + chance.uniform(0.0, 3.0)
        return lambda: time.monotonic() >= end
    target, jitter = len(provider.log) + chance.randint(1, 24), chance.uniform(0.0, 0.03)
    since: list[float] = []

    def come() -> bool:
        if len(provider.log) >= target and not since:
            since.append(time.monotonic())
        return bool(since) and time.monotonic() >= since[0] + jitter

    return come


def _run(command: Sequence[str], folder: Path, moment: Callable[[], bool] | None) -> int | None:
    """The exit status of a run, or `None` where it was killed before it ended."""
    variables = os.environ | {"PYTHONPATH": str(Path(perturb.__file__).parents[1])}
    running = subprocess.Popen(command, cwd=folder, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while moment is not None and running.poll() is None:
        if moment():
            running.kill()
            running.wait()
            return None
        time.sleep(0.001)
    return running.wait()


def _undisturbed(command: Sequence[str], folder: Path) -> str:
    folder.mkdir()
    status = _run(command, folder, None)
    if status:
        raise SystemExit(f"the undisturbed run ended with status {status}")
    return _report(folder)


def _report(folder: Path) -> str:
    """The report of the one run in a folder, without its circumstances, as text."""
    (path,) = (folder / "reports" / "runs").glob("*/report.json")
    return json.dumps(_bare(json.loads(path.read_text())), indent=1)


def _bare(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: _bare(value) for name, value in node.items() if name not in CIRCUMSTANCES}
    return [_bare(one) for one in node] if isinstance(node, list) else node


def _difference(one: str, other: str) -> str:
    return next(
        (f"{a!r} for {b!r}" for a, b in zip(one.splitlines(), other.splitlines(), strict=False) if a != b), "its length"
    )


def _rows(folder: Path, query: str) -> Iterator[Any]:
    path = folder / "reports" / "runs" / "episodes.sqlite"
    if path.is_file():
        with sqlite3.connect(path) as database:
            try:
                yield from database.execute(query).fetchall()
            except sqlite3.OperationalError:
                return  # it was killed before its tables were made


def _episodes(folder: Path) -> int:
    return sum(number for (number,) in _rows(folder, "select count(*) from episodes"))


def _asked_twice(folder: Path, provider: Served) -> tuple[list[str], int]:
    """Requests that were made again though their response had been received; and how many were in flight at a kill."""
    wrong = []
    sent: Counter[str] = Counter()
    received: set[str] = set()
    lost = 0
    for key, how in _rows(folder, "select key, how from requests order by id"):
        if key in received:
            wrong.append(f"{key} was asked for again after it was received")
        sent[key] += 1
        lost += how == "lost"
        if how == "received":
            received.add(key)
        elif how != "lost":
            wrong.append(f"{key} ended as {how}")
    served = Counter(one.key for one in provider.log)
    wrong += [
        f"{key} came {number} times and was sent {sent[key]} times" for key, number in served.items() if number > sent[key]
    ]
    wrong += [f"{key} was never received" for key in sent if key not in received]
    return wrong, lost


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="campaign", required=True)
    spoiling = commands.add_parser("faults")
    spoiling.add_argument("--responses", type=int, default=10_000)
    spoiling.add_argument("--rate", type=float, default=0.2)
    spoiling.add_argument("--seed", type=int, default=1)
    killing = commands.add_parser("kills")
    killing.add_argument("--times", type=int, default=200)
    killing.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    wrong = (
        faults(given.responses, given.rate, seed=given.seed) if given.campaign == "faults" else kills(given.times, given.seed)
    )
    for one in wrong[:20]:
        print(f"wrong: {one}")
    print("as it must be" if not wrong else f"{len(wrong)} things are wrong")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
