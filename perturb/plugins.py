"""Where plug-ins lie, and how a Python file becomes a module without its folder ever being on the path.

Toolsets, agents and reports lie in folders of those names: in the current project, and in this package's own data, which a
wheel holds in `perturb/_data` and a checkout beside `perturb/`.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Literal

import msgspec

from perturb.errors import ConfigurationError, PerturbError

Plural = Literal["toolsets", "agents", "reports"]

_NAMESPACE = "perturb._loaded"
MCP = "mcp:"
"""What the name of a toolset that is an MCP server begins with."""
OPENAPI = "openapi:"
"""What the name of a toolset that an OpenAPI document describes begins with."""
SERVERS = (MCP, OPENAPI)
_WORD = re.compile(r"[A-Za-z][\w-]+")
"""A short name; a single letter is a drive."""


class Listed(msgspec.Struct, frozen=True):
    """A plug-in that can be named: the name, one line about it, and where it comes from (`project`, `perturb`, a package)."""

    name: str
    description: str
    origin: str


def data_folder(kind: Plural) -> Path:
    """The folder of the plug-ins that come with this package. Raises `ConfigurationError` where they were left out."""
    own = _own_folder(kind)
    if own is None:
        raise ConfigurationError(
            f"this installation of Perturb lacks its {kind}; install it again: pip install --force-reinstall perturb-agents"
        )
    return own


def _own_folder(kind: Plural) -> Path | None:
    package = Path(__file__).resolve().parent
    return next((folder for folder in (package / "_data" / kind, package.parent / kind) if folder.is_dir()), None)


def folders(kind: Plural) -> list[Path]:
    """Where plug-ins are looked for, first things first: the current project, then this package's own data."""
    project, own = Path.cwd() / kind, _own_folder(kind)
    found = [project] if project.is_dir() and project.resolve() != own else []
    return found if own is None else [*found, own]


def entries(kind: Plural) -> dict[str, EntryPoint]:
    """The plug-ins that installed packages offer under the entry point group `perturb.<kind>`, by name."""
    return {entry.name: entry for entry in entry_points(group=f"perturb.{kind}")}


def listed(kind: Plural, found: dict[str, Listed]) -> list[Listed]:
    """`found`, and after it what installed packages offer under other names."""
    for name, entry in sorted(entries(kind).items()):
        package = entry.dist.name if entry.dist is not None else "an installed package"
        found.setdefault(name, Listed(name, entry.value, package))
    return list(found.values())


def origin(kind: Plural, folder: Path) -> str:
    """Where the plug-ins of `folder` come from, as `Listed` says it."""
    return "perturb" if folder == _own_folder(kind) else "project"


def is_own(kind: Plural, file: Path) -> bool:
    """Whether a plug-in came with this package: it lies in its data, or is a copy, as in a checkout beside an installation."""
    own = _own_folder(kind)
    if own is None or file.parent == own:
        return own is not None
    mine = own / file.name
    return mine.is_file() and mine.read_bytes() == file.read_bytes()


def split_path(spec: str) -> tuple[Path | None, str]:
    """The path that `spec` begins with, and what stands behind its colon; no path where it is a name, or a server's."""
    if spec.startswith(SERVERS):
        return None, ""
    head, colon, rest = spec.rpartition(":")
    if colon and head.endswith(".py"):
        return Path(head), rest
    if colon and _WORD.fullmatch(spec.partition(":")[0]):
        return None, ""  # what stands behind a short name may be a path itself
    if spec.endswith(".py") or "/" in spec or "\\" in spec or spec in (".", ".."):
        return Path(spec), ""
    return None, ""


def load_module(path: Path) -> ModuleType:
    """The module of a Python file, run once for each state of the file.

    The file may import its neighbours relatively (`from .checks import solved`). Raises `ConfigurationError`, which names
    file, line and exception, for a file that cannot be run.
    """
    path = path.resolve()
    if not path.is_file():
        raise ConfigurationError(f"there is no file {path}; write it, or name another")
    package = f"{_NAMESPACE}.{hashlib.sha256(str(path.parent).encode()).hexdigest()[:16]}"
    name = f"{package}.{path.stem}"
    state = hashlib.sha256(b"".join(each.read_bytes() for each in sorted(path.parent.glob("*.py")))).hexdigest()
    loaded = sys.modules.get(name)
    if loaded is not None and getattr(sys.modules.get(package), "state", None) == state:
        return loaded
    if getattr(sys.modules.get(package), "state", state) != state:
        for stale in [each for each in sys.modules if each == package or each.startswith(package + ".")]:
            del sys.modules[stale]
    _make_package(_NAMESPACE, None)
    vars(_make_package(package, path.parent))["state"] = state
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"{path} cannot be loaded as Python; give it a name that ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with told_of(path), _no_bytecode():
            spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


@contextmanager
def _no_bytecode() -> Iterator[None]:
    """Leave no bytecode of what is imported: Python takes it for that of a file which was changed within the same second and
    kept its length."""
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def _make_package(name: str, folder: Path | None) -> ModuleType:
    """An empty package in which files of `folder` are found by relative imports, and by nothing else."""
    if name not in sys.modules:
        package = ModuleType(name)
        package.__path__ = [] if folder is None else [str(folder)]
        sys.modules[name] = package
    return sys.modules[name]


@contextmanager
def told_of(path: Path) -> Iterator[None]:
    """Turn what a user's file raises into a `ConfigurationError` of one line: file, line, exception.

    Errors of this package pass through: they say what is wrong already.
    """
    try:
        yield
    except PerturbError:
        raise
    except SyntaxError as error:
        raise ConfigurationError(
            f"{error.filename or path}, line {error.lineno}: {type(error).__name__}: {error.msg}"
        ) from error
    except (Exception, SystemExit) as error:
        raise ConfigurationError(f"{_place(path, error)}: {type(error).__name__}: {error}") from error


def _place(path: Path, error: BaseException) -> str:
    """The deepest place within the folder of `path` that `error` came through."""
    path = path.resolve() if path.exists() else path
    place, trace = str(path), error.__traceback__
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        if file.parent == path.parent:
            place = f"{file}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return place


class Outline:
    """What a Python file says of itself, read without running it: its first line of documentation, its names, its options."""

    def __init__(self, path: Path) -> None:
        try:
            tree = ast.parse(path.read_bytes())
        except (OSError, SyntaxError, ValueError):
            tree = ast.Module(body=[], type_ignores=[])
        documentation = ast.get_docstring(tree)
        self.summary = documentation.strip().splitlines()[0] if documentation else ""
        self.names: set[str] = set()
        self.options: tuple[str, ...] = ()
        for node in tree.body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                self.names.add(node.name)
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                self._assigned(node)

    def _assigned(self, node: ast.Assign | ast.AnnAssign) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = {target.id for target in targets if isinstance(target, ast.Name)}
        self.names |= names
        if "OPTIONS" in names and node.value is not None:
            try:
                self.options = tuple(str(option) for option in ast.literal_eval(node.value))
            except (ValueError, TypeError):
                self.options = ()
