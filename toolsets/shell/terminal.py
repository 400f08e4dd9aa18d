"""The terminal of one episode: a home with files, and commands that run in it."""

from __future__ import annotations

import atexit
import base64
import os
import re
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import anyio.to_thread
from pydantic import Field
from typing_extensions import TypedDict

from perturb.authoring import ToolError, read, write
from perturb.sandbox import Ended, Limits, Sandbox
from perturb.types import JSON

from . import world

HOME, USER = "/home/sam", "sam"
GIT = {
    "GIT_AUTHOR_NAME": "Sam",
    "GIT_AUTHOR_EMAIL": "sam@mail.example",
    "GIT_AUTHOR_DATE": "2026-05-11T09:00:00Z",
    "GIT_COMMITTER_NAME": "Sam",
    "GIT_COMMITTER_EMAIL": "sam@mail.example",
    "GIT_COMMITTER_DATE": "2026-05-11T09:00:00Z",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_PAGER": "cat",
    "PAGER": "cat",
}
"""Whose commits they are and when they are made: always the same, so that equal work makes equal commits."""
MOST_SECONDS, MOST_CHARACTERS, MOST_LINES = 20, 20_000, 400
TOLD = """\
cd "$1" && git for-each-ref --format='%(refname) %(objectname)' && git symbolic-ref -q HEAD; git rev-parse HEAD; \
git status --porcelain --ignored\
"""


class Finished(TypedDict):
    exit_code: Annotated[int, Field(description="0 where the command says that it went well.")]
    stdout: Annotated[str, Field(description="What it wrote to its standard output.")]
    stderr: Annotated[str, Field(description="What it wrote to its standard error.")]


class Lines(TypedDict):
    path: str
    lines: Annotated[int, Field(description="How many lines the whole file has.")]
    text: Annotated[str, Field(description="The lines that were asked for.")]


class Written(TypedDict):
    path: str
    characters: int


