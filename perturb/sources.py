"""Which source files a Python file is made of, told from its import statements, and their digest.

Told by reading, not from what happens to be imported: the digest is then the same in every process.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path


def source_files(path: Path, package: Path | None = None) -> list[Path]:
    """`path`, and every file that it imports from beside it, directly or not, in order.

    Relative imports are followed, and absolute ones that begin in the folder of `path`; with `package`, the folder of an
    installed top-level package, those that begin with its name instead. Other packages are not followed.
    """
    root = package.parent if package is not None else path.parent
    found: set[Path] = set()
    waiting = [path.resolve()]
    while waiting:
        file = waiting.pop()
        if file in found:
            continue
        found.add(file)
        waiting += _imported(file, root.resolve(), package.name if package is not None else None)
    return sorted(found)


def source_digest(path: Path, package: Path | None = None) -> str:
    """The SHA-256, in hexadecimal, of the text of all source files of `path`; where they lie makes no difference."""
    root = (package or path).resolve().parent
    told = hashlib.sha256()
    for file in source_files(path, package):
        name = file.relative_to(root).as_posix() if file.is_relative_to(root) else file.name
        told.update(f"{name}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return told.hexdigest()


def _imported(file: Path, root: Path, top: str | None) -> Iterator[Path]:
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if top in (None, alias.name.partition(".")[0]):
                    yield from _files(root, alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            module = (node.module or "").split(".") if node.module else []
            if node.level:
                start = file.parents[node.level - 1]
            elif top in (None, module[0]):
                start = root
            else:
                continue
            yield from _files(start, module)
            for alias in node.names:
                yield from _files(start, [*module, alias.name])


def _files(start: Path, parts: list[str]) -> Iterator[Path]:
    """The files that importing `parts` from `start` runs: each package's `__init__.py`, and the module itself."""
    for depth in range(1, len(parts) + 1):
        place = start.joinpath(*parts[:depth])
        for file in (place / "__init__.py", place.with_name(place.name + ".py")):
            if file.is_file():
                yield file.resolve()
