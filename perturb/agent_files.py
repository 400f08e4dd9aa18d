"""Agents by the names that a user gives them, with the digest of what they are made of."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from perturb.agent import Agent, AgentContext
from perturb.errors import ConfigurationError, nearest
from perturb.plugins import Listed, Outline, entries, folders, is_own, listed, load_module, origin, split_path, told_of
from perturb.sources import source_digest
from perturb.types import digest


class FoundAgent(msgspec.Struct, frozen=True, kw_only=True):
    """An agent that was found and not made yet.

    `wants_transcripts` says that it is made by `create(context)`, for which clean transcripts should be at hand.
    `is_reference` says that it came with this package and is no model. `digest` changes with its source files and its option.
    `asks_model` says that its file holds `ASKS_MODEL = True`: it takes the settings of a model, and learns from no transcripts.
    `deterministic` says that its file holds `DETERMINISTIC = True`: in one setup it always does the same.
    """

    name: str
    option: str
    digest: str
    is_reference: bool
    wants_transcripts: bool
    made_by: Callable[..., Any]
    file: Path
    asks_model: bool = False
    deterministic: bool = False

    def make(self, context: AgentContext) -> LoadedAgent:
        """The agent. Raises `ConfigurationError` where its `create` does, or makes something that takes no episode."""
        function = self.made_by
        if self.wants_transcripts or self.asks_model:
            with told_of(self.file):
                function = self.made_by(context)
        _takes_one(function, f"agent {self.name!r}")
        return LoadedAgent(
            name=self.name,
            function=function,
            digest=self.digest,
            is_reference=self.is_reference,
            wants_transcripts=self.wants_transcripts,
            asks_model=self.asks_model,
        )


class LoadedAgent(msgspec.Struct, frozen=True, kw_only=True):
    """An agent that can be run: `function(episode)` gives its answer, or an awaitable of it."""

    name: str
    function: Agent
    digest: str
    is_reference: bool = False
    wants_transcripts: bool = False
    asks_model: bool = False

    @property
    def takes_scaffold(self) -> bool:
        """Whether it is run by the agent loop, so that the scaffold of an episode stands between it and a model. An agent says
        so by an attribute of that name."""
        return bool(getattr(self.function, "takes_scaffold", False))

    async def aclose(self) -> None:
        """Close what the agent has open, where it has an `aclose` for that."""
        close = getattr(self.function, "aclose", None)
        if close is not None:
            await close()


def find_agent(spec: str) -> FoundAgent:
    """The agent that `spec` names: `reader`, `flaky:0.3`, `path/to/file.py`, `path/to/file.py:function`, `module:function`.

    Raises `ConfigurationError` for one that is not there, and for a file that cannot be run.
    """
    name, _, rest = spec.partition(":")
    place = _place_of(name)
    path, function = split_path(spec) if place is None else (None, "")  # an option may hold a slash, as names of models do
    if path is not None:
        if path.is_dir():
            raise ConfigurationError(f"agent {spec!r} is a folder; name a Python file in it")
        return _agent_in(load_module(path), path, function, spec, source=source_digest(path))
    if place is not None:
        reference = is_own("agents", place)
        return _agent_in(load_module(place), place, rest, spec, source=source_digest(place), reference=reference, short=True)
    if name in entries("agents"):
        entry = entries("agents")[name]
        with told_of(Path(entry.value)):
            found = entry.load()
        module = found if isinstance(found, ModuleType) else sys.modules[entry.module]
        return _agent_in(found, _file_of(module), rest, spec, source=_module_digest(module), short=True)
    module = _import(name, spec)
    return _agent_in(module, _file_of(module), rest, spec, source=_module_digest(module))


def load_agent(spec: str, context_factory: Callable[[str], AgentContext] | None = None) -> LoadedAgent:
    """The agent that `spec` names, ready to run.

    `context_factory(option)` gives what the agent's `create` gets; it is called only where there is a `create`.
    """
    found = find_agent(spec)
    if not found.wants_transcripts or context_factory is None:
        return found.make(AgentContext(option=found.option))
    return found.make(context_factory(found.option))


def list_agents() -> list[Listed]:
    """Every agent that a short name reaches, told without running any."""
    found: dict[str, Listed] = {}
    for folder in folders("agents"):
        for place in sorted(folder.glob("*.py")):
            outline = Outline(place)
            if not place.stem.startswith("_") and outline.names & {"agent", "create"}:
                name = place.stem.replace("_", "-")
                found.setdefault(name, Listed(name, outline.summary, origin("agents", folder)))
    return listed("agents", found)


def _place_of(name: str) -> Path | None:
    """The file of the agent with that short name, which has a hyphen where the file has an underscore."""
    stem = name.replace("-", "_")
    if stem.isidentifier() and not stem.startswith("_"):
        for folder in folders("agents"):
            if (folder / f"{stem}.py").is_file():
                return folder / f"{stem}.py"
    return None


def _import(name: str, spec: str) -> ModuleType:
    """The module called `name`, from the installed packages or from the current folder."""
    unknown = ConfigurationError(
        f"there is no agent {spec!r}; {nearest(name, [each.name for each in list_agents()])} "
        "(your own is named path/to/file.py:function or module:function)"
    )
    if not all(part.isidentifier() for part in name.split(".")):
        raise unknown
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.append(here)  # behind everything installed; and it stays, since a module may import its neighbours later
    try:
        with told_of(Path(name)):
            return importlib.import_module(name)
    except ConfigurationError as error:
        cause = error.__cause__
        if isinstance(cause, ModuleNotFoundError) and cause.name is not None and f"{name}.".startswith(f"{cause.name}."):
            raise unknown from None
        raise


def _agent_in(
    found: Any, file: Path, rest: str, spec: str, *, source: str, reference: bool = False, short: bool = False
) -> FoundAgent:
    """The agent in a module, or `found` itself where it is a function.

    `rest` stood behind the colon: of a short name it is an option for `create`; else the name of a function, where there is
    one so called.
    """
    create, function = (getattr(found, "create", None), getattr(found, "agent", None)) if _is_module(found) else (None, found)
    named = getattr(found, rest, None) if rest.isidentifier() and not short and _is_module(found) else None
    option = ""
    if callable(named) and named is not create:
        create, function = None, named
    elif callable(create):
        option = "" if named is create else rest
    elif rest and short:
        raise ConfigurationError(f"agent {spec!r} takes no option; leave {':' + rest!r} out")
    elif rest:
        functions = [name for name, value in vars(found).items() if inspect.isfunction(value) and not name.startswith("_")]
        raise ConfigurationError(f"agent {spec!r}: {file} has no function {rest!r}; {nearest(rest, functions)}")
    made_by = create if create is not None else function
    if made_by is None:
        raise ConfigurationError(
            f"agent {spec!r}: {file} has neither agent(episode) nor create(context); write one, or put a function's name "
            "behind a colon"
        )
    if not callable(made_by):
        raise ConfigurationError(f"agent {spec!r}: what {file} holds is a {type(made_by).__name__}, no function")
    asks_model = create is not None and bool(getattr(found, "ASKS_MODEL", False))
    return FoundAgent(
        name=spec,
        option=option,
        digest=digest([source, rest]),
        is_reference=reference and not asks_model,
        wants_transcripts=create is not None and not asks_model,
        made_by=made_by,
        file=file,
        asks_model=asks_model,
        deterministic=bool(getattr(found, "DETERMINISTIC", False)),
    )


def _is_module(found: Any) -> bool:
    return isinstance(found, ModuleType)


def _takes_one(function: Any, what: str) -> None:
    """Refuse what cannot be called with an episode."""
    if not callable(function):
        raise ConfigurationError(f"{what}: create(context) gave a {type(function).__name__}; return a function of the episode")
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        raise ConfigurationError(f"{what} cannot be called with an episode alone; write it as agent(episode)") from None
    except ValueError:
        return  # a built-in that does not tell its signature


def _file_of(module: ModuleType) -> Path:
    return Path(module.__file__) if module.__file__ else Path(module.__name__)


def _module_digest(module: ModuleType) -> str:
    """The digest of an imported module's sources: of what it imports within its own top-level package, or beside it."""
    file = _file_of(module)
    if not file.is_file():
        return module.__name__
    top = module.__name__.partition(".")[0]
    package = next((folder for folder in file.parents if folder.name == top), None) if module.__name__ != top else None
    if package is None and file.name == "__init__.py":
        package = file.parent
    return source_digest(file, package)
