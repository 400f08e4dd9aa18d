"""What is declared of AgentDojo's tools beyond their schemas, read off their source; nothing is guessed from a name."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from perturb.types import Identifier


class Declared(msgspec.Struct, frozen=True):
    """What one tool does to the state, and what its arguments and the fields of its rows mean.

    `idempotent`: a second equal call leaves the state and gives the result of the first. `ordered`: the order of the
    rows says something that the rows themselves do not. `dates` maps an argument to the date or time that it is (as in
    `x-date`); AgentDojo's times have no zone. `identifiers` maps an argument to the kind of thing that it points at; for one
    that holds objects of undeclared keys, `keys` maps these to kinds. `batch` is the argument whose items are looked up one by
    one.
    """

    effect: Literal["read", "write"]
    idempotent: bool
    ordered: bool = False
    dates: dict[str, dict[str, str]] = {}
    identifiers: dict[str, str] = {}
    batch: str | None = None
    keys: dict[str, dict[str, str]] = {}


_DAY = {"format": "date", "zone": "none"}
_MINUTE = {"format": "date-time", "zone": "none", "precision": "minutes", "pattern": "%Y-%m-%d %H:%M"}
_TIME = {"format": "date-time", "zone": "none"}


def _read(
    ordered: bool = False,
    dates: dict[str, dict[str, str]] | None = None,
    batch: str | None = None,
    **identifiers: str,
) -> Declared:
    return Declared("read", True, ordered, dates or {}, identifiers, batch=batch)


def _write(idempotent: bool = False, dates: dict[str, dict[str, str]] | None = None, **identifiers: str) -> Declared:
    return Declared("write", idempotent, True, dates or {}, identifiers)


_BANKING = {
    "get_iban": _read(),
    "send_money": _write(recipient="iban"),
    "schedule_transaction": _write(recipient="iban"),
    "update_scheduled_transaction": _write(idempotent=True, id="transaction", recipient="iban"),
    "get_balance": _read(),
    "get_most_recent_transactions": _read(ordered=True),
    "get_scheduled_transactions": _read(ordered=True),
    "read_file": _read(file_path="path"),
    "get_user_info": _read(),
    "update_password": _write(idempotent=True),
    "update_user_info": _write(idempotent=True),
}

# A page that is only read is noted among the requests, which tasks check; so reading one changes the state. Messages
# carry no time: their order alone says which came first.
_SLACK = {
    "get_channels": _read(),
    "add_user_to_channel": _write(user="user", channel="channel"),
    "read_channel_messages": _read(ordered=True, channel="channel"),
    "read_inbox": _read(ordered=True, user="user"),
    "send_direct_message": _write(recipient="user"),
    "send_channel_message": _write(channel="channel"),
    "get_users_in_channel": _read(channel="channel"),
    "invite_user_to_slack": _write(user="user", user_email="email"),
    "remove_user_from_slack": _write(user="user"),
    "get_webpage": _write(url="url"),
    "post_webpage": _write(url="url"),
}

_MAIL_AND_CALENDAR = {
    "send_email": msgspec.structs.replace(
        _write(recipients="email", cc="email", bcc="email"), keys={"attachments": {"file_id": "file"}}
    ),
    "search_calendar_events": _read(dates={"date": _DAY}),
    "get_day_calendar_events": _read(dates={"day": _DAY}),
    "create_calendar_event": _write(dates={"start_time": _MINUTE, "end_time": _MINUTE}, participants="email"),
    "cancel_calendar_event": _write(event_id="event"),
}

# Mail that is read as unread becomes read: the second call finds nothing.
_WORKSPACE = _MAIL_AND_CALENDAR | {
    "delete_email": _write(email_id="mail"),
    "get_unread_emails": _write(),
    "get_sent_emails": _read(ordered=True),
    "get_received_emails": _read(ordered=True),
    "get_draft_emails": _read(ordered=True),
    "search_emails": _read(ordered=True, sender="email"),
    "search_contacts_by_name": _read(),
    "search_contacts_by_email": _read(),
    "get_current_day": _read(),
    "reschedule_calendar_event": _write(dates={"new_start_time": _MINUTE, "new_end_time": _MINUTE}, event_id="event"),
    "add_calendar_event_participants": _write(event_id="event", participants="email"),
    "append_to_file": _write(file_id="file"),
    "search_files_by_filename": _read(),
    "create_file": _write(),
    "delete_file": _write(file_id="file"),
    "get_file_by_id": _read(file_id="file"),
    "list_files": _read(),
    "share_file": _write(idempotent=True, file_id="file", email="email"),
    "search_files": _read(),
}

# There is one reservation, and each new one takes its place: the same again changes nothing.
_TRAVEL = _MAIL_AND_CALENDAR | {
    "get_user_information": _read(),
    "get_all_hotels_in_city": _read(),
    "get_hotels_prices": _read(batch="hotel_names"),
    "get_rating_reviews_for_hotels": _read(batch="hotel_names"),
    "get_hotels_address": _read(),
    "get_all_restaurants_in_city": _read(),
    "get_cuisine_type_for_restaurants": _read(batch="restaurant_names"),
    "get_restaurants_address": _read(batch="restaurant_names"),
    "get_rating_reviews_for_restaurants": _read(batch="restaurant_names"),
    "get_dietary_restrictions_for_all_restaurants": _read(batch="restaurant_names"),
    "get_contact_information_for_restaurants": _read(batch="restaurant_names"),
    "get_price_for_restaurants": _read(batch="restaurant_names"),
    "check_restaurant_opening_hours": _read(batch="restaurant_names"),
    "get_all_car_rental_companies_in_city": _read(),
    "get_car_types_available": _read(batch="company_name"),
    "get_rating_reviews_for_car_rental": _read(batch="company_name"),
    "get_car_fuel_options": _read(batch="company_name"),
    "get_car_rental_address": _read(batch="company_name"),
    "get_car_price_per_day": _read(batch="company_name"),
    "reserve_hotel": _write(idempotent=True, dates={"start_day": _DAY, "end_day": _DAY}),
    "reserve_car_rental": _write(idempotent=True, dates={"start_time": _MINUTE, "end_time": _MINUTE}),
    "reserve_restaurant": _write(idempotent=True, dates={"start_time": _MINUTE}),
    "get_flight_information": _read(),
}

DECLARED: dict[str, dict[str, Declared]] = {
    "banking": _BANKING,
    "slack": _SLACK,
    "travel": _TRAVEL,
    "workspace": _WORKSPACE,
}
"""Suite, then tool."""

MISSING_RETURNS: dict[str, dict[str, str]] = {"reserve_car_rental": {"type": "string"}}
"""Schemas of results whose function has no return annotation."""

RESULT_MEANINGS: dict[str, dict[str, dict[str, Any]]] = {
    "Email": {
        "id_": {"x-identifier": "mail"},
        "sender": {"x-identifier": "email"},
        "recipients": {"x-identifier": "email"},
        "cc": {"x-identifier": "email"},
        "bcc": {"x-identifier": "email"},
        "timestamp": {"x-date": _TIME},
        "attachments": {"x-identifier": "file"},
    },
    "EmailContact": {"email": {"x-identifier": "email"}, "name": {"x-entity": "person"}},
    "CalendarEvent": {
        "id_": {"x-identifier": "event"},
        "participants": {"x-identifier": "email"},
        "start_time": {"x-date": _TIME},
        "end_time": {"x-date": _TIME},
    },
    "CloudDriveFile": {
        "id_": {"x-identifier": "file"},
        "owner": {"x-identifier": "email"},
        "last_modified": {"x-date": _TIME},
    },
    "Transaction": {
        "id": {"x-identifier": "transaction"},
        "sender": {"x-identifier": "iban"},
        "recipient": {"x-identifier": "iban"},
        "date": {"x-date": _DAY},
    },
    "Message": {"sender": {"x-entity": "person"}},
}
"""Record, then field, then what the field means. A message goes to a person or a channel: its recipient is not declared; nor is
an attachment that is an event."""


def _number(noun: str) -> Identifier:
    """A number that counts up, told from other numbers by the words before it."""
    return Identifier(form=r"\d+", mention=rf"(?i:(?<=\b{noun} with id )|(?<=\b{noun} with id '))\d+")


IDENTIFIERS: dict[str, dict[str, Identifier]] = {
    "banking": {"transaction": _number("Transaction")},
    "slack": {},
    "travel": {"event": _number("Event"), "mail": _number("Email"), "file": _number("File")},
    "workspace": {"event": _number("Event"), "mail": _number("Email"), "file": _number("File")},
}
"""Suite, then kind of identifier, then how these are written. Addresses, IBANs, channels and users mean something of
themselves."""
