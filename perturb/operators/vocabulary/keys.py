"""Whole keys of arguments and results, in rows of words that a person would have chosen between.

They come before the nouns: a key such as `recipients` or `start_time` has names of its own in other systems (`to`,
`begins_at`). Written in snake case. No word stands in two rows.
"""

from __future__ import annotations

ROWS: tuple[tuple[str, ...], ...] = (
    # identity
    ("id", "identifier", "ref"),
    ("key", "lookup_key"),
    ("code", "code_value"),
    ("name", "label"),
    ("title", "heading", "title_text"),
    ("type", "variety", "type_name"),
    ("category", "category_name"),
    ("status", "current_status", "status_name"),
    ("description", "explanation", "desc", "description_text"),
    ("tags", "labels"),
    ("version", "release_number"),
    ("format", "format_name"),
    ("mode", "operating_mode", "mode_name"),
    ("username", "login_name", "account_name"),
    ("language", "lang"),
    ("symbol", "ticker", "market_symbol"),
    # when
    ("date", "on_date", "calendar_date", "date_on_calendar"),
    ("day", "on_day", "calendar_day"),
    ("time", "clock_time", "at_time"),
    ("timestamp", "recorded_at", "occurred_at", "time_recorded"),
    ("start_time", "begins_at", "starts_at", "from_time"),
    ("end_time", "ends_at", "finishes_at", "until_time"),
    ("new_start_time", "revised_begins_at", "new_beginning"),
    ("new_end_time", "revised_ends_at", "new_ending"),
    ("start_date", "from_date", "first_date"),
    ("end_date", "until_date", "last_date"),
    ("start_day", "check_in_day", "first_day"),
    ("end_day", "check_out_day", "last_day"),
    ("all_day", "whole_day", "full_day", "lasts_all_day"),
    ("duration", "length_of_time", "time_span"),
    ("created_at", "creation_time", "made_at"),
    ("updated_at", "modification_time", "revised_at"),
    ("last_modified", "most_recent_edit", "edited_at"),
    ("timezone", "time_zone_name", "tz"),
    ("recurring", "repeats", "is_repeating"),
    ("departure_time", "leaves_at", "takeoff_time"),
    ("arrival_time", "lands_at", "landing_time"),
    ("scheduled_departure_time_est", "planned_takeoff_est"),
    ("scheduled_arrival_time_est", "planned_landing_est"),
    # who
    ("first_name", "given_name", "forename"),
    ("last_name", "surname", "family_name"),
    ("full_name", "complete_name"),
    ("dob", "date_of_birth", "birth_date", "born_on"),
    ("sender", "from_whom", "originator", "sent_by"),
    ("recipient", "addressee", "receiving_party", "intended_receiver"),
    ("recipients", "to", "addressees"),
    ("cc", "copy_to", "carbon_copy"),
    ("bcc", "hidden_copy_to", "blind_carbon_copy"),
    ("participants", "attendees", "invitees", "people_invited", "who_attends"),
    ("owner", "belongs_to", "proprietor"),
    ("shared_with", "accessible_to", "others_with_access"),
    ("user", "member", "member_name"),
    ("user_email", "member_email", "user_mail_address"),
    ("email", "email_address", "mail_address"),
    ("phone", "telephone", "phone_number"),
    ("passengers", "travelers", "flyers", "people_flying"),
    ("permission", "access_level", "access_right"),
    ("membership", "loyalty_level", "status_level"),
    ("password", "passphrase", "pass_phrase"),
    # where
    ("address", "full_address"),
    ("street", "street_line", "road_and_number"),
    ("city", "town", "city_name"),
    ("country", "nation", "country_name"),
    ("zip", "postal_code", "postcode", "zip_code", "post_code"),
    ("location", "place", "location_name"),
    ("origin", "departing_from", "leaving_from"),
    ("destination", "going_to", "bound_for"),
    ("departure_city", "from_city", "origin_city"),
    ("arrival_city", "to_city", "destination_city"),
    ("region", "area", "territory"),
    ("url", "web_address", "link"),
    ("path", "pathname", "path_name"),
    ("file_path", "path_to_file", "path_of_file"),
    ("filename", "name_of_file"),
    ("folder", "directory", "folder_name"),
    # what
    ("query", "search_text", "search_terms", "looking_for"),
    ("q", "search_query", "search_for"),
    ("subject", "subject_line", "regarding"),
    ("body", "text", "message_text", "body_text"),
    ("content", "content_text", "text_content"),
    ("message", "message_content"),
    ("summary", "synopsis", "recap", "digest"),
    ("thought", "reflection", "reasoning_note"),
    ("expression", "formula", "calculation"),
    ("attachments", "enclosures", "attached_items"),
    ("notes", "remarks", "annotations"),
    ("reason", "grounds", "cause"),
    ("read", "has_been_read", "opened"),
    ("size", "total_size"),
    ("channel", "channel_name"),
    ("channels", "chosen_channels"),
    ("alert_channels", "ways_to_alert", "alert_routes"),
    ("row", "row_number", "row_index"),
    ("position", "placement"),
    ("kind", "kind_name"),
    ("items", "entries", "elements"),
    ("keywords", "key_terms"),
    ("input", "source_input"),
    ("output", "produced_output"),
    # how much
    ("amount", "sum"),
    ("price", "price_amount", "price_to_pay"),
    ("prices", "price_list"),
    ("total", "grand_total", "overall_sum"),
    ("currency", "currency_code"),
    ("balance", "current_balance", "account_balance"),
    ("iban", "international_bank_account_number", "iban_code"),
    ("quantity", "how_many", "units_wanted"),
    ("count", "number_of_items"),
    ("n", "how_many_to_return", "number_wanted", "top_count"),
    ("limit", "max_items", "at_most"),
    ("max_results", "result_limit", "most_results"),
    ("offset", "skip_first", "starting_offset"),
    ("page", "page_number"),
    ("page_size", "per_page", "items_per_page"),
    ("rating", "score"),
    ("days", "number_of_days"),
    ("order_by", "sort_by", "sorted_by"),
    ("user_plays_white", "user_is_white", "user_has_white"),
    ("percentage", "percent", "share_in_percent"),
    ("distance", "how_far"),
    ("weight", "mass"),
    # air travel
    ("flight_number", "flight_code", "flight_designator"),
    ("flight_type", "trip_type", "journey_kind"),
    ("flights", "flight_legs", "air_segments"),
    ("cabin", "travel_class", "service_class"),
    ("cabin_class", "class_of_travel"),
    ("fare_class", "fare_bucket"),
    ("fare", "fare_brand", "fare_family", "tariff_kind"),
    ("departure", "departs_at", "takeoff_at"),
    ("arrival", "arrives_at", "landing_at"),
    ("changeable", "can_be_changed", "open_to_change"),
    ("refundable", "can_be_refunded", "open_to_refund"),
    ("bags", "luggage_pieces", "pieces_of_luggage"),
    ("seats_left", "open_places", "places_left"),
    ("leg", "flight_leg", "flight_segment"),
    ("booked_on", "booking_date", "reserved_on"),
    ("refund", "reimbursement", "money_back"),
    ("refunded_to", "money_back_to", "reimbursed_to"),
    ("change_fee", "fee_for_changes", "change_surcharge"),
    ("cancellation_fee", "fee_for_cancelling", "cancellation_surcharge"),
    ("fare_difference", "difference_in_fare", "fare_gap"),
    ("gate", "boarding_gate", "gate_number"),
    ("tier", "membership_grade", "loyalty_grade"),
    ("seat", "seat_assignment", "assigned_seat"),
    ("seats", "seat_assignments", "assigned_seats"),
    ("available_seats", "seats_on_offer", "open_seats"),
    ("total_baggages", "bags_in_all", "luggage_total"),
    ("nonfree_baggages", "bags_charged", "paid_luggage"),
    ("baggage_count", "number_of_bags"),
    ("insurance", "insurance_cover", "insured"),
    ("payment_id", "payment_ref", "payment_reference"),
    ("payment_methods", "means_of_payment", "payment_instruments"),
    ("payment_history", "past_payments"),
    ("saved_passengers", "stored_travelers"),
    ("hotel", "lodging", "hotel_choice"),
    ("restaurant", "eatery", "restaurant_choice"),
    ("company", "firm", "business"),
    ("company_name", "firm_name", "name_of_company"),
    ("hotel_name", "lodging_name", "name_of_hotel"),
    ("hotel_names", "lodging_names", "names_of_hotels"),
    ("restaurant_names", "eatery_names", "names_of_restaurants"),
)

