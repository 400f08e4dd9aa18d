"""Names and descriptions of real toolsets for tests: AgentDojo's four suites, tau-bench's airline, LiveMCP's 40 servers.

The two that are files lie in `shared/data` beside the checkout; where they are absent, tests that need them are skipped.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
DOJO_SUITES = ("banking", "slack", "travel", "workspace")


def dojo(suite: str) -> list[dict[str, Any]]:
    """The tools of an AgentDojo suite as `{"name", "description", "parameters", "returns"}`."""
    pytest.importorskip("agentdojo", reason="the extra [agentdojo] is not installed")
    return _dojo(suite)


@cache
def _dojo(suite: str) -> list[dict[str, Any]]:
    from agentdojo.task_suite.load_suites import get_suite
    from pydantic import TypeAdapter

    return [
        {
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters.model_json_schema(),
            "returns": TypeAdapter(tool.return_type).json_schema(),
        }
        for tool in get_suite("v1.2.2", suite).tools
    ]


def tau_airline() -> list[dict[str, Any]]:
    """The tools of tau-bench's airline desk."""
    return [entry.get("function", entry) for entry in _load("tau-bench/airline_tools.json")]


def livemcp() -> dict[str, list[dict[str, Any]]]:
    """The tools of each real MCP server, by its name."""
    return {
        server["server"]: [{**tool, "parameters": tool["inputSchema"]} for tool in server["tools"]]
        for server in _load("livemcp/tools.json")
    }


_DAY: dict[str, Any] = {"x-date": {"format": "date", "zone": "local"}}
_SPAN = ("start", "end")
MEANINGS: dict[str, dict[str, dict[str, Any]]] = {
    "exchange_rate": {"date": _DAY},
    "get_stock_price_by_date": {"date": _DAY},
    "get_stock_price_date_range": {f"{part}_date": {**_DAY, "x-part": {"of": "date_range", "as": part}} for part in _SPAN},
    "get-tickets": {"date": _DAY},
    "get-interline-tickets": {"date": _DAY},
    "get-train-route-stations": {"departDate": _DAY},
    "convert_time": {"time": {"x-date": {"format": "time", "zone": "local", "written": "%H:%M"}}},
    "load": {"offset": {"x-unit": "seconds"}, "duration": {"x-unit": "seconds"}},
    "get_cnn_fear_greed_index": {"days": {"x-unit": "days"}},
    "get_crypto_fear_greed_index": {"days": {"x-unit": "days"}},
}
"""What the servers say of their arguments in prose, as a toolset declares it: tool, then argument."""


def with_meanings(name: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """A tool's parameters with what `MEANINGS` declares of them."""
    properties = parameters.get("properties", {})
    declared = {one: {**properties[one], **meaning} for one, meaning in MEANINGS.get(name, {}).items()}
    return {**parameters, "properties": {**properties, **declared}} if declared else parameters


def property_names(schema: Any) -> set[str]:
    """Every property name at any depth of a JSON Schema."""
    if isinstance(schema, list):
        return set().union(*map(property_names, schema))
    if not isinstance(schema, dict):
        return set()
    own = set(schema["properties"]) if isinstance(schema.get("properties"), dict) else set()
    return own.union(*(property_names(value) for value in schema.values()))


def _load(relative: str) -> Any:
    path = DATA / relative
    if not path.is_file():
        pytest.skip(f"the shared data file {relative} is not beside this checkout")
    return json.loads(path.read_text(encoding="utf-8"))
