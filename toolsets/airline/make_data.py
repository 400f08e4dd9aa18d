"""Make `airline.sqlite`, the data that every episode of the airline starts from, and `airline.sha256`.

    python toolsets/airline/make_data.py

One seed gives one content. Names come from Faker, whose lists may change from version to version: `FAKER` is the one that
made the shipped file. `airline.sha256` holds the digest of the file, checked when the toolset is loaded, and as
`airline.jsonl` that of its content, which does not depend on SQLite's version.
"""

from __future__ import annotations

import hashlib
import json
import random
import sqlite3
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

FOLDER = Path(__file__).resolve().parent
SEED = 20260511
FAKER = "40.54.0"

AIRPORTS = [
    ("OSL", "Oslo", "Europe/Oslo"),
    ("LHR", "London", "Europe/London"),
    ("ARN", "Stockholm", "Europe/Stockholm"),
    ("AMS", "Amsterdam", "Europe/Amsterdam"),
    ("CPH", "Copenhagen", "Europe/Copenhagen"),
    ("EDI", "Edinburgh", "Europe/London"),
    ("HEL", "Helsinki", "Europe/Helsinki"),
    ("FRA", "Frankfurt", "Europe/Berlin"),
    ("CDG", "Paris", "Europe/Paris"),
]
ROUTES = [("OSL", "LHR", 135), ("ARN", "AMS", 125), ("CPH", "EDI", 115), ("HEL", "FRA", 160), ("OSL", "CDG", 145)]
TIMES = ["06:40", "09:15", "13:30", "18:05"]
TODAY = date(2026, 5, 11)
FLOWN = [date(2026, 5, 6), date(2026, 5, 9)]
DAYS = [date(2026, 5, day) for day in (12, 13, 14, 16, 19, 22, 26)] + [date(2026, 6, day) for day in (2, 9)]
ROWS = {"business": range(1, 4), "premium": range(4, 7), "economy": range(7, 23)}
OPEN = {"business": (3, 4), "premium": (4, 5), "economy": (7, 11)}
MEALS = ["vegetarian", "vegan", "kosher", "halal", "gluten_free"]
STREETS = [
    "Harbour Street",
    "Mill Lane",
    "Chapel Road",
    "Orchard Way",
    "Station Road",
    "Bridge Street",
    "Canal Side",
    "Park Row",
]
CITIES = [
    ("Oslo", "Norway"),
    ("Stockholm", "Sweden"),
    ("Copenhagen", "Denmark"),
    ("Helsinki", "Finland"),
    ("London", "United Kingdom"),
]
CUSTOMERS = 30
# Names that are words or places: replacing them one-to-one would change a sentence.
UNSAFE = {"Aurora", "Barbara", "Bianca", "Bruno", "Carmine", "Christina", "Dante", "Emilia", "Farina", "Florence", "Marina"}
UNSAFE |= {"Marco", "Mercedes", "Oliver", "Pasqua", "Robin", "Romano", "Siena", "Sofia", "Verona", "Victoria"}
SURCHARGE = {"saver": 0, "standard": 3500, "flex": 9000}


class Person(NamedTuple):
    first: str
    last: str


def names() -> tuple[list[str], list[str]]:
    """First and last names of plain ASCII letters; no word is both, and none is a common word or a place."""
    from faker import Faker

    firsts: dict[str, None] = {}
    lasts: dict[str, None] = {}
    cities = {city for _, city, _ in AIRPORTS} | {city for city, _ in CITIES}
    fake = Faker(["fi_FI", "it_IT"])
    fake.seed_instance(SEED)

    def usable(name: str) -> bool:
        return name.isascii() and name.isalpha() and 5 <= len(name) <= 11 and name not in UNSAFE | cities

    while len(firsts) < 60 or len(lasts) < CUSTOMERS:
        first, last = fake.first_name(), fake.last_name()
        if usable(first) and first not in lasts and len(firsts) < 60:
            firsts[first] = None
        if usable(last) and last not in firsts and len(lasts) < CUSTOMERS:
            lasts[last] = None
    return list(firsts), list(lasts)


def stamp(day: date, clock: str, zone: str, minutes: int = 0, to: str = "") -> str:
    moment = datetime.combine(day, datetime.strptime(clock, "%H:%M").time(), ZoneInfo(zone))
    moment = (moment.astimezone(ZoneInfo("UTC")) + timedelta(minutes=minutes)).astimezone(ZoneInfo(to or zone))
    return moment.isoformat(timespec="minutes")


