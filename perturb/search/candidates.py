"""A plan under suspicion, for one task: the atoms that it is made of, and the plan with fewer of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import msgspec

from perturb import __version__
from perturb.operator import Operator, Stack
from perturb.operator.parts import members, parts, restricted
from perturb.planning import LensCache, toolset_digest
from perturb.replay import OUR_FAULTS, RAISED, Gold, Proof
from perturb.store import Store
from perturb.toolset import Task
from perturb.types import JSON, digest

WHOLE = ""
"""The one atom of an operator that has no parts."""


class Atom(NamedTuple):
    """The smallest thing that can be left out of a candidate: a part of one of its operators, or the whole of one without
    parts. `places` are the places that go with it."""

    member: int
    part: str
    places: frozenset[str]


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A plan for one task, as the operators that it is laid together of. `named` are the ids under which they were asked for:
    a preset's mixture comes as its members."""

    task: str
    members: tuple[Operator, ...]
    atoms: tuple[Atom, ...]
    plan: dict[str, JSON]
    named: tuple[str, ...] = ()

    @classmethod
    def of(cls, task: str, planned: Sequence[Operator], fits: Callable[[Operator], bool] = lambda one: True) -> Candidate:
        """The candidate of operators that were planned in this order, without those that do not fit or change nothing."""
        made = cls._made(task, [one for each in planned for one in members(each) if one.places() and fits(one)])
        return msgspec.structs.replace(made, named=tuple(one.id for one in planned))

    @classmethod
    def _made(cls, task: str, chosen: list[Operator]) -> Candidate:
        atoms = []
        for number, member in enumerate(chosen):
            found = parts(member) or {WHOLE: member.places()}
            atoms += [Atom(number, part, places) for part, places in found.items()]
        return cls(task=task, members=tuple(chosen), atoms=tuple(atoms), plan=_laid(tuple(chosen)).to_json())

    def kept(self, atoms: Collection[Atom]) -> Candidate:
        """The candidate with those atoms alone; an operator of which none is left is left out."""
        chosen = []
        for number, member in enumerate(self.members):
            left = [atom.part for atom in atoms if atom.member == number]
            if left:
                chosen.append(member if left == [WHOLE] else restricted(member, left))
        return Candidate._made(self.task, chosen)

    @property
    def operator(self) -> Operator:
        """One operator, or the stack of several."""
        return _laid(self.members)

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(member.id for member in self.members)

    @property
    def digest(self) -> str:
        return digest([self.task, self.plan])


def _laid(chosen: tuple[Operator, ...]) -> Operator:
    return chosen[0] if len(chosen) == 1 else Stack(operators=chosen)


class Proofs:
    """The proofs of candidates: each made once, and kept in the store beside those of runs."""

    def __init__(self, gold: Gold, store: Store) -> None:
        self.gold = gold
        self._store = store
        self._lenses = LensCache(gold.setup, size=8)  # a candidate is proven once, and a large stack is large

    async def of(self, candidate: Candidate) -> Proof:
        task: Task = self.gold.toolset.task(candidate.task)
        key = digest([__version__, toolset_digest(self.gold.toolset), task.id, candidate.plan], 24)
        proof = self._store.proof(key)
        if proof is None:
            operator = candidate.operator
            try:
                proof = await self.gold.prove(task, operator, self._lenses.get(operator))
            except Exception as error:
                proof = Proof(status="unsolvable", reason=RAISED, detail=f"{type(error).__name__}: {error}")
            if proof.reason != RAISED:
                self._store.add_proof(key, proof)
        return proof


def is_fault(proof: Proof) -> bool:
    """Whether a proof shows a fault of an operator."""
    return proof.reason in OUR_FAULTS
