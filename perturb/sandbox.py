"""Commands that an agent thought of, run where they can do no harm: under bubblewrap, or not at all.

A sandbox is one folder, the home of its user, under a root of its own: the system's programs are there to be read, and nothing
else of the machine is. There is no network, no right that matters, and a limit on time, memory, processes, files and output.

Source: bubblewrap (`bwrap`, Debian's package `bubblewrap`) and `prlimit` of util-linux.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from perturb.errors import ConfigurationError

NOBODY = 65534
"""Whose processes they are where Perturb itself runs as root: no limit on processes holds for root."""
GRACE = 0.02
"""Seconds between two looks at what a command takes."""


class Limits(NamedTuple):
    """What one command may take: seconds, bytes of memory, processes, bytes of all files and of each, characters of output."""

    seconds: float = 10.0
    memory: int = 512 * 2**20
    processes: int = 64
    disk: int = 64 * 2**20
    output: int = 100_000


class Ended(NamedTuple):
    """How a command ended. `stopped` says which limit ended it, in a sentence; `cut` whether output was left out."""

    exit_code: int
    stdout: str
    stderr: str
    stopped: str | None = None
    cut: bool = False


class Sandbox:
    """A folder of its own on the machine, and commands that see it as `home` and little else.

    Raises `ConfigurationError` where bubblewrap is missing or may not make a sandbox; nothing is ever run without it.
    """

    def __init__(
        self, *, home: str = "/home/sam", user: str = "sam", host: str = "box", variables: Mapping[str, str] | None = None
    ) -> None:
        require()
        self.home = home
        self._user, self._host = user, host
        self._variables = {"LANG": "C.UTF-8", "USER": user, "LOGNAME": user, "TZ": "UTC", **(variables or {})}
        self.folder = Path(tempfile.mkdtemp(prefix="perturb-home-"))
        self._etc = Path(tempfile.mkdtemp(prefix="perturb-etc-"))
        (self._etc / "passwd").write_text(f"{user}:x:1000:1000:{user}:{home}:/bin/bash\n", encoding="utf-8")
        (self._etc / "alternatives").mkdir()  # by which Debian names its awk and editor
        (self._etc / "group").write_text(f"{user}:x:1000:\n", encoding="utf-8")
        for path in (self._etc, *self._etc.iterdir()):
            path.chmod(0o755)
        self.own()

    def own(self) -> None:
        """Give all that lies in the folder to the sandbox's user, after something was put there from outside."""
        if os.geteuid() != 0:
            return
        for folder, names, files in os.walk(self.folder):
            os.chown(folder, NOBODY, NOBODY)
            for name in (*names, *files):
                os.chown(Path(folder, name), NOBODY, NOBODY, follow_symlinks=False)

    def run(self, command: Sequence[str], limits: Limits = Limits(), at: str = "", stdin: bytes = b"") -> Ended:  # noqa: B008
        """Run a program with its arguments in the home, or in the folder `at` of it, until it ends or has taken too much.

        A program that starts others in the background takes them with it when it ends.
        """
        started = time.monotonic()
        with subprocess.Popen(
            [*self._walls(at), *_limited(limits), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            **_as_nobody(),
        ) as process:
            readers = [_Reader(stream, limits.output) for stream in (process.stdout, process.stderr) if stream is not None]
            writer = threading.Thread(target=_give, args=(process.stdin, stdin), daemon=True)
            writer.start()
            stopped = None
            while process.poll() is None:
                stopped = self._over(process.pid, limits, time.monotonic() - started)
                if stopped:
                    _kill(process)
                    break
                time.sleep(GRACE)
            process.wait()
            for reader in readers:
                reader.join(2.0)
        code = process.returncode if process.returncode >= 0 else 128 - process.returncode
        out, err = (reader.text for reader in readers)
        return Ended(124 if stopped else code, out, err, stopped, any(reader.cut for reader in readers))

    def close(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self._etc, ignore_errors=True)

    def _walls(self, at: str) -> list[str]:
        links = [part for name in ("bin", "sbin", "lib", "lib64") for part in _system(name)]
        variables = {"PATH": "/usr/bin:/bin", "HOME": self.home, **self._variables}
        return [
            *("bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--uid", "1000", "--gid", "1000"),
            *("--hostname", self._host, "--ro-bind", "/usr", "/usr", *links, "--proc", "/proc", "--dev", "/dev"),
            *(
                "--ro-bind",
                str(self._etc),
                "/etc",
                "--ro-bind-try",
                "/etc/alternatives",
                "/etc/alternatives",
                "--size",
                str(16 * 2**20),
                "--tmpfs",
                "/tmp",
            ),
            *("--bind", str(self.folder), self.home, "--chdir", f"{self.home}/{at}".rstrip("/"), "--clearenv"),
            *(part for name, value in variables.items() for part in ("--setenv", name, value)),
        ]

    def _over(self, pid: int, limits: Limits, seconds: float) -> str | None:
        if seconds > limits.seconds:
            return f"it was stopped after {limits.seconds:g} seconds"
        if _size(self.folder, limits.disk) > limits.disk:
            return f"it was stopped, since the disk is full: {limits.disk // 2**20} MB"
        if _resident(pid) > limits.memory:
            return f"it was stopped, since it took more than {limits.memory // 2**20} MB of memory"
        return None


def require() -> None:
    """Raise `ConfigurationError` where no sandbox can be made."""
    if shutil.which("bwrap") is None or shutil.which("prlimit") is None:
        raise ConfigurationError(
            "commands of an agent run under bubblewrap, and there is none; install it (`apt-get install bubblewrap`): "
            "nothing is run unprotected"
        )
    if not _works():
        raise ConfigurationError(
            "bubblewrap may not make a sandbox here (user namespaces are switched off), and nothing is run unprotected; allow "
            "them (`sysctl kernel.unprivileged_userns_clone=1`, or the machine's own setting)"
        )


_WORKING: list[bool] = []


def _works() -> bool:
    if not _WORKING:
        walls = ("bwrap", "--unshare-all", "--ro-bind", "/", "/", "true")
        tried = subprocess.run(walls, capture_output=True, check=False, **_as_nobody())
        _WORKING.append(tried.returncode == 0)
    return _WORKING[0]


def _as_nobody() -> dict[str, Any]:
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def _system(name: str) -> list[str]:
    """How `/bin` and its like stand in the sandbox: as on the machine, a link into `/usr` or a folder."""
    path = Path("/", name)
    if path.is_symlink():
        return ["--symlink", str(path.readlink()), str(path)]
    return ["--ro-bind", str(path), str(path)] if path.is_dir() else []


def _limited(limits: Limits) -> list[str]:
    return [
        "/usr/bin/prlimit",
        f"--nproc={limits.processes}",
        f"--as={limits.memory}",
        f"--fsize={limits.disk}",
        f"--cpu={int(limits.seconds) + 1}",
        "--core=0",
    ]


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the sandbox: its first process is the one that all others in it die with."""
    for pid in (*_children(process.pid), process.pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _children(pid: int) -> list[int]:
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return []
    return [int(one) for one in found]


def _resident(pid: int) -> int:
    """The memory of a process and of all below it, bytes."""
    total, waiting, seen = 0, [pid], 0
    page = os.sysconf("SC_PAGE_SIZE")
    while waiting and seen < 500:
        one, seen = waiting.pop(), seen + 1
        try:
            total += int(Path(f"/proc/{one}/statm").read_text(encoding="ascii").split()[1]) * page
        except (OSError, IndexError):
            continue
        waiting += _children(one)
    return total


def _size(folder: Path, enough: int) -> int:
    """The bytes of all files of a folder, or any number above `enough`."""
    total, waiting = 0, [str(folder)]
    while waiting and total <= enough:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_blocks * 512
                    total += 64  # an entry is not for nothing
        except OSError:
            continue
    return total


class _Reader(threading.Thread):
    """Reads a stream to its end and keeps the first `most` bytes of it."""

    def __init__(self, stream: IO[bytes], most: int) -> None:
        super().__init__(daemon=True)
        self._stream, self._most, self._kept, self.cut = stream, most, bytearray(), False
        self.start()

    def run(self) -> None:
        try:
            while chunk := self._stream.read1(65536):  # type: ignore[attr-defined]
                room = self._most - len(self._kept)
                self._kept += chunk[:room]
                self.cut = self.cut or len(chunk) > room
        except (OSError, ValueError):
            return

    @property
    def text(self) -> str:
        return self._kept.decode("utf-8", errors="replace")


def _give(stream: IO[bytes] | None, content: bytes) -> None:
    try:
        if stream is not None:
            with stream:
                stream.write(content)
    except (OSError, ValueError):
        return
