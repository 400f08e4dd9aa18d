"""Two episodes of one task side by side on a terminal, with the first step where they part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from perturb.replaying import Ran


def print_side_by_side(console: Console, clean: Ran, perturbed: Ran) -> None:
    """Print the prompts, a row a step, and how each ended."""
    from rich.table import Table
    from rich.text import Text

    from perturb.rendering import align

    for name, one in (("clean", clean), ("perturbed", perturbed)):
        if name == "clean" or one.prompt != clean.prompt:
            console.print(Text(f"prompt, {name}: {one.prompt}"), soft_wrap=True)
    rows, parted = align(clean.steps, perturbed.steps)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", expand=True)
    for name in ("", "clean", "perturbed"):
        table.add_column(name, ratio=None if not name else 1, overflow="fold")
    for number, (left, right) in enumerate(rows):
        mark = Text("▶" if number == parted else str(number + 1), style="bold red" if number == parted else "dim")
        table.add_row(mark, _cell(clean.steps, left), _cell(perturbed.steps, right))
    table.add_row(Text("="), *(Text(_ending(one)) for one in (clean, perturbed)))
    console.print(table)
    if parted is not None:
        console.print(Text(f"they part at step {parted + 1}", style="red"))


def _cell(steps: list[dict[str, Any]], index: int | None) -> Any:
    import msgspec
    from rich.text import Text

    if index is None:
        return Text("–", style="dim")
    step = steps[index]
    arguments = step["call"]["arguments"]
    shown = arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode()
    reply = step["reply"]["text"]
    reply = reply if len(reply) <= 600 else f"{reply[:600]}… ({len(reply):,} characters)"
    return Text.assemble(
        (step["call"]["name"], "bold cyan"), f" {shown}\n", (f"→ {reply}\n", "red" if step["reply"]["is_error"] else "dim")
    )


def _ending(one: Any) -> str:
    answer = f"answer: {one.answer}\n" if one.answer is not None else ""
    return f"{answer}{one.outcome.replace('_', ' ')}{': ' + one.error if one.error else ''}"
