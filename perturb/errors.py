"""Every error that Perturb raises on purpose.

One root, so that a caller can catch all of them; the command line prints their message without a traceback. A message
names the thing, the value that was refused, and the remedy.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class PerturbError(Exception):
    """The root of all errors of this package. `str(error)` is fit to be shown to a user as it is."""

    exit_status = 2


class ConfigurationError(PerturbError):
    """Something the user named or wrote does not exist or does not fit: an operator, a toolset, a key, a file."""


class ToolsetError(PerturbError):
    """A toolset, one of its tools or one of its tasks is not well formed."""


class PlanError(PerturbError):
    """A stored plan cannot be read: an unknown operator, another version of it, a missing field."""


class StoreError(PerturbError):
    """The file that holds the episodes cannot be used."""


class OperatorFault(PerturbError):
    """An operator raised, or broke its own laws, while an episode ran. Never the agent's fault."""

    exit_status = 3


class ServerFailed(PerturbError):
    """The server of a toolset could not be reached, or has gone."""

    exit_status = 3


class WorkerLost(PerturbError):
    """A process that shared the work did not answer."""

    exit_status = 3


def first_of(error: BaseException) -> BaseException:
    """The first of what has ended some work, out of its groups: it says by itself what is wrong."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def nearest(word: str, known: Iterable[str]) -> str:
    """A remedy for a misspelt name: `did you mean 'a', 'b'?`, or the names there are when nothing is near."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=3, cutoff=0.5)
    if close:
        return "did you mean " + ", ".join(repr(name) for name in close) + "?"
    if not names:
        return "there are none"
    shown = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    return f"there are: {shown}"
