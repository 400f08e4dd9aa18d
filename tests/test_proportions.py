"""Intervals of shares and of their differences: the known answers of their papers, and an independent library's."""

from __future__ import annotations

import itertools

import pytest

from perturb.statistics import newcombe, newcombe_paired, tango, wilson


@pytest.mark.parametrize(
    ("counts", "interval"),
    [
        ((9, 3, 32), (-0.027, 0.390)),
        ((16, 8, 86), (-0.020, 0.207)),
        ((1, 7, 21), (-0.517, -0.026)),
        ((25, 2, 102), (0.139, 0.321)),
    ],
)
def test_tango_known_answers(counts: tuple[int, int, int], interval: tuple[float, float]) -> None:
    assert tango(*counts) == pytest.approx(interval, abs=5.1e-4)


@pytest.mark.parametrize(("n", "confidence"), [(1, 0.95), (7, 0.95), (10, 0.8), (90, 0.99)])
def test_tango_exists_and_holds_the_estimate_everywhere(n: int, confidence: float) -> None:
    for b, c in itertools.product(range(n + 1), repeat=2):
        if b + c <= n and (n < 20 or (b < 4 or c < 4)):
            low, high = tango(b, c, n, confidence)
            assert -1.0 <= low <= (b - c) / n <= high <= 1.0
            assert high - low > 0
            assert tango(c, b, n, confidence) == pytest.approx((-high, -low), abs=1e-9)


def test_tango_without_disagreement_has_its_closed_form() -> None:
    z_squared = 1.959963984540054**2
    assert tango(0, 0, 30) == pytest.approx((-z_squared / (30 + z_squared), z_squared / (30 + z_squared)))
    with pytest.raises(ValueError, match="cannot be"):
        tango(3, 3, 5)


def test_newcombe_paired_known_answers() -> None:
    assert newcombe_paired(1, 1, 7, 12) == pytest.approx((-0.507, -0.026), abs=5.1e-4)
    assert newcombe_paired(20, 12, 2, 16) == pytest.approx((0.0562, 0.3292), abs=5.1e-5)
    assert newcombe_paired(10, 0, 0, 0)[0] < 0 < newcombe_paired(10, 0, 0, 0)[1]
    with pytest.raises(ValueError, match="no counts"):
        newcombe_paired(0, 0, 0, 0)


def test_newcombe_independent_known_answer() -> None:
    assert newcombe((5, 56), (0, 29)) == pytest.approx((-0.0381, 0.1926), abs=5.1e-5)


def test_independent_intervals_are_those_of_statsmodels() -> None:
    proportion = pytest.importorskip("statsmodels.stats.proportion", reason="statsmodels is not installed")
    for (a, n), (b, m) in [((5, 56), (0, 29)), ((3, 10), (7, 12)), ((10, 10), (0, 4)), ((20, 40), (21, 40))]:
        theirs = proportion.confint_proportions_2indep(a, n, b, m, method="newcomb", compare="diff")
        assert newcombe((a, n), (b, m)) == pytest.approx(theirs)
        assert wilson(a, n) == pytest.approx(proportion.proportion_confint(a, n, method="wilson"))


def test_a_share_that_cannot_be_is_refused() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    with pytest.raises(ValueError, match="no share"):
        wilson(4, 3)
