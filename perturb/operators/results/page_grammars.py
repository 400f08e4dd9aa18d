"""The words in which pages are told of: plain ones, and those of Stripe, Google, AWS and Relay."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Grammar(NamedTuple):
    """The fields of a plan of `results.paginate` that are words, or say where they stand."""

    argument: str
    next_key: str
    rows_key: str
    more_key: str = ""
    last: Literal["null", "empty", "absent"] = "null"
    size_argument: str = ""

    @property
    def names(self) -> frozenset[str]:
        """The names that it gives to arguments and keys, of paths the first step."""
        named = (self.argument, self.size_argument, self.rows_key, self.next_key, self.more_key)
        return frozenset(name.partition(".")[0] for name in named if name)


PLAIN: dict[str, Grammar] = {
    "cursor": Grammar("cursor", "next_cursor", "items"),
    "page_token": Grammar("page_token", "next_page_token", "results"),
    "continuation_token": Grammar("continuation_token", "next_continuation_token", "entries"),
}
"""Those of no house in particular, one of which is drawn."""

HOUSES: dict[str, Grammar] = {
    "stripe": Grammar("page", "next_page", "data", more_key="has_more", size_argument="limit"),
    "google_rest": Grammar("pageToken", "nextPageToken", "items", last="absent", size_argument="pageSize"),
    "google_rpc": Grammar("page_token", "next_page_token", "results", last="empty", size_argument="page_size"),
    "aws": Grammar("NextToken", "NextToken", "Items", last="absent", size_argument="MaxResults"),
    "relay": Grammar("after", "pageInfo.endCursor", "nodes", more_key="pageInfo.hasNextPage", size_argument="first"),
}
"""Houses by their names, which a preset may settle: the pages of Stripe's search; Google's APIs in JSON, and AIP-158 in the
words of a proto; AWS; the Cursor Connections of Relay, which most GraphQL APIs keep to."""
