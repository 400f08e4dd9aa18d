"""`perturb import` on the command line: what it prints, what it keeps, and what it says to mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest
import recorded_files as files
from command_line import Here

from perturb.importers.formats import FORMATS
from perturb.recordings import Recordings


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Here:
    monkeypatch.chdir(tmp_path)
    return Here(capsys)


def test_the_json_has_what_is_asked_for(here: Here, tmp_path: Path) -> None:
    rows = [files.tau(task, trial, float(trial == 0 or task == 1)) for task in (1, 2) for trial in (0, 1)]
    files.write(tmp_path / "t.json", [*rows, {"task_id": 3, "traj": 7}])
    got = here("import", "t.json", "--json")
    assert (got.status, got.err) == (0, "")
    assert got.json | {"files": 0} == got.json | {
        "format": "tau-bench",
        "episodes": 4,
        "calls": 8,
        "tool_errors": 4,
        "passed": 3,
        "pass_hat_k": [0.75, 0.5],
        "problems": [{"where": "t.json [4]", "what": "traj must be a list, and is a number"}],
        "files": 0,
    }


def test_the_screen_says_it_all_and_names_what_is_wrong(here: Here, tmp_path: Path) -> None:
    files.write(tmp_path / "t.json", [files.tau(1, 0, 1.0), files.tau(1, 1, 0.0), {"task_id": 3, "traj": 7}])
    out = here("import", "t.json").out
    assert "t.json · tau-bench · 2 episodes · 1 task · model not recorded" in out
    assert "passed      50.0 %" in out
    assert "pass^1..2" in out
    assert "4 calls · 2 tool errors · 2 steps of several calls" in out
    assert "t.json [2]: traj must be a list, and is a number" in out
    assert "stored as t-" in out


def test_imports_are_listed_and_reported_again(here: Here, tmp_path: Path) -> None:
    assert "there are no imports yet" in here("list", "imports").out
    files.write(tmp_path / "t.json", [files.tau(1, 0, 1.0)])
    first = here("import", "t.json").out.partition("stored as")[0]
    [row] = here("list", "imports", "--json").json
    assert (row["format"], row["episodes"], row["calls"]) == ("tau-bench", 1, 2)
    assert row["import"] in here("list", "imports").out
    assert here("report", row["import"][:3]).out.strip() == first.strip()
    assert here("report", row["import"], "--json").json["episodes"] == 1
    wrong = here("report", row["import"], "--format", "html")
    assert (wrong.status, "is an import of recorded episodes" in wrong.err) == (2, True)
    assert here("list", "runs").status == 0
    assert "there is no run" in here("report").err


def test_the_same_import_again_replaces_itself(here: Here, tmp_path: Path) -> None:
    path = files.write(tmp_path / "t.json", [files.tau(1, 0, 1.0), files.tau(2, 0, 1.0)])
    here("import", "t.json")
    files.write(path, [files.tau(1, 0, 1.0)])
    here("import", "t.json")
    with Recordings("reports/runs/episodes.sqlite") as kept:
        [one] = kept.imports()
        assert len(list(kept.episodes(one.name))) == 1


def test_nothing_is_kept_where_nothing_is_to_be_kept(here: Here, tmp_path: Path) -> None:
    files.write(tmp_path / "t.json", [files.tau(1, 0, 1.0)])
    assert "import" not in here("import", "t.json", "--no-store", "--json").json
    assert not Path("reports").exists()


def test_a_folder_is_taken_whole_and_a_stranger_in_it_is_named(here: Here, tmp_path: Path) -> None:
    for task in ("a", "b"):
        files.write(tmp_path / "logs" / task / "none.json", files.dojo() | {"user_task_id": task})
    files.write(tmp_path / "logs" / "notes.json", {"hello": 1})
    got = here("import", "logs", "--json").json
    assert (got["format"], got["episodes"], got["tasks"], got["passed"]) == ("agentdojo", 2, 2, 2)
    assert [one["file"] for one in got["files"]] == ["logs/a/none.json", "logs/b/none.json", "logs/notes.json"]
    [problem] = got["problems"]
    assert "an object with the keys hello" in problem["what"]
    assert "3 files" in here("import", "logs").out


def test_tools_are_given_to_episodes_that_tell_none(here: Here, tmp_path: Path) -> None:
    files.write(tmp_path / "t.json", [files.tau(1, 0, 1.0)])
    files.write(
        tmp_path / "tools.json", [{"type": "function", "function": {"name": "count", "parameters": {"type": "object"}}}]
    )
    here("import", "t.json", "--tools", "tools.json", "--name", "mine")
    with Recordings("reports/runs/episodes.sqlite") as kept:
        [episode] = kept.episodes(kept.named("mi").name)
    assert [tool.name for tool in episode.tools] == ["count"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nowhere.json",), "there is no file nowhere.json"),
        (("empty",), "the folder empty holds no file of episodes"),
        (("strange.json",), "strange.json is in no format that is known: it begins with an object with the keys hello"),
        (("text.txt",), "it is no JSON, no store and no Inspect log"),
        (("t.json", "--format", "tau"), "there is no format 'tau'; did you mean 'tau-bench'"),
        (("t.json", "--format", "rotbench"), "there is not one episode to import; t.json [0]: an item has conversations"),
        (("t.json", "--tools", "nowhere.json"), "the tools nowhere.json cannot be read"),
        (("t.json", "--tools", "strange.json"), "strange.json"),
        (("t.json", "--tools", "text.txt"), "text.txt is no list of tools as JSON"),
        (("other.sqlite",), "other.sqlite is no store of Perturb"),
    ],
)
def test_a_mistake_gets_one_message_with_the_remedy(here: Here, tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    import sqlite3

    files.write(tmp_path / "t.json", [files.tau(1, 0, 1.0)])
    files.write(tmp_path / "strange.json", {"hello": 1})
    (tmp_path / "text.txt").write_text("hello")
    (tmp_path / "empty").mkdir()
    with sqlite3.connect(tmp_path / "other.sqlite") as other:
        other.execute("create table notes (text)")
    got = here("import", *words)
    assert got.status == 2
    assert says in got.err.replace("\n", " ")
    assert "Traceback" not in got.err


def test_progress_is_told_where_it_takes_long(tmp_path: Path) -> None:
    rows = [{"messages": files.conversation()} for _ in range(3)]
    path = files.write(tmp_path / "c.jsonl", rows)
    code = "import perturb.cli.progress as p; p.EVERY = 0.0; from perturb.cli import main; main()"
    import subprocess
    import sys

    from command_line import ENVIRONMENT

    done = subprocess.run(
        [sys.executable, "-c", code, "import", str(path), "--no-store"],
        env=ENVIRONMENT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    size = path.stat().st_size
    assert f"importing {size:,} of {size:,} · c.jsonl" in done.stderr


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_that_is_read_as_what_it_is_not_is_told_and_no_defect(here: Here, tmp_path: Path, form: str) -> None:
    from perturb.store import Store

    with Store(tmp_path / "s.sqlite"):
        pass
    (tmp_path / "nothing.json").write_text("")
    (tmp_path / "noise.bin").write_bytes(bytes(range(256)) * 8)
    (tmp_path / "cut.eval").write_bytes(files.eval_log(tmp_path / "x.eval", [files.sample("a", 1, "C")]).read_bytes()[:200])
    for name, value in (
        ("tau-bench.json", [files.tau(1, 0, 1.0)]),
        ("tau2-bench.json", files.tau2()),
        ("agentdojo.json", files.dojo()),
        ("bfcl.jsonl", files.bfcl()),
        ("rotbench.json", files.rotbench()),
        ("openai-chat.jsonl", [{"messages": files.conversation()}]),
    ):
        files.write(tmp_path / name, value)
    for path in sorted(tmp_path.iterdir()):
        if not path.is_file():
            continue
        got = here("import", path.name, "--format", form, "--no-store")
        right = path.name.startswith(form) or (path.name, form) == ("x.eval", "inspect")
        assert got.status == 0 if right else got.status in (0, 2), (path.name, got.err)
        assert "Traceback" not in got.err, (path.name, got.err)
        assert "defect" not in got.err, (path.name, got.err)
        found = here("import", path.name, "--no-store", "--json")
        assert found.status in (0, 2), (path.name, found.err)
        if right:
            assert found.json["format"] == form
