"""The vocabulary: names go apart and together again, and every real name has other names that mean the same."""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_toolsets import DOJO_SUITES, dojo, livemcp, property_names, tau_airline

from perturb.operators.vocabulary import (
    HOUSES,
    STYLES,
    WORDINGS,
    distinct,
    join,
    key_synonyms,
    keys,
    nouns,
    restyle,
    reword,
    rewordings,
    split,
    tool_synonyms,
    vendor_names,
    verbs,
)
from perturb.operators.vocabulary.inflection import plural, singular, third_person

PROVIDER_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


@pytest.mark.parametrize(
    ("identifier", "words", "style"),
    [
        ("get_user_2fa", ("get", "user", "2fa"), "snake"),
        ("getHTTPStatus", ("get", "HTTP", "status"), "camel"),
        ("HTTPServer", ("HTTP", "server"), "pascal"),
        ("get-36kr-trending", ("get", "36kr", "trending"), "kebab"),
        ("MAX_RESULTS", ("max", "results"), "screaming"),
        ("crm.users.get", ("crm", "users", "get"), "dotted"),
        ("crm.get_user", ("crm", "get_user"), "dotted"),
        ("search", ("search",), "snake"),
        ("id_", ("id_",), "snake"),
        ("DescribeUser", ("describe", "user"), "pascal"),
        ("getURLs", ("get", "URLs"), "camel"),
    ],
)
def test_split(identifier: str, words: tuple[str, ...], style: str) -> None:
    assert split(identifier) == (words, style)
    assert join(words, style) == identifier  # type: ignore[arg-type]


@given(st.text(max_size=30) | st.from_regex(r"[A-Za-z0-9_.\-]{1,30}", fullmatch=True))
def test_every_string_comes_together_again(identifier: str) -> None:
    assert join(*split(identifier)) == identifier


@given(st.lists(st.from_regex(r"[a-z]{2,6}", fullmatch=True), min_size=2, max_size=5), st.sampled_from(STYLES))
def test_every_style_gives_the_words_back(words: list[str], style: Any) -> None:
    assert split(join(words, style)) == (tuple(words), style)


def test_restyle() -> None:
    assert restyle("getHTTPStatus", "snake") == "get_http_status"
    assert restyle("get_user_2fa", "camel") == "getUser2fa"
    assert restyle("listUsers", "screaming") == "LIST_USERS"


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("user", "users"),
        ("city", "cities"),
        ("day", "days"),
        ("address", "addresses"),
        ("person", "people"),
        ("box", "boxes"),
        ("status", "statuses"),
        ("inbox", "inboxes"),
        ("baggage", "baggage"),
        ("branch", "branches"),
        ("move", "moves"),
        ("analysis", "analyses"),
        ("invoice", "invoices"),
        ("eatery", "eateries"),
        ("course", "courses"),
        ("tie", "ties"),
    ],
)
def test_number(one: str, many: str) -> None:
    assert plural(one) == many
    assert singular(many) == one
    assert plural(many) == many
    assert singular(one) == one


def test_third_person() -> None:
    assert [third_person(verb) for verb in ("get", "search", "reply", "pay", "go")] == [
        "gets",
        "searches",
        "replies",
        "pays",
        "goes",
    ]


@pytest.mark.parametrize(
    "rows", [verbs.ROWS, tuple(chain(*nouns.SUBJECTS.values())), keys.ROWS], ids=["verbs", "nouns", "keys"]
)
def test_no_word_stands_in_two_rows(rows: tuple[tuple[str, ...], ...]) -> None:
    counts = Counter(chain(*rows))
    assert [word for word, times in counts.items() if times > 1] == []
    assert all(len(row) > 1 for row in rows)


def test_acts_that_differ_never_borrow_each_others_words() -> None:
    apart = ["get", "list", "search", "create", "add", "update", "set", "delete", "remove", "cancel", "send", "post", "reserve"]
    offered = [{candidate.split("_thing")[0] for candidate in tool_synonyms(f"{verb}_thing")} for verb in apart]
    for index, mine in enumerate(offered):
        for theirs in offered[index + 1 :]:
            assert not {word for word in mine & theirs if not word.startswith("thing")}
    assert "delete_order" not in tool_synonyms("cancel_order")
    assert tool_synonyms("cancel_order")[0] == "void_purchase"


def _toolsets() -> dict[str, list[dict[str, Any]]]:
    """Every real toolset that is at hand; AgentDojo's are asked for by name."""
    return {"tau-bench airline": tau_airline(), **livemcp()}


