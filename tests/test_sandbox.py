"""Commands of a hostile agent: nothing outside is touched, and the run goes on."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from perturb import sandbox
from perturb.errors import ConfigurationError
from perturb.sandbox import Ended, Limits, Sandbox

needs_bubblewrap = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
SHORT = Limits(seconds=2.0, memory=256 * 2**20, processes=40, disk=8 * 2**20, output=2000)


@pytest.fixture
def box() -> Iterator[Sandbox]:
    made = Sandbox()
    yield made
    made.close()


def bash(box: Sandbox, command: str, limits: Limits = SHORT) -> Ended:
    return box.run(["bash", "--norc", "--noprofile", "-c", command], limits)


@needs_bubblewrap
def test_a_command_finds_its_home_and_what_it_left_there(box: Sandbox) -> None:
    (box.folder / "note.txt").write_text("lamps\n", encoding="utf-8")
    box.own()
    ended = bash(box, "cat note.txt; pwd; echo more >> note.txt; echo oops >&2; exit 3")
    assert ended == Ended(3, "lamps\n/home/sam\n", "oops\n")
    assert (box.folder / "note.txt").read_text(encoding="utf-8") == "lamps\nmore\n"
    assert bash(box, "whoami; hostname; cat - | wc -c").stdout == "sam\nbox\n0\n"


@needs_bubblewrap
def test_nothing_outside_is_there(box: Sandbox, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret", encoding="utf-8")
    tmp_path.chmod(0o777)
    ended = bash(box, f"cat {secret}; echo x > {secret}; ls /root /home; echo x > /usr/x; env; rm -rf / 2>/dev/null; echo end")
    assert "secret" not in ended.stdout
    assert ended.stdout.splitlines()[-1] == "end"
    assert secret.read_text(encoding="utf-8") == "secret"
    assert not Path("/usr/x").exists()
    assert Path("/usr/bin/env").exists()
    theirs = {line.split("=")[0] for line in ended.stdout.splitlines() if "=" in line}
    assert theirs <= {"PATH", "HOME", "LANG", "PWD", "SHLVL", "_", "TZ", "USER", "LOGNAME"}


@needs_bubblewrap
def test_there_is_no_network(box: Sandbox) -> None:
    ended = bash(box, "echo hello > /dev/tcp/127.0.0.1/80 || echo closed; cat /proc/net/dev | grep -c : ")
    assert "closed" in ended.stdout
    assert ended.stdout.split()[-1] == "1"  # its own loopback


@needs_bubblewrap
@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("while true; do :; done", "after 2 seconds"),
        pytest.param("sleep 100 & sleep 100", "after 2 seconds", marks=pytest.mark.slow),
        pytest.param("trap '' TERM INT HUP; sleep 100", "after 2 seconds", marks=pytest.mark.slow),
        ("for i in $(seq 1000); do head -c 1000000 /dev/zero > f$i; done; sleep 100", "the disk is full"),
    ],
)
def test_what_takes_too_much_is_stopped_and_the_next_command_runs(box: Sandbox, command: str, told: str) -> None:
    started = time.monotonic()
    ended = bash(box, command)
    assert (ended.exit_code, told in str(ended.stopped)) == (124, True)
    assert time.monotonic() - started < 20
    assert bash(box, "rm -f f*; echo well").stdout == "well\n"


@needs_bubblewrap
@pytest.mark.slow
def test_forks_without_end_are_bounded(box: Sandbox) -> None:
    bash(box, "bomb() { bomb | bomb & }; bomb; sleep 1")
    deadline = time.monotonic() + 20
    while bash(box, "echo well").stdout != "well\n":
        assert time.monotonic() < deadline
    many = bash(box, "for i in $(seq 200); do sleep 5 & done; echo started; sleep 5")
    assert "fork" in many.stderr


@needs_bubblewrap
@pytest.mark.slow
def test_memory_and_single_files_have_their_limits(box: Sandbox) -> None:
    hungry = bash(box, "head -c 900M /dev/zero | tail -n 1 | wc -c; echo ${PIPESTATUS[1]}", SHORT._replace(seconds=20.0))
    assert hungry.stopped is not None or hungry.stdout.split()[-1] != "0"
    ended = bash(box, "head -c 100M /dev/zero > big; stat -c %s big")
    assert not ended.stdout or int(ended.stdout) <= SHORT.disk


@needs_bubblewrap
def test_what_is_killed_from_within_ends_as_such(box: Sandbox) -> None:
    assert bash(box, "kill -9 $PPID; kill -9 -1; kill -9 $$").exit_code in (137, 9, 1)
    assert bash(box, "echo well").stdout == "well\n"


@needs_bubblewrap
def test_output_without_end_is_cut(box: Sandbox) -> None:
    ended = bash(box, "yes | head -c 5000000; echo end >&2")
    assert (len(ended.stdout), ended.cut, ended.stderr) == (2000, True, "end\n")


@needs_bubblewrap
def test_the_folder_goes_with_the_sandbox() -> None:
    made = Sandbox()
    bash(made, "mkdir -p a/b; touch a/b/c; chmod 000 a")
    made.close()
    assert not made.folder.exists()


def test_without_bubblewrap_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    with pytest.raises(ConfigurationError, match="apt-get install bubblewrap"):
        Sandbox()


@needs_bubblewrap
def test_where_no_sandbox_may_be_made_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_WORKING", [False])
    with pytest.raises(ConfigurationError, match="nothing is run unprotected"):
        Sandbox()
