"""Verbs by which people ask for something to be done, and how a sentence that asks begins."""

from __future__ import annotations

import re

_ALL = """
add adjust advise answer append apply arrange ask assign attach book bring buy calculate call cancel change charge check
choose clear close compare compute confirm consider convert copy count create credit deduct delete describe do double-check
download draft drop edit email enter explain extend figure file fill find fix follow forward get give go grab hand help hold
identify include inform invite issue keep leave let list locate log look mail make mark mention message move name note
notify open order organize pack pass pay pick place plan post prepare print proceed process provide pull purchase put quote
raise read rebook recommend record redeem refund register remind remove rename rent reorder repeat replace reply report
request reschedule reserve reset resolve respond restore retrieve return review rewrite save say schedule search see select
send set share shift show sign skip solve sort split start stop submit suggest summarise summarize switch take tell track
transfer translate try turn update upgrade upload use verify view visit wait withdraw work write
"""

VERBS = "|".join(sorted(_ALL.split(), key=lambda verb: (-len(verb), verb)))
"""The verbs, as the alternatives of a pattern."""

_OBJECT = (
    r"(?:the|a|an|my|our|your|his|her|their|its|this|that|these|those|it|me|us|him|them|all|any|every|each|both|some|no|two"
    r"|three|more|"
    r"for|to|out|up|on|off|in|into|at|with|over|from|back|down|away|sure|which|what|how|whether|if|when|where|who|everything"
    r"|everybody|"
    r"everyone|something|also|only|and|[\"'`“(\[]|\d|[A-Z])"
)
COMMAND = re.compile(rf"(?i:{VERBS})\b(?=(?: {_OBJECT}|[,.!]|$))|(?i:don['’]t|do not|never)\b")
"""The beginning of a sentence that tells somebody to do something: a verb with what it may be done to."""