def flights(draw: random.Random) -> list[tuple[object, ...]]:
    zones = {code: zone for code, _, zone in AIRPORTS}
    rows: list[tuple[object, ...]] = []
    for index, (start, end, minutes) in enumerate(ROUTES):
        for back in (0, 1):
            origin, destination = (end, start) if back else (start, end)
            for turn, clock in enumerate(TIMES):
                number = f"NV{(index + 1) * 100 + 2 * turn + 10 + back}"
                for day in FLOWN + DAYS:
                    if day in FLOWN and turn not in (1, 2):
                        continue
                    base = draw.randrange(7900, 19900, 50)
                    seats = [
                        f"{row}{letter}"
                        for cabin, span in ROWS.items()
                        for row, letter in sorted(
                            draw.sample([(row, letter) for row in span for letter in "ACDF"], draw.randint(*OPEN[cabin]))
                        )
                    ]
                    rows.append(
                        (
                            number,
                            day.isoformat(),
                            origin,
                            destination,
                            stamp(day, clock, zones[origin]),
                            stamp(day, clock, zones[origin], minutes, zones[destination]),
                            "arrived" if day in FLOWN else "scheduled",
                            0,
                            f"{draw.choice('ABCD')}{draw.randint(2, 38)}",
                            None,
                            base,
                            base + draw.randrange(6000, 9000, 50),
                            base + draw.randrange(21000, 34000, 50),
                            " ".join(seats),
                            " ".join(meal for meal in MEALS if draw.random() < 0.75) or "vegetarian",
                        )
                    )
    return rows


def code(draw: random.Random, used: set[str]) -> str:
    while True:
        found = "".join(draw.choice("BCDFGHJKLMNPQRSTVWXZ23456789") for _ in range(6))
        if found not in used and sum(letter.isdigit() for letter in found) in (2, 3):
            used.add(found)
            return found


