"""The types of what the desk does around a trip: timetables, holds, documents, baggage, claims, calls."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from .records import Cabin, Day, Dollars, Fare, FirstName, FlightNumber, LastName, Minutes, Moment, ReservationId

HoldId = Annotated[str, Field(json_schema_extra={"x-identifier": "hold"})]
ReportId = Annotated[str, Field(json_schema_extra={"x-identifier": "bag_report"})]
ClaimId = Annotated[str, Field(json_schema_extra={"x-identifier": "claim"})]


def _part(of: str, part: str, format: str) -> Any:
    """A day or a moment that begins or ends a stretch of time."""
    date: dict[str, Any] = {"format": "date", "zone": "airport"}
    if format == "date-time":
        date = {"format": "date-time", "zone": "offset", "precision": "minutes"}
    return Field(json_schema_extra={"format": format, "x-date": date, "x-part": {"of": of, "as": part}})


FirstDay = Annotated[str, _part("period", "start", "date")]
LastDay = Annotated[str, _part("period", "end", "date")]
Earliest = Annotated[str, _part("window", "start", "date-time")]
Latest = Annotated[str, _part("window", "end", "date-time")]

Chapter = Literal["all", "tickets", "changes", "baggage", "animals", "children", "health", "delays", "documents", "law"]
WaitingMode = Literal["join", "leave", "look"]
DocumentKind = Literal["passport", "identity_card"]
BagProblem = Literal["missing", "damaged"]
EquipmentItem = Literal["skis", "bicycle", "golf_bag", "surfboard", "instrument"]
ClaimKind = Literal["meals", "hotel", "taxi"]
CallTopic = Literal["booking", "refund", "baggage", "other"]
Currency = Literal["USD", "EUR", "GBP"]


class Airport(TypedDict):
    code: str
    city: str
    zone: str


class Departure(TypedDict):
    flight_number: FlightNumber
    date: Day
    weekday: str
    departure: Moment
    arrival: Moment
    status: str


class FlightOnDay(TypedDict):
    flight_number: Annotated[FlightNumber, Field(description="The flight number.")]
    date: Annotated[Day, Field(description="The day of departure, as YYYY-MM-DD.")]


class FlightChecked(TypedDict):
    flight_number: FlightNumber
    date: Day
    status: str
    delay: Minutes
    gate: str | None
    replaced_by: FlightNumber | None


class Price(TypedDict):
    amount: Annotated[float, Field(json_schema_extra={"x-unit": "USD", "x-part": {"of": "price", "as": "amount"}})]
    currency: Annotated[Currency, Field(json_schema_extra={"x-part": {"of": "price", "as": "currency"}})]


class ConnectionLeg(TypedDict):
    flight_number: FlightNumber
    departure: Moment
    arrival: Moment


class Connection(TypedDict):
    first: ConnectionLeg
    second: ConnectionLeg
    via: str
    stop: Minutes
    price: Price


class Held(TypedDict):
    hold_id: HoldId
    flight_number: FlightNumber
    date: Day
    cabin: Cabin
    fare: Fare
    passengers: int
    price: Dollars
    expires: Moment


class Waiting(TypedDict):
    reservation_id: ReservationId
    flight_number: FlightNumber
    date: Day
    waiting: bool
    place: int | None


class TravelDocument(TypedDict):
    first_name: Annotated[
        FirstName,
        Field(description="First name of the passenger.", json_schema_extra={"x-part": {"of": "name", "as": "first_name"}}),
    ]
    last_name: Annotated[
        LastName,
        Field(description="Last name of the passenger.", json_schema_extra={"x-part": {"of": "name", "as": "last_name"}}),
    ]
    kind: Annotated[DocumentKind, Field(description="What kind of document it is.")]
    number: Annotated[str, Field(description="Its number.")]
    country: Annotated[str, Field(description="Name of the country that issued it, in English.")]
    expires_on: Annotated[Day, Field(description="The last day on which it is valid, as YYYY-MM-DD.")]


class DocumentChecked(TypedDict):
    first_name: FirstName
    last_name: LastName
    accepted: bool
    problem: str | None


class ReceiptSent(TypedDict):
    reservation_id: ReservationId
    sent: bool
    email: str | None
    total: Annotated[float | None, Field(json_schema_extra={"x-unit": "USD"})]
    problem: str | None


class DeliveryAddress(TypedDict):
    street: Annotated[str, Field(description="Street and house number.")]
    city: Annotated[str, Field(description="City or town.")]
    postal_code: Annotated[str, Field(description="Postal code.")]
    country: Annotated[str, Field(description="Name of the country in English.")]


class BagReported(TypedDict):
    report_id: ReportId
    reservation_id: ReservationId
    flight_number: FlightNumber
    problem: str
    status: str


class BagDelivery(TypedDict):
    report_id: ReportId
    status: str
    address: DeliveryAddress


class Size(TypedDict):
    length: Annotated[int, Field(description="The longest side in centimetres.", json_schema_extra={"x-unit": "centimetres"})]
    width: Annotated[int, Field(description="The second side in centimetres.", json_schema_extra={"x-unit": "centimetres"})]
    height: Annotated[int, Field(description="The third side in centimetres.", json_schema_extra={"x-unit": "centimetres"})]


class EquipmentRegistered(TypedDict):
    reservation_id: ReservationId
    item: str
    weight: Annotated[float, Field(json_schema_extra={"x-unit": "kilograms"})]
    total: Dollars


class Money(TypedDict):
    amount: Annotated[
        float,
        Field(
            description="How much was paid, such as 31.50.",
            json_schema_extra={"x-unit": "USD", "x-part": {"of": "paid", "as": "amount"}},
        ),
    ]
    currency: Annotated[
        Currency,
        Field(description="The currency that it was paid in.", json_schema_extra={"x-part": {"of": "paid", "as": "currency"}}),
    ]


class ClaimFiled(TypedDict):
    claim_id: ClaimId
    kind: str
    amount: Dollars
    status: str


class CallScheduled(TypedDict):
    topic: str
    starts: Moment
    length: Minutes