NEVER_REPLACED = (
    frozenset({"to", "text", "heading", "link", "place", "area", "label", "labels", "cause", "business", "regarding"})
    | frozenset({"directory", "opened", "mass", "score", "elements", "sum", "synopsis", "remarks", "calculation", "repeats"})
    | frozenset({"tz"})
)
"""Words that may stand for another key, and that others may not stand for: alone they mean more than it does."""

ALTERNATIVES: dict[str, tuple[str, ...]] = {
    word: tuple(other for other in row if other != word) for row in ROWS for word in row if word not in NEVER_REPLACED
}
"""The other words of each key's row, best first."""

ENDINGS: dict[str, tuple[str, ...]] = {
    "email": ("mail address", "email address"),
    "mail": ("mail address", "email address"),
}
"""Nouns that mean something else at the end of a key (an address) than in the name of a tool (a message)."""

SPELT_OUT: dict[str, str] = {
    "dir": "directory",
    "dst": "destination",
    "freq": "frequency",
    "idx": "index",
    "info": "information",
    "src": "source",
}
"""Short forms that mean one thing wherever they stand in a key."""
LEADS: dict[str, str] = {"max": "maximum", "maximum": "max", "min": "minimum", "minimum": "min", "num": "number of"}
"""Words that mean this at the head of a key of several words."""
OF_SOMETHING = frozenset(
    {"name", "names", "path", "paths", "number", "title", "index", "count", "format", "length", "width", "height", "encoding"}
)
"""Words that may as well stand before what they are of: `name_of_branch`."""
NOT_OF = frozenset(
    {"max", "min", "num", "n", "from", "to", "by", "is", "has", "show", "set", "include", "of", "in", "with"}
) | frozenset({"absolute", "relative", "full", "base", "start", "end", "total", "new", "old"})
"""Words that nothing is of."""
