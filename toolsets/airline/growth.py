"""What there may be more of at the airline without any task's meaning another: customers, reservations, flights.

Further customers have names of their own. Further reservations are trips of the customers on routes that no task flies: most
of them long past, some in the summer, those in business. Further flights of the day leave between the first and the last,
cost more than every other, and have seats only where they are nobody's next or only way.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count as counting
from typing import Any

from perturb.authoring import Growth

from .database import Row, Rows
from .flight_tools import ROWS, SURCHARGE_CENTS
from .make_data import AIRPORTS, CITIES, DAYS, MEALS, ROUTES, STREETS, TODAY, code, stamp

ZONES = {code: zone for code, _, zone in AIRPORTS}
OTHER_ROUTES = (
    ("OSL", "ARN", 60),
    ("OSL", "CPH", 70),
    ("ARN", "HEL", 60),
    ("CPH", "HEL", 95),
    ("AMS", "CPH", 80),
    ("FRA", "ARN", 125),
)
CLOCKS = ("07:20", "11:45", "16:10", "19:30")
FULL_FROM = 13 * 60 + 30


def customers(state: dict[str, Rows], count: int, seed: int) -> dict[str, Rows]:
    """Customers with a card each."""
    draw = random.Random(seed)
    names = _names(state, seed)
    people, methods = Rows(), Rows()
    for number in range(count):
        first, last = next(names)
        customer, card = f"C-{50000 + number}", f"card_{20000 + number}"
        city, country = draw.choice(CITIES)
        people[customer] = {
            "customer_id": customer,
            "first_name": first,
            "last_name": last,
            "email": f"{first}.{last}@mailbox.example".lower(),
            "phone": f"+{draw.choice((44, 45, 46, 47, 358))} 555 {draw.randint(1000, 9999)}",
            "street": f"{draw.choice(STREETS)} {draw.randint(2, 98)}",
            "city": city,
            "postal_code": str(draw.randint(1000, 9999)),
            "country": country,
            "tier": draw.choice(("member", "member", "silver", "gold")),
            "alert_channels": draw.choice(("email", "email sms", "app")),
            "delay_alerts": draw.randint(0, 1),
            "merged_into": None,
        }
        methods[card] = {
            "payment_id": card,
            "customer_id": customer,
            "kind": "credit_card",
            "balance_cents": None,
            "declined": 0,
        }
    return {"/customers": people, "/payment_methods": methods}


def reservations(state: dict[str, Rows], count: int, seed: int) -> dict[str, Rows]:
    """Trips of the customers on other routes, with their flights: three in four are past."""
    draw = random.Random(seed)
    used = set(state["reservations"])
    owners = [row for row in state["customers"].values() if not row["merged_into"]]
    cards = {row["customer_id"]: row["payment_id"] for row in state["payment_methods"].values() if row["kind"] == "credit_card"}
    made: dict[str, Rows] = {f"/{table}": {} for table in ("flights", "reservations", "legs", "passengers", "payments")}
    for number in range(count):
        owner = owners[number % len(owners)]
        past = draw.random() < 0.75
        day = TODAY - timedelta(days=draw.randint(20, 900)) if past else date(2026, 7, 1) + timedelta(days=draw.randint(0, 91))
        flight = _other_flight(draw, day, past)
        made["/flights"].setdefault(f"{flight['flight_number']}/{flight['date']}", flight)
        flight = made["/flights"][f"{flight['flight_number']}/{flight['date']}"]
        fare = draw.choice(("saver", "flex"))
        cabin = draw.choice(("economy", "economy", "premium")) if past else "business"
        price = flight[f"{cabin}_cents"] + SURCHARGE_CENTS[fare]
        reservation = code(draw, used)
        key = {"reservation_id": reservation}
        made["/reservations"][reservation] = {
            **key,
            "customer_id": owner["customer_id"],
            "status": "flown" if past else "confirmed",
            "fare": fare,
            "cabin": cabin,
            "insurance": 0,
            "booked_on": (min(day, TODAY) - timedelta(days=draw.randint(3, 60))).isoformat(),
            "reissued_as": None,
        }
        leg = {"flight_number": flight["flight_number"], "date": flight["date"], "price_cents": price}
        made["/legs"][f"{reservation}/1"] = {**key, "leg": 1, **leg}
        person = {"first_name": owner["first_name"], "last_name": owner["last_name"], "bags": 0, "meal": "standard"}
        made["/passengers"][f"{reservation}/1"] = {**key, "passenger": 1, **person}
        paid = {"payment_id": cards[owner["customer_id"]], "reason": "ticket", "amount_cents": price}
        made["/payments"][f"{reservation}/1"] = {**key, "payment_number": 1, **paid}
    return made


def flights(state: dict[str, Rows], count: int, seed: int) -> dict[str, Rows]:
    """More flights on the same routes and days."""
    draw = random.Random(seed)
    groups = [(*ends, minutes, day) for a, b, minutes in ROUTES for ends in ((a, b), (b, a)) for day in DAYS]
    dearest = {cabin: max(row[f"{cabin}_cents"] for row in state["flights"].values()) for cabin in ROWS}
    made: Rows = {}
    for number in range(count):
        origin, destination, minutes, day = groups[number % len(groups)]
        departure = draw.randrange(9 * 60 + 20, 17 * 60 + 55, 5)
        # To and from Oslo one changes planes, so a seat in another cabin than business would make another connection.
        cabins = () if departure >= FULL_FROM else ("business",) if "OSL" in (origin, destination) else tuple(ROWS)
        flight_number = f"NV{1000 + number // len(groups) * 10 + number % len(groups) // len(DAYS)}"
        made[f"{flight_number}/{day.isoformat()}"] = _flight(
            draw,
            flight_number,
            day,
            (origin, destination, minutes),
            f"{departure // 60:02}:{departure % 60:02}",
            {cabin: dearest[cabin] + draw.randrange(500, 9000, 50) for cabin in ROWS},
            [f"{draw.choice(ROWS[cabin])}{letter}" for cabin in cabins for letter in "ACDF"],
        )
    return {"/flights": made}


def _other_flight(draw: random.Random, day: date, past: bool) -> Row:
    index = draw.randrange(len(OTHER_ROUTES))
    turn, back = draw.randrange(len(CLOCKS)), draw.randrange(2)
    start, end, minutes = OTHER_ROUTES[index]
    origin, destination = (end, start) if back else (start, end)
    base = draw.randrange(6900, 15900, 50)
    prices = {"economy": base, "premium": base + 7000, "business": base + 26000}
    number = f"NV{600 + 40 * index + 2 * turn + back}"
    row = _flight(draw, number, day, (origin, destination, minutes), CLOCKS[turn], prices, [])
    return row | {"status": "arrived", "delay_minutes": draw.choice((0, 0, 0, 10, 25))} if past else row


def _flight(
    draw: random.Random,
    number: str,
    day: date,
    route: tuple[str, str, int],
    clock: str,
    cents: dict[str, int],
    seats: list[str],
) -> Row:
    origin, destination, minutes = route
    return {
        "flight_number": number,
        "date": day.isoformat(),
        "origin": origin,
        "destination": destination,
        "departure": stamp(day, clock, ZONES[origin]),
        "arrival": stamp(day, clock, ZONES[origin], minutes, ZONES[destination]),
        "status": "scheduled",
        "delay_minutes": 0,
        "gate": f"{draw.choice('ABCD')}{draw.randint(2, 38)}",
        "replaced_by": None,
        **{f"{cabin}_cents": amount for cabin, amount in cents.items()},
        "open_seats": " ".join(dict.fromkeys(seats)),
        "special_meals": " ".join(meal for meal in MEALS if draw.random() < 0.75) or "vegetarian",
    }


def _names(state: dict[str, Rows], seed: int) -> Iterator[tuple[str, str]]:
    """First and last names, no two alike and none of a word that is anybody's name already."""
    from faker import Faker

    fake: Any = Faker(["fi_FI", "it_IT"])
    fake.seed_instance(seed)
    known = {row[part] for table in ("customers", "passengers") for row in state[table].values() for part in _PARTS}
    given: set[tuple[str, str]] = set()
    for _ in counting():
        person = (fake.first_name(), fake.last_name())
        if person not in given and all(word.isascii() and word.isalpha() and word not in known for word in person):
            given.add(person)
            yield person


_PARTS = ("first_name", "last_name")

GROWTH = {
    "customers": Growth(rows=customers, counts="/customers", kind="customer"),
    "reservations": Growth(rows=reservations, counts="/reservations", kind="reservation"),
    "flights": Growth(rows=flights, counts="/flights", kind="flight", field="flight_number"),
}