def fill(database: sqlite3.Connection) -> None:
    draw = random.Random(SEED)
    firsts, lasts = names()
    database.executemany("INSERT INTO airports VALUES (?, ?, ?)", AIRPORTS)
    made = flights(draw)
    database.executemany(f"INSERT INTO flights VALUES ({', '.join('?' * 15)})", made)
    by_route: dict[tuple[object, object, object], list[tuple[object, ...]]] = {}
    for flight in made:
        by_route.setdefault((flight[2], flight[3], flight[1]), []).append(flight)
    used: set[str] = set()
    open_seats = {(flight[0], flight[1]): str(flight[13]).split() for flight in made}
    numbers = draw.sample(range(1000, 9999), 4 * CUSTOMERS)
    for index in range(CUSTOMERS):
        # Every eighth customer shares the last name of the one before, so that a last name alone may find two.
        last = lasts[index - 1] if index % 8 == 7 else lasts[index]
        owner, companion = Person(firsts[2 * index], last), Person(firsts[2 * index + 1], last)
        customer = f"C-{40000 + numbers[4 * index]}"
        city, country = CITIES[index % len(CITIES)]
        phone = f"+{draw.choice((44, 45, 46, 47, 358))} 555 {draw.randint(1000, 9999)}"
        tier = draw.choice(("member", "member", "silver", "gold"))
        database.execute(
            f"INSERT INTO customers VALUES ({', '.join('?' * 13)})",
            (
                customer,
                owner.first,
                owner.last,
                f"{owner.first}.{owner.last}@mailbox.example".lower(),
                phone,
                f"{draw.choice(STREETS)} {draw.randint(2, 98)}",
                city,
                f"{draw.randint(1000, 9999)}",
                country,
                tier,
                draw.choice(("email", "email sms", "app")),
                draw.randint(0, 1),
                None,
            ),
        )
        card, voucher = f"card_{numbers[4 * index + 1]}", f"voucher_{numbers[4 * index + 2]}"
        methods: list[tuple[object, ...]] = [(card, customer, "credit_card", None, 0)]
        methods.append((voucher, customer, "travel_voucher", draw.randrange(25000, 60000, 2500), 0))
        if index % 3 == 0:
            methods.append((f"gift_{numbers[4 * index + 3]}", customer, "gift_card", draw.randrange(3000, 9000, 500), 0))
        database.executemany("INSERT INTO payment_methods VALUES (?, ?, ?, ?, ?)", methods)
        home = index % len(ROUTES)
        trips = draw.sample(
            [(route, back, day) for route in (home, (home + 1) % len(ROUTES)) for back in (0, 1) for day in DAYS], 5
        )
        trips.append((home, 0, draw.choice(FLOWN)))
        for trip, (route, back, day) in enumerate(trips):
            start, end, _ = ROUTES[route]
            origin, destination = (end, start) if back else (start, end)
            flight = draw.choice(by_route[origin, destination, day.isoformat()])
            reservation = code(draw, used)
            fare = ("standard", "flex", "saver", "standard", "saver", "standard")[(trip + index) % 6]
            cabin = ("economy", "economy", "economy", "premium", "economy", "business")[(trip * 5 + index) % 6]
            status = "flown" if day in FLOWN else "cancelled" if trip == 4 and index % 2 else "confirmed"
            booked = TODAY - timedelta(days=draw.randint(9, 80))
            database.execute(
                "INSERT INTO reservations VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (reservation, customer, status, fare, cabin, int(draw.random() < 0.3), booked.isoformat(), None),
            )
            legs = [flight]
            later = [later for later in DAYS if later > day]
            if trip in (1, 3) and later:
                legs.append(draw.choice(by_route[destination, origin, draw.choice(later[:3]).isoformat()]))
            travellers = [owner, companion] if trip in (0, 3) else [owner]
            column = {"economy": 10, "premium": 11, "business": 12}[cabin]
            prices = [int(str(leg[column])) + SURCHARGE[fare] for leg in legs]
            for number, leg in enumerate(legs, 1):
                database.execute(
                    "INSERT INTO legs VALUES (?, ?, ?, ?, ?)", (reservation, number, leg[0], leg[1], prices[number - 1])
                )
            for number, traveller in enumerate(travellers, 1):
                bags = draw.choice((0, 0, 1))
                database.execute(
                    "INSERT INTO passengers VALUES (?, ?, ?, ?, ?, ?)",
                    (reservation, number, traveller.first, traveller.last, bags, "standard"),
                )
                for place, leg in enumerate(legs, 1):
                    free = [seat for seat in open_seats[leg[0], leg[1]] if int(seat[:-1]) in ROWS[cabin]]
                    if draw.random() < 0.5 and len(free) > 4 and status == "confirmed":
                        seat = free[draw.randrange(len(free))]
                        # It stays among the open seats of its flight: the desk subtracts what the seats table holds.
                        open_seats[leg[0], leg[1]].remove(seat)
                        database.execute("INSERT INTO seats VALUES (?, ?, ?, ?)", (reservation, number, place, seat))
            total = sum(prices) * len(travellers)
            database.execute("INSERT INTO payments VALUES (?, 1, ?, 'ticket', ?)", (reservation, card, total))
    special(database)
    services(database)


def special(database: sqlite3.Connection) -> None:
    """The irregularities that some tasks turn on: cards that are declined, profiles that were merged, codes that were
    reissued, flights that were late, cancelled, withdrawn or nearly full, a trip of which one half is flown."""
    for payment in ("card_3500", "card_7852"):
        database.execute("UPDATE payment_methods SET declined = 1 WHERE payment_id = ?", (payment,))
    for old, new in (("C-40718", "C-41863"), ("C-48960", "C-45900")):
        row = database.execute("SELECT * FROM customers WHERE customer_id = ?", (new,)).fetchone()
        database.execute(f"INSERT INTO customers VALUES ({', '.join('?' * 13)})", (old, *row[1:12], new))
    for old, new in (("W8N3RT", "LDB5J3"), ("H4B9XK", "PLTX45")):
        row = database.execute("SELECT * FROM reservations WHERE reservation_id = ?", (new,)).fetchone()
        database.execute("INSERT INTO reservations VALUES (?, ?, 'reissued', ?, ?, ?, ?, ?)", (old, row[1], *row[3:7], new))
    late = [
        ("NV314", "2026-05-06", 215),
        ("NV112", "2026-05-06", 240),
        ("NV514", "2026-05-09", 95),
        ("NV214", "2026-05-12", 50),
    ]
    for number, day, minutes in late:
        database.execute("UPDATE flights SET delay_minutes = ? WHERE flight_number = ? AND date = ?", (minutes, number, day))
    for number, day, status, instead in (
        ("NV316", "2026-05-12", "cancelled", None),
        ("NV115", "2026-05-26", "withdrawn", "NV113"),
        ("NV214", "2026-06-02", "withdrawn", "NV216"),
    ):
        database.execute(
            "UPDATE flights SET status = ?, replaced_by = ? WHERE flight_number = ? AND date = ?",
            (status, instead, number, day),
        )
    # One seat is left in these, so that no two can have them.
    for number, day, cabin in (("NV110", "2026-05-19", "premium"), ("NV215", "2026-05-26", "economy")):
        place = "flight_number = ? AND date = ?"
        (seats,) = database.execute(f"SELECT open_seats FROM flights WHERE {place}", (number, day)).fetchone()
        full = [seat for seat in seats.split() if int(seat[:-1]) in ROWS[cabin]][1:]
        kept = " ".join(seat for seat in seats.split() if seat not in full)
        database.execute(f"UPDATE flights SET open_seats = ? WHERE {place}", (kept, number, day))
    for number, day in (("NV313", "2026-06-02"), ("NV312", "2026-06-09")):
        database.execute(
            "UPDATE flights SET special_meals = 'vegetarian halal' WHERE flight_number = ? AND date = ?", (number, day)
        )
    database.execute("UPDATE reservations SET status = 'confirmed' WHERE reservation_id = 'J79WML'")
    database.execute("INSERT INTO legs VALUES ('J79WML', 2, 'NV513', '2026-05-22', 31850)")
    database.execute("UPDATE payments SET amount_cents = amount_cents + 31850 WHERE reservation_id = 'J79WML'")


