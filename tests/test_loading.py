"""Toolsets and agents by name: what is found where, what an error says, and when a digest changes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from perturb import plugins
from perturb.agent import AgentContext
from perturb.errors import ConfigurationError, ToolsetError
from perturb.loading import find_agent, list_agents, list_toolsets, load_agent, load_toolset
from perturb.sources import source_files

TOOLSET = '''
"""A shelf of lamps.

More about it."""
from perturb.toolset import Toolset
from perturb.types import Tool

class Shelf(Toolset):
    name = "shelf"
    tools = (Tool(name="count"),)

TOOLSET = Shelf()
'''

WITH_OPTION = """
from perturb.toolset import Toolset
OPTIONS = ("small", "large")
def create(option):
    made = Toolset()
    made.name = "shelf-" + option
    return made
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text))
    return path


@pytest.fixture
def shipped(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package's own data folder, with an agent that takes an option and one that takes none."""
    package = tmp_path_factory.mktemp("site")
    for kind in ("toolsets", "agents", "reports"):
        (package / "perturb" / "_data" / kind).mkdir(parents=True)
    monkeypatch.setattr(plugins, "__file__", str(package / "perturb" / "plugins.py"))
    agents = package / "perturb" / "_data" / "agents"
    write(agents / "parrot.py", '"""Says the prompt again."""\nasync def agent(episode):\n    return episode.prompt\n')
    write(agents / "coin.py", '"""Passes with a chance."""\ndef create(context):\n    return lambda episode: context.option\n')
    write(agents / "_shared.py", "def agent(episode): ...\n")
    write(package / "perturb" / "_data" / "toolsets" / "shelf" / "toolset.py", TOOLSET)
    return package / "perturb" / "_data"


def message(spec: str, load: Any = load_toolset, kind: type[Exception] = ConfigurationError) -> str:
    with pytest.raises(kind) as caught:
        load(spec)
    return str(caught.value)


# Toolsets


@pytest.mark.parametrize("spec", ["shelf", "./toolsets/shelf", "toolsets/shelf/toolset.py"])
def test_a_toolset_of_the_project_is_found_by_name_folder_and_file(project: Path, spec: str) -> None:
    write(project / "toolsets" / "shelf" / "toolset.py", TOOLSET)
    assert load_toolset(spec).name == "shelf"


def test_a_single_file_in_the_folder_is_a_toolset_too(project: Path) -> None:
    write(project / "toolsets" / "shelf.py", TOOLSET)
    assert load_toolset("shelf").name == "shelf"


def test_a_shipped_toolset_is_found_in_the_wheel_data(shipped: Path) -> None:
    assert load_toolset("shelf").name == "shelf"
    assert plugins.data_folder("toolsets") == shipped / "toolsets"


def test_a_checkout_holds_its_data_beside_the_package() -> None:
    assert plugins.data_folder("toolsets") == Path(plugins.__file__).parents[1] / "toolsets"


def test_an_installation_without_its_data_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(plugins, "__file__", str(tmp_path / "perturb" / "plugins.py"))
    assert "lacks its toolsets" in message("shelf")


def test_the_project_comes_before_what_is_shipped(shipped: Path, project: Path) -> None:
    write(project / "toolsets" / "shelf.py", TOOLSET.replace('"shelf"', '"mine"'))
    assert load_toolset("shelf").name == "mine"
    assert [each.origin for each in list_toolsets() if each.name == "shelf"] == ["project"]


@pytest.mark.parametrize("spec", ["shelf:large", "toolsets/shelf.py:large"])
def test_an_option_is_handed_to_create(project: Path, spec: str) -> None:
    write(project / "toolsets" / "shelf.py", WITH_OPTION)
    assert load_toolset(spec).name == "shelf-large"


def test_an_option_that_is_not_taken_is_refused(project: Path) -> None:
    write(project / "toolsets" / "shelf.py", TOOLSET)
    assert "takes no option; leave ':large' out" in message("shelf:large")
    write(project / "toolsets" / "shelf.py", "from perturb.toolset import Toolset\ndef create(): return Toolset()\n")
    assert "create() takes no option" in message("shelf:large")


def test_a_folder_of_json_is_read_by_the_authoring_module(project: Path) -> None:
    pytest.importorskip("perturb.authoring")
    folder = project / "toolsets" / "box"
    write(folder / "tools.json", '[{"name": "count", "effect": "read"}]')
    write(folder / "tasks.json", "[]")
    write(folder / "environment.py", "class Environment:\n    def call(self, name, arguments): return 1\n")
    assert [tool.name for tool in load_toolset("box").tools] == ["count"]
    assert "takes no option" in message("box:large")


def test_neighbours_are_imported_relatively_and_nothing_is_put_on_the_path(project: Path) -> None:
    write(project / "toolsets" / "shelf" / "names.py", 'NAME = "from beside"\n')
    text = TOOLSET.replace("class Shelf", "from .names import NAME\nclass Shelf").replace('name = "shelf"', "name = NAME")
    write(project / "toolsets" / "shelf" / "toolset.py", text)
    path, before = list(sys.path), set(sys.modules)
    assert load_toolset("shelf").name == "from beside"
    assert sys.path == path
    assert {name.rsplit(".", 2)[0] for name in set(sys.modules) - before if "names" in name} == {"perturb._loaded"}


def test_a_changed_file_is_run_again_and_an_unchanged_one_is_not(project: Path) -> None:
    file = write(project / "shelf.py", TOOLSET)
    first = load_toolset("./shelf.py")
    assert load_toolset("./shelf.py") is first
    write(file, TOOLSET.replace('"shelf"', '"other"'))
    assert load_toolset("./shelf.py").name == "other"


@pytest.mark.parametrize(
    ("text", "line", "error"),
    [
        ("x = 1\nraise KeyError('lamp')\n", 2, "KeyError: 'lamp'"),
        ("x = (\n", 1, "SyntaxError"),
        ("import lamps_that_are_not_there\n", 1, "ModuleNotFoundError"),
        ("import sys\nsys.exit(3)\n", 2, "SystemExit: 3"),
        ("def create():\n    return 1 / 0\n", 2, "ZeroDivisionError"),
    ],
)
def test_an_error_in_a_file_names_file_line_and_exception(project: Path, text: str, line: int, error: str) -> None:
    file = write(project / "shelf.py", text)
    told = message("./shelf.py")
    assert told.startswith(f"{file}, line {line}: {error}")
    assert "Traceback" not in told


def test_a_failed_file_can_be_corrected_and_loaded(project: Path) -> None:
    file = write(project / "shelf.py", "raise ValueError\n")
    message("./shelf.py")
    write(file, TOOLSET)
    assert load_toolset("./shelf.py").name == "shelf"


def test_what_is_no_toolset_is_refused(project: Path) -> None:
    write(project / "a.py", "x = 1\n")
    assert "neither TOOLSET nor create()" in message("./a.py", kind=ToolsetError)
    write(project / "b.py", "TOOLSET = 3\n")
    assert "gives a int, no Toolset" in message("./b.py", kind=ToolsetError)
    write(project / "c.py", TOOLSET.replace('Tool(name="count")', 'Tool(name="co unt")'))
    assert "'co unt'" in message("./c.py", kind=ToolsetError)
    assert "there is no file" in message("./d.py")


def test_an_unknown_name_is_answered_with_the_nearest(project: Path) -> None:
    write(project / "toolsets" / "shelf.py", WITH_OPTION)
    assert "'shelf:small'" in message("shalf")
    assert message("xyz").endswith(
        "shelf:large, shelf:small, shell (one of your own is named by the path of a .py file or of a folder)"
    )
    assert "there is no toolset ''; there are: " in message("")


def test_a_name_that_is_that_of_a_file_or_folder_is_answered_with_the_path(project: Path) -> None:
    write(project / "lamps.py", WITH_OPTION)
    (project / "vases").mkdir()
    assert message("lamps") == "there is no toolset 'lamps'; did you mean lamps.py?"
    assert message("vases") == "there is no toolset 'vases'; did you mean ./vases?"


def test_listing_runs_no_file(shipped: Path, project: Path) -> None:
    write(project / "toolsets" / "shelf" / "toolset.py", TOOLSET + "\nraise RuntimeError\n")
    write(project / "toolsets" / "sizes.py", WITH_OPTION + "\nraise RuntimeError\n")
    write(project / "toolsets" / "broken" / "toolset.py", "x = (\n")
    (project / "toolsets" / "empty").mkdir()
    listed = {each.name: each.description for each in list_toolsets()}
    assert listed == {"shelf": "A shelf of lamps.", "sizes:small": "", "sizes:large": "", "broken": ""}


def test_listing_the_shipped_toolsets_does_not_import_agentdojo() -> None:
    code = "import sys; from perturb.loading import *; print([t.name for t in list_toolsets()], 'agentdojo' in sys.modules)"
    path = str(Path(plugins.__file__).parents[1])
    told = subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True)
    assert "'agentdojo:banking', 'agentdojo:slack', 'agentdojo:travel', 'agentdojo:workspace'" in told.stdout, told.stderr
    assert told.stdout.strip().endswith("False")


