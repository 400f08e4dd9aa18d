"""Settings in perturb.toml and [tool.perturb]: where they are found, what they may say, and what overrides them."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Here

from perturb.configuration import Found, checked, find_configuration, from_folder_of
from perturb.errors import ConfigurationError


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    monkeypatch.chdir(tmp_path)
    run = Here(capsys)
    run("init", ".")
    return run


def test_settings_are_found_upward_and_a_pyproject_without_any_is_passed_over(tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("[tool.perturb]\ntrials = 3\n")
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.other]\nx = 1\n")
    assert find_configuration(below) == Found(tmp_path / "pyproject.toml", {"trials": 3})
    (tmp_path / "a" / "perturb.toml").write_text("seed = 1\n")
    assert find_configuration(below) == Found(tmp_path / "a" / "perturb.toml", {"seed": 1})


def test_a_file_that_is_no_toml_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "perturb.toml").write_text("trials = = 3")
    with pytest.raises(ConfigurationError, match=r"perturb\.toml is not valid TOML"):
        find_configuration(tmp_path)
    (tmp_path / "perturb.toml").unlink()
    (tmp_path / "pyproject.toml").write_text("[tool]\nperturb = 3\n")
    with pytest.raises(ConfigurationError, match="write it as a table"):
        find_configuration(tmp_path)


def test_the_first_wrong_key_and_value_are_told_with_the_file_and_the_remedy(tmp_path: Path) -> None:
    found = Found(tmp_path / "perturb.toml", {"trails": 3})
    with pytest.raises(ConfigurationError, match=r"perturb\.toml: there is no setting 'trails'; did you mean 'trials'"):
        checked(found, {"trials": int, "seed": int})
    with pytest.raises(ConfigurationError, match=r"perturb\.toml: trials is 'x'; invalid literal"):
        checked(Found(found.path, {"trials": "x"}), {"trials": int})
    assert checked(Found(found.path, {"trials": "3"}), {"trials": int}) == {"trials": 3}


def test_paths_are_read_from_the_folder_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Found(tmp_path / "perturb.toml", {})
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path)
    assert from_folder_of(found, "runs") == "runs"
    monkeypatch.chdir(tmp_path / "deep")
    assert from_folder_of(found, "runs") == str(Path("..", "runs"))
    assert from_folder_of(found, str(tmp_path)) == str(tmp_path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("trails = 3", "there is no setting 'trails'; did you mean 'trials'"),
        ("clean_trials = 3", "there is no setting 'clean_trials'; did you mean 'clean-trials'"),
        ("fresh = true", "there is no setting 'fresh'"),
        ("trials = '3'", "trials is '3'; it must be a whole number"),
        ("trials = true", "trials is True; it must be a whole number"),
        ("trials = 0", "trials is 0; 0 is not in the range x>=1"),
        ("intensity = 'all'", "intensity is 'all'; it must be a number"),
        ("intensity = [0.3, 1.0]", "it must be a number"),
        ("plan-scope = 'task'", "plan-scope is 'task'; 'task' is not one of 'pair', 'run'"),
        ("operators = [1]", "operators is [1]; it must be a text"),
        ("budget = '10apples'", "'10apples' is no budget; write it as 100episodes, 10min, 200ktokens or 5usd"),
        ("laws = 1", "laws is 1; it is either true or false"),
    ],
)
def test_a_wrong_setting_ends_before_anything_runs(here: Here, text: str, told: str) -> None:
    Path("perturb.toml").write_text(text)
    ended = here("run")
    assert ended.status == 2
    assert "perturb.toml: " in ended.err
    assert told in ended.err
    assert not Path("reports/runs").exists()


def test_flags_override_settings_and_the_reproduce_line_holds_both(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("perturb.toml").write_text(
        "agent = 'agents/first.py'\ntoolset = 'toolsets/bookshop.py'\noperators = 'tools.opaque'\nseed = 3\nclean-trials = 1\n"
        "jobs = 1\ntrials = 1\n"
    )
    plan = here("run", "--dry-run", "--json", "--seed", "7").json
    assert (plan["operators"], plan["clean"], plan["perturbed"]) == (["tools.opaque"], 3, 3)
    told = here("run", "--dry-run", "--seed", "7").out.splitlines()[-1]
    assert told.endswith(
        "perturb run --agent agents/first.py --toolset toolsets/bookshop.py --operators tools.opaque --clean-trials 1 --seed 7"
    )
    Path("deep").mkdir()
    monkeypatch.chdir("deep")
    below = here("run", "--dry-run", "--json").json
    assert below["agent"] == "../agents/first.py"


def test_one_setting_serves_every_command_that_has_it(here: Here) -> None:
    Path("perturb.toml").write_text(
        "toolset = 'toolsets/bookshop.py'\noperators = ['tools.*']\nintensity = [0.5, 1.0]\nmax-drop = 0.1\n"
    )
    checked_json = here("check", "--json").json
    assert checked_json["toolset"] == "toolsets/bookshop.py"
    assert {row["id"].split(".")[0] for row in checked_json["operators"]} == {"tools"}
    assert checked_json["operators"][0]["plans"] == 2 * checked_json["tasks"]
    assert here("show", "tools.opaque", "--json").json["toolset"] == "toolsets/bookshop.py"
