"""What is declared of tau2's tools beyond their schemas, read off their source: which of them write, and what they give."""

from __future__ import annotations

from typing import Any

from perturb import schemas
from perturb.types import Schema

WRITES: frozenset[str] = frozenset(
    # airline
    {"book_reservation", "cancel_reservation", "send_certificate", "update_reservation_baggages"}
    | {"update_reservation_flights", "update_reservation_passengers"}
    # retail
    | {"cancel_pending_order", "exchange_delivered_order_items", "modify_pending_order_address", "modify_pending_order_items"}
    | {"modify_pending_order_payment", "modify_user_address", "return_delivered_order_items"}
    # telecom: the company's side
    | {"disable_roaming", "enable_roaming", "refuel_data", "resume_line", "send_payment_request", "suspend_line"}
    # telecom: the phone; where its surroundings allow it, checking and rebooting search for a network
    | {"connect_vpn", "disconnect_vpn", "grant_app_permission", "make_payment", "reboot_device", "reseat_sim_card"}
    | {"reset_apn_settings", "set_apn_settings", "set_network_mode_preference", "toggle_airplane_mode", "toggle_data"}
    | {"toggle_data_saver_mode", "toggle_roaming", "toggle_wifi", "toggle_wifi_calling"}
    # everywhere: the user is somebody else's from then on
    | {"transfer_to_human_agents"}
)
"""The tools that change the world."""


def returns_of(domain: str) -> dict[str, Schema]:
    """The schemas of the results that are JSON, by tool: tau2's tools give texts, made of its own records."""
    made: dict[str, Any]
    if domain == "airline":
        from inspect_evals.tau2.airline import data_model as airline

        reservations = ["book_reservation", "cancel_reservation", "get_reservation_details", "update_reservation_baggages"]
        reservations += ["update_reservation_flights", "update_reservation_passengers"]
        made = dict.fromkeys(reservations, airline.Reservation) | {
            "get_user_details": airline.User,
            "list_all_airports": list[airline.AirportCode],
            "search_direct_flight": list[airline.DirectFlight],
            "search_onestop_flight": list[list[airline.DirectFlight]],
        }
    elif domain == "retail":
        from inspect_evals.tau2.retail import data_model as retail

        orders = ["cancel_pending_order", "exchange_delivered_order_items", "get_order_details", "modify_pending_order_address"]
        orders += ["modify_pending_order_items", "modify_pending_order_payment", "return_delivered_order_items"]
        made = dict.fromkeys(orders, retail.Order) | {
            "get_product_details": retail.Product,
            "get_user_details": retail.User,
            "list_all_product_types": dict[str, str],
            "modify_user_address": retail.User,
        }
    else:
        from inspect_evals.tau2.telecom import data_model as telecom

        made = dict.fromkeys(("get_customer_by_id", "get_customer_by_phone"), telecom.Customer)
        made |= {"get_bills_for_customer": list[telecom.Bill], "get_customer_by_name": list[telecom.Customer]}
    return {name: _schema(kind) for name, kind in made.items()}


def _schema(kind: Any) -> Schema:
    from pydantic import TypeAdapter

    schema: Schema = _untitled(schemas.inline(TypeAdapter(kind).json_schema(mode="serialization")), False)
    return schema


def _untitled(node: Any, names: bool) -> Any:
    """A schema without the titles that Pydantic derives from names: under a new name they would tell the old one."""
    if isinstance(node, list):
        return [_untitled(item, False) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: value for key, value in node.items() if names or key not in ("title", "discriminator")}
    return {
        key: value if key in ("default", "enum") and not names else _untitled(value, key == "properties")
        for key, value in kept.items()
    }
