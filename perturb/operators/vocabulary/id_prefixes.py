"""What stands before an identifier in APIs that say what kind of thing it is (as those of Stripe, Slack and OpenAI do)."""

from __future__ import annotations

from collections.abc import Iterable

PREFIXES: dict[str, str] = {
    "account": "acct",
    "appointment": "appt",
    "booking": "bkg",
    "card": "card",
    "channel": "chn",
    "contact": "con",
    "customer": "cus",
    "document": "doc",
    "email": "msg",
    "employee": "emp",
    "event": "evt",
    "file": "file",
    "flight": "flt",
    "folder": "fld",
    "hotel": "htl",
    "invoice": "in",
    "issue": "iss",
    "item": "item",
    "mail": "msg",
    "member": "mbr",
    "message": "msg",
    "order": "ord",
    "parcel": "pcl",
    "passenger": "pax",
    "payment": "pay",
    "payment_method": "pm",
    "person": "per",
    "product": "prod",
    "project": "proj",
    "refund": "re",
    "reservation": "rsv",
    "room": "room",
    "seat": "seat",
    "session": "sess",
    "shipment": "shp",
    "subscription": "sub",
    "task": "task",
    "ticket": "tkt",
    "transaction": "txn",
    "transfer": "tr",
    "user": "usr",
    "voucher": "vou",
}
"""By the kind of thing, in snake case."""


def prefixes(kinds: Iterable[str]) -> dict[str, str]:
    """A prefix for each kind, none of them given twice: the customary one, else the first letters of the kind's last word, else
    the kind itself."""
    given: dict[str, str] = {}
    for kind in kinds:
        plain = "".join(letter for letter in kind.lower() if letter.isalnum() or letter == "_")
        last = plain.rpartition("_")[2]
        options = [PREFIXES.get(kind, ""), PREFIXES.get(last, ""), last[:3] if last.isalpha() else "", plain.replace("_", "")]
        free = [one for one in options if one and one not in given.values()]
        given[kind] = free[0] if free else f"id{len(given) + 1}"
    return given
