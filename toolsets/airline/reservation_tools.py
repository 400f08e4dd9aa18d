"""The desk's tools that change reservations: booking, cancelling, other flights, cabins, bags, seats, meals."""

from __future__ import annotations

import hashlib

from perturb.authoring import ToolError, write

from .customer_tools import dollars
from .flight_tools import (
    BAG_FEE_CENTS,
    CANCELLATION_FEE_CENTS,
    CHANGE_FEE_CENTS,
    FREE_BAGS,
    POSITIONS,
    ROWS,
    price_cents,
)
from .records import (
    BagsAdded,
    Booked,
    Cabin,
    CabinChanged,
    CancellationReason,
    Cancelled,
    Changed,
    CustomerId,
    Day,
    Fare,
    FirstName,
    FlightNumber,
    LastName,
    Meal,
    MealOrdered,
    PaymentId,
    ReservationId,
    SeatAssigned,
    Traveller,
)
from .reservation_lookups import ReservationLookups

MOST_BAGS = 3
INSURANCE_CENTS = 2400
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ23456789"


class ReservationTools(ReservationLookups):
    @write
    def book_flight(
        self,
        customer_id: CustomerId,
        flight_number: FlightNumber,
        date: Day,
        cabin: Cabin,
        fare: Fare,
        passengers: list[Traveller],
        payment_id: PaymentId,
        insurance: bool = False,
    ) -> Booked:
        """Book one flight for one or more passengers and charge it.

        Args:
            customer_id: The customer who books.
            flight_number: The flight number.
            date: The day of departure, as YYYY-MM-DD.
            cabin: The cabin to sit in.
            fare: The fare to book.
            passengers: Everyone who travels.
            payment_id: The customer's payment method to charge.
            insurance: Whether to add travel insurance, 24.00 US dollars for each passenger.
        """
        self._customer(customer_id)
        if not passengers:
            raise ToolError("invalid_argument", "At least one passenger is needed.", field="passengers", value=[])
        for person in passengers:
            for part in ("first_name", "last_name"):
                if not person[part].strip():
                    raise ToolError("invalid_argument", "Every passenger needs both names.", field=part, value=person[part])
        flight = self._bookable(flight_number, date, cabin, len(passengers))
        each = price_cents(flight, cabin, fare)
        total = (each + INSURANCE_CENTS * insurance) * len(passengers)
        reservation_id = self._new_code(customer_id, flight_number, date)
        self._pay(reservation_id, customer_id, payment_id, "ticket", total)
        self._database.insert(
            "reservations",
            reservation_id=reservation_id,
            customer_id=customer_id,
            status="confirmed",
            fare=fare,
            cabin=cabin,
            insurance=int(insurance),
            booked_on=self._today(),
            reissued_as=None,
        )
        self._database.insert(
            "legs", reservation_id=reservation_id, leg=1, flight_number=flight_number, date=date, price_cents=each
        )
        for number, person in enumerate(passengers, 1):
            self._database.insert(
                "passengers",
                reservation_id=reservation_id,
                passenger=number,
                first_name=person["first_name"].strip(),
                last_name=person["last_name"].strip(),
                bags=0,
                meal="standard",
            )
        return {"reservation_id": reservation_id, "status": "confirmed", "total": dollars(total), "payment_id": payment_id}

    @write
    def cancel_reservation(self, reservation_id: ReservationId, reason: CancellationReason) -> Cancelled:
        """Cancel a whole reservation and refund what its fare allows to the payment method it was paid with.

        Args:
            reservation_id: The reservation code.
            reason: Why the customer cancels.
        """
        row = self._confirmed(reservation_id)
        people = self._passengers(reservation_id)
        paid = self._database.value("SELECT sum(amount_cents) FROM payments WHERE reservation_id = ?", reservation_id)
        method = self._database.value(
            "SELECT payment_id FROM payments WHERE reservation_id = ? ORDER BY payment_number", reservation_id
        )
        if row["insurance"] or reason == "airline_cancelled_flight":
            refund = paid
        else:
            refund = 0 if row["fare"] == "saver" else max(0, paid - CANCELLATION_FEE_CENTS[row["fare"]] * len(people))
        if refund:
            self._pay(reservation_id, row["customer_id"], method, "refund", -refund)
        self._database.write(
            "reservations", "UPDATE reservations SET status = 'cancelled' WHERE reservation_id = ?", reservation_id
        )
        self._database.write("seats", "DELETE FROM seats WHERE reservation_id = ?", reservation_id)
        return {
            "reservation_id": reservation_id,
            "status": "cancelled",
            "refund": dollars(refund),
            "refunded_to": method,
        }

    @write
    def change_flight(
        self, reservation_id: ReservationId, leg: int, flight_number: FlightNumber, date: Day, payment_id: PaymentId
    ) -> Changed:
        """Move one leg of a reservation, with all its passengers, to another flight; seats on that leg are given up.

        Args:
            reservation_id: The reservation code.
            leg: The number of the leg to move, 1 for the first.
            flight_number: The new flight number.
            date: The new day of departure, as YYYY-MM-DD.
            payment_id: The customer's payment method for what is due.
        """
        row = self._confirmed(reservation_id)
        people = self._passengers(reservation_id)
        old = next((each for each in self._legs(reservation_id) if each["leg"] == leg), None)
        if old is None:
            raise ToolError("invalid_argument", f"Reservation {reservation_id} has no leg {leg}.", field="leg", value=leg)
        flight = self._bookable(flight_number, date, row["cabin"], len(people))
        if (flight["origin"], flight["destination"]) != (old["origin"], old["destination"]):
            message = f"{flight_number} does not fly from {old['origin']} to {old['destination']}."
            raise ToolError("precondition_failed", message, field="flight_number", value=flight_number)
        price = price_cents(flight, row["cabin"], row["fare"])
        # Whoever was on a flight that the airline cancelled is moved for nothing.
        charged = 0 if old["status"] == "cancelled" else len(people)
        difference = max(0, price - old["price_cents"]) * charged
        fee = CHANGE_FEE_CENTS[row["fare"]] * charged
        if difference + fee:
            self._pay(reservation_id, row["customer_id"], payment_id, "change", difference + fee)
        self._database.write(
            "legs",
            "UPDATE legs SET flight_number = ?, date = ?, price_cents = ? WHERE reservation_id = ? AND leg = ?",
            flight_number,
            date,
            price,
            reservation_id,
            leg,
        )
        self._database.write("seats", "DELETE FROM seats WHERE reservation_id = ? AND leg = ?", reservation_id, leg)
        return {
            "reservation_id": reservation_id,
            "flight_number": flight_number,
            "date": date,
            "fare_difference": dollars(difference),
            "change_fee": dollars(fee),
            "total": dollars(difference + fee),
            "payment_id": payment_id,
        }

    @write
    def change_cabin(self, reservation_id: ReservationId, cabin: Cabin, payment_id: PaymentId) -> CabinChanged:
        """Move all legs and passengers of a reservation to another cabin and charge the difference; seats are given up.

        Args:
            reservation_id: The reservation code.
            cabin: The new cabin.
            payment_id: The customer's payment method for what is due.
        """
        row = self._confirmed(reservation_id)
        if row["cabin"] == cabin:
            message = f"Reservation {reservation_id} is in {cabin} already."
            raise ToolError("conflict", message, field="cabin", value=cabin)
        people = self._passengers(reservation_id)
        prices = {}
        for leg in self._legs(reservation_id):
            flight = self._bookable(leg["flight_number"], leg["date"], cabin, len(people))
            prices[leg["leg"]] = (price_cents(flight, cabin, row["fare"]), leg["price_cents"])
        total = sum(max(0, new - old) for new, old in prices.values()) * len(people)
        if total:
            self._pay(reservation_id, row["customer_id"], payment_id, "cabin", total)
        for number, (new, _) in prices.items():
            self._database.write(
                "legs", "UPDATE legs SET price_cents = ? WHERE reservation_id = ? AND leg = ?", new, reservation_id, number
            )
        self._database.write(
            "reservations", "UPDATE reservations SET cabin = ? WHERE reservation_id = ?", cabin, reservation_id
        )
        self._database.write("seats", "DELETE FROM seats WHERE reservation_id = ?", reservation_id)
        return {"reservation_id": reservation_id, "cabin": cabin, "total": dollars(total), "payment_id": payment_id}

    @write
    def add_bags(
        self, reservation_id: ReservationId, first_name: FirstName, last_name: LastName, bags: int, payment_id: PaymentId
    ) -> BagsAdded:
        """Add checked bags for one passenger of a reservation, on all its legs, and charge them.

        Args:
            reservation_id: The reservation code.
            first_name: The passenger's first name.
            last_name: The passenger's last name.
            bags: How many bags to add to those there are.
            payment_id: The customer's payment method to charge.
        """
        row = self._confirmed(reservation_id)
        person = self._passenger(reservation_id, first_name, last_name)
        if bags < 1:
            raise ToolError("invalid_argument", "At least 1 bag must be added.", field="bags", value=bags)
        room = MOST_BAGS - person["bags"]
        if bags > room:
            message = f"A passenger may have {MOST_BAGS} bags, and this one has {person['bags']}; at most {room} can be added."
            raise ToolError("precondition_failed", message, field="bags", value=bags)
        free = max(0, FREE_BAGS[row["cabin"]] - person["bags"])
        total = BAG_FEE_CENTS[row["cabin"]] * max(0, bags - free)
        if total:
            self._pay(reservation_id, row["customer_id"], payment_id, "bags", total)
        self._database.write(
            "passengers",
            "UPDATE passengers SET bags = bags + ? WHERE reservation_id = ? AND passenger = ?",
            bags,
            reservation_id,
            person["passenger"],
        )
        return {
            "reservation_id": reservation_id,
            "bags": person["bags"] + bags,
            "total": dollars(total),
            "payment_id": payment_id,
        }

    @write(idempotent=True)
    def assign_seat(
        self, reservation_id: ReservationId, first_name: FirstName, last_name: LastName, flight_number: FlightNumber, seat: str
    ) -> SeatAssigned:
        """Give a passenger of a reservation a seat on one of its flights, in place of the one they had.

        Args:
            reservation_id: The reservation code.
            first_name: The passenger's first name.
            last_name: The passenger's last name.
            flight_number: The flight of the reservation on which the seat is.
            seat: The seat, its row and letter, such as 12C.
        """
        row = self._confirmed(reservation_id)
        person = self._passenger(reservation_id, first_name, last_name)
        leg = self._leg_on(reservation_id, flight_number)
        seat = seat.strip().upper()
        number, letter = seat[:-1], seat[-1:]
        if not number.isdecimal() or letter not in POSITIONS or not any(int(number) in rows for rows in ROWS.values()):
            message = f"{seat} is no seat; seats have a row from 1 to 22 and the letter A, C, D or F."
            raise ToolError("invalid_argument", message, field="seat", value=seat)
        if int(number) not in ROWS[row["cabin"]]:
            rows = ROWS[row["cabin"]]
            message = f"{seat} is not in {row['cabin']}, which has the rows {rows[0]} to {rows[-1]}."
            raise ToolError("precondition_failed", message, field="seat", value=seat)
        free = self._free_seats(self._flight(flight_number, leg["date"]), row["cabin"])
        held = self._database.value(
            "SELECT seat FROM seats WHERE reservation_id = ? AND passenger = ? AND leg = ?",
            reservation_id,
            person["passenger"],
            leg["leg"],
        )
        if seat not in free and seat != held:
            position = POSITIONS[letter]
            alike = sorted(
                (other for other in free if POSITIONS[other[-1]] == position),
                key=lambda other: (abs(int(other[:-1]) - int(number)), other),
            )
            instead = f" The nearest free {position} seat is {alike[0]}." if alike else f" No {position} seat is free."
            raise ToolError("conflict", f"Seat {seat} on {flight_number} is taken.{instead}", field="seat", value=seat)
        self._database.write(
            "seats",
            "INSERT OR REPLACE INTO seats VALUES (?, ?, ?, ?)",
            reservation_id,
            person["passenger"],
            leg["leg"],
            seat,
        )
        return {
            "reservation_id": reservation_id,
            "flight_number": flight_number,
            "seat": seat,
            "position": POSITIONS[letter],
        }

    @write(idempotent=True)
    def order_meal(self, reservation_id: ReservationId, first_name: FirstName, last_name: LastName, meal: Meal) -> MealOrdered:
        """Choose the meal of one passenger on all flights of a reservation.

        Args:
            reservation_id: The reservation code.
            first_name: The passenger's first name.
            last_name: The passenger's last name.
            meal: The meal.
        """
        self._confirmed(reservation_id)
        person = self._passenger(reservation_id, first_name, last_name)
        for leg in self._legs(reservation_id):
            loaded = leg["special_meals"].split()
            if meal != "standard" and meal not in loaded:
                message = f"{leg['flight_number']} does not load {meal} meals; it loads {', '.join(loaded)}."
                raise ToolError("precondition_failed", message, field="meal", value=meal)
        self._database.write(
            "passengers",
            "UPDATE passengers SET meal = ? WHERE reservation_id = ? AND passenger = ?",
            meal,
            reservation_id,
            person["passenger"],
        )
        return {"reservation_id": reservation_id, "meal": meal}

    def _new_code(self, customer_id: str, flight_number: str, date: str) -> str:
        """A code that follows from what is booked, not from the order of bookings nor from the year."""
        for attempt in range(100):
            number = int(hashlib.sha256(f"{customer_id} {flight_number} {date[4:]} {attempt}".encode()).hexdigest(), 16)
            found = "".join(ALPHABET[number // len(ALPHABET) ** place % len(ALPHABET)] for place in range(6))
            if not self._database.row("SELECT 1 FROM reservations WHERE reservation_id = ?", found):
                return found
        raise ToolError("internal", "No reservation code is left.")
