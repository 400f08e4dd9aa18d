"""The desk's tools that look at reservations, and what the tools that change them share."""

from __future__ import annotations

from perturb.authoring import ToolError, read

from .customer_tools import CustomerTools, dollars
from .database import Row
from .flight_tools import (
    FlightTools,
)
from .records import (
    CustomerId,
    Payment,
    Reservation,
    ReservationId,
    ReservationListed,
    ReservationStatus,
)

TODAY = "2026-05-11"


class ReservationLookups(CustomerTools, FlightTools):
    @read
    def list_reservations(
        self, customer_id: CustomerId, status: ReservationStatus, upcoming_only: bool = False
    ) -> list[ReservationListed]:
        """List the reservations of a customer by their first flight, soonest first.

        Args:
            customer_id: The customer number.
            status: Only reservations with this status, or any.
            upcoming_only: Leave out those whose first flight has departed.
        """
        self._customer(customer_id)
        found = self._database.rows(
            "SELECT reservation_id, r.status, f.origin, f.destination, l.date, l.flight_number,"
            " (SELECT count(*) FROM legs WHERE legs.reservation_id = r.reservation_id) AS legs,"
            " (SELECT count(*) FROM passengers p WHERE p.reservation_id = r.reservation_id) AS passengers, cabin, fare"
            " FROM reservations r JOIN legs l USING (reservation_id) JOIN flights f USING (flight_number, date)"
            " WHERE r.customer_id = ? AND l.leg = 1 AND ? IN ('any', r.status) AND (? = 0 OR l.date > ?)"
            " ORDER BY f.departure, reservation_id",
            customer_id,
            status,
            int(upcoming_only),
            TODAY,
        )
        return [ReservationListed(**row) for row in found]  # type: ignore[typeddict-item]

    @read
    def get_reservation(self, reservation_id: ReservationId) -> Reservation:
        """Get one reservation with its flights, passengers, bags, meals and seats.

        Args:
            reservation_id: The reservation code.
        """
        row = self._reservation(reservation_id)
        people = self._database.rows("SELECT * FROM passengers WHERE reservation_id = ? ORDER BY passenger", reservation_id)
        seats = self._database.rows(
            "SELECT leg, first_name, last_name, seat FROM seats JOIN passengers USING (reservation_id, passenger)"
            " WHERE reservation_id = ? ORDER BY leg, passenger",
            reservation_id,
        )
        return Reservation(
            reservation_id=reservation_id,
            customer_id=row["customer_id"],
            status=row["status"],
            fare=row["fare"],
            cabin=row["cabin"],
            insurance=bool(row["insurance"]),
            booked_on=row["booked_on"],
            legs=[
                {
                    "leg": leg["leg"],
                    "flight_number": leg["flight_number"],
                    "date": leg["date"],
                    "origin": leg["origin"],
                    "destination": leg["destination"],
                    "departure": leg["departure"],
                    "price": dollars(leg["price_cents"]),
                }
                for leg in self._legs(reservation_id)
            ],
            passengers=[
                {key: person[key] for key in ("first_name", "last_name", "bags", "meal")}  # type: ignore[misc]
                for person in people
            ],
            seats=[{key: seat[key] for key in ("leg", "first_name", "last_name", "seat")} for seat in seats],  # type: ignore[misc]
        )

    @read
    def list_payments(self, reservation_id: ReservationId) -> list[Payment]:
        """List what was charged for a reservation and, as negative amounts, what was refunded.

        Args:
            reservation_id: The reservation code.
        """
        self._reservation(reservation_id)
        return [
            Payment(
                payment_number=row["payment_number"],
                payment_id=row["payment_id"],
                reason=row["reason"],
                amount=dollars(row["amount_cents"]),
            )
            for row in self._database.rows(
                "SELECT * FROM payments WHERE reservation_id = ? ORDER BY payment_number", reservation_id
            )
        ]

    def _reservation(self, reservation_id: str) -> Row:
        row = self._database.row("SELECT * FROM reservations WHERE reservation_id = ?", reservation_id)
        if row is None:
            message = f"There is no reservation {reservation_id}."
            raise ToolError("not_found", message, field="reservation_id", value=reservation_id)
        if row["reissued_as"]:
            message = f"Reservation {reservation_id} was reissued under the code {row['reissued_as']}."
            raise ToolError("not_found", message, field="reservation_id", value=reservation_id)
        return row

    def _confirmed(self, reservation_id: str) -> Row:
        row = self._reservation(reservation_id)
        if row["status"] != "confirmed":
            message = f"Reservation {reservation_id} is {row['status']}, so nothing can be changed in it."
            raise ToolError("precondition_failed", message, field="reservation_id", value=reservation_id)
        return row

    def _legs(self, reservation_id: str) -> list[Row]:
        return self._database.rows(
            "SELECT l.*, origin, destination, departure, status, special_meals FROM legs l"
            " JOIN flights USING (flight_number, date) WHERE reservation_id = ? ORDER BY leg",
            reservation_id,
        )

    def _passengers(self, reservation_id: str) -> list[Row]:
        return self._database.rows("SELECT * FROM passengers WHERE reservation_id = ? ORDER BY passenger", reservation_id)

    def _passenger(self, reservation_id: str, first_name: str, last_name: str) -> Row:
        wanted = (first_name.strip().lower(), last_name.strip().lower())
        for row in self._passengers(reservation_id):
            if (row["first_name"].lower(), row["last_name"].lower()) == wanted:
                return row
        message = f"{first_name} {last_name} does not travel on reservation {reservation_id}."
        raise ToolError("not_found", message, field="last_name", value=last_name)

    def _bookable(self, flight_number: str, date: str, cabin: str, passengers: int) -> Row:
        flight = self._flight(flight_number, date)
        if flight["status"] != "scheduled":
            instead = f" {flight['replaced_by']} takes its passengers." if flight["replaced_by"] else ""
            message = f"{flight_number} on {date} is {flight['status']} and cannot be booked.{instead}"
            raise ToolError("precondition_failed", message, field="flight_number", value=flight_number)
        if len(self._free_seats(flight, cabin)) < passengers:
            others = self._database.rows(
                "SELECT * FROM flights WHERE origin = ? AND destination = ? AND date = ? AND status = 'scheduled'"
                " ORDER BY departure > ? DESC, departure",
                flight["origin"],
                flight["destination"],
                date,
                flight["departure"],
            )
            taken = self._taken(date)
            free = [other["flight_number"] for other in others if len(self._free(other, cabin, taken)) >= passengers]
            instead = f" The next flight that day with enough seats is {free[0]}." if free else ""
            message = f"{flight_number} on {date} has too few seats left in {cabin}.{instead}"
            raise ToolError("conflict", message, field="flight_number", value=flight_number)
        return flight
