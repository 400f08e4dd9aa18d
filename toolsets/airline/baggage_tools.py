"""The desk's tools around baggage: bags that are missing or damaged, and what needs a place of its own in the hold."""

from __future__ import annotations

import hashlib
from typing import Annotated

from pydantic import Field

from perturb.authoring import ToolError, write

from .customer_tools import dollars
from .records import FirstName, FlightNumber, LastName, PaymentId, ReservationId
from .reservation_tools import ReservationTools
from .service_records import (
    BagDelivery,
    BagProblem,
    BagReported,
    DeliveryAddress,
    EquipmentItem,
    EquipmentRegistered,
    ReportId,
    Size,
)

HEAVIEST = 32
LONGEST = 300
EQUIPMENT_FEE_CENTS = {"skis": 4500, "bicycle": 6000, "golf_bag": 4500, "surfboard": 7000, "instrument": 8000}

Kilograms = Annotated[float, Field(json_schema_extra={"x-unit": "kilograms"})]


class BaggageTools(ReservationTools):
    @write
    def report_bag(
        self,
        reservation_id: ReservationId,
        first_name: FirstName,
        last_name: LastName,
        flight_number: FlightNumber,
        problem: BagProblem,
        description: str,
    ) -> BagReported:
        """Report a checked bag of a passenger that did not arrive with its flight, or arrived damaged.

        Args:
            reservation_id: The reservation code.
            first_name: The passenger's first name.
            last_name: The passenger's last name.
            flight_number: The flight that the bag was on.
            problem: What is wrong with it.
            description: What it looks like, or what is broken.
        """
        self._reservation(reservation_id)
        person = self._passenger(reservation_id, first_name, last_name)
        leg = self._leg_on(reservation_id, flight_number)
        if leg["status"] != "arrived":
            message = f"{flight_number} on {leg['date']} has not arrived yet."
            raise ToolError("precondition_failed", message, field="flight_number", value=flight_number)
        if not person["bags"]:
            message = f"{first_name} {last_name} has checked no bag on reservation {reservation_id}."
            raise ToolError("precondition_failed", message, field="last_name", value=last_name)
        known = self._database.value(
            "SELECT report_id FROM bag_reports WHERE reservation_id = ? AND passenger = ? AND flight_number = ?",
            reservation_id,
            person["passenger"],
            flight_number,
        )
        if known:
            message = f"This bag has been reported already; the report is {known}."
            raise ToolError("conflict", message, field="flight_number", value=flight_number)
        report_id = _report_id(reservation_id, person["passenger"], flight_number)
        status = "searching" if problem == "missing" else "to be inspected"
        self._database.insert(
            "bag_reports",
            report_id=report_id,
            reservation_id=reservation_id,
            passenger=person["passenger"],
            flight_number=flight_number,
            problem=problem,
            description=description,
            status=status,
            street=None,
            city=None,
            postal_code=None,
            country=None,
        )
        return {
            "report_id": report_id,
            "reservation_id": reservation_id,
            "flight_number": flight_number,
            "problem": problem,
            "status": status,
        }

    @write(idempotent=True)
    def deliver_bag(self, report_id: ReportId, address: DeliveryAddress) -> BagDelivery:
        """Have a missing bag brought to an address as soon as it is found; one that was given before is replaced.

        Args:
            report_id: The report of the bag.
            address: Where to bring it.
        """
        row = self._database.row("SELECT * FROM bag_reports WHERE report_id = ?", report_id)
        if row is None:
            raise ToolError("not_found", f"There is no report {report_id}.", field="report_id", value=report_id)
        if row["problem"] != "missing":
            message = f"The bag of report {report_id} is not missing, so there is nothing to bring."
            raise ToolError("precondition_failed", message, field="report_id", value=report_id)
        self._database.write(
            "bag_reports",
            "UPDATE bag_reports SET status = 'to be delivered', street = ?, city = ?, postal_code = ?, country = ?"
            " WHERE report_id = ?",
            address["street"],
            address["city"],
            address["postal_code"],
            address["country"],
            report_id,
        )
        return {"report_id": report_id, "status": "to be delivered", "address": address}

    @write
    def register_equipment(
        self,
        reservation_id: ReservationId,
        first_name: FirstName,
        last_name: LastName,
        item: EquipmentItem,
        weight: Kilograms,
        size: Size,
        payment_id: PaymentId,
    ) -> EquipmentRegistered:
        """Register sports equipment or an instrument of a passenger for the hold, on all flights of a reservation, and charge
        the fee for each of them.

        Args:
            reservation_id: The reservation code.
            first_name: The passenger's first name.
            last_name: The passenger's last name.
            item: What it is.
            weight: Its weight in kilograms, packed.
            size: Its three sides, packed.
            payment_id: The customer's payment method to charge.
        """
        row = self._confirmed(reservation_id)
        person = self._passenger(reservation_id, first_name, last_name)
        if weight <= 0 or weight > HEAVIEST:
            message = f"A piece of equipment weighs at most {HEAVIEST} kg."
            raise ToolError("precondition_failed", message, field="weight", value=weight)
        sides = sorted((size["length"], size["width"], size["height"]), reverse=True)
        if sides[-1] <= 0 or sides[0] > LONGEST:
            message = f"The longest side of a piece of equipment measures at most {LONGEST} cm."
            raise ToolError("precondition_failed", message, field="size", value=size)
        if self._database.row(
            "SELECT 1 FROM equipment WHERE reservation_id = ? AND passenger = ? AND item = ?",
            reservation_id,
            person["passenger"],
            item,
        ):
            message = f"The {item} of {first_name} {last_name} is registered on reservation {reservation_id} already."
            raise ToolError("conflict", message, field="item", value=item)
        total = EQUIPMENT_FEE_CENTS[item] * len(self._legs(reservation_id))
        self._pay(reservation_id, row["customer_id"], payment_id, "equipment", total)
        self._database.insert(
            "equipment",
            reservation_id=reservation_id,
            passenger=person["passenger"],
            item=item,
            weight_grams=round(weight * 1000),
            length=sides[0],
            width=sides[1],
            height=sides[2],
        )
        return {"reservation_id": reservation_id, "item": item, "weight": weight, "total": dollars(total)}


def _report_id(reservation_id: str, passenger: int, flight_number: str) -> str:
    """The same in whichever order bags are reported."""
    found = int(hashlib.sha256(f"bag {reservation_id} {passenger} {flight_number}".encode()).hexdigest(), 16)
    return f"B-{10000 + found % 90000}"
