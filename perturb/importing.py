"""Imports recorded episodes into a store, and counts what is in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import msgspec

from perturb.errors import ConfigurationError
from perturb.importers.formats import format_of
from perturb.importers.reading import Problem, Source, Unreadable
from perturb.process_checks import CHECKS, Finding, findings
from perturb.recorded import ROLES, Pairing, Recorded, keyed, pair
from perturb.recordings import Recordings
from perturb.statistics import mean_pass_hat
from perturb.types import JSON, Tool, digest

MOST_PROBLEMS = 1000
"""How many problems of a file are told one by one; all are counted."""
ENDINGS = (".json", ".jsonl", ".ndjson", ".eval", ".sqlite", ".gz")
"""What is taken for a file of episodes in a folder that is named."""


class Place(NamedTuple):
    """Something that is wrong: the file with the place in it, and what it is."""

    where: str
    what: str


class Suspect(NamedTuple):
    """What a process check has found, and where."""

    where: str
    check: str
    what: str


class Counted(msgspec.Struct):
    """What is in one file, or in several together.

    `calls` are the agent's, `tool_errors` results that were errors, `passed` and `failed` recorded verdicts. `unanswered`
    counts calls without a result, `orphans` results without a call, `parallel` the times when an agent made several calls at
    once, `others` messages of other roles than the chat form's, `media` parts of messages that are no text. `found` counts all
    problems. `process` holds for each process check the episodes in which it found something, `findings` what it found.
    """

    file: str = ""
    format: str = ""
    episodes: int = 0
    calls: int = 0
    tool_errors: int = 0
    passed: int = 0
    failed: int = 0
    pass_hat_k: list[float] = msgspec.field(default_factory=list)
    models: list[str] = msgspec.field(default_factory=list)
    tasks: int = 0
    cut_off: int = 0
    unanswered: int = 0
    orphans: int = 0
    parallel: int = 0
    user_calls: int = 0
    others: dict[str, int] = msgspec.field(default_factory=dict)
    media: int = 0
    problems: list[Place] = msgspec.field(default_factory=list)
    found: int = 0
    process: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(CHECKS, 0))
    findings: list[Suspect] = msgspec.field(default_factory=list)


class Tally:
    """Counts the episodes and the problems of one file, or of all."""

    def __init__(self, file: str, format: str) -> None:
        self.counted = Counted(file=file, format=format)
        self._verdicts: dict[tuple[str, str, str, str, str], list[int]] = {}
        self._models: Counter[str] = Counter()
        self._others: Counter[str] = Counter()

    def problem(self, where: str, what: str) -> None:
        """Count a problem, and keep it where not very many are kept already."""
        self.counted.found += 1
        if len(self.counted.problems) < MOST_PROBLEMS:
            self.counted.problems.append(Place(where, what))

    def add(self, one: Recorded, paired: Pairing, where: str) -> None:
        """Count an episode, given its calls with their results; what is odd about them is a problem at `where`."""
        told = self.counted
        own = [call for call in paired.calls if call.by != "user"]
        told.episodes += 1
        told.calls += len(own)
        told.user_calls += len(paired.calls) - len(own)
        told.tool_errors += sum(message.is_error for message in one.messages)
        told.parallel += sum(number > 1 for number in Counter(call.step for call in own).values())
        told.cut_off += one.cut_off
        told.media += sum(len(message.rest) for message in one.messages)
        if one.model:
            self._models[one.model] += 1
        self._others.update(message.role for message in one.messages if message.role not in ROLES)
        verdicts = self._verdicts.setdefault(one.group, [0, 0])
        if one.passed is not None:
            told.passed += one.passed
            told.failed += not one.passed
            verdicts[0] += one.passed
            verdicts[1] += 1
        self._odd(one, paired, where)

    def suspect(self, found: Sequence[Finding], where: str) -> None:
        """Count what the process checks have found in one episode."""
        for check in {one.check for one in found}:
            self.counted.process[check] += 1
        for one in found[: max(0, MOST_PROBLEMS - len(self.counted.findings))]:
            self.counted.findings.append(Suspect(f"{where} message {one.message}", one.check, one.what))

    def _odd(self, one: Recorded, paired: Pairing, where: str) -> None:
        told = self.counted
        unanswered = [call.call.name for call in paired.calls if call.answered is None]
        told.unanswered += len(unanswered)
        told.orphans += len(paired.orphans)
        if unanswered:
            self.problem(where, f"no result is recorded of {_listed(unanswered, 'call')}")
        if paired.orphans:
            names = [one.messages[at].tool or f"message {at}" for at in paired.orphans]
            self.problem(where, f"no call is recorded of {_listed(names, 'result')}")
        malformed = [call.call.name for call in paired.calls if call.call.malformed is not None]
        if malformed:
            self.problem(where, f"the arguments of {_listed(malformed, 'call')} are no JSON object; their text is kept")

    def done(self) -> Counted:
        """The counts, with pass^k over the tasks that have verdicts."""
        told = self.counted
        told.tasks = len(self._verdicts)
        told.models = [name for name, _ in self._models.most_common()]
        told.others = dict(self._others)
        told.pass_hat_k = mean_pass_hat((passes, trials) for passes, trials in self._verdicts.values())
        return told


def _listed(names: Sequence[str], noun: str) -> str:
    shown = ", ".join(names[:4]) + (", …" if len(names) > 4 else "")
    return f"{len(names)} {noun}{'' if len(names) == 1 else 's'}: {shown}"


class Wanted(NamedTuple):
    """What to import: files and folders, in a format or in whichever they are; `tools` for episodes that tell none."""

    paths: tuple[Path, ...]
    format: str | None = None
    tools: tuple[Tool, ...] = ()
    name: str | None = None


class Imported(NamedTuple):
    """What an import came to: its name in the store, all together, and each file by itself."""

    name: str
    total: Counted
    files: list[Counted]


def files_of(paths: Sequence[Path]) -> list[Path]:
    """The files that are named, those in named folders among them. Raises `ConfigurationError` where one is not there."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.suffix in ENDINGS and file.is_file())
            if not inside:
                raise ConfigurationError(f"the folder {path} holds no file of episodes ({', '.join(ENDINGS)})")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise ConfigurationError(f"there is no file {path}; name one, or a folder of them")
    return list(dict.fromkeys(found))


