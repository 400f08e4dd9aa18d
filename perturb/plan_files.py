"""The file that `perturb replay` runs one perturbed episode from, and bare plans in a file."""

from __future__ import annotations

from pathlib import Path

import msgspec

from perturb import __version__
from perturb.errors import ConfigurationError
from perturb.types import JSON, to_json


class PlanFile(msgspec.Struct, frozen=True, kw_only=True):
    """One perturbed episode: the plan, and what it was run with. A bare plan has no toolset, task or agent.

    `model` holds the settings of an agent that asks one (`perturb.models.settings.ModelSettings`), as JSON.
    """

    plan: dict[str, JSON] | None
    perturb: str = __version__
    toolset: str | None = None
    task: str | None = None
    trial: int = 0
    seed: int = 7
    agent: str | None = None
    model: dict[str, JSON] | None = None


def write_plan_file(path: Path, record: PlanFile) -> None:
    """Write a file that `read_plan_file` reads; its folder is made where it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(to_json(record), indent=2) + b"\n")


def read_plan_file(path: Path) -> PlanFile:
    """The record, or the bare plan, that a file holds. Raises `ConfigurationError` where it holds neither."""
    try:
        content = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}; a run writes such files for its failures") from None
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"{path} holds no JSON: {error}") from None
    if isinstance(content, dict) and "op" in content:
        return PlanFile(plan=content)
    try:
        return msgspec.convert(content, PlanFile)
    except msgspec.ValidationError as error:
        raise ConfigurationError(
            f"{path} is no plan: {error}; a plan has the key 'op', the file of a run the key 'plan'"
        ) from None
