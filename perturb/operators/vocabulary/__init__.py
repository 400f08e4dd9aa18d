"""Words and naming customs: how else a person, a vendor or a technical writer would have put the same thing.

Pure functions over curated tables; they know nothing of operators.
"""

from perturb.operators.vocabulary.abbreviations import ABBREVIATIONS, abbreviate
from perturb.operators.vocabulary.casing import STYLES, Style, graphql_name, join, restyle, split
from perturb.operators.vocabulary.modes import mode_names
from perturb.operators.vocabulary.synonyms import distinct, key_synonyms, tool_synonyms
from perturb.operators.vocabulary.vendors import HOUSES, House, vendor_names
from perturb.operators.vocabulary.wording import WORDINGS, Wording, reword, rewordings

__all__ = [
    "ABBREVIATIONS",
    "HOUSES",
    "STYLES",
    "WORDINGS",
    "House",
    "Style",
    "Wording",
    "abbreviate",
    "distinct",
    "graphql_name",
    "join",
    "key_synonyms",
    "mode_names",
    "restyle",
    "reword",
    "rewordings",
    "split",
    "tool_synonyms",
    "vendor_names",
]
