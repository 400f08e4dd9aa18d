"""What serving needs beside the package itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from perturb.errors import ConfigurationError


@contextmanager
def needs_serve() -> Iterator[None]:
    """Say which extra is missing where one of its packages is."""
    try:
        yield
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        if package not in ("starlette", "uvicorn"):
            raise
        raise ConfigurationError(f"a proxy needs the package {package!r}: pip install 'perturb-agents[serve]'") from None
