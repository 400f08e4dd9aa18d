"""The A/A study of benchmarks/aa_study.py, in small: real runs find nothing where nothing is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# Behind everything else: an installed perturb stays the one that is tested.
sys.path.append(str(Path(__file__).resolve().parents[1]))

from benchmarks import aa_study

pytestmark = pytest.mark.slow


def test_the_operators_of_the_study_are_inert() -> None:
    assert aa_study.harmful() == []


@pytest.mark.parametrize("question", [one.name for one in aa_study.QUESTIONS])
def test_a_run_of_each_question_raises_one_alarm_or_none_for_each_name(question: str) -> None:
    ((raised, episodes),) = aa_study.measured(question, [0], 0.3)
    assert len(raised) == len(next(one for one in aa_study.QUESTIONS if one.name == question).alarms)
    assert 0 < episodes < 400


@pytest.mark.slow
@pytest.mark.parametrize("question", [one.name for one in aa_study.QUESTIONS])
def test_false_alarms_are_at_most_the_stated_level(question: str) -> None:
    runs = 30
    found = aa_study.measured(question, range(1000, 1000 + runs), 0.3)
    for number in range(len(found[0][0])):
        assert sum(raised[number] for raised, _ in found) / runs <= aa_study.allowed(runs)


def test_the_study_would_notice_an_alarm() -> None:
    """Where an agent does lose something, each question raises its alarm."""
    rows = [{"p_adjusted": 0.01, "drop": 0.5}]
    quiet = {"gate": None, "worst": None, "attribution": None, "pairwise": None}
    assert aa_study.alarms(quiet | {"headline": {"p_value": 0.01}, "operators": rows, "axes": rows}) == [True] * 3
    assert aa_study.alarms(quiet | {"gate": {"answer": "fail"}}) == [True]
    assert aa_study.alarms(quiet | {"worst": {"confirmation": {"p_value": 0.01}}}) == [True]
    assert aa_study.alarms(quiet | {"pairwise": {"pairs": [{"breaks": True}]}}) == [True]
    total = {"interval": [0.1, 0.3]}
    assert aa_study.alarms(quiet | {"attribution": {"factors": rows, "interactions": rows, "total": total}}) == [True] * 3
    assert aa_study.allowed(200) == pytest.approx(0.0962, abs=1e-4)