def services(database: sqlite3.Connection) -> None:
    """What is under way at the desk, its present day, and the conditions of carriage."""
    database.execute("INSERT INTO desk VALUES ('today', ?)", (TODAY.isoformat(),))
    database.executemany("INSERT INTO conditions VALUES (?, ?, ?, ?)", conditions())
    waiting = [
        ("NV110", "2026-05-19", "DT94WZ", 1),
        ("NV110", "2026-05-19", "8SV6TP", 2),
        ("NV215", "2026-05-26", "64JWWB", 1),
        ("NV215", "2026-05-26", "4XZG8Z", 2),
    ]
    database.executemany("INSERT INTO waiting VALUES (?, ?, ?, ?)", waiting)
    missing = ("B-62417", "T85H3G", 1, "NV214", "missing", "A dark green suitcase with a broken wheel.", "searching")
    database.execute("INSERT INTO bag_reports VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL, NULL)", missing)
    busy = [f"2026-05-12T{hour:02}:{minute:02}+02:00" for hour in (10, 11, 12) for minute in (0, 30)]
    database.executemany("INSERT INTO callbacks VALUES (?, 'C-47083', 'other')", [(start,) for start in busy[:-1]])


def conditions() -> list[tuple[str, str, str, str]]:
    """The articles of `conditions.md`: number, chapter, heading and text."""
    articles: list[tuple[str, str, str, str]] = []
    chapter = ""
    for part in (FOLDER / "conditions.md").read_text(encoding="utf-8").split("\n##")[1:]:
        title, _, text = part.partition("\n")
        if not title.startswith("#"):
            chapter = title.strip().lower()
        else:
            number, _, heading = title.removeprefix("# ").partition(" ")
            articles.append((number, chapter, heading, " ".join(text.split())))
    return articles


def content(database: sqlite3.Connection) -> str:
    """The whole content, one row a line as JSON, the same under any version of Python and SQLite."""
    lines: list[str] = []
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall():
        rows = database.execute(f"SELECT * FROM {name}").fetchall()
        lines += sorted(json.dumps([name, *row]) for row in rows)
    return "\n".join(lines) + "\n"


def make(path: Path) -> str:
    """Write the database to `path` and return its content."""
    path.unlink(missing_ok=True)
    database = sqlite3.connect(path)
    try:
        database.execute("PRAGMA page_size = 1024")
        database.executescript((FOLDER / "tables.sql").read_text(encoding="utf-8"))
        fill(database)
        database.commit()
        database.execute("VACUUM")
        return content(database)
    finally:
        database.close()


def main() -> None:
    text = make(FOLDER / "airline.sqlite")
    digests = {"airline.sqlite": (FOLDER / "airline.sqlite").read_bytes(), "airline.jsonl": text.encode()}
    lines = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in digests.items()]
    (FOLDER / "airline.sha256").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
