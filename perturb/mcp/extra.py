"""What is said where the extra `[mcp]` is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from perturb.errors import ConfigurationError


@contextmanager
def needs_mcp() -> Iterator[None]:
    """Turn a missing package of the extra into one line that says how to get it."""
    try:
        yield
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        if package not in ("fastmcp", "mcp", "mcp_types", "starlette", "uvicorn"):
            raise
        raise ConfigurationError(f"MCP needs the package {package!r}: pip install 'perturb-agents[mcp]'") from None
