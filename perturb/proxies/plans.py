"""What a proxy shows: one plan for everything that passes through it, drawn without any task."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from perturb.boundary import shown_turns
from perturb.errors import ConfigurationError
from perturb.operator import REASONS, NotApplicable, Operator, SeededPick, Setup, Stack, lens_for
from perturb.operators import from_json, select
from perturb.plan_files import read_plan_file
from perturb.toolset import Task


class Wanted(msgspec.Struct, frozen=True):
    """What a user asks a proxy to show: operators by id, pattern or `preset:NAME`, or the plan in a file; neither is the clean
    setup."""

    operators: tuple[str, ...] = ()
    plan: Path | None = None
    intensity: float = 1.0
    seed: int = 7


class Drawn(msgspec.Struct, frozen=True):
    """The plan, `None` for the clean setup, and which operators of those that were asked for do not apply, and why."""

    operator: Operator | None = None
    left_out: dict[str, str] = {}


def drawn(wanted: Wanted, setup: Setup, *, texts_pass: bool = False) -> Drawn:
    """The plan for a setup. Several operators are laid over one another; those that do not apply are left out. `texts_pass`
    says that what the system and the user say passes through the proxy too. Raises `ConfigurationError` where none applies, or
    where one changes what does not pass."""
    if wanted.plan is not None:
        if wanted.operators:
            raise ConfigurationError("a plan says which operators there are; leave --plan out, or --operators and --preset")
        plan = read_plan_file(wanted.plan).plan
        return Drawn(None if plan is None else _within_reach(from_json(plan), setup, texts_pass))
    if not wanted.operators:
        return Drawn()
    classes = select(wanted.operators)
    mixtures = [one.id for one in classes if issubclass(one, Stack)]
    if mixtures and len(classes) > 1:
        first, *others = [*mixtures, *(one.id for one in classes if one.id not in mixtures)]
        raise ConfigurationError(
            f"a proxy shows one mixture alone, and {first!r} is asked for beside {', '.join(others)}; "
            f"name one of them, as --operators {first}"
        )
    if len(classes) == 1:
        plan_of_one = classes[0].plan(setup, SeededPick(wanted.seed, classes[0].id), wanted.intensity)
        if isinstance(plan_of_one, NotApplicable):
            raise ConfigurationError(f"{classes[0].id} does not apply to {setup.source.name}: {_why(plan_of_one)}")
        return Drawn(_within_reach(plan_of_one, setup, texts_pass))
    return _stacked(classes, setup, wanted, texts_pass)


def _stacked(classes: Sequence[type[Operator]], setup: Setup, wanted: Wanted, texts_pass: bool) -> Drawn:
    within = [one for one in classes if one.phase != "state"]
    stack, missing = Stack.of(within, setup, lambda name: SeededPick(wanted.seed, name), wanted.intensity)
    left_out = {one.id: _NO_STATE for one in classes if one.phase == "state"}
    left_out |= {name: _why(reason) for name, reason in missing.items()}
    unseen = {one.id: why for one in stack.operators if (why := _out_of_reach(one, setup, texts_pass)) is not None}
    stack, left_out = Stack(operators=tuple(one for one in stack.operators if one.id not in unseen)), left_out | unseen
    if not stack.operators:
        told = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
        raise ConfigurationError(f"none of the operators applies to {setup.source.name}: {told}")
    return Drawn(stack, left_out)


def _within_reach(operator: Operator, setup: Setup, texts_pass: bool) -> Operator:
    why = _out_of_reach(operator, setup, texts_pass)
    if why is not None:
        raise ConfigurationError(f"{operator.id} cannot be shown by a proxy: {why}; name other operators")
    return operator


_NO_STATE = "it changes the state, which nothing behind a proxy tells"


def _out_of_reach(operator: Operator, setup: Setup, texts_pass: bool) -> str | None:
    """Why a proxy cannot show what an operator changes; `None` where it can."""
    lens = lens_for(operator, setup)
    if lens.has_state:
        return _NO_STATE
    if lens.setup.scaffold != setup.scaffold:
        return "it changes the loop of the agent, which is the client's own"
    if texts_pass:
        return None
    silent = Task(id="", prompt="")
    if shown_turns(lens, silent) != shown_turns(None, silent):
        return "it changes what the user says, which does not pass here"
    if lens.setup.scaffold != setup.scaffold:
        return "it changes the agent's own loop, which is not ours to run"
    if lens.setup.role != setup.role:
        return "it changes in whose name the system prompt is sent, which is for the client to say"
    return None


def _why(reason: NotApplicable) -> str:
    return f"{REASONS[reason.reason]}{f' ({reason.detail})' if reason.detail else ''}"
