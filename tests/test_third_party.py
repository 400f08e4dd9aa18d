"""Operators of other packages: found by their entry points, held to the laws, run, and refused where they are none."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import ENVIRONMENT, SHELF, Ended, apart

MODULE = '''
from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Retired, Setup
from perturb.types import Axis, Call, Failure, Tool


class Shout(Operator, frozen=True, kw_only=True):
    """Tools are named in capitals.

    Before: `get_user`
    After: `GET_USER`

    Does not apply where every name is in capitals.
    """

    id: ClassVar[str] = "acme.shout"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "names"
    retires_calls: ClassVar[bool] = True
    names: dict[str, str] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup, pick, intensity):
        quiet = [place for tool in setup.tools for place in tool.stands_for if tool.name != tool.name.upper()]
        if not quiet:
            return NotApplicable("nothing_to_change")
        return cls(names={place: place.upper() for place in pick.chosen(quiet, intensity)})

    def lens(self, setup):
        from perturb.operators.renaming import ToolNamesLens

        return ToolNamesLens(setup, self.names)


class Sloppy(Shout, frozen=True, kw_only=True):
    """Tools are named in capitals, and whole numbers that are large lose their last digit on the way.

    Before: `get_user {"id": 12345}`
    After: `GET_USER {"id": 12340}`
    """

    id: ClassVar[str] = "acme.sloppy"

    def lens(self, setup):
        inner = super().lens(setup)
        shown = inner.show_call

        def show_call(call):
            made = shown(call)
            return Call(made.name, {k: v // 10 * 10 if isinstance(v, int) and v > 99 else v for k, v in made.arguments.items()})

        inner.show_call = show_call
        return inner


def not_one(setup):
    return setup


class Mute(Operator, frozen=True, kw_only=True):
    """Says nothing of itself."""

    id: ClassVar[str] = "acme.mute"


class Renamed(Shout, frozen=True, kw_only=True):
    """Has another id than its entry point."""

    id: ClassVar[str] = "acme.other"


class Lost(Shout, frozen=True, kw_only=True):
    """Is of no axis that there is."""

    id: ClassVar[str] = "acme.lost"
    axis: ClassVar = "moods"
'''
ENTRIES = """
[perturb.operators]
acme.shout = acme_perturb:Shout
acme.sloppy = acme_perturb:Sloppy
acme.function = acme_perturb:not_one
acme.gone = acme_perturb:Gone
acme.mute = acme_perturb:Mute
acme.renamed = acme_perturb:Renamed
acme.lost = acme_perturb:Lost
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an installed package that offers operators."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "acme_perturb.py").write_text(MODULE)
    about = folder / "acme_perturb-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-perturb\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(ENTRIES)
    return folder


@pytest.fixture
def perturb(site: Path, tmp_path: Path) -> object:
    def run(*arguments: str) -> Ended:
        return apart(*arguments, folder=tmp_path, PYTHONPATH=f"{site}:{ENVIRONMENT['PYTHONPATH']}")

    return run


TASKS = ("--task", "cancel-two", "--task", "cancel-insured")


@pytest.mark.slow
def test_a_sound_one_keeps_every_law(perturb) -> None:  # type: ignore[no-untyped-def]
    ended = perturb("check", "--operators", "acme.shout", "--laws", "--toolset", SHELF, "--json")
    assert ended.status == 0, ended.err
    (row,) = ended.json["operators"]
    assert row["id"] == "acme.shout"
    assert row["solvable"] == row["plans"] == 2
    assert row["violations"] == []


@pytest.mark.slow
def test_a_broken_one_is_told_with_the_law_and_the_smallest_example(perturb) -> None:  # type: ignore[no-untyped-def]
    ended = perturb("check", "--operators", "acme.sloppy", "--laws", "--toolset", SHELF, "--json")
    assert ended.status == 1
    (row,) = ended.json["operators"]
    told = [one for one in row["violations"] if one["reason"].startswith("law 1 (round trip)")]
    assert told, row["violations"]
    # 101 is the smallest number that does not read back; Hypothesis has left nothing else in the call that matters.
    assert any(":101" in one["reason"] and ":100" in one["reason"] for one in told), told
    assert all(ended.json["plans"][one["plan"]]["op"] == "acme.sloppy" for one in told)


@pytest.mark.slow
def test_a_pattern_names_them_and_a_star_alone_does_not(perturb) -> None:  # type: ignore[no-untyped-def]
    ended = perturb("run", "--operators", "acme.sh*", *TASKS, "--json")
    assert ended.status == 0, ended.err
    assert [row["id"] for row in ended.json["operators"]] == ["acme.shout"]
    planned = perturb("run", "--dry-run", "--limit", "1", "--json").json
    assert not any(one.startswith("acme.") for one in planned["operators"])


@pytest.mark.slow
def test_a_plan_of_theirs_is_replayed(perturb, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    ran = perturb("run", "--agent", "literal", "--operators", "acme.shout", "--task", "cancel-two", "--json")
    (failure,) = ran.json["failures"]
    replayed = perturb("replay", failure["plan_file"], "--agent", "literal", "--json")
    assert replayed.json["passed"] == {"clean": 1, "perturbed": 0, "of": 1}
    shown = perturb("show", failure["plan_file"])
    assert "CANCEL_RESERVATION" in shown.out


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("acme.function", "must be a subclass of perturb.operator.Operator"),
        pytest.param("acme.gone", "cannot be imported: AttributeError", marks=pytest.mark.slow),
        pytest.param("acme.mute", "has no 'axis'; every operator names its id, axis and phase", marks=pytest.mark.slow),
        pytest.param(
            "acme.renamed", "calls itself 'acme.other'; the name of the entry point must be its id", marks=pytest.mark.slow
        ),
        pytest.param("acme.lost", "has axis 'moods'; it is one of tools, system", marks=pytest.mark.slow),
        ("acme.shuot", "no operator is called 'acme.shuot'; did you mean 'acme.shout'"),
    ],
)
def test_what_is_no_operator_is_refused_in_one_line(perturb, name: str, says: str) -> None:  # type: ignore[no-untyped-def]
    ended = perturb("check", "--operators", name)
    assert ended.status == 2
    assert says in ended.err
    assert "Traceback" not in ended.err
    if name != "acme.shuot":
        assert f"operator {name!r} of acme-perturb" in ended.err
