"""A made-up run in the likeness of a real one, to look at reports with. It is no result of anything."""

from __future__ import annotations

import random
from typing import Any

from perturb.rendering.data import Floor, RunHeader, report_data
from perturb.statistics import EpisodeRow

OPERATORS: dict[str, tuple[str, str, float, float]] = {
    # id: axis, kind, chance that an episode that would pass fails, share exposed
    "tools.opaque": ("tools", "equivalent", 0.62, 1.0),
    "toolset.merge": ("tools", "equivalent", 0.41, 1.0),
    "results.paginate": ("responses", "equivalent", 0.36, 0.6),
    "arguments.nest": ("tools", "equivalent", 0.30, 1.0),
    "faults.transient": ("responses", "fault", 0.26, 1.0),
    "arguments.recode_enum": ("tools", "equivalent", 0.21, 0.7),
    "tools.vendor_style": ("tools", "equivalent", 0.17, 1.0),
    "results.rename_keys": ("responses", "equivalent", 0.12, 1.0),
    "errors.style": ("responses", "equivalent", 0.10, 0.2),
    "tools.synonym": ("tools", "equivalent", 0.07, 1.0),
    "arguments.retype": ("tools", "equivalent", 0.05, 1.0),
    "arguments.synonym": ("tools", "equivalent", 0.05, 1.0),
    "results.format": ("responses", "equivalent", 0.02, 1.0),
    "toolset.distractors": ("tools", "distraction", 0.02, 1.0),
    "environment.entities": ("environment", "equivalent", 0.0, 1.0),
    "user.irrelevant_context": ("user", "distraction", 0.03, 1.0),
    "descriptions.drop": ("tools", "ablation", 0.34, 1.0),
    "descriptions.mislead": ("tools", "adversarial", 0.55, 1.0),
}
PROMPT = "Please book the cheapest direct flight from Oslo to London on 4 May 2026 for Ada Moreau, with one checked bag."
ROWS = (
    '[{"flight": "DY1302", "price": 118, "seats": 4, "departs": "06:55"}, {"flight": "BA767", "price": 142, "seats": 9, '
    '"departs": "11:25"}, {"flight": "SK803", "price": 131, "seats": 1, "departs": "17:40"}]'
)


def step(name: str, arguments: dict[str, Any], text: str, real: Any = "same", *, error: bool = False) -> dict[str, Any]:
    call = {"name": name, "arguments": arguments}
    return {"call": call, "reply": {"text": text, "is_error": error}, "real": call if real == "same" else real}


def clean_trajectory() -> list[dict[str, Any]]:
    return [
        step("find_customer", {"name": "Ada Moreau"}, '{"customer_id": "C-4821", "name": "Ada Moreau", "tier": "silver"}'),
        step("search_flights", {"origin": "OSL", "destination": "LHR", "date": "2026-05-04"}, ROWS),
        step(
            "book_flight",
            {"customer_id": "C-4821", "flight": "DY1302", "bags": 1, "cabin": "economy"},
            '{"booking": "B-90417", "total": 146, "status": "confirmed"}',
        ),
    ]


def perturbed_trajectory(operator: str) -> list[dict[str, Any]]:
    first, search, book = clean_trajectory()
    if operator == "results.paginate":
        page = '{"items": [{"flight": "BA767", "price": 142, "seats": 9, "departs": "11:25"}], "next_cursor": "c2"}'
        return [
            first,
            step("search_flights", search["call"]["arguments"], page),
            step("book_flight", book["call"]["arguments"] | {"flight": "BA767"}, '{"booking": "B-90418", "total": 170}'),
        ]
    if operator == "faults.transient":
        return [first, step("search_flights", search["call"]["arguments"], "503 Service unavailable, try again", error=True)]
    if operator == "environment.entities":
        return [first, search, book]
    shown = "tool_17" if operator == "tools.opaque" else "flights_list"
    return [
        step("tool_04", {"name": "Ada Moreau"}, first["reply"]["text"], first["call"]),
        step(
            "search_flights",
            search["call"]["arguments"],
            "Unknown tool: search_flights",
            None,
            error=True,
        ),
        step(shown, {"origin": "OSL", "destination": "LHR"}, "Invalid argument: 'date' is required", None, error=True),
    ]


