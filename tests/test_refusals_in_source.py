"""The reading of refusals out of a source: every wording, and nothing passed over."""

from __future__ import annotations

import pytest
from refusals_in_source import Refusal, Unreadable, refusals

TOOLS = """
class Tools:
    def book(self, name, seats, other):
        if seats < 1:
            message = f"{name} has only {seats:.1f} left."
            raise ToolError("conflict", message)
        if other:
            instead = f" {other['name']} is free."
        else:
            instead = " None is free."
        if name:
            raise authoring.ToolError("conflict", message=f"{name} is taken.{instead}", value=name)
        message = "There is none." if seats else f"There is no {name.strip()}."
        raise ToolError("not_found", message)

    def leave(self):
        message = "Nothing of the above."
        return ToolError("internal", message)
"""


def test_every_wording_is_read_with_the_line_that_refuses_with_it() -> None:
    assert sorted(refusals(TOOLS)) == [
        Refusal(6, "X-101 has only 10240.50 left.", ("X-101", "10240.50")),
        Refusal(12, "X-103 is taken. None is free.", ("X-103",)),
        Refusal(12, "X-103 is taken. X-104 is free.", ("X-103", "X-104")),
        Refusal(14, "There is no X-105.", ("X-105",)),
        Refusal(14, "There is none.", ()),
        Refusal(18, "Nothing of the above.", ()),
    ]


@pytest.mark.parametrize(
    "told",
    ['"There is no " + name', '"There is no {}.".format(name)', "told(name)", "name", 'message if name else "None."', "late"],
)
def test_a_message_that_is_not_written_out_is_named_with_its_line(told: str) -> None:
    lines = [
        "def book(name):",
        '    message = "No."',
        "    message += name",
        f'    raise ToolError("x", {told})',
        '    late = ""',
    ]
    with pytest.raises(Unreadable, match="line 4: ToolError"):
        refusals("\n".join(lines))
