"""How numbers are written in every report: points, percentages, intervals, p-values, times."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from perturb.statistics import COUNTED

MINUS = "\u2212"
NOTHING = "–"

OUTCOME_MEANING: dict[str, str] = {
    "passed": "the check accepted the final state and the answer",
    "failed": "the check did not",
    "agent_error": "the agent raised an error or ended without an answer it could give",
    "budget_exceeded": "the episode's own limit of turns, tokens, money or time was spent",
    "unsolvable": "the gold calls did not survive the perturbation",
    "invalid_setup": "the provider refused the tools that it was shown",
    "infrastructure_error": "the network, the provider or the machine failed",
    "tester_fault": "an operator, a check or Perturb itself failed",
    "not_applicable": "there was nothing for the operator to change",
}
"""What each outcome means, in the order in which reports name them."""

KIND_MEANING: dict[str, str] = {
    "equivalent": "nothing is lost and all is declared; each call means exactly one real call",
    "distraction": "something irrelevant is added",
    "fault": "something fails for a while, in a documented way that says how to go on",
    "ablation": "information is withheld, so that an agent may be unable to know what to do; shown apart",
    "adversarial": "something misleads; shown apart",
}
"""What each kind of operator promises."""


def points(fraction: float | None) -> str:
    """A difference of rates in points: `0.187` is `18.7`, below 0 with a true minus sign."""
    if fraction is None:
        return NOTHING
    rounded = round(fraction * 100, 1) + 0.0
    return f"{rounded:.1f}".replace("-", MINUS)


def percent(fraction: float | None) -> str:
    """A rate: `0.813` is `81.3 %`."""
    return NOTHING if fraction is None else f"{points(fraction)} %"


def interval(ends: Sequence[float] | None, width: int = 0) -> str:
    """`[14.2, 23.5]`, in points; each end at least `width` columns wide."""
    return NOTHING if ends is None else f"[{points(ends[0]):>{width}}, {points(ends[1]):>{width}}]"


def kept_ends(kept: Mapping[str, Any]) -> str:
    """The interval of a retention, in percent, which may have no upper end."""
    return f"[{points(kept['low'])}, {'∞' if kept['high'] is None else points(kept['high'])}]"


def rates(values: Sequence[float], most: int = 8) -> str:
    """Several rates in percent: `90.0, 81.0, 73.0 %`; of very many only the first."""
    return f"{', '.join(points(value) for value in values[:most])}{', …' if len(values) > most else ''} %"


def spark(levels: Sequence[Mapping[str, Any]]) -> str:
    """Success against intensity as a row of bars, from 0 to 1."""
    return "".join("▁▂▃▄▅▆▇█"[round(level["success"] * 7)] for level in levels)


def operators_told(data: Mapping[str, Any]) -> str:
    """`16 operators`: those of the tables, or those that a design has laid over one another or chosen among."""
    designed = data.get("attribution") or data.get("worst")
    return count(len(data["planned_operators"] if designed else {row["id"] for row in data["operators"]}), "operator")


def eligible_told(eligible: Mapping[str, Any]) -> str:
    """`40 of 42 tasks that pass clean`."""
    return f"{eligible['tasks']:,} of {count(eligible['of'], 'task')} that can pass clean"


def missing_told(missing: Mapping[str, Any]) -> str:
    """How far the drop could be off, had the missing episodes ended otherwise."""
    episodes = count(missing["clean"] + missing["perturbed"], "episode")
    between = f"{points(missing['least'])} and {points(missing['most'])} points, {interval(missing['interval'])}"
    arms = f"{missing['clean']:,} clean, {missing['perturbed']:,} perturbed"
    return f"{episodes} ({arms}) ended in no fault of the agent’s; counted both ways, the drop lies between {between}"


def p_value(p: float | None) -> str:
    """`p < 0.001`, `p 0.012`, `p 0.23`, `p 1`; never a p of 0."""
    if p is None:
        return NOTHING
    if p < 0.001:
        return "p < 0.001"
    if p > 0.995:
        return "p 1"
    return f"p {p:.3f}" if p < 0.1 else f"p {p:.2f}"


def spent(usage: Mapping[str, Any]) -> str:
    """The tokens and the money of a run, and what is not known of it; empty where no model was asked."""
    if not usage["input_tokens"] and not usage["output_tokens"]:
        return ""
    told = f"{usage['input_tokens']:,} tokens in, {usage['output_tokens']:,} out"
    if usage["cost"] is None:
        return f"{told}, cost unknown"
    told += f", ${usage['cost']:.2f}"
    return f"{told}, and {count(usage['unpriced'], 'episode')} at an unknown price" if usage["unpriced"] else told


def duration(seconds: float) -> str:
    """`0.4 s`, `14 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 task`, `1,204 tasks`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def outcome_order(outcomes: dict[str, int]) -> list[tuple[str, int]]:
    """The outcomes that occurred, in the order in which every report names them."""
    known = [(name, outcomes[name]) for name in OUTCOME_MEANING if outcomes.get(name)]
    return known + [(name, number) for name, number in outcomes.items() if name not in OUTCOME_MEANING and number]


