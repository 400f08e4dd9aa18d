"""BFCL's function documents as tools, with what is declared of them beyond, read off the source of their classes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from perturb.types import Schema, Tool

CLASSES: dict[str, str] = {
    "GorillaFileSystem": "gorilla_file_system.json",
    "MathAPI": "math_api.json",
    "MessageAPI": "message_api.json",
    "TwitterAPI": "posting_api.json",
    "TicketAPI": "ticket_api.json",
    "TradingBot": "trading_bot.json",
    "TravelAPI": "travel_booking.json",
    "VehicleControlAPI": "vehicle_control.json",
}
"""The classes of the multi-turn categories, with the file of each that describes its functions."""

READS: frozenset[str] = frozenset(
    # GorillaFileSystem; `echo` writes where it is given a file
    {"cat", "diff", "du", "find", "grep", "ls", "pwd", "sort", "tail", "wc"}
    # MathAPI
    | {"absolute_value", "add", "divide", "imperial_si_conversion", "logarithm", "max_value", "mean", "min_value", "multiply"}
    | {
        "percentage",
        "power",
        "round_number",
        "si_unit_conversion",
        "square_root",
        "standard_deviation",
        "subtract",
        "sum_values",
    }
    # MessageAPI
    | {"get_message_stats", "get_user_id", "list_users", "message_get_login_status", "search_messages", "view_messages_sent"}
    # TwitterAPI
    | {"get_tweet", "get_tweet_comments", "get_user_stats", "get_user_tweets", "list_all_following", "posting_get_login_status"}
    | {"search_tweets"}
    # TicketAPI
    | {"get_ticket", "get_user_tickets", "ticket_get_login_status"}
    # TradingBot
    | {"filter_stocks_by_price", "get_account_info", "get_available_stocks", "get_current_time", "get_order_details"}
    | {"get_order_history", "get_stock_info", "get_symbol_by_name", "get_transaction_history", "get_watchlist"}
    | {"notify_price_change", "trading_get_login_status"}
    # TravelAPI; `book_flight` looks up what `get_flight_cost` has found
    | {"compute_exchange_rate", "contact_customer_support", "get_all_credit_cards", "get_booking_history"}
    | {"get_budget_fiscal_year", "get_credit_card_balance", "get_nearest_airport_by_city", "list_all_airports"}
    | {"retrieve_invoice", "travel_get_login_status", "verify_traveler_information"}
    # VehicleControlAPI; the speed and Google's temperature are drawn anew each time
    | {"check_tire_pressure", "displayCarStatus", "display_log", "estimate_distance", "estimate_drive_feasibility_by_mileage"}
    | {"find_nearest_tire_shop", "gallon_to_liter", "get_outside_temperature_from_weather_com"}
    | {"get_zipcode_based_on_city", "liter_to_gallon"}
)
"""The functions that leave the state as it is."""

OTHERWISE: frozenset[str] = frozenset(
    {"echo", "get_watchlist", "list_all_airports", "logarithm", "mkdir", "send_message", "touch"}
)
"""The functions whose results are not what their documents say: nothing, a list or a number of another kind printed by Python,
a number within an object; `get_watchlist` in long_context alone."""

_SCHEMAS = ("items", "additionalProperties")


def tools_of(folder: Path) -> dict[str, list[Tool]]:
    """The tools of each class."""
    return {
        owner: [_tool(json.loads(line)) for line in (folder / file).read_text(encoding="utf-8").splitlines() if line.strip()]
        for owner, file in CLASSES.items()
    }


def _tool(told: Mapping[str, Any]) -> Tool:
    return Tool(
        name=told["name"],
        description=told["description"],
        parameters={"properties": {}} | _schema(told["parameters"]),
        returns=_schema(told["response"]) if "response" in told and told["name"] not in OTHERWISE else None,
        effect="read" if told["name"] in READS else "write",
        idempotent=told["name"] in READS,
        renderer="bfcl-json",
    )


def _schema(told: Any) -> Schema:
    """A schema of BFCL's, whose types are words of several languages, as JSON Schema. What may be anything has no type."""
    from bfcl_eval.constants.type_mappings import GORILLA_TO_OPENAPI

    made: Schema = {}
    for key, value in told.items():
        if key == "type":
            if value != "any":
                made["type"] = GORILLA_TO_OPENAPI[value]
        elif key == "properties":
            made[key] = {name: _schema(child) for name, child in value.items()}
        elif key in _SCHEMAS and isinstance(value, dict):
            made[key] = _schema(value)
        else:
            made[key] = value
    return made
