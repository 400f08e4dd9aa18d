CREATE TABLE airports (code TEXT PRIMARY KEY, city TEXT NOT NULL, zone TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE flights (
    flight_number TEXT, date TEXT, origin TEXT NOT NULL, destination TEXT NOT NULL, departure TEXT NOT NULL,
    arrival TEXT NOT NULL, status TEXT NOT NULL, delay_minutes INTEGER NOT NULL, gate TEXT NOT NULL, replaced_by TEXT,
    economy_cents INTEGER NOT NULL, premium_cents INTEGER NOT NULL, business_cents INTEGER NOT NULL, open_seats TEXT NOT NULL,
    special_meals TEXT NOT NULL, PRIMARY KEY (flight_number, date)) WITHOUT ROWID;
CREATE TABLE customers (
    customer_id TEXT PRIMARY KEY, first_name TEXT NOT NULL, last_name TEXT NOT NULL, email TEXT NOT NULL, phone TEXT NOT NULL,
    street TEXT NOT NULL, city TEXT NOT NULL, postal_code TEXT NOT NULL, country TEXT NOT NULL, tier TEXT NOT NULL,
    alert_channels TEXT NOT NULL, delay_alerts INTEGER NOT NULL, merged_into TEXT) WITHOUT ROWID;
CREATE TABLE payment_methods (
    payment_id TEXT PRIMARY KEY, customer_id TEXT NOT NULL, kind TEXT NOT NULL, balance_cents INTEGER,
    declined INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE reservations (
    reservation_id TEXT PRIMARY KEY, customer_id TEXT NOT NULL, status TEXT NOT NULL, fare TEXT NOT NULL, cabin TEXT NOT NULL,
    insurance INTEGER NOT NULL, booked_on TEXT NOT NULL, reissued_as TEXT) WITHOUT ROWID;
CREATE TABLE legs (
    reservation_id TEXT, leg INTEGER, flight_number TEXT NOT NULL, date TEXT NOT NULL, price_cents INTEGER NOT NULL,
    PRIMARY KEY (reservation_id, leg)) WITHOUT ROWID;
CREATE TABLE passengers (
    reservation_id TEXT, passenger INTEGER, first_name TEXT NOT NULL, last_name TEXT NOT NULL, bags INTEGER NOT NULL,
    meal TEXT NOT NULL, PRIMARY KEY (reservation_id, passenger)) WITHOUT ROWID;
CREATE TABLE seats (
    reservation_id TEXT, passenger INTEGER, leg INTEGER, seat TEXT NOT NULL, PRIMARY KEY (reservation_id, passenger, leg))
    WITHOUT ROWID;
CREATE TABLE payments (
    reservation_id TEXT, payment_number INTEGER, payment_id TEXT NOT NULL, reason TEXT NOT NULL, amount_cents INTEGER NOT NULL,
    PRIMARY KEY (reservation_id, payment_number)) WITHOUT ROWID;
CREATE TABLE desk (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE conditions (article TEXT PRIMARY KEY, chapter TEXT NOT NULL, heading TEXT NOT NULL, text TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE holds (
    hold_id TEXT PRIMARY KEY, customer_id TEXT NOT NULL, flight_number TEXT NOT NULL, date TEXT NOT NULL, cabin TEXT NOT NULL,
    fare TEXT NOT NULL, passengers INTEGER NOT NULL, price_cents INTEGER NOT NULL, expires TEXT NOT NULL, status TEXT NOT NULL)
    WITHOUT ROWID;
CREATE TABLE waiting (
    flight_number TEXT, date TEXT, reservation_id TEXT, place INTEGER NOT NULL, PRIMARY KEY (flight_number, date, reservation_id))
    WITHOUT ROWID;
CREATE TABLE documents (
    reservation_id TEXT, passenger INTEGER, kind TEXT NOT NULL, number TEXT NOT NULL, country TEXT NOT NULL,
    expires_on TEXT NOT NULL, PRIMARY KEY (reservation_id, passenger)) WITHOUT ROWID;
CREATE TABLE receipts (reservation_id TEXT, email TEXT, PRIMARY KEY (reservation_id, email)) WITHOUT ROWID;
CREATE TABLE bag_reports (
    report_id TEXT PRIMARY KEY, reservation_id TEXT NOT NULL, passenger INTEGER NOT NULL, flight_number TEXT NOT NULL,
    problem TEXT NOT NULL, description TEXT NOT NULL, status TEXT NOT NULL, street TEXT, city TEXT, postal_code TEXT,
    country TEXT) WITHOUT ROWID;
CREATE TABLE equipment (
    reservation_id TEXT, passenger INTEGER, item TEXT, weight_grams INTEGER NOT NULL, length INTEGER NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL, PRIMARY KEY (reservation_id, passenger, item)) WITHOUT ROWID;
CREATE TABLE claims (
    claim_id TEXT PRIMARY KEY, customer_id TEXT NOT NULL, reservation_id TEXT NOT NULL, kind TEXT NOT NULL,
    amount_cents INTEGER NOT NULL, incurred_on TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE callbacks (starts TEXT PRIMARY KEY, customer_id TEXT NOT NULL, topic TEXT NOT NULL) WITHOUT ROWID;