def failure(task: str, operator: str, kind: str, axis: str, trial: int = 0) -> dict[str, Any]:
    return {
        "task": task,
        "operator": operator,
        "kind": kind,
        "axis": axis,
        "plan": {"op": operator, "version": 1, "names": {"search_flights": "tool_17", "find_customer": "tool_04"}},
        "plan_file": f"reports/runs/a1b2c3/{operator}-{task}-{trial}.json",
        "reproduce": f"perturb replay reports/runs/a1b2c3/{operator}-{task}-{trial}.json --agent reader",
        "prompt_clean": PROMPT,
        "prompt_perturbed": PROMPT.replace("Ada Moreau", "Inge Duarte") if operator == "environment.entities" else PROMPT,
        "clean": clean_trajectory(),
        "perturbed": perturbed_trajectory(operator),
        "answer_clean": "Booked DY1302 on 4 May, one bag, 146 EUR in all. Your reference is B-90417.",
        "answer_perturbed": "I could not find a flight that fits."
        if operator != "results.paginate"
        else "Booked BA767, 170 EUR.",
        "outcome": "failed",
        "error": None,
        "passed_clean": "2 of 2",
        "passed_perturbed": "0 of 1",
    }


def header(**changes: Any) -> RunHeader:
    known: dict[str, Any] = {
        "run": "a1b2c3",
        "agent": "reader",
        "agent_is_reference": True,
        "toolset": "airline",
        "tasks": 42,
        "operators": list(OPERATORS),
        "seed": 7,
        "intensity": 1.0,
        "trials": 1,
        "clean_trials": 2,
        "started": "2026-11-20T09:14:00Z",
        "seconds": 13.7,
        "proven": 738,
        "pairs": 741,
        "not_proven": 0,
        "unsolvable": 3,
        "floor": Floor(silent=0, answer_only=3),
        "command": "perturb run --agent reader --toolset airline --seed 7",
        "version": "0.1.0",
    }
    return RunHeader(**(known | changes))


def episodes(tasks: int = 42, seed: int = 1) -> tuple[list[EpisodeRow], list[dict[str, Any]]]:
    draw = random.Random(seed)
    rows: list[EpisodeRow] = []
    failures: list[dict[str, Any]] = []
    for number in range(tasks):
        task = f"t{number:02d}"
        ability = 0.75 if number % 9 == 4 else 1.0
        for trial in range(2):
            outcome = "passed" if draw.random() < ability else "failed"
            rows.append(
                EpisodeRow(task=task, arm="clean", trial=trial, outcome=outcome, key=f"c-{task}-{trial}", seconds=0.01, calls=3)
            )
        for operator, (axis, kind, harm, met) in OPERATORS.items():
            if operator == "errors.style" and number % 3 == 0:
                continue
            exposed = draw.random() < met
            lost = draw.random() < harm * (0.4 + 1.2 * draw.random())
            outcome = "failed" if (exposed and lost) or draw.random() > ability else "passed"
            if operator == "toolset.merge" and number in (5, 17, 31):
                outcome = ("unsolvable", "infrastructure_error", "budget_exceeded")[(5, 17, 31).index(number)]
            rows.append(
                EpisodeRow(
                    task=task,
                    arm="perturbed",
                    operator=operator,
                    axis=axis,  # type: ignore[arg-type]
                    kind=kind,  # type: ignore[arg-type]
                    trial=0,
                    outcome=outcome,
                    exposed=exposed,
                    key=f"{operator}-{task}",
                    seconds=0.012,
                    calls=4,
                )
            )
            if outcome == "failed":
                failures.append(failure(task, operator, kind, axis))
    return rows, failures


def data(**changes: Any) -> dict[str, Any]:
    rows, failures = episodes()
    return report_data(header(**changes), rows, failures)
