"""The desk's tools around seats that are not paid for yet: holds, and waiting lists."""

from __future__ import annotations

import hashlib
from datetime import date as day_of
from datetime import timedelta

from perturb.authoring import ToolError, write

from .customer_tools import dollars
from .flight_tools import price_cents
from .records import Booked, Cabin, CustomerId, Day, Fare, FlightNumber, PaymentId, ReservationId, Traveller
from .reservation_tools import ReservationTools
from .service_records import Held, HoldId, Waiting, WaitingMode

MOST_SEATS = 9


class HoldTools(ReservationTools):
    @write
    def hold_seats(
        self, customer_id: CustomerId, flight_number: FlightNumber, date: Day, cabin: Cabin, fare: Fare, passengers: int
    ) -> Held:
        """Keep seats on a flight for a customer without payment until the evening of the day after, at today's price. The
        `hold_id` is needed to book them; `price` is that of one seat.

        Args:
            customer_id: The customer number.
            flight_number: The flight number.
            date: The day of departure, as YYYY-MM-DD.
            cabin: The cabin to sit in.
            fare: The fare to book later.
            passengers: How many seats to keep, at most 9.
        """
        self._customer(customer_id)
        if not 1 <= passengers <= MOST_SEATS:
            message = f"Between 1 and {MOST_SEATS} seats can be kept."
            raise ToolError("invalid_argument", message, field="passengers", value=passengers)
        flight = self._bookable(flight_number, date, cabin, passengers)
        hold_id = _hold_id(customer_id, flight_number, date)
        if self._database.row("SELECT 1 FROM holds WHERE hold_id = ?", hold_id):
            message = f"Seats on {flight_number} on {date} are kept for this customer already, as {hold_id}."
            raise ToolError("conflict", message, field="flight_number", value=flight_number)
        expires = f"{(day_of.fromisoformat(self._today()) + timedelta(days=1)).isoformat()}T20:00+02:00"
        row = {
            "hold_id": hold_id,
            "flight_number": flight_number,
            "date": date,
            "cabin": cabin,
            "fare": fare,
            "passengers": passengers,
            "expires": expires,
        }
        cents = price_cents(flight, cabin, fare)
        self._database.insert("holds", **row, customer_id=customer_id, price_cents=cents, status="open")
        return {**row, "price": dollars(cents)}  # type: ignore[typeddict-item]

    @write
    def book_hold(self, hold_id: HoldId, passengers: list[Traveller], payment_id: PaymentId, insurance: bool = False) -> Booked:
        """Book the seats that a hold keeps, for its price, and charge them.

        Args:
            hold_id: The hold.
            passengers: Everyone who travels, as many as seats are kept.
            payment_id: The customer's payment method to charge.
            insurance: Whether to add travel insurance, 24.00 US dollars for each passenger.
        """
        hold = self._database.row("SELECT * FROM holds WHERE hold_id = ?", hold_id)
        if hold is None or hold["status"] != "open":
            message = f"There is no hold {hold_id}." if hold is None else f"Hold {hold_id} has been booked already."
            raise ToolError("not_found" if hold is None else "conflict", message, field="hold_id", value=hold_id)
        if len(passengers) != hold["passengers"]:
            message = f"Hold {hold_id} keeps {hold['passengers']} seats, and {len(passengers)} passengers are named."
            raise ToolError("precondition_failed", message, field="passengers", value=len(passengers))
        booked = self.book_flight(
            hold["customer_id"],
            hold["flight_number"],
            hold["date"],
            hold["cabin"],
            hold["fare"],
            passengers,
            payment_id,
            insurance,
        )
        self._database.write("holds", "UPDATE holds SET status = 'booked' WHERE hold_id = ?", hold_id)
        return booked

    @write
    def waiting_list(self, mode: WaitingMode, reservation_id: ReservationId, flight_number: FlightNumber, date: Day) -> Waiting:
        """Put a reservation on the waiting list of another flight of its route, take it off, or look at its place there.

        Args:
            mode: What to do: join the list, leave it, or only look.
            reservation_id: The reservation that waits; it keeps its own flight meanwhile.
            flight_number: The flight that it waits for.
            date: The day of that flight, as YYYY-MM-DD.
        """
        row = self._confirmed(reservation_id)
        flight = self._flight(flight_number, date)
        key = (flight_number, date, reservation_id)
        mine = "flight_number = ? AND date = ? AND reservation_id = ?"
        place = self._database.value(f"SELECT place FROM waiting WHERE {mine}", *key)
        if mode == "leave":
            if place is None:
                message = f"Reservation {reservation_id} does not wait for {flight_number} on {date}."
                raise ToolError("precondition_failed", message, field="reservation_id", value=reservation_id)
            self._database.write("waiting", f"DELETE FROM waiting WHERE {mine}", *key)
            place = None
        elif mode == "join" and place is None:
            people, free = len(self._passengers(reservation_id)), len(self._free_seats(flight, row["cabin"]))
            if free >= people:
                message = f"{flight_number} on {date} has {free} free seats in {row['cabin']}, so no one has to wait for it."
                raise ToolError("precondition_failed", message, field="flight_number", value=flight_number)
            last = self._database.value("SELECT max(place) FROM waiting WHERE flight_number = ? AND date = ?", *key[:2])
            place = (last or 0) + 1
            self._database.insert("waiting", flight_number=flight_number, date=date, reservation_id=reservation_id, place=place)
        return {
            "reservation_id": reservation_id,
            "flight_number": flight_number,
            "date": date,
            "waiting": place is not None,
            "place": place,
        }


def _hold_id(customer_id: str, flight_number: str, date: str) -> str:
    """The same in whichever order seats are kept, and in whichever year."""
    found = int(hashlib.sha256(f"hold {customer_id} {flight_number} {date[4:]}".encode()).hexdigest(), 16)
    return f"H-{10000 + found % 90000}"
