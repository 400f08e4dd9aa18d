"""What a design found, in sentences: which factors carry the drop, which operators break together, which is the worst."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from perturb.rendering.wording import count, interval, p_value, percent, points

MOST_TOLD = 3
ALPHA = 0.05
TOLD_APART = 0.05
"""A larger difference than this between the model and what was measured is explained."""


def attribution_told(found: Mapping[str, Any]) -> str:
    """Which factors and pairs carry how much of the drop with all on. `found` is the part `attribution` of a report's data."""
    if found["total"] is None:
        return f"The drop cannot be shared out: {found['why']}."
    total, sure = found["total"], [row for row in found["factors"] if row["p_adjusted"] < ALPHA]
    said = f"With all {len(found['factors'])} factors on, {points(total['drop'])} points are lost {interval(total['interval'])}"
    if found["measured"] is not None:
        apart = total["drop"] - found["measured"]["drop"]
        said += f" by the effects of one and of two, {points(found['measured']['drop'])} as measured"
        if abs(apart) > TOLD_APART:
            said += f" (the {points(abs(apart))} between them are what three or more do together, or chance)"
    if sure:
        said += "; " + ", ".join(f"{row['factor']} carries {points(row['effect'])}" for row in sure[:MOST_TOLD])
        said += f" and {len(sure) - MOST_TOLD} more a part" if len(sure) > MOST_TOLD else ""
    else:
        said += "; no factor is sure to carry any of it"
    pairs = [row for row in found["interactions"] if row["p_adjusted"] < ALPHA]
    if pairs:
        said += "; together " + ", ".join(
            f"{' and '.join(row['factors'])} take {points(abs(row['effect']))} {more_or_less(row['effect'])} than the sum"
            for row in pairs[:MOST_TOLD]
        )
    elif found["interactions"]:
        said += "; no two are sure to interact"
    said += ". The shares add up to the drop; a factor that does not apply to a task counts as on there and changes nothing."
    if found["left_out"]:
        said += f" No share has what applies to no task beside the others: {', '.join(found['left_out'])}."
    return said if found["why"] is None else f"{said} {found['why'][:1].upper()}{found['why'][1:]}."


def more_or_less(effect: float) -> str:
    return "more" if effect > 0 else "less"


def pair_told(one: Mapping[str, Any]) -> str:
    """`a with b: together 0 of 10, alone 10 and 10, clean 10`."""
    first, second = one["operators"]
    if not one["repeats"]:
        return f"{first} with {second}: suspected, not repeated"
    n = one["repeats"]
    return (
        f"{first} with {second}: together {one['together']} of {n}, alone {one['alone'][0]} and {one['alone'][1]}, "
        f"clean {one['clean']}"
    )


def pairwise_told(found: Mapping[str, Any]) -> str:
    """What was screened, what was confirmed, and what nobody knows. `found` is the part `pairwise` of a report's data."""
    breaking = [one for one in found["pairs"] if one["breaks"]]
    cells, episodes = found["cells"], found["episodes"]
    if breaking:
        told = "; ".join(f"{one['told']} ({p_value(one['p_adjusted'])})" for one in breaking[:MOST_TOLD])
        more = f", and {len(breaking) - MOST_TOLD} more" if len(breaking) > MOST_TOLD else ""
        said = (
            f"{count(len(breaking), 'pair')} of operators {'breaks' if len(breaking) == 1 else 'break'} what each alone does "
        )
        said += f"not: {told}{more}. "
    else:
        said = "No two operators are sure to break together what each alone does not. "
    said += (
        f"Screening took {count(episodes['screening'], 'episode')}, one of each, which suggest and prove nothing; "
        f"{count(found['suspected'], 'suspicion')} came of it, and {count(episodes['confirming'], 'fresh episode')} judged "
        f"{'it' if found['suspected'] == 1 else 'them'}, {found['repeats']} repeats each. "
        f"Of {count(cells['pairs'], 'pair')} of operators in a task {cells['judged']:,} were tried together"
    )
    if cells["alone"]:
        said += f", {cells['alone']:,} not, since one of the two fails alone"
    if cells["not_run"]:
        said += f", {cells['not_run']:,} not, since their stacks are not solvable or were not run"
    said += ". What breaks only now and then may be missed."
    if found["never"]:
        said += f" {count(len(found['never']), 'pair')} cannot be laid over one another: {_named(found['never'])}."
    if found["unexplained"]:
        said += f" {count(found['unexplained'], 'stack')} failed that no pair explains: three or more together, or chance."
    return said


def _named(pairs: Sequence[Sequence[str]]) -> str:
    more = f" and {len(pairs) - MOST_TOLD} more" if len(pairs) > MOST_TOLD else ""
    return ", ".join(" with ".join(pair) for pair in pairs[:MOST_TOLD]) + more


def worst_told(found: Mapping[str, Any]) -> str:
    """Which operator is the worst, by fresh episodes alone. `found` is the part `worst` of a report's data."""
    search, confirmed = found["search"], found["confirmation"]
    looked = (
        f"{found['operator']} looked worst in {count(search['pairs'], 'pair')} of search (chance {percent(found['chance'])})"
    )
    if confirmed is None:
        return f"{looked}; it is not confirmed yet: the same command goes on."
    fresh = count(confirmed["episodes"], "fresh episode")
    sure = " no loss is certain:" if confirmed["interval"][0] <= 0 else ""
    said = f"{looked}. On {fresh}{sure} it loses {points(confirmed['drop'])} points {interval(confirmed['interval'])}"
    said += f", {p_value(confirmed['p_value'])}, over {count(confirmed['tasks'], 'task')}"
    said += f". The {count(search['episodes'], 'episode')} of the search are in no drop of this report"
    return f"{said}." if found["whole"] else f"{said}; the confirmation is not whole: the same command goes on."
