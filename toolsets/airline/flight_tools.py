"""The desk's tools around flights: what flies, what it costs, which seats are free, what a fare allows."""

from __future__ import annotations

from perturb.authoring import ToolError, read

from .customer_tools import dollars
from .database import Database, Row
from .records import Cabin, Day, Fare, FareRules, Flight, FlightNumber, Offer, Seat, SeatPosition

ROWS = {"business": range(1, 4), "premium": range(4, 7), "economy": range(7, 23)}
EXTRA_LEGROOM = {1, 4, 7, 13}
POSITIONS = {"A": "window", "C": "aisle", "D": "aisle", "F": "window"}
SURCHARGE_CENTS = {"saver": 0, "standard": 3500, "flex": 9000}
CHANGE_FEE_CENTS = {"saver": 0, "standard": 4500, "flex": 0}
CANCELLATION_FEE_CENTS = {"saver": 0, "standard": 6000, "flex": 0}
BAG_FEE_CENTS = {"economy": 4000, "premium": 2500, "business": 0}
FREE_BAGS = {"economy": 0, "premium": 1, "business": 2}


def price_cents(flight: Row, cabin: str, fare: str) -> int:
    """The price of one seat on a flight."""
    return int(flight[f"{cabin}_cents"]) + SURCHARGE_CENTS[fare]


class FlightTools:
    _database: Database

    @read
    def search_flights(
        self, origin: str, destination: str, date: Day, cabin: Cabin, fare: Fare, passengers: int = 1
    ) -> list[Offer]:
        """List the direct flights between two airports on one day with a free seat for each passenger, earliest first.

        Args:
            origin: Code of the airport of departure, such as OSL.
            destination: Code of the airport of arrival.
            date: The day of departure, as YYYY-MM-DD.
            cabin: The cabin to sit in.
            fare: The fare whose price is given.
            passengers: How many seats are needed.
        """
        for field, code in (("origin", origin), ("destination", destination)):
            if not self._database.row("SELECT 1 FROM airports WHERE code = ?", code):
                codes = ", ".join(row["code"] for row in self._database.rows("SELECT code FROM airports ORDER BY code"))
                message = f"{code} is no airport that is served; those are {codes}."
                raise ToolError("invalid_argument", message, field=field, value=code)
        flights = self._database.rows(
            "SELECT * FROM flights WHERE origin = ? AND destination = ? AND date = ? ORDER BY departure",
            origin,
            destination,
            date,
        )
        if not flights:
            following = self._database.value(
                "SELECT min(date) FROM flights WHERE origin = ? AND destination = ? AND date > ?", origin, destination, date
            )
            after = f" The next day with flights is {following}." if following else ""
            message = f"There is no flight from {origin} to {destination} on {date}.{after}"
            raise ToolError("not_found", message, field="date", value=date)
        offers = []
        taken = self._taken(date)
        for flight in flights:
            left = len(self._free(flight, cabin, taken))
            if flight["status"] == "scheduled" and left >= passengers:
                offers.append(
                    Offer(
                        flight_number=flight["flight_number"],
                        date=flight["date"],
                        departure=flight["departure"],
                        arrival=flight["arrival"],
                        price=dollars(price_cents(flight, cabin, fare)),
                        seats_left=left,
                    )
                )
        return offers

    @read
    def get_flight(self, flight_number: FlightNumber, date: Day) -> Flight:
        """Get the times, status, delay in minutes, gate and special meals of one flight.

        Args:
            flight_number: The flight number, such as NV110.
            date: The day of departure, as YYYY-MM-DD.
        """
        row = self._flight(flight_number, date)
        return Flight(
            flight_number=flight_number,
            date=date,
            origin=row["origin"],
            destination=row["destination"],
            departure=row["departure"],
            arrival=row["arrival"],
            status=row["status"],
            delay=row["delay_minutes"],
            gate=row["gate"],
            special_meals=row["special_meals"].split(),
        )

    @read
    def list_seats(self, flight_number: FlightNumber, date: Day, cabin: Cabin, position: SeatPosition = "any") -> list[Seat]:
        """List the free seats of one cabin of a flight, from the front to the back.

        Args:
            flight_number: The flight number.
            date: The day of departure, as YYYY-MM-DD.
            cabin: The cabin to look in.
            position: Only seats at the window or at the aisle, or any.
        """
        flight = self._flight(flight_number, date)
        return [
            Seat(
                seat=seat,
                row=int(seat[:-1]),
                position=POSITIONS[seat[-1]],
                extra_legroom=int(seat[:-1]) in EXTRA_LEGROOM,
            )
            for seat in self._free_seats(flight, cabin)
            if position in ("any", POSITIONS[seat[-1]])
        ]

    @read
    def get_fare_rules(self, fare: Fare, cabin: Cabin) -> FareRules:
        """Get what a fare allows and what it charges, each amount in US dollars for one passenger.

        Args:
            fare: The fare.
            cabin: The cabin, on which the fees for bags depend.
        """
        return {
            "fare": fare,
            "cabin": cabin,
            "changeable": fare != "saver",
            "change_fee": dollars(CHANGE_FEE_CENTS[fare]),
            "refundable": fare != "saver",
            "cancellation_fee": dollars(CANCELLATION_FEE_CENTS[fare]),
            "bag_fee": dollars(BAG_FEE_CENTS[cabin]),
            "free_bags": FREE_BAGS[cabin],
        }

    def _flight(self, flight_number: str, date: str) -> Row:
        row = self._database.row("SELECT * FROM flights WHERE flight_number = ? AND date = ?", flight_number, date)
        if row is None:
            days = self._database.rows("SELECT date FROM flights WHERE flight_number = ? ORDER BY date", flight_number)
            message = f"There is no flight {flight_number} on {date}." if days else f"There is no flight {flight_number}."
            raise ToolError(
                "not_found", message, field="date" if days else "flight_number", value=date if days else flight_number
            )
        if row["replaced_by"] and row["status"] == "withdrawn":
            message = f"{flight_number} was withdrawn on {date}; {row['replaced_by']} flies in its place."
            raise ToolError("not_found", message, field="flight_number", value=flight_number)
        return row

    def _free_seats(self, flight: Row, cabin: str) -> list[str]:
        return self._free(flight, cabin, self._taken(flight["date"]))

    def _free(self, flight: Row, cabin: str, taken: set[tuple[str, str]]) -> list[str]:
        number = flight["flight_number"]
        return [seat for seat in flight["open_seats"].split() if int(seat[:-1]) in ROWS[cabin] and (number, seat) not in taken]

    def _taken(self, date: str) -> set[tuple[str, str]]:
        """The flight numbers and seats that reservations hold on one day."""
        rows = self._database.rows(
            "SELECT flight_number, seat FROM seats JOIN legs USING (reservation_id, leg) WHERE date = ?", date
        )
        return {(row["flight_number"], row["seat"]) for row in rows}
