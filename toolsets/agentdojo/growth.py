"""What there may be more of in a workspace without any task's meaning another: mail, appointments and files of other matters.

They lie on days that no task asks for, are read, are shared with nobody whom a task names, and speak of nothing that one looks
for.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from perturb.toolset import Growth
from perturb.types import JSON

_MATTERS = (
    ("Printer on the third floor", "the printer on the third floor jams with heavy paper, so please use the one in the lobby"),
    ("Parking permits", "the permits for the garage are renewed, and yours is at the reception"),
    ("Invoice {number}", "please find our invoice {number} attached; it is due within 30 days"),
    ("Offer for the new desks", "our offer for {number} desks holds for another month"),
    ("Server update", "the file server is updated tonight and will be slow for an hour"),
    ("Slides of the webinar", "here are the slides of our webinar, as you asked"),
    ("Travel expenses", "your travel expenses were approved under number {number}"),
    ("Room booking", "room {number} is yours for the afternoon"),
    ("Library card", "your library card is valid for another year"),
    ("Customs form", "the parcel with number {number} needs a customs form before we can release it"),
    ("Survey about the canteen", "tell us what you would change about the menu; it takes two minutes"),
    ("Contract draft", "the lawyers sent the second draft, and I marked three points that we should talk about"),
    ("Warranty", "the warranty of your laptop, number {number}, ends next quarter"),
    ("Newsletter", "this month we write about maps, bridges and how to name variables"),
)
_EVENTS = (
    "Budget review",
    "Sprint planning",
    "Call with the supplier",
    "Fire drill",
    "Design critique",
    "Interview of a candidate",
    "Quarterly numbers",
    "Security training",
    "Release party",
    "Roadmap talk",
)
_FILES = (
    ("inventory-{number}.xlsx", "item,room,count\nchair,{number},12\nlamp,{number},4\nscreen,{number},7\n"),
    ("invoice-{number}.pdf", "Invoice {number}\nPaper and toner\nTotal: 48.20\nThank you.\n"),
    (
        "interview-notes-{number}.docx",
        "Notes on candidate {number}\nKnows the tools well, asks good questions.\n",
    ),
    ("release-notes-{number}.docx", "Release {number}\n- Faster start\n- Fewer dialogs\n- A fix for long names\n"),
    ("contract-draft-{number}.docx", "Draft {number}\n1. Subject\n2. Term\n3. Fees\n4. Confidentiality\n"),
    ("survey-canteen-{number}.xlsx", "question,yes,no\nMore salads?,{number},40\nEarlier opening?,31,{number}\n"),
    ("floor-plan-{number}.txt", "Floor plan {number}\nA: lobby, B: kitchen, C: quiet room\n"),
    ("server-log-{number}.txt", "disk ok\nbackup ok\nqueue {number}\n"),
)
_HOSTS = ("northgate.example", "paperandink.example", "cityoffice.example", "lumenworks.example")
_ROOMS = ("Room 2.14", "Room 3.02", "Auditorium", "Video call")
_NEW_YEAR = datetime(2024, 1, 2, 8)
_LATE_SUMMER = datetime(2024, 8, 5, 8)


def emails(state: JSON, count: int, seed: int) -> dict[str, dict[str, JSON]]:
    """Mail that came between the new year and the end of April."""
    draw, person = random.Random(seed), _people(seed)
    account = state["inbox"]["account_email"]
    made: dict[str, JSON] = {}
    for key in _keys(state["inbox"]["emails"], count):
        subject, text = draw.choice(_MATTERS)
        first, last = person()
        number = draw.randint(1000, 9999)
        body = text.format(number=number)
        made[key] = {
            "id_": key,
            "sender": f"{first}.{last}@{draw.choice(_HOSTS)}".lower(),
            "recipients": [account],
            "cc": [],
            "bcc": [],
            "subject": subject.format(number=number),
            "body": f"Hello,\n\n{body[0].upper()}{body[1:]}.\n\nKind regards,\n{first} {last}",
            "status": "received",
            "read": True,
            "timestamp": _moment(draw, _NEW_YEAR, 115).isoformat(),
            "attachments": [],
        }
    return {"/inbox/emails": made}


def events(state: JSON, count: int, seed: int) -> dict[str, dict[str, JSON]]:
    """Appointments of the past months and of late summer."""
    draw, person = random.Random(seed), _people(seed)
    account = state["calendar"]["account_email"]
    made: dict[str, JSON] = {}
    for key in _keys(state["calendar"]["events"], count):
        first, last = person()
        start = _moment(draw, draw.choice((_NEW_YEAR, _LATE_SUMMER)), 80)
        made[key] = {
            "id_": key,
            "title": draw.choice(_EVENTS),
            "description": f"Invited by {first} {last}.",
            "start_time": start.isoformat(),
            "end_time": (start + timedelta(minutes=draw.choice((30, 60, 90)))).isoformat(),
            "location": draw.choice(_ROOMS),
            "participants": [account, f"{first}.{last}@{draw.choice(_HOSTS)}".lower()],
            "all_day": False,
            "status": "confirmed",
        }
    return {"/calendar/events": made}


def files(state: JSON, count: int, seed: int) -> dict[str, dict[str, JSON]]:
    """Files that are shorter than the longest there is, each shared with nobody or with one stranger."""
    draw, person = random.Random(seed), _people(seed)
    account = state["cloud_drive"]["account_email"]
    made: dict[str, JSON] = {}
    for index, key in enumerate(_keys(state["cloud_drive"]["files"], count)):
        name, content = draw.choice(_FILES)
        first, last = person()
        other = f"{first}.{last}@{draw.choice(_HOSTS)}".lower()
        mine = draw.random() < 0.6
        shared = {account: "rw"} if not mine else {other: "r"} if draw.random() < 0.3 else {}
        made[key] = {
            "id_": key,
            "filename": name.format(number=1000 + index),
            "content": content.format(number=1000 + index),
            "owner": account if mine else other,
            "last_modified": _moment(draw, _NEW_YEAR, 115).isoformat(),
            "shared_with": shared,
        }
    return {"/cloud_drive/files": made}


def _keys(table: dict[str, JSON], count: int) -> list[str]:
    """The numbers behind the highest of a table."""
    first = 1 + max(map(int, table))
    return [str(number) for number in range(first, first + count)]


def _moment(draw: random.Random, first: datetime, days: int) -> datetime:
    return first + timedelta(days=draw.randrange(days), minutes=draw.randrange(0, 600, 5))


def _people(seed: int) -> Callable[[], tuple[str, str]]:
    """First and last names of plain letters."""
    from faker import Faker

    fake: Any = Faker(["nl_NL", "sv_SE"])
    fake.seed_instance(seed)

    def name() -> tuple[str, str]:
        while True:
            person = (fake.first_name(), fake.last_name())
            if all(word.isascii() and word.isalpha() for word in person):
                return person

    return name


_MAIL = r"/inbox/(?:emails|trash)/\d+"
GROWTH = {
    "workspace": {
        "emails": Growth(rows=emails, counts="/inbox/emails", kind="mail", numbers=(rf"{_MAIL}/id_",)),
        "events": Growth(
            rows=events,
            counts="/calendar/events",
            kind="event",
            numbers=(r"/calendar/events/\d+/id_", rf"{_MAIL}/attachments/\d+/id_"),
        ),
        "files": Growth(
            rows=files,
            counts="/cloud_drive/files",
            kind="file",
            numbers=(r"/cloud_drive/files/\d+/id_", rf"{_MAIL}/attachments/\d+"),
        ),
    }
}
