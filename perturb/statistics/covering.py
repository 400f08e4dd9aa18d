"""Covering arrays: every pair (or triple) of levels together at least once, in few runs."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from itertools import combinations, product

Setting = tuple[int, int]
"""A factor and its level."""

TRIES = 30
"""Rows tried for each one taken; more of them hardly shorten an array."""


def covering_array(
    levels: Sequence[int], strength: int = 2, never_together: Collection[frozenset[Setting]] = ()
) -> list[tuple[int, ...]]:
    """Runs in which every `strength` factors take every combination of their levels at least once.

    `levels` holds the number of levels of each factor (2 for off and on; 1 + n for off and one of n operators); a run holds one
    level, from 0, for each. Level 0 is off and goes with everything; pairs of other settings that are in `never_together`
    occur in no run, and combinations that hold one are not asked for. Every other combination is there: each row begins with
    one that is not covered yet, so that none can be passed over. The same arguments give the same array.

    Source: one row at a time, the best of some random ones, each level by what it newly covers: D. M. Cohen, S. R. Dalal, M. L.
    Fredman, G. C. Patton, "The AETG system", IEEE Transactions on Software Engineering 23 (1997).
    """
    if min(levels, default=0) < 1:
        raise ValueError("every factor of a covering array has at least one level, and there is at least one factor")
    if not 1 <= strength <= len(levels):
        raise ValueError(f"the strength lies between 1 and the {len(levels)} factors, not at {strength}")
    for pair in never_together:
        if len({factor for factor, _ in pair}) != 2 or any(level == 0 for _, level in pair):
            raise ValueError(f"{sorted(pair)} is no pair of settings of two factors, neither of them off")
    never = {frozenset(pair) for pair in never_together}
    missing = _asked_for(levels, strength, never)
    rng = random.Random("covering array")
    runs = []
    while missing:
        starts = list(missing)
        rows = [_row(rng.choice(starts), levels, strength, missing, never, rng) for _ in range(TRIES)]
        best = max(rows, key=lambda row: len(missing.keys() & set(combinations(enumerate(row), strength))))
        for covered in combinations(enumerate(best), strength):
            missing.pop(covered, None)
        runs.append(best)
    return runs


def _asked_for(levels: Sequence[int], strength: int, never: set[frozenset[Setting]]) -> dict[tuple[Setting, ...], None]:
    """The combinations to cover, in order; a dictionary for its order."""
    asked: dict[tuple[Setting, ...], None] = {}
    for factors in combinations(range(len(levels)), strength):
        for chosen in product(*(range(levels[factor]) for factor in factors)):
            settings = tuple(zip(factors, chosen, strict=True))
            if not any(frozenset(pair) in never for pair in combinations(settings, 2)):
                asked[settings] = None
    return asked


def _row(
    start: tuple[Setting, ...],
    levels: Sequence[int],
    strength: int,
    missing: dict[tuple[Setting, ...], None],
    never: set[frozenset[Setting]],
    rng: random.Random,
) -> tuple[int, ...]:
    """Fill the other factors in, in random order, each with the level that covers most of what is missing."""
    chosen = dict(start)
    rest = [factor for factor in range(len(levels)) if factor not in chosen]
    rng.shuffle(rest)
    for factor in rest:
        others = sorted(chosen.items())
        allowed = [
            (factor, level)
            for level in range(levels[factor])
            if not any(frozenset({(factor, level), other}) in never for other in others)
        ]
        rng.shuffle(allowed)
        partners = list(combinations(others, strength - 1))
        _, chosen[factor] = max(allowed, key=lambda s: sum(tuple(sorted((*p, s))) in missing for p in partners))
    return tuple(chosen[factor] for factor in range(len(levels)))