def _check_tool_names(names: list[str]) -> None:
    unique = list(dict.fromkeys(names))
    for name in unique:
        offered = tool_synonyms(name)
        assert len(offered) >= 2, name
        assert len(set(offered)) == len(offered), name
        assert name not in offered
        assert all(PROVIDER_NAME.fullmatch(other) for other in offered), name
        assert {split(other)[1] for other in offered} <= {split(name)[1], "snake"}, name
    chosen = distinct(unique, tool_synonyms)
    assert set(chosen) == set(unique)
    assert len(set(chosen.values())) == len(unique)
    assert not set(chosen.values()) & set(unique)


@pytest.mark.parametrize("suite", DOJO_SUITES)
def test_tools_of_agentdojo_have_other_names(suite: str) -> None:
    _check_tool_names([tool["name"] for tool in dojo(suite)])


@pytest.mark.parametrize("suite", DOJO_SUITES)
def test_tools_of_agentdojo_are_known_words(suite: str) -> None:
    """No tool of these suites needs a neutral build such as `run_x`: its best name is made of synonyms."""
    for tool in dojo(suite):
        best = split(tool_synonyms(tool["name"])[0])[0]
        assert best[0] not in ("run", "do"), tool["name"]
        assert best[0] != split(tool["name"])[0][0], tool["name"]


def test_tools_of_other_real_toolsets_have_other_names() -> None:
    for tools in _toolsets().values():
        _check_tool_names([tool["name"] for tool in tools])


def _check_keys(schema: Any) -> None:
    names = sorted(property_names(schema))
    for name in names:
        offered = key_synonyms(name)
        assert len(offered) >= 2, name
        assert name not in offered
        assert len(set(offered)) == len(offered), name
    assert len(set(distinct(names, key_synonyms).values())) == len(names)


@pytest.mark.parametrize("suite", DOJO_SUITES)
def test_keys_of_agentdojo_have_other_names(suite: str) -> None:
    for tool in dojo(suite):
        _check_keys(tool["parameters"])
        _check_keys(tool["returns"])
        for name in property_names(tool["parameters"]) | property_names(tool["returns"]):
            assert not key_synonyms(name)[0].endswith("_value"), f"{name} has no curated synonym"


def test_keys_of_other_real_toolsets_have_other_names() -> None:
    for tools in _toolsets().values():
        for tool in tools:
            _check_keys(tool["parameters"])


def test_unknown_words_get_a_readable_build() -> None:
    assert tool_synonyms("tempo")[0] == "run_tempo"
    assert tool_synonyms("frobnicate_zork")[0] == "run_frobnicate_zork"
    assert key_synonyms("fmin")[0] == "fmin_value"
    assert key_synonyms("fMin")[0] == "fMinValue"


@pytest.mark.parametrize(
    ("name", "never"),
    [
        ("get_options", "choice"),  # of a share: calls and puts
        ("make_move", "create"),
        ("secure_random_int", "book"),
        ("git_reset", "restore"),
        ("get_tickets", "document"),
        ("create_container", "image"),
        ("get_asset_price", "cost"),
        ("convert_time", "translate"),
        ("get_paper_data", "datum"),
        ("share_file", "give out"),
        ("package_search", "library"),
    ],
)
def test_a_word_of_many_trades_in_a_tools_name_is_not_taken_for_that_of_one(name: str, never: str) -> None:
    offered = [*tool_synonyms(name), *(one for house in HOUSES for one in vendor_names(name, "read", house))]
    assert not [other for other in offered if never in other.lower().replace("-", "_").replace("_", " ")]


@pytest.mark.parametrize(
    ("name", "never"),
    [
        ("order_by", "purchase"),
        ("user_plays_white", "account"),
        ("ticker_symbol", "symbol symbol"),
        ("project_name", "undertaking"),
        ("to", "address"),
        ("time_series", "clock"),
        ("message", "wording"),
        ("image", "picture"),
        ("channels", "stream"),
    ],
)
def test_a_word_of_many_trades_in_a_key_is_not_taken_for_that_of_one(name: str, never: str) -> None:
    assert not [other for other in key_synonyms(name) if never in other.replace("_", " ")]


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("num_results", "number_of_results"),
        ("max_width", "maximum_width"),
        ("outputDir", "outputDirectory"),
        ("branch_name", "name_of_branch"),
        ("stationNames", "namesOfStations"),
        ("file_absolute_path", "file_absolute_path_value"),
        ("value", "given_value"),
    ],
)
def test_keys_are_spelt_out_or_turned_round(name: str, first: str) -> None:
    assert key_synonyms(name)[0] == first


def test_names_that_say_from_what_to_what_are_conversions() -> None:
    assert tool_synonyms("docx_to_pdf")[0] == "convert_docx_to_pdf"
    assert vendor_names("docx_to_pdf", "read", "google_rpc")[0] == "DocxService_ConvertToPdf"


def test_key_synonyms_keep_style_and_edges() -> None:
    assert key_synonyms("startTime")[0] == "beginsAt"
    assert key_synonyms("user_id")[0] == "member_identifier"
    assert key_synonyms("id_")[0] == "identifier_"