def outcome_rows(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each outcome that occurred: its `name`, whether it is `counted` in the rates, and its number in each arm."""
    arms = data["outcomes_by_arm"]
    return [
        {"name": name, "counted": name in COUNTED, **{arm: arms[arm].get(name, 0) for arm in ("clean", "perturbed")}}
        for name, _ in outcome_order(data["outcomes"])
    ]


def failed_episodes(data: Mapping[str, Any]) -> int:
    """How many perturbed episodes ended without a pass that the agent answers for; the data may hold only some of them."""
    perturbed: dict[str, int] = data["outcomes_by_arm"]["perturbed"]
    failed = sum(number for name, number in perturbed.items() if name in COUNTED and name != "passed")
    return max(failed, len(data["failures"]))


def no_drop(data: Mapping[str, Any]) -> str:
    """What stands in the place of the headline drop where no task has an episode in both arms."""
    found = data.get("attribution")
    if not found or found["total"] is None:
        return "No task has both a clean and a perturbed episode, so there is no drop to report."
    total = found["total"]
    return (
        f"With all {len(found['factors'])} factors on, {points(total['drop'])} points are lost {interval(total['interval'])}: "
        f"told from {count(found['stacks'], 'stack')} that have some of them on, since no task was run with all."
    )


def remarks(data: Mapping[str, Any]) -> list[str]:
    """What no reader of the numbers may miss: a run that is not whole, an agent that has nothing to lose, tasks that were kept
    out, faults of ours.

    The optional keys are `ended` (`left`, `why`), `unparsed` (`turns`, `episodes`, and both in `setups` by `operator`),
    `gold_fails_clean` and `not_proven_tasks` (lists of tasks).
    """
    said = []
    ended = data.get("ended") or {}
    if ended.get("left") and ended.get("how") != "settled":
        why = ended.get("why") or "interrupted"
        said.append(f"The run is not whole: {why}; {count(ended['left'], 'episode')} left. The same command goes on.")
    if shards := data.get("shards"):
        numbers, of = shards["numbers"], shards["of"]
        if len(numbers) < of:
            lacking = ", ".join(str(number) for number in range(1, of + 1) if number not in numbers)
            said.append(f"The run is not whole: of its {of} shards the store lacks {lacking}.")
    if data.get("doses"):
        said.append("Each operator was run at several intensities: the drops are means over them.")
    if data.get("attribution"):
        said.append("The drop is that of all factors on together, and the attribution shares it out.")
    if data.get("pairwise"):
        said.append("The drops are those of each operator by itself; what was laid over one another is told apart from them.")
    if worst := data.get("worst"):
        searched = count(worst["search"]["episodes"], "episode")
        said.append(f"The drops are those of the confirmation: the {searched} of the search are in none of them.")
    if data.get("failed_in"):
        said.append(f"Only pairs that failed in run {data['failed_in']} were run: their drop says nothing of the others.")
    if data.get("filter"):
        said.append(f"Only the pairs were run that this filter means: {data['filter']}")
    if (data.get("gate") or {}).get("early_stop") and data["gate"]["episodes"]["saved"]:
        said.append(
            "The run stopped as soon as its gate was certain: go by the gate; the intervals are those of a run that did not."
        )
    if unparsed := data.get("unparsed"):
        said.append(_unparsed_told(unparsed))
    if data.get("notice"):
        said.append(f"Of the toolset: {data['notice']}")
    if vacuous := (data["floor"] or {}).get("vacuous"):
        said.append(
            f"Vacuous, since an agent that does nothing passes them: {_listed(vacuous)}. {_without(data['without_vacuous'])}"
        )
    if data["headline"]["clean"] == 0:
        said.append("The agent passes no task clean, so it has nothing to lose: a drop of 0 says nothing of its robustness.")
    if broken := data.get("gold_fails_clean"):
        said.append(f"Kept out, since their own gold calls fail their own check: {_listed(broken)}.")
    if unproven := data.get("not_proven_tasks"):
        said.append(f"Not proven solvable, since no gold calls are known: {_listed(unproven)}.")
    if faults := data["outcomes"].get("tester_fault"):
        said.append(f"Faults of Perturb or the toolset ended {count(faults, 'episode')}; no rate holds them.")
    return said


def detectable_told(found: Mapping[str, Any]) -> list[str]:
    """What drop a plan can detect, in a line for each question; `found` is a `perturb.foreseeing.Detectable` as data."""
    if found["headline"] is None and not found["tasks"]:
        return ["no drop can be detected: no task has both a clean and a perturbed episode"]
    if found["gate"] is not None:
        passes, fails = found["gate"]
        few = "no drop passes" if passes < 0 else f"drops up to {points(passes)} points pass"
        many = "" if fails > 1 else f", those from {points(fails)} points on fail"
        return [f"the gate settles nine times in ten: {few}{many}; what lies between is likely inconclusive"]

    def least(drop: float | None) -> str:
        return "no drop at all" if drop is None else f"a drop of {points(drop)} points or more"

    lines = [
        f"with probability 0.8 it detects {least(found['headline'])} of the headline, over {count(found['tasks'], 'task')}"
    ]
    if found["operators"] > 1:
        lines.append(f"and {least(found['operator'])} under one of its {found['operators']:,} operators, p-values adjusted")
    return lines


def gate_told(gate: Mapping[str, Any], most: int = 5) -> str:
    """Why a gate answers as it does, in a sentence, with what it saved or what it would take.

    `gate` is the part `gate` of a report's data.
    """
    families, per, limit = gate["families"], gate["per"], f"{points(gate['limit'])} points"
    mine = [one for one in families if one["answer"] == gate["answer"]]
    mine.sort(key=lambda one: -(one["drop"] or 0.0))
    told = [_family_told(one, per) for one in mine[:most]]
    more = f" and {len(mine) - most:,} more" if len(mine) > most else ""
    if not families:
        said = "no task has both a clean and a perturbed episode, so there is no drop to judge"
    elif per != "headline" and gate["answer"] == "pass":
        said = f"each {per} of {len(families):,} loses at most {limit}; most: {told[0]}"
    else:
        said = f"{', '.join(told)}{more}; at most {limit} may be lost"
    if gate["episodes"]["saved"]:
        said += f"; {gate['episodes']['saved']:,} of {count(gate['episodes']['planned'], 'episode')} were not needed"
    return said + (_takes_told(gate) if gate["answer"] == "inconclusive" and families else "")


def _family_told(one: Mapping[str, Any], per: str) -> str:
    name = "the drop" if per == "headline" else one["family"]
    if one["drop"] is None:
        return f"{name} is unknown"
    over = interval(one["interval"]) if "interval" in one else f"over {count(one['pairs'], 'pair')}"
    return f"{name} is {points(one['drop'])} points {over}" if per == "headline" else f"{name} {points(one['drop'])} {over}"


def _takes_told(gate: Mapping[str, Any]) -> str:
    takes = gate["takes"]
    if not gate["whole"]:
        return "; the run is not whole: the same command goes on"
    if takes is None or not any(takes.values()):
        return "; a drop that is just at the limit is settled by no number of episodes: allow another"
    if gate["method"] == "sequential":
        anew = ", drawn with another seed, so that all are fresh" if takes["fresh"] else ""
        more = f"about {count(takes['pairs'], 'more pair')}, {count(takes['episodes'], 'episode')}"
        return f"; {count(takes['trials'], 'trial')} of each task under each operator would tell ({more}){anew}"
    if takes["tasks"] is None:
        return f"; about {takes['trials']:,} trials and {takes['clean_trials']:,} clean ones would tell"
    return f"; about {count(takes['tasks'], 'task')} would tell, or two trials or more, to judge exactly these tasks"


def error_told(one: Mapping[str, Any]) -> str:
    """Why some episodes ended as they did, and how many: `agent error: the agent raised … · 4 clean, 2 perturbed`."""
    arms = ", ".join(f"{one[arm]:,} {arm}" for arm in ("clean", "perturbed") if one[arm])
    return f"{one['outcome'].replace('_', ' ')}: {one['error']} · {arms}"


def _unparsed_told(unparsed: Mapping[str, Any], most: int = 5) -> str:
    setups = sorted(unparsed["setups"], key=lambda one: -one["turns"])
    named = ", ".join(f"{one['operator'] or 'clean'} {one['turns']:,}" for one in setups[:most])
    more = f" and {len(setups) - most:,} more setups" if len(setups) > most else ""
    turns, episodes = count(unparsed["turns"], "turn"), count(unparsed["episodes"], "episode")
    return f"The scaffold could not read {turns} of {episodes} ({named}{more}); each was answered with what was wrong with it."


def _without(headline: Mapping[str, Any] | None) -> str:
    """What is left of the headline without the vacuous tasks."""
    if headline is None or headline["drop"] is None:
        return "Without them no drop is left to report."
    rates = f"clean {percent(headline['clean'])}, perturbed {percent(headline['perturbed'])}"
    drop = f"drop {points(headline['drop'])} points {interval(headline['interval'])}"
    return f"Without them: {rates}, {drop}, over {count(headline['tasks'], 'task')}."


def _listed(tasks: Sequence[str], most: int = 12) -> str:
    more = f" and {len(tasks) - most:,} more" if len(tasks) > most else ""
    return f"{count(len(tasks), 'task')} ({', '.join(tasks[:most])}{more})"


FILTERS: dict[str, Callable[..., Any]] = {
    "points": points,
    "percent": percent,
    "interval": interval,
    "p_value": p_value,
    "duration": duration,
    "spent": spent,
    "counted": count,
    "kept_ends": kept_ends,
    "rates": rates,
    "eligible_told": eligible_told,
    "operators_told": operators_told,
    "spark": spark,
    "missing_told": missing_told,
    "words": lambda name: str(name).replace("_", " "),
}
"""The same, for templates."""
