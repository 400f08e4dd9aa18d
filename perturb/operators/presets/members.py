"""What a mixture is made of: operators, and groups of operators of which one is drawn."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from perturb.operator import NotOffered, Pick

T = TypeVar("T")


class Member(NamedTuple):
    """An operator of a mixture.

    `share` is the part of the mixture's intensity that it gets. `fixed` says what it chooses where it would draw, and what is
    settled for it, by the name of the choice; where a choice is not offered, it does not apply. With `alike`, it touches a
    share of the names of properties, each wherever it stands. A mixture does not apply where a member that is `needed` does
    not.
    """

    operator: str
    share: float = 1.0
    fixed: Mapping[str, Any] = MappingProxyType({})
    alike: bool = False
    needed: bool = False


class OneOf(NamedTuple):
    """Groups of members by their names, of which each plan has one; `drawn` says what is drawn."""

    drawn: str
    groups: Mapping[str, tuple[Member, ...]]


class MembersPick(Pick):
    """Choices of one member out of the source of a whole mixture."""

    def __init__(self, pick: Pick, member: Member) -> None:
        self._pick = pick
        self._member = member
        self._scope = f"{member.operator}\x1f"

    def rank(self, place: str) -> float:
        return self._pick.rank(self._scope + place)

    def choice(self, place: str, options: Sequence[T]) -> T:
        if place in self._member.fixed:
            wanted: T = self._member.fixed[place]
            if wanted not in options:
                raise NotOffered(f"there is no {place} {wanted!r}")
            return wanted
        return self._pick.choice(self._scope + place, options)

    def integer(self, place: str, low: int, high: int) -> int:
        return self._pick.integer(self._scope + place, low, high)

    def order(self, place: str, items: Sequence[T]) -> list[T]:
        return self._pick.order(self._scope + place, items)

    def chosen(self, places: Iterable[str], intensity: float) -> list[str]:
        if not self._member.alike:
            return super().chosen(places, intensity)
        names = {place: re.split(r"[.>]", place)[-1] for place in places}
        kept = set(super().chosen(names.values(), intensity))
        return [place for place, name in names.items() if name in kept]

    def settled(self, what: str, default: T) -> T:
        settled: T = self._member.fixed.get(what, default)
        return settled