def test_long_names_stay_within_the_limit() -> None:
    name = "get_" + "_".join(["restaurant"] * 5)
    assert len(name) <= 64
    assert all(len(other) <= 64 for other in tool_synonyms(name))
    edge = "x" * 64
    assert all(len(other) <= 64 and other != edge for other in tool_synonyms(edge))


@pytest.mark.parametrize(
    ("name", "house", "expected"),
    [
        ("get_user", "stripe", "users_retrieve"),
        ("get_users", "stripe", "users_list"),
        ("list_users", "aws", "ListUsers"),
        ("get_user", "aws", "DescribeUser"),
        ("create_user", "aws", "CreateUser"),
        ("delete_user", "aws", "DeleteUser"),
        ("get_user", "google_rpc", "UserService_Get"),
        ("get_user", "google_rest", "users_get"),
        ("create_file", "google_rest", "files_insert"),
        ("get_user_by_name", "github", "users_get-by-name"),
        ("get_user", "sap", "BAPI_USER_GETDETAIL"),
        ("get_companies", "sap", "BAPI_COMPANY_GETLIST"),
        ("append_to_file", "stripe", "files_append_to"),
        ("searchFlights", "stripe", "flights_search"),
        ("get_current_day", "stripe", "current_day_retrieve"),
    ],
)
def test_vendor_grammar(name: str, house: Any, expected: str) -> None:
    assert vendor_names(name, "read", house)[0] == expected


def _check_vendor_names(names: list[str]) -> None:
    unique = list(dict.fromkeys(names))
    for house in HOUSES:
        for name in unique:
            offered = vendor_names(name, "read", house)
            assert len(offered) >= 2
            assert name not in offered
            assert all(PROVIDER_NAME.fullmatch(other) for other in offered), (name, house)
        chosen = distinct(unique, lambda name, house=house: vendor_names(name, "read", house))  # type: ignore[misc]
        assert set(chosen) == set(unique), house
        assert len(set(chosen.values())) == len(unique)


@pytest.mark.parametrize("suite", DOJO_SUITES)
def test_vendors_name_every_tool_of_agentdojo_apart(suite: str) -> None:
    _check_vendor_names([tool["name"] for tool in dojo(suite)])


def test_vendors_name_every_other_real_tool_apart() -> None:
    for tools in _toolsets().values():
        _check_vendor_names([tool["name"] for tool in tools])


@pytest.mark.parametrize(
    ("wording", "expected"),
    [
        ("imperative", "Get the user with `id`. Returns 3 fields."),
        ("third_person", "Gets the user with `id`. Returns 3 fields."),
        ("noun_phrase", "Lookup of the user with `id`. Returns 3 fields."),
        ("purpose", "Use this tool to get the user with `id`. Returns 3 fields."),
        ("subject", "This tool gets the user with `id`. Returns 3 fields."),
        ("label", "Purpose: Get the user with `id`. Returns 3 fields."),
    ],
)
def test_reword(wording: Any, expected: str) -> None:
    assert reword("Get the user with `id`. Returns 3 fields.", wording) == expected


def test_a_second_verb_allows_only_what_leaves_both_right() -> None:
    assert set(rewordings("Creates an event and adds it to the calendar.")) == {"subject", "label"}
    assert set(rewordings("Create an event and add it to the calendar.")) == {"purpose", "label"}


def test_an_unknown_lead_keeps_all_and_an_empty_text_stays_empty() -> None:
    assert rewordings("Max 30 days.") == {"label": "Purpose: Max 30 days."}
    assert rewordings("") == {}
    assert all(reword("  ", wording) == "  " for wording in WORDINGS)


def test_two_verbs_never_become_one_noun() -> None:
    from perturb.operators.vocabulary import wording

    nominal = list(wording._NOMINAL.values())
    assert len(set(nominal)) == len(nominal)


def _check_wordings(descriptions: list[str]) -> None:
    for description in descriptions:
        for text in rewordings(description).values():
            tail = " ".join(description.split()[1:])
            assert tail in " ".join(text.split()), "everything after the first word is kept"
    different = set(descriptions)
    for wording in WORDINGS:
        shown = {reword(description, wording) for description in different}
        assert len(shown) == len(different), wording


@pytest.mark.parametrize("suite", DOJO_SUITES)
def test_descriptions_of_agentdojo_can_be_reworded_and_stay_apart(suite: str) -> None:
    descriptions = [tool["description"] for tool in dojo(suite)]
    assert all(len(rewordings(description)) >= 2 for description in descriptions)
    _check_wordings(descriptions)


def test_descriptions_of_other_real_toolsets_stay_apart() -> None:
    for tools in _toolsets().values():
        _check_wordings([tool.get("description") or "" for tool in tools])