class FakeEntry:
    """An entry point of an installed package."""

    def __init__(self, name: str, value: str, loaded: Any) -> None:
        self.name, self.value, self.module, self.dist = name, value, value.partition(":")[0], None
        self._loaded = loaded

    def load(self) -> Any:
        if isinstance(self._loaded, Exception):
            raise self._loaded
        return self._loaded


def test_entry_points_offer_toolsets_and_agents(monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    toolset = load_toolset(str(write(project / "shelf.py", TOOLSET)))

    def agent(episode: Any) -> str:
        return "from a package"

    offered = {
        "perturb.toolsets": [FakeEntry("theirs", "pkg:SHELF", toolset), FakeEntry("made", "pkg:make", lambda: toolset)],
        "perturb.agents": [FakeEntry("talker", f"{__name__}:agent", agent), FakeEntry("bad", "pkg:x", ImportError("no lamp"))],
    }
    monkeypatch.setattr(plugins, "entry_points", lambda group: offered[group])
    assert load_toolset("theirs") is load_toolset("made") is toolset
    assert load_agent("talker").function is agent
    assert {"theirs", "made"} <= {each.name for each in list_toolsets()}
    assert "ImportError: no lamp" in message("bad", load_agent)
    assert "takes no option" in message("talker:3", load_agent)


# Agents


def answer(agent: Any) -> Any:
    """What an agent says to an episode whose prompt is `hello`."""

    class Episode:
        prompt = "hello"

    said = agent.function(Episode())
    return asyncio.run(said) if asyncio.iscoroutine(said) else said


@pytest.mark.parametrize("spec", ["mine.py", "./mine.py:agent", "mine:agent", "mine"])
def test_an_async_agent_by_file_function_and_module(project: Path, spec: str) -> None:
    write(project / "mine.py", "async def agent(episode):\n    return episode.prompt\n")
    agent = load_agent(spec)
    assert answer(agent) == "hello"
    assert (agent.name, agent.is_reference, agent.wants_transcripts) == (spec, False, False)
    sys.modules.pop("mine", None)


def test_a_plain_function_with_any_name(project: Path) -> None:
    write(project / "mine.py", "def other(episode):\n    return episode.prompt * 2\n")
    assert answer(load_agent("mine.py:other")) == "hellohello"
    assert "did you mean 'other'" in message("mine.py:othr", load_agent)
    assert "neither agent(episode) nor create(context)" in message("mine.py", load_agent)


def test_create_gets_the_context_once_and_the_option(project: Path) -> None:
    write(project / "agents" / "seeded.py", "def create(context):\n    return lambda episode: (context.option, context.seed)\n")
    asked: list[str] = []

    def context(option: str) -> AgentContext:
        asked.append(option)
        return AgentContext(option=option, seed=7)

    agent = load_agent("seeded:0.3", context)
    assert agent.wants_transcripts
    assert answer(agent) == ("0.3", 7)
    assert asked == ["0.3"]
    assert answer(load_agent("./agents/seeded.py:0.3", context)) == ("0.3", 7)


def test_no_context_is_made_for_an_agent_that_takes_none(project: Path) -> None:
    write(project / "mine.py", "def agent(episode): return 'x'\n")

    def context(option: str) -> AgentContext:
        raise AssertionError("asked for a context")

    assert answer(load_agent("mine.py", context)) == "x"


def test_a_copy_of_a_shipped_agent_in_the_project_is_one_too_and_a_changed_one_is_not(project: Path, shipped: Path) -> None:
    theirs = next(shipped.rglob("parrot.py"))
    mine = write(project / "agents" / "parrot.py", theirs.read_text())
    assert find_agent("parrot").is_reference
    write(mine, theirs.read_text() + "\n# mine now\n")
    assert not find_agent("parrot").is_reference


def test_shipped_agents_are_references(shipped: Path) -> None:
    assert find_agent("parrot").is_reference
    assert answer(load_agent("coin:0.3")) == "0.3"
    assert [(each.name, each.description) for each in list_agents()] == [
        ("coin", "Passes with a chance."),
        ("parrot", "Says the prompt again."),
    ]
    assert "takes no option; leave ':0.3' out" in message("parrot:0.3", load_agent)
    assert "did you mean 'parrot'" in message("parot", load_agent)
    assert "did you mean 'coin'" in message("coins:0.3", load_agent)


def test_the_name_of_an_import_is_no_function_of_a_short_name(shipped: Path) -> None:
    write(shipped / "agents" / "coin.py", "import json\ndef create(context):\n    return lambda episode: context.option\n")
    assert answer(load_agent("coin:json")) == "json"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("agent = 3\n", "is a int, no function"),
        ("def agent(): ...\n", "cannot be called with an episode alone"),
        ("def agent(episode, more): ...\n", "cannot be called with an episode alone"),
        ("def create(context): return None\n", "create(context) gave a NoneType"),
        ("def create(context):\n    raise LookupError('key')\n", "mine.py, line 2: LookupError: key"),
        ("x = 1\nimport nothing_of_the_sort\n", "mine.py, line 2: ModuleNotFoundError"),
    ],
)
def test_what_is_no_agent_is_refused_with_the_reason(project: Path, text: str, told: str) -> None:
    write(project / "mine.py", text)
    assert told in message("mine.py", load_agent)


