"""Lines of text on a terminal, in its width and with the signs that it has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perturb.rendering import wording

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

QUIET = "dim"
WIDEST, NARROWEST = 112, 60


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The signs beyond ASCII, or what stands for them where the terminal has no others."""

    full: str = "█"
    parts: str = " ▏▎▍▌▋▊▉"
    rest: str = "░"
    dot: str = "·"
    ascii: bool = False

    def write(self, text: str) -> str:
        """`text` with nothing that this terminal cannot show, or would take for a command to itself."""
        text = "".join(sign if sign.isprintable() else " " for sign in text)
        if not self.ascii:
            return text
        for sign, plain in ((wording.MINUS, "-"), (wording.NOTHING, "-"), ("·", "|"), ("…", "..."), ("’", "'")):
            text = text.replace(sign, plain)
        return text.encode("ascii", "replace").decode()

    def bar(self, share: float, width: int) -> str:
        """A bar of `share` of `width` columns; something that is not nothing always shows."""
        eighths = round(max(0.0, min(1.0, share)) * width * 8)
        if self.ascii:
            return self.full * max(eighths // 8, int(share > 0))
        whole, part = divmod(max(eighths, int(share > 0)), 8)
        return self.full * whole + (self.parts[part] if part else "")


class Screen:
    """Lines of text, cut to the width of the console."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.width = max(NARROWEST, min(WIDEST, console.width - 1))
        unicode = not console.options.ascii_only
        self.glyphs = Glyphs() if unicode else Glyphs(full="#", parts="", rest=".", dot="|", ascii=True)

    def line(self, *parts: str | tuple[str, str], cut: bool = True) -> None:
        """One line of plain or (text, style) parts; `cut` ends it with an ellipsis where it is too long."""
        text = self.text(*parts)
        if cut:
            text.truncate(self.width, overflow="crop" if self.glyphs.ascii else "ellipsis")
        self.console.print(text, no_wrap=True, overflow="ignore", crop=False, soft_wrap=True)

    def text(self, *parts: str | tuple[str, str]) -> Text:
        from rich.text import Text

        text = Text()
        for part in parts:
            words, style = part if isinstance(part, tuple) else (part, "")
            text.append(self.glyphs.write(words), style)
        text.rstrip()
        return text

    def flow(self, parts: Iterable[str], *, indent: str = "", style: str = "") -> None:
        """Parts with dots between them, broken only between parts."""
        lines: list[str] = []
        for part in parts:
            if lines and len(indent) + len(lines[-1]) + 3 + len(part) <= self.width:
                lines[-1] += f" {self.glyphs.dot} {part}"
            else:
                lines.append(part)
        for line in lines:
            self.line(indent, (line, style))

    def prose(self, words: str, *, indent: str = "", style: str = "") -> None:
        """A sentence, wrapped at words."""
        import textwrap

        for line in textwrap.wrap(words, self.width - len(indent)):
            self.line(indent, (line, style))

    def gap(self) -> None:
        self.console.print()
