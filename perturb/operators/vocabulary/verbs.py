"""Verbs of tool names, in rows of words that a person would have chosen between for the same act.

No word stands in two rows, so acts that a toolset may tell apart (`delete` and `cancel`, `add` and `create`, `update`
and `set`) never borrow each other's words.
"""

from __future__ import annotations

ROWS: tuple[tuple[str, ...], ...] = (
    # reading
    ("get", "fetch", "retrieve", "obtain"),
    ("list", "enumerate", "browse"),
    ("search", "find", "look up"),
    ("read", "view"),
    ("show", "display", "present"),
    ("describe", "outline"),
    ("check", "verify", "inspect"),
    ("count", "tally"),
    ("compare", "contrast"),
    ("track", "follow", "trace"),
    ("monitor", "watch", "observe"),
    ("calculate", "compute"),
    ("estimate", "gauge", "approximate"),
    ("quote", "price out"),
    ("analyze", "examine", "study"),
    ("analyse", "scrutinise"),
    ("summarize", "condense", "recap"),
    ("recommend", "suggest", "propose"),
    ("resolve", "determine", "work out"),
    ("validate", "vet"),
    ("select", "pick", "choose"),
    ("query", "interrogate"),
    ("preview", "glance at"),
    ("research", "investigate", "explore"),
    ("diff", "show changes"),
    ("think", "reflect", "reason", "ponder"),
    # making
    ("create", "make", "set up"),
    ("add", "attach", "include"),
    ("insert", "place", "put in"),
    ("append", "add on", "tack on"),
    ("generate", "produce"),
    ("build", "assemble", "construct"),
    ("register", "enrol", "sign up"),
    ("write", "record"),
    ("save", "store", "keep"),
    ("upload", "push"),
    ("copy", "duplicate", "clone"),
    ("import", "bring in"),
    ("init", "initialize", "bootstrap"),
    ("draft", "prepare"),
    # changing
    ("update", "modify", "revise"),
    ("change", "alter"),
    ("edit", "rework"),
    ("set", "define", "configure"),
    ("amend", "correct"),
    ("mark", "flag"),
    ("move", "relocate", "shift"),
    ("rename", "retitle"),
    ("replace", "substitute"),
    ("merge", "combine", "join"),
    ("split", "divide", "break up"),
    ("convert", "transform"),
    ("format", "lay out"),
    ("resize", "rescale"),
    ("extract", "pull out"),
    ("shuffle", "scramble"),
    ("extend", "prolong"),
    ("renew", "continue"),
    ("switch", "switch to"),
    ("enable", "activate", "turn on"),
    ("disable", "deactivate", "turn off"),
    ("rebook", "book again"),
    # ending
    ("delete", "erase", "destroy"),
    ("remove", "drop", "take out"),
    ("cancel", "void", "call off"),
    ("clear", "empty", "wipe"),
    ("close", "shut"),
    ("archive", "shelve"),
    ("revoke", "rescind"),
    ("reject", "decline", "turn down"),
    # dealing with others
    ("send", "dispatch", "transmit"),
    ("post", "publish", "put up"),
    ("reply", "respond"),
    ("forward", "pass on"),
    ("notify", "alert", "inform"),
    ("invite", "bring aboard", "ask in"),
    ("share", "grant access to", "give access to"),
    ("assign", "allocate", "allot"),
    ("issue", "hand out", "grant"),
    ("request", "ask for"),
    ("order", "place order for"),
    ("submit", "hand in"),
    ("approve", "sign off"),
    ("confirm", "affirm"),
    ("transfer", "hand over", "pass over"),
    ("escalate", "raise"),
    ("reserve", "book", "secure"),
    ("schedule", "plan"),
    ("reschedule", "rearrange"),
    ("buy", "purchase", "acquire"),
    ("pay", "settle"),
    ("refund", "reimburse", "pay back"),
    ("charge", "bill", "debit"),
    ("deposit", "pay in"),
    ("withdraw", "cash out"),
    ("redeem", "cash in"),
    ("return", "send back"),
    ("exchange", "trade in"),
    # running
    ("run", "execute", "perform"),
    ("start", "begin", "launch"),
    ("stop", "halt", "end"),
    ("deploy", "roll out"),
    ("load", "read in"),
    ("download", "pull"),
    ("navigate", "go", "browse to"),
    ("click", "press"),
    ("fill", "fill in", "type into"),
    ("hover", "point at"),
    ("commit", "check in"),
    ("checkout", "check out"),
)

NO_VERBS_ALONE = frozenset({"secure", "place"})
"""Words that may stand for a verb, and at the head of a name are none (`secure_token`)."""
NEVER_REPLACED = frozenset({"make", "push", "pull", "go"})
"""Verbs that may stand for another one, and that no other may stand for, since alone they mean more (`make_move`)."""

ALTERNATIVES: dict[str, tuple[str, ...]] = {
    word: () if word in NEVER_REPLACED else tuple(other for other in row if other != word)
    for row in ROWS
    for word in row
    if word not in NO_VERBS_ALONE
}
"""The other words of each verb's row, best first; phrases hold spaces."""

WHOLE: dict[str, tuple[str, ...]] = {
    "convert_time": ("convert_time_zone", "change_time_zone"),
    "make_move": ("play_move", "move_piece"),
    "puppeteer_evaluate": ("puppeteer_run_script", "puppeteer_execute"),
    "search_wikipedia": ("query_wikipedia", "look_up_in_wikipedia"),
    "git_add": ("git_stage", "git_stage_files"),
    "git_branch": ("git_list_branches", "git_branches"),
    "git_checkout": ("git_switch", "git_switch_branch"),
    "git_commit": ("git_record_commit", "git_make_commit"),
    "git_create_branch": ("git_new_branch", "git_add_branch"),
    "git_diff": ("git_compare", "git_show_changes"),
    "git_diff_staged": ("git_staged_changes", "git_show_staged"),
    "git_diff_unstaged": ("git_unstaged_changes", "git_show_unstaged"),
    "git_init": ("git_initialize", "git_create_repository"),
    "git_log": ("git_history", "git_list_commits"),
    "git_reset": ("git_unstage", "git_unstage_all"),
    "git_show": ("git_show_commit", "git_view_commit"),
    "git_status": ("git_working_tree_status", "git_state"),
}
"""Names whose words mean something of their own together, with others for them."""
