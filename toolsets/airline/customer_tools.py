"""The desk's tools around customers: who they are, how they pay, what they are told, what they are owed."""

from __future__ import annotations

import hashlib

from perturb.authoring import ToolError, read, write

from .database import Database, Row
from .records import (
    Address,
    AlertChannel,
    AlertsSet,
    ContactUpdated,
    Customer,
    CustomerFound,
    CustomerId,
    Dollars,
    FirstName,
    LastName,
    ReservationId,
    VoucherIssued,
    VoucherReason,
)


def dollars(cents: int) -> float:
    return cents / 100


LARGEST_VOUCHER = 1_000  # US dollars


def cents(amount: float) -> int:
    return round(amount * 100)


class CustomerTools:
    _database: Database

    @read(ordered=False)
    def find_customer(self, last_name: LastName, first_name: FirstName | None = None) -> list[CustomerFound]:
        """Find customer profiles by name.

        Args:
            last_name: The customer's last name, in full.
            first_name: The customer's first name, in full; every first name when left out.
        """
        found = self._database.rows(
            "SELECT customer_id, first_name, last_name, email, city, tier FROM customers WHERE merged_into IS NULL"
            " AND lower(last_name) = lower(?) AND (? IS NULL OR lower(first_name) = lower(?)) ORDER BY customer_id",
            last_name.strip(),
            first_name,
            (first_name or "").strip(),
        )
        return [CustomerFound(**row) for row in found]  # type: ignore[typeddict-item]

    @read
    def get_customer(self, customer_id: CustomerId) -> Customer:
        """Get the profile of a customer: contact, address, alerts and the payment methods on file with their balances.

        Args:
            customer_id: The customer number, such as C-40000.
        """
        row = self._customer(customer_id)
        methods = self._database.rows(
            "SELECT payment_id, kind, balance_cents FROM payment_methods WHERE customer_id = ? ORDER BY payment_id", customer_id
        )
        return Customer(
            customer_id=customer_id,
            first_name=row["first_name"],
            last_name=row["last_name"],
            email=row["email"],
            phone=row["phone"],
            tier=row["tier"],
            address=Address(street=row["street"], city=row["city"], postal_code=row["postal_code"], country=row["country"]),
            alert_channels=row["alert_channels"].split(),
            delay_alerts=bool(row["delay_alerts"]),
            payment_methods=[
                {
                    "payment_id": method["payment_id"],
                    "kind": method["kind"],
                    "balance": None if method["balance_cents"] is None else dollars(method["balance_cents"]),
                }
                for method in methods
            ],
        )

    @write(idempotent=True)
    def update_contact(self, customer_id: CustomerId, email: str | None = None, phone: str | None = None) -> ContactUpdated:
        """Change the e-mail address or the phone number of a customer. What is left out stays as it is.

        Args:
            customer_id: The customer number.
            email: The new e-mail address.
            phone: The new phone number, with the country's code.
        """
        row = self._customer(customer_id)
        if email is not None and "@" not in email:
            raise ToolError("invalid_argument", f"{email} is no e-mail address.", field="email", value=email)
        email, phone = email or row["email"], phone or row["phone"]
        self._database.write(
            "customers", "UPDATE customers SET email = ?, phone = ? WHERE customer_id = ?", email, phone, customer_id
        )
        return {"customer_id": customer_id, "email": email, "phone": phone}

    @write(idempotent=True)
    def update_address(self, customer_id: CustomerId, street: str, city: str, postal_code: str, country: str) -> Address:
        """Replace the postal address of a customer.

        Args:
            customer_id: The customer number.
            street: Street and house number.
            city: City or town.
            postal_code: Postal code.
            country: Name of the country in English.
        """
        self._customer(customer_id)
        self._database.write(
            "customers",
            "UPDATE customers SET street = ?, city = ?, postal_code = ?, country = ? WHERE customer_id = ?",
            street,
            city,
            postal_code,
            country,
            customer_id,
        )
        return {"street": street, "city": city, "postal_code": postal_code, "country": country}

    @write(idempotent=True)
    def set_alerts(self, customer_id: CustomerId, channels: list[AlertChannel], delay_alerts: bool) -> AlertsSet:
        """Choose how a customer is told about their trips. The channels given replace those that were set.

        Args:
            customer_id: The customer number.
            channels: Every channel that is to be used.
            delay_alerts: Whether delays are announced too.
        """
        self._customer(customer_id)
        chosen: list[str] = [channel for channel in ("email", "sms", "app") if channel in channels]
        if not chosen:
            raise ToolError("invalid_argument", "At least one channel is needed.", field="channels", value=[])
        self._database.write(
            "customers",
            "UPDATE customers SET alert_channels = ?, delay_alerts = ? WHERE customer_id = ?",
            " ".join(chosen),
            int(delay_alerts),
            customer_id,
        )
        return {"customer_id": customer_id, "alert_channels": chosen, "delay_alerts": delay_alerts}

    @write
    def issue_voucher(
        self, customer_id: CustomerId, reservation_id: ReservationId, reason: VoucherReason, amount: Dollars
    ) -> VoucherIssued:
        """Give a customer a travel voucher as compensation; it becomes a payment method of the customer.

        Args:
            customer_id: The customer number.
            reservation_id: The reservation that the compensation is for.
            reason: What the compensation is for.
            amount: The value of the voucher in US dollars.
        """
        self._customer(customer_id)
        owner = self._database.value("SELECT customer_id FROM reservations WHERE reservation_id = ?", reservation_id)
        if owner != customer_id:
            message = f"Reservation {reservation_id} is none of customer {customer_id}."
            raise ToolError("precondition_failed", message, field="reservation_id", value=reservation_id)
        if amount <= 0:
            raise ToolError("invalid_argument", "The amount must be more than 0.", field="amount", value=amount)
        if amount > LARGEST_VOUCHER:
            message = "A voucher is worth at most 1,000 US dollars."
            raise ToolError("invalid_argument", message, field="amount", value=amount)
        payment_id = voucher_id(reservation_id, reason)
        if self._database.row("SELECT 1 FROM payment_methods WHERE payment_id = ?", payment_id):
            message = f"Reservation {reservation_id} has been compensated already with {payment_id}."
            raise ToolError("conflict", message, field="reservation_id", value=reservation_id)
        self._database.insert(
            "payment_methods",
            payment_id=payment_id,
            customer_id=customer_id,
            kind="travel_voucher",
            balance_cents=cents(amount),
            declined=0,
        )
        return {"payment_id": payment_id, "amount": dollars(cents(amount)), "reason": reason}

    def _customer(self, customer_id: str) -> Row:
        row = self._database.row("SELECT * FROM customers WHERE customer_id = ?", customer_id)
        if row is None:
            raise ToolError("not_found", f"There is no customer {customer_id}.", field="customer_id", value=customer_id)
        if row["merged_into"]:
            message = f"Customer {customer_id} was merged with another profile and is now {row['merged_into']}."
            raise ToolError("not_found", message, field="customer_id", value=customer_id)
        return row

    def _pay(self, reservation_id: str, customer_id: str, payment_id: str, reason: str, amount_cents: int) -> None:
        """Charge `amount_cents` to a payment method; a negative amount is given back to it."""
        method = self._database.row(
            "SELECT * FROM payment_methods WHERE payment_id = ? AND customer_id = ?", payment_id, customer_id
        )
        if method is None:
            message = f"Customer {customer_id} has no payment method {payment_id}."
            raise ToolError("not_found", message, field="payment_id", value=payment_id)
        balance = method["balance_cents"]
        if amount_cents > 0 and (method["declined"] or (balance is not None and balance < amount_cents)):
            why = "was declined by its bank" if method["declined"] else f"has only {dollars(balance):.2f} left"
            other = self._database.row(
                "SELECT payment_id FROM payment_methods WHERE customer_id = ? AND payment_id <> ? AND declined = 0"
                " AND (balance_cents IS NULL OR balance_cents >= ?) ORDER BY balance_cents IS NULL, balance_cents DESC",
                customer_id,
                payment_id,
                amount_cents,
            )
            instead = f" {other['payment_id']} on the same profile covers it." if other else ""
            message = f"{payment_id} {why}; {dollars(amount_cents):.2f} is due.{instead}"
            raise ToolError("precondition_failed", message, field="payment_id", value=payment_id)
        if balance is not None:
            self._database.write(
                "payment_methods",
                "UPDATE payment_methods SET balance_cents = balance_cents - ? WHERE payment_id = ?",
                amount_cents,
                payment_id,
            )
        last = self._database.value("SELECT max(payment_number) FROM payments WHERE reservation_id = ?", reservation_id)
        self._database.insert(
            "payments",
            reservation_id=reservation_id,
            payment_number=(last or 0) + 1,
            payment_id=payment_id,
            reason=reason,
            amount_cents=amount_cents,
        )


def voucher_id(reservation_id: str, reason: str) -> str:
    """The same in whichever order vouchers are issued."""
    return f"voucher_{10000 + int(hashlib.sha256(f'{reservation_id} {reason}'.encode()).hexdigest(), 16) % 90000}"
