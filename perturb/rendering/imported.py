"""What was imported, in the terminal."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from perturb.process_checks import MEANING
from perturb.rendering import wording
from perturb.rendering.screen import QUIET, Screen
from perturb.rendering.terminal import CLEAN_STYLE, WARNING

if TYPE_CHECKING:
    from rich.console import Console

MOST_PROBLEMS, MOST_FILES, MOST_FINDINGS = 6, 12, 4


def print_import(total: Mapping[str, Any], files: Sequence[Mapping[str, Any]], console: Console) -> None:
    """Print what an import came to: all together, each file where there are several, and the problems."""
    screen = Screen(console)
    models = total["models"]
    screen.gap()
    screen.flow(
        [
            _tail(files[0]["file"]) if len(files) == 1 else wording.count(len(files), "file"),
            total["format"],
            wording.count(total["episodes"], "episode"),
            wording.count(total["tasks"], "task"),
            *(["model not recorded"] if not models else [", ".join(models[:3]) + (", …" if len(models) > 3 else "")]),
        ],
        style="bold",
    )
    screen.gap()
    _verdicts(screen, total)
    screen.flow(told(total), indent="  ")
    screen.gap()
    if len(files) > 1:
        for one in files[:MOST_FILES]:
            rate = one["passed"] / (one["passed"] + one["failed"]) if one["passed"] + one["failed"] else None
            passed = f"{wording.percent(rate):>8} passed" if rate is not None else f"{'':>8} no verdicts"
            parts = f"{wording.count(one['episodes'], 'episode'):>14}{passed}   {wording.count(one['calls'], 'call')}"
            screen.line(
                f"  {_tail(one['file'], 2)[-34:]:<34}",
                parts,
                _suspected(one),
                (f"   {one['format'] or 'unknown'}", QUIET),
            )
        if len(files) > MOST_FILES:
            screen.line("  ", (f"and {len(files) - MOST_FILES:,} more files", QUIET))
        screen.gap()
    folders = {one["file"][: -len(_tail(one["file"]))] for one in files} - {""}
    _process(screen, total, folders)
    _problems(screen, total, folders)


def _tail(file: str, parts: int = 1) -> str:
    """The last parts of a path."""
    return "/".join(file.replace("\\", "/").split("/")[-parts:])


def _near(where: str, folders: Collection[str]) -> str:
    """A place without the folder of its file."""
    folder = max((one for one in folders if where.startswith(one)), key=len, default="")
    return where[len(folder) :]


def _suspected(one: Mapping[str, Any]) -> tuple[str, str]:
    """How many findings the process checks have in a file."""
    number = len(one["findings"])
    return (f"   {wording.count(number, 'finding')}", WARNING) if number else ("", "")


def _process(screen: Screen, total: Mapping[str, Any], folders: Collection[str]) -> None:
    if not any(total["process"].values()):
        screen.line("  process  ", ("no check finds anything", QUIET))
        screen.gap()
        return
    screen.line("  process")
    for check, number in total["process"].items():
        if number:
            screen.line(f"  {wording.count(number, 'episode'):>14}  ", (MEANING[check], WARNING))
    for one in total["findings"][:MOST_FINDINGS]:
        screen.prose(f"{_near(one['where'], folders)}: {one['what']}", indent="    ", style=QUIET)
    if len(total["findings"]) > MOST_FINDINGS:
        screen.line("    ", ("more with --json", QUIET))
    screen.gap()


def _verdicts(screen: Screen, total: Mapping[str, Any]) -> None:
    judged = total["passed"] + total["failed"]
    if not judged:
        screen.line("  no verdicts are recorded")
        return
    width = max(20, min(48, screen.width - 32))
    filled = screen.glyphs.bar(total["passed"] / judged, width)
    rest = screen.glyphs.rest * (width - len(filled))
    rate = f"{wording.percent(total['passed'] / judged):>8}"
    screen.line(f"  {'passed':<10}", (rate, "bold"), "  ", (filled, CLEAN_STYLE), (rest, QUIET))
    screen.line(f"{'':<22}", (f"{total['passed']:,} of {wording.count(judged, 'verdict')}", QUIET))
    if len(total["pass_hat_k"]) > 1:
        screen.line(f"  pass^1..{len(total['pass_hat_k'])}  {wording.rates(total['pass_hat_k'])}")


def told(total: Mapping[str, Any]) -> list[str]:
    """`1,164 calls`, `73 tool errors`, and whatever else is there to be said."""
    counted = (
        ("parallel", "step of several calls", "steps of several calls"),
        ("user_calls", "call of the user’s own", "calls of the user’s own"),
        ("cut_off", "episode cut off", "episodes cut off"),
        ("unanswered", "call without a result", "calls without a result"),
        ("orphans", "result without a call", "results without a call"),
        ("media", "part that is no text", "parts that are no text"),
    )
    return [
        wording.count(total["calls"], "call"),
        wording.count(total["tool_errors"], "tool error"),
        *(wording.count(total[name], one, many) for name, one, many in counted if total[name]),
        *(
            wording.count(number, f"message of role {role}", f"messages of role {role}")
            for role, number in total["others"].items()
        ),
    ]


def _problems(screen: Screen, total: Mapping[str, Any], folders: Collection[str]) -> None:
    if not total["found"]:
        return
    screen.line((wording.count(total["found"], "problem"), WARNING), " ", ("(all others are imported)", QUIET))
    for one in total["problems"][:MOST_PROBLEMS]:
        screen.prose(f"{_near(one['where'], folders)}: {one['what']}", indent="  ")
    if total["found"] > MOST_PROBLEMS:
        screen.line("  ", (f"and {total['found'] - MOST_PROBLEMS:,} more with --json", QUIET))
    screen.gap()
