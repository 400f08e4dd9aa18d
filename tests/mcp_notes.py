"""A small MCP server for tests: notes that are read and written, in memory or in a file, with all else that a server can have.

As a program, `python mcp_notes.py [FILE] [--http PORT]`, it serves over stdio or streamable HTTP.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from fastmcp import Context, FastMCP
from fastmcp.exceptions import ToolError
from fastmcp.utilities.types import Image
from mcp_types import SamplingMessage, TextContent
from pydantic import BaseModel

READS = {"readOnlyHint": True}
DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8ffff3f0005fe02fe0def46b80000000049454e44ae426082"
)


class Note(BaseModel):
    """A note."""

    note_id: int
    title: str
    tag: str


TAGS = ("garden", "kitchen", "garden", "office", "garden", "kitchen", "garden", "office")


class Notes:
    """The notes, by number; in a file where there is one."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self.rows = [Note(note_id=number, title=f"Note {number}", tag=tag) for number, tag in enumerate(TAGS, 1)]
        if path is not None and path.is_file():
            self.rows = [Note.model_validate(row) for row in json.loads(path.read_text())]

    def find(self, note_id: int) -> Note:
        for note in self.rows:
            if note.note_id == note_id:
                return note
        raise ToolError(f"There is no note {note_id}.")

    def keep(self) -> None:
        if self._path is not None:
            self._path.write_text(json.dumps([note.model_dump() for note in self.rows]))


def make(path: Path | None = None) -> FastMCP[Any]:
    notes = Notes(path)
    server: FastMCP[Any] = FastMCP("notes", version="1.2.3", instructions="Find notes with `list_notes` first.")

    @server.tool(annotations={**READS, "title": "List the notes"})
    def list_notes(tag: str = "") -> list[Note]:
        """List the notes, all of them or those with a tag."""
        return [note for note in notes.rows if tag in ("", note.tag)]

    @server.tool(annotations=READS)
    def get_note(note_id: int) -> Note:
        """Get a note by its number, which `list_notes` gives."""
        return notes.find(note_id)

    @server.tool
    def add_note(title: str, tag: str) -> Note:
        """Add a note."""
        made = Note(note_id=len(notes.rows) + 1, title=title, tag=tag)
        notes.rows.append(made)
        notes.keep()
        return made

    @server.tool(annotations={"idempotentHint": True})
    def rename_note(note_id: int, title: str) -> Note:
        """Give a note another title."""
        note = notes.find(note_id)
        note.title = title
        notes.keep()
        return note

    @server.tool(annotations=READS, output_schema=None)
    def count_notes() -> str:
        """Say how many notes there are."""
        return f"There are {len(notes.rows)} notes."

    @server.tool(annotations=READS)
    def draw_note(note_id: int) -> Image:
        """Draw a note."""
        notes.find(note_id)
        return Image(data=DOT, format="png")

    @server.tool(annotations=READS)
    async def watch_notes(context: Context) -> str:
        """Watch the notes for a while, and say what happens."""
        for step in range(3):
            await context.report_progress(step + 1, 3)
        await context.info("nothing has happened")
        return "done"

    @server.tool
    async def ask_owner(question: str, context: Context) -> str:
        """Ask whoever owns the notes."""
        told = await context.elicit(question, response_type=str)
        return f"{told.action}: {getattr(told, 'data', '')}"

    @server.tool(annotations=READS)
    async def sum_up(context: Context) -> str:
        """Sum the notes up, with the model of the client."""
        titles = TextContent(type="text", text="; ".join(note.title for note in notes.rows))
        asked = [SamplingMessage(role="user", content=titles)]
        told = await context.session.create_message(asked, max_tokens=100, related_request_id=context.request_id)
        return str(told.content.text)

    @server.tool(annotations=READS)
    async def where(context: Context) -> list[str]:
        """Say which folders the client has opened."""
        return [str(root.uri) for root in (await context.session.list_roots()).roots]

    @server.tool(annotations=READS)
    def crash() -> str:
        """End the server."""
        os._exit(9)

    @server.tool
    async def learn_tool(context: Context) -> str:
        """Get one more tool."""

        @server.tool(annotations=READS)
        def newest_note() -> Note:
            """Get the newest note."""
            return notes.rows[-1]

        await context.session.send_tool_list_changed()
        return "learnt"

    @server.resource("notes://all")
    def everything() -> str:
        """All notes."""
        return json.dumps([note.model_dump() for note in notes.rows])

    @server.resource("notes://{note_id}")
    def one(note_id: int) -> str:
        """One note."""
        return notes.find(note_id).title

    @server.prompt
    def review(tag: str) -> str:
        """Review the notes."""
        return f"Review all notes with the tag {tag}: begin with `list_notes`."

    @server.completion
    def complete(ref: Any, argument: Any, context: Any = None) -> list[str]:
        return sorted({tag for tag in TAGS if tag.startswith(argument.value)})

    return server


if __name__ == "__main__":
    words = sys.argv[1:]
    port = int(words.pop()) if "--http" in words else 0
    words = [word for word in words if word != "--http"]
    made = make(Path(words[0]) if words else None)
    if port:
        made.run(transport="http", host="127.0.0.1", port=port, show_banner=False, log_level="ERROR")
    else:
        made.run(show_banner=False, log_level="ERROR")
