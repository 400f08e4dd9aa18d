"""The fewest atoms that still break: halving, for one cause and for several that are needed together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from perturb.search.candidates import Atom

Breaks = Callable[[Sequence[Atom]], Awaitable[bool]]


async def fewest(atoms: Sequence[Atom], breaks: Breaks, weight: Callable[[Atom], float]) -> list[Atom]:
    """A smallest set of atoms under which `breaks` holds, from one under which it does: no atom of it can be left out.

    `weight` says how likely it is that an atom is needed; both halves weigh alike, and the likelier one is asked first. One
    atom out of n takes about log₂ n questions, k of them about k log₂ (n / k). Of several causes each of which suffices, it
    ends at one. A wrong no leaves an atom too many, a wrong yes loses a cause.

    Source: U. Junker, "QuickXplain: preferred explanations and relaxations for over-constrained problems", AAAI 2004.
    """
    ranked = sorted(atoms, key=lambda atom: -weight(atom))  # stable: atoms of one operator stay together

    async def needed(beside: list[Atom], grown: bool, among: list[Atom]) -> list[Atom]:
        """Those of `among` that it takes beside `beside`; the two together break."""
        if grown and beside and await breaks(beside):
            return []
        if len(among) == 1:
            return among
        cut = _half(among, weight)
        first, second = among[:cut], among[cut:]
        later = await needed([*beside, *first], True, second)
        sooner = await needed([*beside, *later], bool(later), first)
        return [*sooner, *later]

    return await needed([], False, ranked)


def _half(atoms: Sequence[Atom], weight: Callable[[Atom], float]) -> int:
    """Where the atoms before weigh as nearly as possible as much as those behind, neither side empty."""
    total, sum_before = sum(map(weight, atoms)), 0.0
    best, found = float("inf"), 1
    for cut in range(1, len(atoms)):
        sum_before += weight(atoms[cut - 1])
        if abs(total - 2.0 * sum_before) < best:
            best, found = abs(total - 2.0 * sum_before), cut
    return found
