"""`perturb run --dose`: each operator at several intensities, and how success falls with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from command_line import Here

from perturb.dosing import dose_data, read_doses
from perturb.errors import ConfigurationError
from perturb.rendering import render_html, render_markdown
from perturb.rendering.wording import spark
from perturb.statistics import Dose, dose_response
from perturb.store import Store

DOSED = ("run", "--agent", "agents/partial.py:agent", "-o", "tools.synonym,tools.opaque", "--dose", "0.3,0.6,1", "--json")
PARTIAL = '''
from first import agent as solve

async def agent(episode):
    """Fails where two or more of the three tools have other names."""
    known = {"search_books", "get_stock", "order_book"}
    return await solve(episode) if sum(tool.name in known for tool in episode.tools) >= 2 else ""
'''


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    """The first project that `perturb init` makes, as the current folder, with an agent that bears one change."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "agents")  # and off again, or agents/anthropic.py would stand for the package
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    run = Here(capsys)
    run("init", ".")
    Path("agents/partial.py").write_text(PARTIAL)
    return run


def test_success_is_told_at_each_intensity_with_the_slope(here: Here) -> None:
    data = here(*DOSED).json
    rows = {row["operator"]: row for row in data["doses"]}
    assert rows.keys() == {"tools.synonym", "tools.opaque"}
    for row in rows.values():
        assert [(level["intensity"], level["success"]) for level in row["levels"]] == [
            (0.0, 1.0),
            (0.3, 1.0),
            (0.6, 0.0),
            (1.0, 0.0),
        ]
        # As the library has it, of three tasks with two clean episodes each.
        points = [Dose(0.0, 2, 2), Dose(0.3, 1, 1), Dose(0.6, 0, 1), Dose(1.0, 0, 1)]
        expected = dose_response(dict.fromkeys("abc", points), 1 - 0.05 / 2).slope
        assert (row["slope"], row["interval"], row["tasks"]) == (
            pytest.approx(expected.estimate),
            [expected.low, expected.high],
            3,
        )
    assert data["outcomes_by_arm"] == {"clean": {"passed": 6}, "perturbed": {"passed": 6, "failed": 12}}
    assert data["trials"] == 1


def test_a_larger_dose_changes_what_a_smaller_one_does_and_more(here: Here) -> None:
    run = here(*DOSED, "--trials", "2").json["run"]
    with Store("reports/runs/episodes.sqlite") as store:
        planned = [one for one in store.planned(run) if one.operator == "tools.synonym" and one.task == "order-dune"]
    names: dict[int, Any] = {one.trial: set((one.plan or {})["names"].items()) for one in planned}
    assert sorted(names) == list(range(6))
    for trial in (0, 1):
        low, middle, high = (names[number * 2 + trial] for number in range(3))
        assert low < middle < high
        assert [len(low), len(middle), len(high)] == [1, 2, 3]


@pytest.mark.slow
def test_the_same_command_again_runs_nothing(here: Here) -> None:
    first = here(*DOSED).json
    again = here(*DOSED).json
    assert (again["ended"]["episodes"], again["ended"]["resumed"], again["doses"]) == (0, 24, first["doses"])
    assert here("report", "--json").json["doses"] == first["doses"]
    assert here("run", *DOSED[1:5], "--json").json["doses"] is None


def test_every_form_draws_it(here: Here) -> None:
    text = here(*DOSED[:-1], "--markdown", "r.md").out
    assert "success at intensity" in text
    assert "100.0 100.0   0.0   0.0  ██▁▁  slope " in text
    assert "Each operator was run at several intensities: the drops are means over them." in " ".join(text.split())
    assert "| `tools.opaque` | 100.0 | 100.0 | 0.0 | 0.0 | " in Path("r.md").read_text()
    data = here("report", "--json").json | {"failures": [], "other_failures": []}
    assert "0.0,0.0 30.0,0.0 60.0,100.0 100.0,100.0" in render_html(data)
    assert "Dose and response" not in render_html(data | {"doses": None}) + render_markdown(data | {"doses": None})


def test_a_dose_without_numbers_takes_the_usual_ones(here: Here) -> None:
    told = here(*DOSED[:5], "--dose", "--dry-run", "--json").json
    assert (told["clean"], told["perturbed"]) == (6, 3 * 2 * 4)


def test_an_operator_that_does_nothing_has_no_slope() -> None:
    with Store(":memory:") as store:
        assert dose_data(store, "none", (0.5, 1.0), 1) == []
    assert spark([{"success": 1.0}, {"success": 0.5}, {"success": 0.0}]) == "█▅▁"


@pytest.mark.parametrize("text", ["", "0", "0.5,1.5", "a", "nan"])
def test_what_are_no_doses_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="are no doses; write intensities above 0 and up to 1"):
        read_doses(text)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--gate", "drop<=10%"), "it does not go with --gate or --only-failed"),
        (("--only-failed",), "it does not go with --gate or --only-failed"),
        (("--intensity", "0.5"), "leave --intensity out"),
        (("--max-drop", "0.1"), "a mean over intensities is no gate"),
    ],
)
def test_what_does_not_fit_together_is_told(here: Here, arguments: tuple[str, ...], why: str) -> None:
    ended = here("run", "--dose", "0.5,1", *arguments)
    assert ended.status == 2
    assert why in ended.err