def test_a_module_that_fails_on_import_is_not_taken_for_a_misspelt_name(project: Path) -> None:
    write(project / "failing_agent.py", "import nothing_of_the_sort\ndef agent(episode): ...\n")
    assert "No module named 'nothing_of_the_sort'" in message("failing_agent:agent", load_agent)
    assert "there is no agent 'never_written:agent'" in message("never_written:agent", load_agent)
    assert "there is no agent ''" in message("", load_agent)
    (project / "folder").mkdir()
    assert "is a folder" in message("./folder", load_agent)


def test_the_digest_follows_sources_and_option_and_nothing_else(project: Path) -> None:
    file = write(project / "bots" / "mine.py", "from .parts import WORD\ndef create(context): return lambda e: WORD\n")
    parts = write(project / "bots" / "parts.py", "from . import deep\nWORD = deep.WORD\n")
    deep = write(project / "bots" / "deep.py", "WORD = 'a'\n")
    unrelated = write(project / "bots" / "unrelated.py", "")
    assert source_files(file) == sorted([deep, file, parts])

    first = find_agent("bots/mine.py").digest
    write(unrelated, "x = 1\n")
    assert find_agent("bots/mine.py").digest == first
    assert find_agent("bots/mine.py:0.5").digest != first
    write(deep, "WORD = 'b'\n")
    changed = load_agent("bots/mine.py")
    assert changed.digest != first
    assert answer(changed) == "b"


def test_the_digest_does_not_depend_on_the_place(project: Path) -> None:
    digests = set()
    for folder in ("here", "there"):
        write(project / folder / "mine.py", "from . import parts\ndef agent(episode): ...\n")
        write(project / folder / "parts.py", "")
        digests.add(find_agent(f"{folder}/mine.py").digest)
    assert len(digests) == 1


def test_the_digest_of_a_module_covers_its_package(project: Path) -> None:
    write(project / "lampbots" / "__init__.py", "")
    write(project / "lampbots" / "one.py", "from lampbots.two import WORD\nimport json\ndef agent(episode): return WORD\n")
    two = write(project / "lampbots" / "two.py", "WORD = 'a'\n")
    first = find_agent("lampbots.one:agent").digest
    write(two, "WORD = 'bb'\n")
    assert find_agent("lampbots.one:agent").digest != first
