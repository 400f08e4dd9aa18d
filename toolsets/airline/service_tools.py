"""The desk's tools around a trip: travel documents, receipts, costs that are refunded, calls."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from perturb.authoring import ToolError, write

from .customer_tools import cents, dollars
from .records import CustomerId, Day, ReservationId
from .reservation_tools import ReservationTools
from .service_records import (
    CallScheduled,
    CallTopic,
    ClaimFiled,
    ClaimKind,
    DocumentChecked,
    Earliest,
    Latest,
    Money,
    ReceiptSent,
    TravelDocument,
)

CLAIM_LIMIT_CENTS = {"meals": 4000, "hotel": 12000, "taxi": 6000}
LATE = 180
DESK = ZoneInfo("Europe/Oslo")
OPENS, CLOSES = 8, 18
CALL_MINUTES = 30


class ServiceTools(ReservationTools):
    @write(idempotent=True, batch="documents")
    def add_travel_documents(self, reservation_id: ReservationId, documents: list[TravelDocument]) -> list[DocumentChecked]:
        """Give the details of the documents that passengers of a reservation travel with, in place of those given before. Each
        is checked by itself, and one row tells whether it was `accepted`, or else what the `problem` is.

        Args:
            reservation_id: The reservation code.
            documents: One document for each passenger.
        """
        self._confirmed(reservation_id)
        legs = self._legs(reservation_id)
        british = any(leg[end] in ("LHR", "EDI") for leg in legs for end in ("origin", "destination"))
        checked: list[DocumentChecked] = []
        for each in documents:
            problem = self._problem(reservation_id, each, british, legs[-1]["date"])
            if problem is None:
                person = self._passenger(reservation_id, each["first_name"], each["last_name"])
                self._database.write(
                    "documents",
                    "INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?, ?)",
                    reservation_id,
                    person["passenger"],
                    each["kind"],
                    each["number"],
                    each["country"],
                    each["expires_on"],
                )
            checked.append(
                {
                    "first_name": each["first_name"],
                    "last_name": each["last_name"],
                    "accepted": problem is None,
                    "problem": problem,
                }
            )
        return checked

    @write(idempotent=True, batch="reservation_ids")
    def send_receipts(self, reservation_ids: list[ReservationId], email: str | None = None) -> list[ReceiptSent]:
        """Send the receipts of several reservations, one row for each in the order given, with what was paid in total.

        Args:
            reservation_ids: The reservation codes.
            email: Where to send them, if not to the address of the customer.
        """
        return [self._receipt(each, email) for each in reservation_ids]

    @write
    def file_claim(
        self, customer_id: CustomerId, reservation_id: ReservationId, kind: ClaimKind, amount: Money, incurred_on: Day
    ) -> ClaimFiled:
        """Claim back what a customer paid while waiting for a flight that was 180 minutes or more late, or was cancelled.

        Args:
            customer_id: The customer number.
            reservation_id: The reservation that the flight belongs to.
            kind: What was paid for.
            amount: What was paid.
            incurred_on: The day on which it was paid, as YYYY-MM-DD.
        """
        self._customer(customer_id)
        row = self._reservation(reservation_id)
        if row["customer_id"] != customer_id:
            message = f"Reservation {reservation_id} is none of customer {customer_id}."
            raise ToolError("precondition_failed", message, field="reservation_id", value=reservation_id)
        flights = [self._flight(leg["flight_number"], leg["date"]) for leg in self._legs(reservation_id)]
        if not any(flight["delay_minutes"] >= LATE or flight["status"] == "cancelled" for flight in flights):
            message = f"No flight of reservation {reservation_id} was cancelled or {LATE} minutes late."
            raise ToolError("precondition_failed", message, field="reservation_id", value=reservation_id)
        if amount["currency"] != "USD":
            message = "Costs are claimed in USD; give the amount in USD."
            raise ToolError("invalid_argument", message, field="amount", value=amount["currency"])
        limit = CLAIM_LIMIT_CENTS[kind] * len(self._passengers(reservation_id))
        wanted = cents(amount["amount"])
        if not 0 < wanted <= limit:
            message = f"For {kind} at most {dollars(limit):.2f} can be claimed on reservation {reservation_id}."
            raise ToolError("precondition_failed", message, field="amount", value=amount["amount"])
        claim_id = _claim_id(reservation_id, kind)
        if self._database.row("SELECT 1 FROM claims WHERE claim_id = ?", claim_id):
            message = f"The {kind} of reservation {reservation_id} are claimed already, as {claim_id}."
            raise ToolError("conflict", message, field="kind", value=kind)
        self._database.insert(
            "claims",
            claim_id=claim_id,
            customer_id=customer_id,
            reservation_id=reservation_id,
            kind=kind,
            amount_cents=wanted,
            incurred_on=incurred_on,
        )
        return {"claim_id": claim_id, "kind": kind, "amount": dollars(wanted), "status": "approved"}

    @write
    def schedule_call(self, customer_id: CustomerId, topic: CallTopic, earliest: Earliest, latest: Latest) -> CallScheduled:
        """Have a customer called back for half an hour, as early as possible within a stretch of time. The desk calls on every
        day between 08:00 and 18:00 in Oslo, which is two hours ahead of UTC (+02:00).

        Args:
            customer_id: The customer number.
            topic: What the call is about.
            earliest: When the call may begin at the earliest, such as 2026-05-14T09:00+02:00.
            latest: When it must have ended at the latest, in the same form.
        """
        self._customer(customer_id)
        start, end = self._moment("earliest", earliest), self._moment("latest", latest)
        if start.date().isoformat() <= self._today() or end - start < timedelta(minutes=CALL_MINUTES):
            message = f"Calls begin tomorrow at the earliest and need {CALL_MINUTES} minutes."
            raise ToolError("invalid_argument", message, field="earliest", value=earliest)
        free = self._free_time(start)
        if free + timedelta(minutes=CALL_MINUTES) > end:
            until = free + timedelta(minutes=CALL_MINUTES)
            message = f"No one is free then; the next free half hour is from {_written(free)} to {_written(until)}."
            raise ToolError("conflict", message, field="earliest", value=earliest)
        self._database.insert("callbacks", starts=_written(free), customer_id=customer_id, topic=topic)
        return {"topic": topic, "starts": _written(free), "length": CALL_MINUTES}

    def _problem(self, reservation_id: str, document: TravelDocument, british: bool, last_day: str) -> str | None:
        try:
            self._passenger(reservation_id, document["first_name"], document["last_name"])
            date.fromisoformat(document["expires_on"])
        except ToolError as error:
            return error.message
        except ValueError:
            return f"{document['expires_on']} is no day; write YYYY-MM-DD."
        if british and document["kind"] != "passport":
            return "Flights to and from the United Kingdom need a passport."
        if document["expires_on"] < last_day:
            return f"The document expires before the trip ends on {last_day}."
        return None

    def _receipt(self, reservation_id: str, email: str | None) -> ReceiptSent:
        try:
            row = self._reservation(reservation_id)
        except ToolError as error:
            return {"reservation_id": reservation_id, "sent": False, "email": None, "total": None, "problem": error.message}
        to = email or self._database.value("SELECT email FROM customers WHERE customer_id = ?", row["customer_id"])
        paid = self._database.value("SELECT sum(amount_cents) FROM payments WHERE reservation_id = ?", reservation_id)
        self._database.write("receipts", "INSERT OR REPLACE INTO receipts VALUES (?, ?)", reservation_id, to)
        return {"reservation_id": reservation_id, "sent": True, "email": to, "total": dollars(paid or 0), "problem": None}

    def _moment(self, field: str, value: str) -> datetime:
        """A moment with its offset, by the clocks of the desk."""
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = datetime.min
        if moment.tzinfo is None:
            message = f"{value} is no moment; write a day, a time and an offset, such as {self._today()}T09:00+02:00."
            raise ToolError("invalid_argument", message, field=field, value=value)
        return moment.astimezone(DESK)

    def _free_time(self, start: datetime) -> datetime:
        """The first half hour from `start` on in which the desk calls and no call is planned."""
        half = timedelta(minutes=CALL_MINUTES)
        taken = {row["starts"] for row in self._database.rows("SELECT starts FROM callbacks")}
        moment = datetime.combine(start.date(), datetime.min.time(), DESK)
        while moment < start or not OPENS <= moment.hour < CLOSES or _written(moment) in taken:
            moment += half
        return moment


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")


def _claim_id(reservation_id: str, kind: str) -> str:
    """The same in whichever order costs are claimed."""
    return f"K-{10000 + int(hashlib.sha256(f'claim {reservation_id} {kind}'.encode()).hexdigest(), 16) % 90000}"
