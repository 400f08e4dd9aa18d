"""The types of the airline's arguments and results, with what they mean declared for the operators."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

FirstName = Annotated[str, Field(json_schema_extra={"x-entity": "person"})]
LastName = Annotated[str, Field(json_schema_extra={"x-entity": "person"})]
CustomerId = Annotated[str, Field(json_schema_extra={"x-identifier": "customer"})]
ReservationId = Annotated[str, Field(json_schema_extra={"x-identifier": "reservation"})]
FlightNumber = Annotated[str, Field(json_schema_extra={"x-identifier": "flight"})]
PaymentId = Annotated[str, Field(json_schema_extra={"x-identifier": "payment_method"})]
Dollars = Annotated[float, Field(json_schema_extra={"x-unit": "USD"})]
Minutes = Annotated[int, Field(json_schema_extra={"x-unit": "minutes"})]
Day = Annotated[str, Field(json_schema_extra={"format": "date", "x-date": {"format": "date", "zone": "airport"}})]
Moment = Annotated[
    str,
    Field(
        json_schema_extra={
            "format": "date-time",
            "x-date": {"format": "date-time", "zone": "offset", "precision": "minutes"},
        }
    ),
]

Cabin = Literal["economy", "premium", "business"]
Fare = Literal["saver", "standard", "flex"]
ReservationStatus = Literal["confirmed", "cancelled", "flown", "any"]
CancellationReason = Literal["change_of_plans", "illness", "airline_cancelled_flight", "other"]
VoucherReason = Literal["delay", "cancelled_flight"]
Meal = Literal["standard", "vegetarian", "vegan", "kosher", "halal", "gluten_free"]
SeatPosition = Literal["window", "aisle", "any"]
AlertChannel = Literal["email", "sms", "app"]


class Traveller(TypedDict):
    first_name: Annotated[str, Field(description="First name as in the passport.", json_schema_extra={"x-entity": "person"})]
    last_name: Annotated[str, Field(description="Last name as in the passport.", json_schema_extra={"x-entity": "person"})]


class CustomerFound(TypedDict):
    customer_id: CustomerId
    first_name: FirstName
    last_name: LastName
    email: str
    city: str
    tier: str


class PaymentMethod(TypedDict):
    payment_id: PaymentId
    kind: str
    balance: Annotated[float | None, Field(json_schema_extra={"x-unit": "USD"})]


class Address(TypedDict):
    street: str
    city: str
    postal_code: str
    country: str


class Customer(TypedDict):
    customer_id: CustomerId
    first_name: FirstName
    last_name: LastName
    email: str
    phone: str
    tier: str
    address: Address
    alert_channels: list[str]
    delay_alerts: bool
    payment_methods: list[PaymentMethod]


class ReservationListed(TypedDict):
    reservation_id: ReservationId
    status: str
    origin: str
    destination: str
    date: Day
    flight_number: FlightNumber
    legs: int
    passengers: int
    cabin: str
    fare: str


class Leg(TypedDict):
    leg: int
    flight_number: FlightNumber
    date: Day
    origin: str
    destination: str
    departure: Moment
    price: Dollars


class Passenger(TypedDict):
    first_name: FirstName
    last_name: LastName
    bags: int
    meal: str


class Seating(TypedDict):
    leg: int
    first_name: FirstName
    last_name: LastName
    seat: str


class Reservation(TypedDict):
    reservation_id: ReservationId
    customer_id: CustomerId
    status: str
    fare: str
    cabin: str
    insurance: bool
    booked_on: Day
    legs: list[Leg]
    passengers: list[Passenger]
    seats: list[Seating]


class Payment(TypedDict):
    payment_number: int
    payment_id: PaymentId
    reason: str
    amount: Dollars


class Offer(TypedDict):
    flight_number: FlightNumber
    date: Day
    departure: Moment
    arrival: Moment
    price: Dollars
    seats_left: int


class Flight(TypedDict):
    flight_number: FlightNumber
    date: Day
    origin: str
    destination: str
    departure: Moment
    arrival: Moment
    status: str
    delay: Minutes
    gate: str
    special_meals: list[str]


class Seat(TypedDict):
    seat: str
    row: int
    position: str
    extra_legroom: bool


class FareRules(TypedDict):
    fare: str
    cabin: str
    changeable: bool
    change_fee: Dollars
    refundable: bool
    cancellation_fee: Dollars
    bag_fee: Dollars
    free_bags: int


class Booked(TypedDict):
    reservation_id: ReservationId
    status: str
    total: Dollars
    payment_id: PaymentId


class Cancelled(TypedDict):
    reservation_id: ReservationId
    status: str
    refund: Dollars
    refunded_to: PaymentId


class Changed(TypedDict):
    reservation_id: ReservationId
    flight_number: FlightNumber
    date: Day
    fare_difference: Dollars
    change_fee: Dollars
    total: Dollars
    payment_id: PaymentId


class CabinChanged(TypedDict):
    reservation_id: ReservationId
    cabin: str
    total: Dollars
    payment_id: PaymentId


class BagsAdded(TypedDict):
    reservation_id: ReservationId
    bags: int
    total: Dollars
    payment_id: PaymentId


class SeatAssigned(TypedDict):
    reservation_id: ReservationId
    flight_number: FlightNumber
    seat: str
    position: str


class MealOrdered(TypedDict):
    reservation_id: ReservationId
    meal: str


class ContactUpdated(TypedDict):
    customer_id: CustomerId
    email: str
    phone: str


class AlertsSet(TypedDict):
    customer_id: CustomerId
    alert_channels: list[str]
    delay_alerts: bool


class VoucherIssued(TypedDict):
    payment_id: PaymentId
    amount: Dollars
    reason: str