class Terminal:
    """The tools over a home of its own, in a sandbox without a network."""

    def __init__(self) -> None:
        self._box = Sandbox(home=HOME, user=USER, host="desk", variables=GIT)
        shutil.copytree(_template(), self._box.folder, symlinks=True, dirs_exist_ok=True)
        self._box.own()

    @write
    async def run(self, command: str, timeout_seconds: int = 10) -> Finished:
        """Run a command line in bash, in the home folder. Each starts anew: a folder that was changed into and variables are
        forgotten afterwards, files are not. Nobody can type into it, and there is no network.

        Args:
            command: The command line, of one or more lines.
            timeout_seconds: After how many seconds it is stopped, at most 20.
        """
        if not 1 <= timeout_seconds <= MOST_SECONDS:
            message = f"A command may take between 1 and {MOST_SECONDS} seconds."
            raise ToolError("invalid_argument", message, field="timeout_seconds", value=timeout_seconds)
        if "\0" in command:
            raise ToolError("invalid_argument", "A command holds no zero byte.", field="command")
        limits = Limits(seconds=float(timeout_seconds), output=MOST_CHARACTERS)
        ended = await anyio.to_thread.run_sync(self._bash, command, limits)
        told = f"\n{ended.stopped}\n" if ended.stopped else "\nmore was written than is shown\n" if ended.cut else ""
        return {"exit_code": ended.exit_code, "stdout": ended.stdout, "stderr": ended.stderr + told}

    @read
    def read_file(self, path: str, first_line: int = 1, last_line: int | None = None) -> Lines:
        """Read lines of a text file.

        Args:
            path: The file, from the home folder.
            first_line: The first line to show, from 1.
            last_line: The last line to show; the end of the file, or 400 lines on, if left out.
        """
        target = self._inside(path)
        if not target.is_file() or target.is_symlink():
            raise ToolError("not_found", f"There is no file {path}.", field="path", value=path)
        lines = target.read_bytes().decode("utf-8", errors="replace").splitlines(keepends=True)
        if first_line < 1 or first_line > max(1, len(lines)):
            message = f"{path} has {len(lines)} lines, so it cannot be read from line {first_line} on."
            raise ToolError("invalid_argument", message, field="first_line", value=first_line)
        last = min(len(lines), last_line or len(lines), first_line + MOST_LINES - 1)
        return {"path": path, "lines": len(lines), "text": "".join(lines[first_line - 1 : last])}

    @write(idempotent=True)
    def write_file(self, path: str, content: str) -> Written:
        """Write a text file, in place of one that is there; folders on the way are made.

        Args:
            path: The file, from the home folder.
            content: All that is to stand in it.
        """
        target = self._inside(path)
        if target.is_dir() or target.is_symlink():
            raise ToolError("conflict", f"{path} is no file that can be written.", field="path", value=path)
        if len(content) > 1_000_000:
            raise ToolError("invalid_argument", "A file may have a million characters at most.", field="content")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content, encoding="utf-8")
        except (OSError, UnicodeEncodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it holds what is no text"
            raise ToolError("conflict", f"{path} cannot be written: {reason}.", field="path", value=path) from error
        self._box.own()
        return {"path": path, "characters": len(content)}

    def dump(self) -> dict[str, Any]:
        """Files with their contents, folders, and of each repository what git says of it. What git keeps stands apart: it
        differs from run to run where the repository does not."""
        files: dict[str, JSON] = {}
        git: dict[str, JSON] = {}
        repositories: dict[str, JSON] = {}
        for folder, names, inside in os.walk(self._box.folder):
            here = Path(folder).relative_to(self._box.folder)
            within = ".git" in here.parts
            if ".git" in names and not within:
                repositories[str(here)] = self._repository(str(here))
            if not names and not inside and not within:
                files[f"{here}/"] = {}
            for name in sorted([*inside, *(one for one in names if Path(folder, one).is_symlink())]):
                (git if within else files)[str(here / name)] = _told(Path(folder, name))
        return {"files": dict(sorted(files.items())), "repositories": repositories, "git": git}

    def load(self, state: dict[str, Any]) -> None:
        for one in self._box.folder.iterdir():
            shutil.rmtree(one) if one.is_dir() and not one.is_symlink() else one.unlink()
        for part in ("files", "git"):
            for path, told in state[part].items():
                _put(self._box.folder / path, told)
        self._box.own()

    def close(self) -> None:
        self._box.close()

    def _bash(self, command: str, limits: Limits) -> Ended:
        return self._box.run(["bash", "--norc", "--noprofile", "-c", command], limits)

    def _repository(self, path: str) -> str:
        return self._box.run(["bash", "-c", TOLD, "told", path]).stdout

    def _inside(self, path: str) -> Path:
        """A file of the home by the name that the agent gives it; symbolic links lead nowhere."""
        relative = re.sub(rf"^(~|{re.escape(HOME)})(/|$)", "", path)
        parts = Path(relative).parts
        if not relative or "\0" in path or Path(relative).is_absolute() or ".." in parts:
            raise ToolError("invalid_argument", f"{path!r} is no path of the home folder.", field="path", value=path)
        target = self._box.folder
        for part in parts[:-1]:
            target = target / part
            if target.is_symlink():
                raise ToolError("invalid_argument", f"{path!r} leads over a link.", field="path", value=path)
        return self._box.folder / relative


def _told(path: Path) -> dict[str, JSON]:
    if path.is_symlink():
        return {"link": os.readlink(path)}
    if not path.is_file():
        return {"other": True}
    try:
        content = path.read_bytes()
    except OSError:
        return {"unreadable": True}
    mode: dict[str, JSON] = {"executable": True} if path.stat().st_mode & 0o100 else {}
    try:
        return {"text": content.decode("utf-8"), **mode}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode("ascii"), **mode}


def _put(path: Path, told: dict[str, JSON]) -> None:
    if not told:
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if "link" in told:
        path.symlink_to(str(told["link"]))
        return
    content = str(told["text"]).encode() if "text" in told else base64.b64decode(str(told.get("base64", "")))
    path.write_bytes(content)
    path.chmod(0o755 if told.get("executable") else 0o644)


@cache
def _template() -> Path:
    """A home as every episode finds it, made once by each process."""
    box = Sandbox(home=HOME, user=USER, host="desk", variables=GIT)
    for path, content in world.files().items():
        _put(box.folder / path, {"base64": base64.b64encode(content).decode("ascii"), "executable": path in world.EXECUTABLE})
    for path in world.EMPTY:
        (box.folder / path).mkdir(parents=True, exist_ok=True)
    box.own()
    ended = box.run(["bash", "-c", world.SITE])
    if ended.exit_code:
        raise RuntimeError(f"the repository of toolset 'shell' could not be made: {ended.stderr}")
    kept = Path(tempfile.mkdtemp(prefix="perturb-shell-"))
    atexit.register(shutil.rmtree, kept, ignore_errors=True)
    shutil.copytree(box.folder, kept, symlinks=True, dirs_exist_ok=True)
    box.close()
    for folder, names, inside in os.walk(kept):
        for name in (*names, *inside):
            os.utime(Path(folder, name), (world.STAMP, world.STAMP), follow_symlinks=False)
    return kept