def import_name(paths: Sequence[Path]) -> str:
    """The name of an import: that of the first file, and a few digits that tell it from others of that name."""
    stem = paths[0].name
    while Path(stem).suffix in ENDINGS:
        stem = Path(stem).stem
    stem = "".join(sign if sign.isalnum() or sign in "-_." else "-" for sign in stem)[:48] or "import"
    return f"{stem}-{digest([str(path.absolute()) for path in paths], 4)}"


def read_files(
    wanted: Wanted, tell: Callable[[str, int, int], None] = lambda file, done, total: None
) -> Iterator[tuple[str, str, Recorded | Problem]]:
    """Every episode and problem of the files, each with its file and format, one at a time.

    Trials that the recording does not count are counted here. `tell` is given the file, the bytes read and those of all files.
    Raises `ConfigurationError` where no file is in a format that is known.
    """
    paths = files_of(wanted.paths)
    total = sum(path.stat().st_size for path in paths)
    before, trials = 0, Counter[tuple[str, str, str, str, str]]()
    for path in paths:
        source = Source(path, lambda done, path=path, before=before: tell(path.name, before + done, total))  # type: ignore[misc]
        try:
            form = format_of(source, wanted.format)
        except ConfigurationError as error:
            if len(paths) == 1:
                raise
            yield str(path), "", Problem("", str(error).replace(str(path), "it", 1))
            continue
        for one in form.read(source):
            if isinstance(one, Problem):
                yield str(path), form.name, one
                continue
            if one.trial < 0:
                one = msgspec.structs.replace(one, trial=trials[one.group])
            trials[one.group] += 1
            if wanted.tools and not one.tools:
                one = msgspec.structs.replace(one, tools=wanted.tools)
            try:
                yield str(path), form.name, keyed(one) if not one.key else one
            except (Unreadable, ValueError) as error:
                yield str(path), form.name, Problem(one.place, str(error))
        before += source.size


def import_files(
    wanted: Wanted, store: Path | None, tell: Callable[[str, int, int], None] = lambda file, done, total: None
) -> Imported:
    """Read files of episodes into a store, a few at a time, or merely count what they hold where there is no store.

    Raises `ConfigurationError` where there is not one episode in them, naming what is wrong with the first.
    """
    name = wanted.name or import_name(files_of(wanted.paths))
    total, tallies = Tally("", ""), dict[str, Tally]()
    position = 0
    with ExitStack() as stack:
        kept = stack.enter_context(Recordings(store)) if store is not None else None
        for file, form, one in read_files(wanted, tell):
            if file not in tallies:
                tallies[file] = Tally(file, form)
            if isinstance(one, Problem):
                where = f"{file} {one.where}".rstrip()
                for tally in (total, tallies[file]):
                    tally.problem(where, one.what)
                continue
            paired = pair(one.messages)
            suspected = findings(one, paired)
            for tally in (total, tallies[file]):
                tally.add(one, paired, f"{file} {one.place}")
                tally.suspect(suspected, f"{file} {one.place}")
            if kept is None:
                continue
            if position == 0:
                kept.begin(name)
            kept.add(name, position, one)
            position += 1
        counted = total.done()
        if not counted.episodes:
            first = counted.problems[0] if counted.problems else Place(str(wanted.paths[0]), "it holds none")
            raise ConfigurationError(f"there is not one episode to import; {first.where}: {first.what}")
        files = [tally.done() for tally in tallies.values()]
        formats = list(dict.fromkeys(one.format for one in files if one.format))
        counted.format = formats[0] if len(formats) == 1 else "mixed"
        if kept is not None:
            kept.end(name, header_of(files, counted))
    return Imported(name, counted, files)


def header_of(files: list[Counted], counted: Counted) -> dict[str, JSON]:
    """What the store keeps of an import beside its episodes: all together, then each file."""
    return {**as_data(counted), "files": [as_data(one) for one in files]}


def as_data(counted: Counted) -> dict[str, JSON]:
    """Counts as plain data, each problem as `{"where", "what"}`."""
    told: dict[str, JSON] = msgspec.to_builtins(counted)
    told["problems"] = [one._asdict() for one in counted.problems]
    told["findings"] = [one._asdict() for one in counted.findings]
    return told
