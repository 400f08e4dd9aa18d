"""Keys that other systems keep together in an object of their own, and what that object is called.

Keys are in snake case; where a record has at least two keys of a row, they may stand under one of its names. Names are in the
order in which they are preferred.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from perturb.operators.vocabulary.casing import split
from perturb.operators.vocabulary.inflection import plural

ROWS: tuple[tuple[tuple[str, ...], frozenset[str]], ...] = tuple(
    (tuple(names.split()), frozenset(keys.split()))
    for names, keys in (
        ("name full_name person_name", "first_name middle_name last_name given_name family_name forename surname"),
        ("contact contact_details contact_info", "email phone mobile fax website email_address phone_number"),
        (
            "address postal_address address_lines",
            "street street_line city postal_code zip zip_code region country",
        ),
        ("coordinates geo position", "latitude longitude lat lng lon altitude"),
        ("route itinerary journey", "origin destination via stops"),
        ("schedule timetable times", "departure arrival departure_time arrival_time boarding_time"),
        ("period time_range interval", "start end start_time end_time start_date end_date start_day end_day all_day"),
        ("validity valid_period", "valid_from valid_until expires_at issued_at"),
        ("history timestamps audit", "created_at updated_at last_modified modified_at booked_on"),
        ("parties correspondents envelope", "sender recipient recipients cc bcc"),
        ("message content text_content", "subject body attachments"),
        ("summary info about", "title description note"),
        ("file file_info document", "filename content size content_type"),
        ("access sharing permissions", "owner shared_with permission"),
        ("flags state_info state", "status read recurring express insurance is_active active enabled"),
        ("package load measurements", "weight pieces width height length depth"),
        ("travel_class booking_class service", "cabin fare"),
        ("flight flight_info segment", "flight_number gate delay"),
        ("placement seat_details location", "row position extra_legroom"),
        ("charges price_details costs", "fare_difference total amount price tax discount"),
        ("party travellers manifest", "passengers legs bags meal"),
        ("notifications alert_settings alerts", "alert_channels delay_alerts"),
        ("loyalty membership programme", "tier points"),
    )
)
"""Names of the object, and the keys that it gathers."""

REST: tuple[str, ...] = ("attributes", "details", "properties", "fields", "data_fields")
"""What the object is called that holds all of a record but what identifies it, as JSON:API, GeoJSON and Airtable have it."""

_NO_SUBJECT = frozenset({"id", "name", "number", "code", "key", "type", "at", "on", "is", "has", "date", "time", "no", "of"})
"""Words that several keys may share without having a subject in common."""


class Grouping(NamedTuple):
    """Keys that go under one object: the names that it may have, and what each key is called within, where that is shorter."""

    names: tuple[str, ...]
    keys: dict[str, str]


def groupings(keys: Sequence[str]) -> list[Grouping]:
    """Groups of the keys of one record (in their own words), no key in two of them: by the rows, then by a last word that
    they share (`change_fee`, `bag_fee` → `fees: {change, bag}`), then by a first one (`card_type`, `card_last4` → `card`)."""
    plain = {key: "_".join(word.lower() for word in split(key)[0]).strip("_") for key in keys}
    found: list[Grouping] = []
    left = list(keys)

    def take(names: tuple[str, ...], members: dict[str, str]) -> None:
        found.append(Grouping(names, members))
        left[:] = [key for key in left if key not in members]

    for names, row in ROWS:
        members = [key for key in left if plain[key] in row]
        if len(members) > 1:
            take(names, {key: key for key in members})
    for end in (-1, 0):
        for word in dict.fromkeys(_word(plain[key], end) for key in left):
            members = [key for key in left if _word(plain[key], end) == word]
            if word and len(members) > 1:
                subject = plural(word) if end == -1 else word
                shorter = {key: _without(key, end) for key in members}
                take((subject, f"{word}_details", f"{word}_info"), shorter)
    return found


def _word(plain: str, end: int) -> str:
    """The first or last of several words; `""` where there is only one, or it says nothing of a subject."""
    words = plain.split("_")
    return words[end] if len(words) > 1 and words[end] not in _NO_SUBJECT and words[end].isalpha() else ""


def _without(key: str, end: int) -> str:
    words = [word.lower() for word in split(key)[0]]
    rest = words[:-1] if end == -1 else words[1:]
    return "_".join(rest).strip("_")


def rest_of(keys: Sequence[str], kept: Iterable[str]) -> Grouping | None:
    """All keys but the first, and but those that are to stay; `None` where fewer than two are left."""
    stay = {*keys[:1], *kept}
    moved = [key for key in keys if key not in stay]
    return Grouping(REST, {key: key for key in moved}) if len(moved) > 1 else None
