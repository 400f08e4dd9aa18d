"""What the wheel holds, and that it works from anywhere without a checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built without the network."""
    missing = [name for name in ("build", "hatchling") if find_spec(name) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not installed; they build the wheel")
    if not (ROOT / "pyproject.toml").is_file():
        pytest.skip("these tests do not run in a checkout, so there is nothing to build")
    folder = tmp_path_factory.mktemp("wheel")
    # A run that a user has made must not be shipped, so there is one.
    stray = ROOT / "reports" / "runs" / "not-to-be-shipped.json"
    made = not stray.parent.exists()
    stray.parent.mkdir(parents=True, exist_ok=True)
    stray.write_text("{}")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
            capture_output=True,
            text=True,
        )
    finally:
        stray.unlink()
        if made:
            stray.parent.rmdir()
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the unpacked wheel, as `pip install --no-deps --target` makes it."""
    folder = tmp_path_factory.mktemp("site")
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(folder),
        str(wheel),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0 and "No module named pip" in done.stderr:
        pytest.skip("pip is not installed")
    assert done.returncode == 0, done.stderr
    return folder


def test_only_perturb_is_installed(names: set[str]) -> None:
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == {"perturb"}


def test_the_plug_ins_are_carried_as_data(names: set[str]) -> None:
    data = {name.removeprefix("perturb/_data/") for name in names if name.startswith("perturb/_data/")}
    for kind in ("toolsets", "agents", "reports"):
        tracked = subprocess.run(["git", "ls-files", kind], cwd=ROOT, capture_output=True, text=True)
        if tracked.returncode != 0:
            pytest.skip("this is no git checkout, so what belongs into the wheel is not known")
        wanted = set(tracked.stdout.splitlines())
        if kind == "reports":
            # Published samples are for readers of the repository; only the templates are needed to run.
            templates = {line.rpartition("/")[0] for line in wanted if line.endswith(".j2")}
            wanted = {line for line in wanted if line.rpartition("/")[0] in templates}
        assert wanted, f"{kind} is empty"
        assert wanted <= data, f"the wheel lacks {sorted(wanted - data)[:5]}"


def test_no_run_and_no_litter_is_shipped(names: set[str]) -> None:
    endings = (".sqlite-wal", ".sqlite-shm", ".pyc", "not-to-be-shipped.json")
    litter = [name for name in names if "/runs/" in name or "__pycache__" in name or name.endswith(endings)]
    assert litter == []


def test_it_says_that_it_is_typed_and_offers_its_entry_points(wheel: Path, names: set[str]) -> None:
    assert "perturb/py.typed" in names
    (place,) = (name for name in names if name.endswith(".dist-info/entry_points.txt"))
    with zipfile.ZipFile(wheel) as archive:
        told = archive.read(place).decode()
    assert "[console_scripts]\nperturb = perturb.cli:main" in told
    assert "[pytest11]\nperturb = perturb.pytest_plugin" in told


CHECK = """
import perturb, pathlib
from perturb.loading import find_agent, list_agents, list_toolsets, load_toolset
from perturb.plugins import data_folder
from perturb.rendering.templates import render_template
toolset = load_toolset("airline")
assert len(toolset.tasks) >= 40 and len(toolset.tools) >= 10
environment = toolset.environment(toolset.tasks[0])
environment.close()
assert {one.name for one in list_agents()} >= {"reader", "literal", "adaptive", "planner", "silent"}
assert find_agent("reader").is_reference
assert (data_folder("reports") / "standard" / "report.html.j2").is_file()
print(pathlib.Path(perturb.__file__).parent)
print(data_folder("toolsets"))
"""


def run(installed: Path, code: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env=os.environ | {"PYTHONPATH": str(installed)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_plug_ins_load_from_the_wheel_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    package, data = run(installed, CHECK, tmp_path).split()
    assert Path(package) == installed / "perturb"
    assert Path(data) == installed / "perturb" / "_data" / "toolsets"


@pytest.mark.slow
def test_the_agents_sdk_keeps_its_name(installed: Path, tmp_path: Path) -> None:
    pytest.importorskip("agents", reason="openai-agents is not installed")
    code = "import agents, perturb; print(agents.Runner.__module__, perturb.__file__)"
    module, file = run(installed, code, tmp_path).split()
    assert module.startswith("agents.")
    assert Path(file).parent == installed / "perturb"
