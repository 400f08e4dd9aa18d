"""A run in the terminal: the first screen says it all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from perturb.rendering import thinking, wording
from perturb.rendering.screen import QUIET, Screen
from perturb.rendering.terminal_designs import print_design

if TYPE_CHECKING:
    from rich.console import Console

AXIS_STYLE: dict[str, str] = {
    "tools": "#4a7fc9",
    "responses": "#c9782e",
    "system": "#8a63c7",
    "user": "#2f9c95",
    "environment": "#5c9a3c",
    "scaffold": "#b5527f",
}
CLEAN_STYLE, PERTURBED_STYLE = "#5c9a3c", "#c9782e"
MOST_OPERATORS, MOST_ERRORS, MOST_FAILURES = 24, 3, 3
WARNING = "#c9782e"


def print_report(data: Mapping[str, Any], console: Console, *, report_path: str | None = None) -> None:
    """Print the report of `report_data` to a rich `console`, as wide as it is up to 112 columns.

    Colour only where the console has it; ASCII alone where its encoding is no form of Unicode. Commands and paths are
    never cut or wrapped by us, so that they can be copied.
    """
    screen = Screen(console)
    _header(screen, data)
    _rates(screen, data)
    _gate(screen, data)
    print_design(screen, data)
    if not data.get("attribution"):
        _axes(screen, data)
        _operators(screen, data)
    _doses(screen, data)
    _thinking(screen, data)
    _counts(screen, data)
    _failures(screen, data)
    _end(screen, data, report_path)


def _header(screen: Screen, data: Mapping[str, Any]) -> None:
    agent = f"agent {data['agent']}" + (" (reference)" if data["agent_is_reference"] else "")
    # A sequential gate and a search have a clean episode for each pair, and no trials that are shared.
    sequential = (data.get("gate") or {"method": ""})["method"] == "sequential" or data.get("worst")
    screen.gap()
    screen.flow(
        [
            data["toolset"],
            wording.count(data["tasks"], "task"),
            wording.operators_told(data),
            agent,
            *([] if sequential else [wording.count(data["clean_trials"], "clean trial")]),
            f"seed {data['seed']}",
            *([f"intensity {data['intensity']:g}"] if data["intensity"] != 1 else []),
        ],
        style="bold",
    )
    if data["agent_is_reference"]:
        screen.prose(
            "a reference agent is an instrument that shows what the perturbations ask for; it is not a model", style=QUIET
        )
    for remark in wording.remarks(data):
        screen.prose(remark, style=WARNING)
    screen.gap()


def _rates(screen: Screen, data: Mapping[str, Any]) -> None:
    head = data["headline"]
    if head["drop"] is None:
        screen.prose(wording.no_drop(data), style="bold")
        screen.gap()
        return
    width = max(20, min(48, screen.width - 32))
    for name, rate, style in (("clean", head["clean"], CLEAN_STYLE), ("perturbed", head["perturbed"], PERTURBED_STYLE)):
        filled = screen.glyphs.bar(rate, width)
        rest = screen.glyphs.rest * (width - len(filled))
        screen.line(f"  {name:<10}", (f"{wording.percent(rate):>8}", "bold"), "  ", (filled, style), (rest, QUIET))
    screen.gap()
    floor = head["noise_floor"]
    noise = (
        f"noise floor {wording.points(floor['drop'])} {wording.interval(floor['interval'])}"
        if floor
        else "no noise floor: one clean trial"
    )
    drop = f"{wording.points(head['drop']):>6}"
    told = f" points {wording.interval(head['interval'])}"
    beside = len(f"  {'drop':<10}{drop}{told}   {noise}") <= screen.width
    screen.line(f"  {'drop':<10}", (drop, "bold"), told, (f"   {noise}" if beside else "", QUIET))
    if not beside:
        screen.line(f"{'':<18}", (noise, QUIET))
    over = f"{wording.p_value(head['p_value'])}, over {wording.count(head['tasks'], 'task')}, {data['estimand']}"
    screen.line(f"{'':<18}", (over, QUIET))
    _beside(screen, data)
    screen.gap()


def _beside(screen: Screen, data: Mapping[str, Any]) -> None:
    """What is read beside the drop, each on a line of its own."""
    kept, eligible, missing = data["retention"], data["eligible"], data["missing"]
    if kept:
        screen.line(f"  {'retained':<10}", f"{wording.points(kept['kept']):>6}", (f" %      {wording.kept_ends(kept)}", QUIET))
    if eligible and eligible["tasks"] < eligible["of"]:
        told = f" points {wording.interval(eligible['interval'])}   over the {wording.eligible_told(eligible)}"
        screen.line(f"  {'eligible':<10}", f"{wording.points(eligible['drop']):>6}", (told, QUIET))
    if missing:
        screen.prose(wording.missing_told(missing), indent=" " * 12, style=QUIET)


def _gate(screen: Screen, data: Mapping[str, Any]) -> None:
    gate = data.get("gate")
    if gate is None:
        return
    screen.line(f"  {'gate':<10}", (gate["answer"], "bold"), f"  {gate['gate']} by {gate['per']}, {gate['estimand']}")
    screen.prose(gate["why"], indent=" " * 12, style=QUIET)
    screen.gap()


def _bar_width(screen: Screen, taken: int) -> int:
    """The width of a column of bars: numbers are never cut for them."""
    return 14 if screen.width >= 98 else 8 if taken + 8 <= screen.width else 0


def _bar_of(screen: Screen, row: Mapping[str, Any], largest: float, width: int) -> tuple[str, str]:
    share = max(0.0, row["drop"] or 0.0) / largest if largest and width else 0.0
    return f"{screen.glyphs.bar(share, width):<{width}}", AXIS_STYLE.get(row["axis"] or "", "")


def _largest(rows: Sequence[Mapping[str, Any]]) -> float:
    return max((row["drop"] or 0.0 for row in rows), default=0.0)


def _axes(screen: Screen, data: Mapping[str, Any]) -> None:
    rows = data["axes"]
    if not rows:
        return
    by_id = {row["id"]: row for row in reversed(data["operators"]) if row["headline"]}
    worst_name = max((len(row["worst"] or "") for row in rows), default=0) + len(" 100.0")
    bar = _bar_width(screen, 2 + 12 + 6 + 2 + 17 + 2 + max(worst_name, len("worst operator")))
    screen.line((f"  {'axis':<12}{'drop':>6}  {'95 % interval':<17}{'':<{bar}}  worst operator", QUIET))
    for row in rows:
        worst = by_id.get(row["worst"] or "")
        tail = f"  {row['worst']} {wording.points(worst['drop'])}" if worst else f"  {wording.NOTHING}"
        more = [f"  {wording.interval(worst['interval'])}", f"  {wording.p_value(worst['p_adjusted'])}"] if worst else []
        line: list[str | tuple[str, str]] = [
            f"  {row['axis']:<12}",
            (f"{wording.points(row['drop']):>6}", "bold"),
            f"  {wording.interval(row['interval'], 5):<17}",
            _bar_of(screen, row, _largest(rows), bar),
        ]
        room = screen.width - (2 + 12 + 6 + 2 + 17 + bar)
        if worst and len(tail) > room:
            tail = f"  {row['worst']}"
        while more and len(tail + "".join(more)) > room:
            more.pop()
        screen.line(*line, tail, ("".join(more), QUIET))
    screen.gap()


def _operators(screen: Screen, data: Mapping[str, Any]) -> None:
    rows = data["operators"]
    if not rows:
        return
    name = min(max(len(row["id"]) for row in rows), 28)
    bar = _bar_width(screen, 2 + name + 7 + 2 + 17 + 7)
    wide = screen.width >= 98
    # What every row shows, then what a wide terminal has room for.
    heading = f"  {'operator':<{name}}{'drop':>7}  {'95 % interval':<17}{'':<{bar}}{'met':>7}"
    screen.line((heading + (f"  {'adjusted p':<11}{'kind':<12}" if wide else ""), QUIET))
    largest, shown = _largest(rows), rows[:MOST_OPERATORS]
    apart = False
    for row in shown:
        if not row["headline"] and not apart:
            apart = True
            screen.line(("  shown apart, not in the headline", QUIET))
        identifier = row["id"] if len(row["id"]) <= name else row["id"][: name - 1] + "…"
        met = wording.NOTHING if row["exposed"] is None else f"{row['exposed'] * 100:.0f} %"
        line: list[str | tuple[str, str]] = [
            f"  {identifier:<{name}}",
            (f"{wording.points(row['drop']):>7}", "bold"),
            f"  {wording.interval(row['interval'], 5):<17}",
            _bar_of(screen, row, largest, bar),
            (f"{met:>7}", QUIET),
        ]
        if wide:
            line.append((f"  {wording.p_value(row['p_adjusted']):<11}{row['kind'] or wording.NOTHING:<12}", QUIET))
        screen.line(*line)
    if len(rows) > len(shown):
        screen.line((f"  … and {len(rows) - len(shown)} more in the report", QUIET))
    screen.gap()


def _doses(screen: Screen, data: Mapping[str, Any]) -> None:
    rows = data.get("doses")
    if not rows:
        return
    name = min(max(len(row["operator"]) for row in rows), 28)
    levels = [level["intensity"] for level in rows[0]["levels"]]
    screen.line((f"  {'success at intensity':<{name}}  " + " ".join(f"{level:>5g}" for level in levels), QUIET))
    for row in rows[:MOST_OPERATORS]:
        rates = " ".join(f"{wording.points(level['success']):>5}" for level in row["levels"])
        bars = "" if screen.glyphs.ascii else f"  {wording.spark(row['levels'])}"
        slope = f"  slope {wording.points(row['slope'])} {wording.interval(row['interval'])}"
        p = f"  {wording.p_value(row['p_adjusted'])}"
        screen.line(f"  {row['operator'][:name]:<{name}}  {rates}{bars}", (slope, "bold"), (p, QUIET))
    if len(rows) > MOST_OPERATORS:
        screen.line((f"  … and {len(rows) - MOST_OPERATORS} more in the report", QUIET))
    screen.gap()


def _thinking(screen: Screen, data: Mapping[str, Any]) -> None:
    for part in (thinking.context(data) or {"parts": []})["parts"]:
        screen.line(f"  {part['title']}")
        for number, line in enumerate(thinking.aligned(part, screen.width)):
            screen.line((line, QUIET if number == 0 else ""))
        if part["note"]:
            screen.prose(part["note"], indent="  ", style=QUIET)
        screen.gap()


def _counts(screen: Screen, data: Mapping[str, Any]) -> None:
    proof, arms = data["proof"], data["outcomes_by_arm"]
    perturbed = sum(arms["perturbed"].values())
    screen.flow(
        [
            f"{proof['proven']:,} of {wording.count(proof['pairs'], 'pair')} proven solvable",
            *([f"{proof['unsolvable']:,} unsolvable"] if proof["unsolvable"] else []),
            *([f"{proof['not_proven']:,} not proven: no gold calls"] if proof["not_proven"] else []),
            f"{proof['exposed']:,} met the change",
            f"{wording.count(data['outcomes'].get('tester_fault', 0), 'fault')} of ours",
        ],
        indent="  ",
    )
    for arm in ("clean", "perturbed"):
        if arms[arm]:
            counted = [f"{number:,} {name.replace('_', ' ')}" for name, number in wording.outcome_order(arms[arm])]
            total = sum(arms["clean"].values()) if arm == "clean" else perturbed
            screen.flow([f"{total:,} {arm}: {counted[0]}", *counted[1:]], indent="  ")
    for one in data["errors"][:MOST_ERRORS]:
        screen.prose(wording.error_told(one), indent="    ")
    floor, collapsed = data["floor"], data["collapsed"]
    for arm, values in (("clean", data["pass_hat_k"]), ("perturbed", data["perturbed_pass_hat_k"])):
        if len(values) > 1:
            screen.flow([f"pass^1..{len(values)} {arm}: {wording.rates(values)}"], indent="  ")
    if collapsed:
        ends = wording.interval(collapsed["interval"])
        tasks = wording.count(collapsed["of"], "task")
        screen.line(f"  collapsed: {collapsed['count']} of {tasks} always pass clean and never perturbed {ends} %")
    if floor:
        screen.prose(
            f"floor: a silent agent passes {floor['silent']} of {wording.count(data['tasks'], 'task')}, "
            f"one that only states the answer {floor['answer_only']}",
            indent="  ",
        )
    screen.gap()


def _failures(screen: Screen, data: Mapping[str, Any]) -> None:
    failures = data["failures"]
    if not failures:
        return
    total = wording.failed_episodes(data)
    screen.line("  worst failures", (f"  of {total:,}" if total > MOST_FAILURES else "", QUIET))
    for failure in failures[:MOST_FAILURES]:
        where = failure["first_difference"]
        parts = [
            f"{failure['operator']}, task {failure['task']}",
            *([failure["outcome"].replace("_", " ")] if failure["outcome"] != "failed" else []),
            f"clean {failure['passed_clean']}, perturbed {failure['passed_perturbed']}",
            *([f"parts at step {where + 1}"] if where is not None else []),
        ]
        screen.flow(parts, indent="  ")
        screen.line("    ", (failure["reproduce"], "cyan"), cut=False)
    screen.gap()


def _end(screen: Screen, data: Mapping[str, Any], report_path: str | None) -> None:
    if report_path:
        screen.line("  report ", (report_path, "cyan"), cut=False)
    spent = wording.spent(data["usage"])
    if spent:
        screen.line("  ", (f"spent: {spent}", QUIET))
    screen.line("  ", (f"again: {data['reproduce']} · {wording.duration(data['seconds'])}", QUIET), cut=False)
