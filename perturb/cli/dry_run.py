"""`perturb run --dry-run`: what a run would take, and what it could tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import click

if TYPE_CHECKING:
    from perturb.evaluation import Prepared
    from perturb.foreseeing import Detectable
    from perturb.planning import RunPlan


async def foresee(prepared: Prepared, progress: Any) -> Foreseen:
    """What a run would take; the store is left as it was, proofs aside, which are the same for every run."""
    from perturb.evaluation import planned_run, store_path
    from perturb.foreseeing import detectable
    from perturb.store import Store

    request = prepared.request
    path = store_path(request)
    name = f"{prepared.run} (dry run)"
    gold = {task.id: len(task.gold or ()) for task in prepared.tasks}
    arms = {"clean": 0, "perturbed": 0}
    calls = 0
    with Store(path if path.is_file() else ":memory:") as store:
        plan = await planned_run(prepared, store, name, progress)
        for one in store.planned(name, left=not request.fresh):
            arms[one.arm] += 1
            calls += gold[one.task]
        power = detectable(store.planned(name), request.gate)
        store.begin_plan(name)
    budget = prepared.designed.budget if prepared.designed is not None else None
    cost = await _cost(prepared, budget or sum(arms.values()))
    return Foreseen(plan, arms["clean"], arms["perturbed"], calls, power, cost, budget)


async def _cost(prepared: Prepared, episodes: int) -> float | None:
    """About what so many episodes cost, if they take the tokens of the gold solutions; `None` where no price is known."""
    from perturb.foreseeing import tokens_of

    price = getattr(prepared.agent.function, "price", None)
    each = tokens_of(await prepared.gold.transcripts()) if callable(price) else None
    if price is None or each is None:
        return None
    from perturb.models.records import Tokens

    cost = price(Tokens(input=round(each.input), output=round(each.output)))
    return None if cost is None else float(cost) * episodes


class Foreseen(NamedTuple):
    """The plan of a run, how many episodes it still has to run, the calls they take if they go as the gold does, what drop all
    episodes of the plan can detect, and about what those to be run cost. Of some there is a `budget` of episodes, and no more
    is known beforehand."""

    plan: RunPlan
    clean: int
    perturbed: int
    calls: int
    detectable: Detectable
    cost: float | None
    budget: int | None = None


def tell_plan(prepared: Prepared, foreseen: Foreseen, as_json: bool) -> None:
    """Episodes and calls that a run would take, what they could tell, and about what they cost."""
    import msgspec

    from perturb.rendering.wording import count, detectable_told

    plan = foreseen.plan
    reasons: dict[str, int] = {}
    for left in plan.left_out:
        reasons[left.outcome] = reasons.get(left.outcome, 0) + 1
    told = {
        "run": prepared.run,
        "agent": prepared.agent.name,
        "toolset": prepared.request.toolset,
        "tasks": len(prepared.tasks),
        "operators": [operator.id for operator in prepared.operators],
        "episodes": foreseen.budget or foreseen.clean + foreseen.perturbed,
        "clean": foreseen.clean,
        "perturbed": foreseen.perturbed,
        "clean_trials": prepared.request.design.clean_trials,
        "calls": foreseen.calls,
        "cost": foreseen.cost,
        "detectable": msgspec.to_builtins(foreseen.detectable),
        "left_out": reasons,
        "gold_fails_clean": plan.gold_fails_clean,
        "not_proven_tasks": plan.not_proven_tasks,
    }
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(told), indent=2).decode())
        return
    request = prepared.request
    if foreseen.budget is not None:
        click.echo(
            f"at most {told['episodes']:,} episodes would be run: half to look for the worst operator, half to confirm it"
        )
    else:
        most = "at most " if request.gate is not None and request.gate.early_stop else ""
        most = "at least " if request.crossed == "pairwise" else most
        arms = f"{told['clean']:,} clean, {told['perturbed']:,} perturbed"
        click.echo(f"{most}{told['episodes']:,} episodes would be run: {arms}")
        if request.gate is None and prepared.designed is None:
            shared = count(len(prepared.operators), "operator")
            click.echo(f"{count(told['clean_trials'], 'clean trial')} of each task, shared by {shared}")
        click.echo(f"about {told['calls']:,} calls, if the agent makes as many as the gold solutions")
        if request.crossed == "pairwise":
            click.echo("then stacks of those that pass alone, and the repeats that confirm what fails together")
        for line in detectable_told(told["detectable"]):
            click.echo(line)
    cost = "unknown before an episode of this agent has told its price"
    if foreseen.cost is not None:
        cost = f"about ${foreseen.cost:,.2f}, if an episode takes the tokens of the gold solutions"
    click.echo(f"cost: {cost}; limit it with --budget 5usd")
    for outcome, number in reasons.items():
        click.echo(f"{number:,} pairs of task and operator are left out: {outcome.replace('_', ' ')}")
    for task_id in plan.gold_fails_clean:
        click.echo(f"task {task_id} is left out: its own gold calls fail its own check")
    click.echo(f"run {prepared.run}: {prepared.request.command}")
