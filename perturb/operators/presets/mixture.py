"""Several operators drawn together, as one operator: what presets are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

from perturb.operator import KIND_ORDER, NotApplicable, Operator, Pick, Setup, Stack
from perturb.operators.presets.members import Member, MembersPick, OneOf
from perturb.types import Axis, Kind


class Mixture(NamedTuple):
    """A named mixture. Its plan is a stack of its members' plans; members that do not apply are left out.

    `least` is how many members must apply, or the mixture does not. Mixtures that are `drawn_as` one thing draw alike what they
    have in common; by default each draws for itself.
    """

    id: str
    summary: str
    members: tuple[Member | OneOf, ...]
    least: int = 1
    drawn_as: str = ""

    @property
    def every(self) -> tuple[Member, ...]:
        """All members, those of every group among them."""
        groups = [(one,) if isinstance(one, Member) else sum(one.groups.values(), ()) for one in self.members]
        return sum(groups, ())

    def drawn(self, pick: Pick) -> tuple[Member, ...]:
        """The members of one plan, of each `OneOf` one group."""
        groups = [
            (one,) if isinstance(one, Member) else one.groups[pick.choice(one.drawn, sorted(one.groups))]
            for one in self.members
        ]
        return sum(groups, ())

    def operator(self, find: Callable[[str], type[Operator]]) -> type[Operator]:
        """The mixture as an operator; `find` gives a member by its id."""
        classes = {member.operator: find(member.operator) for member in self.every}
        axes = {one.axis for one in classes.values()}
        mixture = self

        class Mixed(Stack, frozen=True, kw_only=True):
            id: ClassVar[str] = mixture.id
            drawn_as: ClassVar[str] = mixture.drawn_as
            axis: ClassVar[Axis] = axes.pop() if len(axes) == 1 else "mixed"
            promises: ClassVar[Kind] = max((one.promises for one in classes.values()), key=KIND_ORDER.index)
            conditional: ClassVar[bool] = all(one.conditional for one in classes.values())

            @classmethod
            def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Any:
                members = {member.operator: member for member in mixture.drawn(pick)}
                stack, left_out = Stack.of(
                    [classes[name] for name in members],
                    setup,
                    lambda name: MembersPick(pick, members[name]),
                    lambda name: intensity * members[name].share,
                )
                missing = [left_out[name] for name in left_out if members[name].needed]
                if missing or len(stack.operators) < mixture.least:
                    return next(iter([*missing, *left_out.values()]), NotApplicable("nothing_to_change", "no member applies"))
                return stack

        Mixed.__doc__ = f"{self.summary}\n\nBefore: the toolset's own setup\nAfter: {self.told}, one laid over the other"
        Mixed.__name__ = Mixed.__qualname__ = "".join(part.title() for part in self.id.replace("/", "-").split("-"))
        return Mixed

    @property
    def told(self) -> str:
        """Its members in words."""
        return " and ".join(f"`{name}`" for name in dict.fromkeys(member.operator for member in self.every))
