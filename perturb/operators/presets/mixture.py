"""Several operators drawn together, as one operator: what presets are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple, TypeVar

from perturb.operator import KIND_ORDER, NotApplicable, Operator, Pick, Setup, Stack
from perturb.types import Axis, Kind

T = TypeVar("T")


class Member(NamedTuple):
    """An operator of a mixture; `dose` is the share of the mixture's intensity that it gets."""

    operator: str
    dose: float = 1.0


class Mixture(NamedTuple):
    """A named mixture. Its plan is a stack of its members' plans; members that do not apply are left out.

    `least` is how many members must apply, or the mixture does not.
    """

    id: str
    summary: str
    members: tuple[Member, ...]
    least: int = 1

    def operator(self, find: Callable[[str], type[Operator]]) -> type[Operator]:
        """The mixture as an operator; `find` gives a member by its id."""
        classes = [find(member.operator) for member in self.members]
        doses = {member.operator: member.dose for member in self.members}
        axes = {one.axis for one in classes}
        mixture = self

        class Mixed(Stack, frozen=True, kw_only=True):
            id: ClassVar[str] = mixture.id
            axis: ClassVar[Axis] = axes.pop() if len(axes) == 1 else "mixed"
            promises: ClassVar[Kind] = max((one.promises for one in classes), key=KIND_ORDER.index)
            conditional: ClassVar[bool] = all(one.conditional for one in classes)

            @classmethod
            def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Any:
                stack, left_out = Stack.of(
                    classes, setup, lambda name: ScopedPick(pick, name), lambda name: intensity * doses[name]
                )
                if len(stack.operators) < mixture.least:
                    return next(iter(left_out.values()), NotApplicable("nothing_to_change", "no member applies"))
                return stack

        names = " and ".join(f"`{member.operator}`" for member in self.members)
        Mixed.__doc__ = f"{self.summary}\n\nBefore: the toolset's own setup\nAfter: {names}, one laid over the other"
        Mixed.__name__ = Mixed.__qualname__ = "".join(part.title() for part in self.id.replace("/", "-").split("-"))
        return Mixed


class ScopedPick(Pick):
    """Choices of one member out of the source of a whole mixture."""

    def __init__(self, pick: Pick, scope: str) -> None:
        self._pick = pick
        self._scope = f"{scope}\x1f"

    def rank(self, place: str) -> float:
        return self._pick.rank(self._scope + place)

    def choice(self, place: str, options: Sequence[T]) -> T:
        return self._pick.choice(self._scope + place, options)

    def integer(self, place: str, low: int, high: int) -> int:
        return self._pick.integer(self._scope + place, low, high)

    def order(self, place: str, items: Sequence[T]) -> list[T]:
        return self._pick.order(self._scope + place, items)
