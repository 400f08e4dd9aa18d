"""The ordered table of operators, one a file, and how they are named and read back."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from typing import Any

import msgspec

from perturb.errors import ConfigurationError, PlanError, nearest
from perturb.operator import Operator, Stack
from perturb.operators import presets, third_party
from perturb.operators.arguments.case_style import ArgumentCaseStyle
from perturb.operators.arguments.constant import ConstantArgument
from perturb.operators.arguments.date_format import DateFormat
from perturb.operators.arguments.drop_types import DropTypes
from perturb.operators.arguments.flatten import FlattenArguments
from perturb.operators.arguments.merge import MergeArguments
from perturb.operators.arguments.nest import Nest
from perturb.operators.arguments.opaque import OpaqueArguments
from perturb.operators.arguments.optional_noise import OptionalNoise
from perturb.operators.arguments.recode_enum import RecodeEnum
from perturb.operators.arguments.reorder import ReorderArguments
from perturb.operators.arguments.retype import Retype
from perturb.operators.arguments.split import SplitArguments
from perturb.operators.arguments.synonym import ArgumentSynonym
from perturb.operators.arguments.units import Units
from perturb.operators.arguments.wrap import Wrap
from perturb.operators.descriptions.doc_style import DocStyle
from perturb.operators.descriptions.drop import DropDescriptions
from perturb.operators.descriptions.mislead import Mislead
from perturb.operators.descriptions.reword import Reword
from perturb.operators.descriptions.verbose import Verbose
from perturb.operators.environment.clock import Clock
from perturb.operators.environment.entities import Entities
from perturb.operators.environment.locale import Locale
from perturb.operators.environment.scale import Scale
from perturb.operators.errors.coded import ErrorCodes
from perturb.operators.errors.hint import Hint
from perturb.operators.errors.in_band import InBand
from perturb.operators.errors.language import ErrorLanguage
from perturb.operators.errors.style import ErrorStyle
from perturb.operators.errors.terse import Terse
from perturb.operators.faults.expired_login import ExpiredLogin
from perturb.operators.faults.malformed import Malformed
from perturb.operators.faults.partial import Partial
from perturb.operators.faults.rate_limit import RateLimit
from perturb.operators.faults.slow import Slow
from perturb.operators.faults.timeout import Timeout
from perturb.operators.faults.transient import Transient
from perturb.operators.results.by_reference import ByReference
from perturb.operators.results.contradict import Contradict
from perturb.operators.results.drop_fields import DropFields
from perturb.operators.results.envelope import Envelope
from perturb.operators.results.extra_fields import ExtraFields
from perturb.operators.results.flatten import FlattenKeys
from perturb.operators.results.format import Format
from perturb.operators.results.identifiers import Identifiers
from perturb.operators.results.key_style import KeyStyle
from perturb.operators.results.log_noise import LogNoise
from perturb.operators.results.nest import NestKeys
from perturb.operators.results.paginate import Paginate
from perturb.operators.results.rename_keys import RenameKeys
from perturb.operators.results.reorder import Reorder
from perturb.operators.results.stale import Stale
from perturb.operators.results.truncate import Truncate
from perturb.operators.results.values import Values
from perturb.operators.results.wrong_value import WrongValue
from perturb.operators.scaffold.call_format import TextCalls
from perturb.operators.scaffold.call_ids import CallIds
from perturb.operators.scaffold.context import ContextPolicy
from perturb.operators.scaffold.parallel import Parallel
from perturb.operators.scaffold.planning import PlanFirst
from perturb.operators.scaffold.reasoning import ReasoningPolicy
from perturb.operators.scaffold.result_role import ResultRole
from perturb.operators.scaffold.tool_docs import ToolDocs
from perturb.operators.scaffold.verify import SelfCheck
from perturb.operators.schema.dialect import Dialect
from perturb.operators.schema.references import References
from perturb.operators.schema.strict import Strict
from perturb.operators.system.drop import DropSystem
from perturb.operators.system.markup import RewriteMarkup
from perturb.operators.system.persona import Persona
from perturb.operators.system.preamble import Preamble
from perturb.operators.system.reorder import ReorderSystem
from perturb.operators.system.role import MoveRole
from perturb.operators.tools.abbreviate import Abbreviate
from perturb.operators.tools.case_style import ToolCaseStyle
from perturb.operators.tools.opaque import Opaque
from perturb.operators.tools.prefix import Prefix
from perturb.operators.tools.swap_names import SwapNames
from perturb.operators.tools.synonym import ToolSynonym
from perturb.operators.tools.vendor_style import VendorStyle
from perturb.operators.toolset.distractors import Distractors
from perturb.operators.toolset.live_migration import LiveMigration
from perturb.operators.toolset.merge import Merge
from perturb.operators.toolset.near_duplicates import NearDuplicates
from perturb.operators.toolset.search import Search
from perturb.operators.toolset.shuffle import Shuffle
from perturb.operators.toolset.split import Split
from perturb.operators.toolset.withhold import Withhold
from perturb.operators.user.irrelevant_context import IrrelevantContext
from perturb.operators.user.over_turns import OverTurns
from perturb.operators.user.paraphrase import Paraphrase
from perturb.operators.user.reorder import ReorderSentences
from perturb.operators.user.style import UserStyle
from perturb.operators.user.typos import Typos

TABLE: tuple[type[Operator], ...] = (
    Reword,
    DocStyle,
    Verbose,
    DropDescriptions,
    Mislead,
    ToolCaseStyle,
    ToolSynonym,
    VendorStyle,
    Prefix,
    Abbreviate,
    Opaque,
    SwapNames,
    ArgumentCaseStyle,
    ArgumentSynonym,
    OpaqueArguments,
    ReorderArguments,
    Nest,
    FlattenArguments,
    Wrap,
    Retype,
    RecodeEnum,
    Units,
    DateFormat,
    SplitArguments,
    MergeArguments,
    ConstantArgument,
    OptionalNoise,
    DropTypes,
    References,
    Dialect,
    Strict,
    Split,
    Merge,
    Shuffle,
    Distractors,
    NearDuplicates,
    Search,
    LiveMigration,
    Withhold,
    Format,
    RenameKeys,
    KeyStyle,
    Values,
    NestKeys,
    FlattenKeys,
    WrongValue,
    Contradict,
    Envelope,
    ExtraFields,
    Reorder,
    DropFields,
    Truncate,
    Paginate,
    ByReference,
    ErrorLanguage,
    ErrorStyle,
    ErrorCodes,
    InBand,
    Hint,
    Terse,
    Partial,
    Transient,
    RateLimit,
    ExpiredLogin,
    Timeout,
    Slow,
    Stale,
    LogNoise,
    Malformed,
    Persona,
    ReorderSystem,
    DropSystem,
    Preamble,
    RewriteMarkup,
    MoveRole,
    Paraphrase,
    ReorderSentences,
    OverTurns,
    UserStyle,
    Typos,
    IrrelevantContext,
    Scale,
    Identifiers,
    Entities,
    Clock,
    Locale,
    ReasoningPolicy,
    TextCalls,
    ToolDocs,
    ResultRole,
    CallIds,
    Parallel,
    ContextPolicy,
    PlanFirst,
    SelfCheck,
)
"""Every shipped operator. Within a phase, the order here is the order in which lenses are laid over a setup."""


def by_id(operator_id: str, others: Iterable[type[Operator]] = ()) -> type[Operator]:
    """The operator class with this id: of the table, of `others`, of a preset, or of an installed package."""
    for operator in (*TABLE, *others):
        if operator.id == operator_id:
            return operator
    if operator_id in presets.MIXTURES:
        return presets.mixture(operator_id, by_id)
    if operator_id in third_party.offered():
        return third_party.load(operator_id)
    known = [operator.id for operator in (*TABLE, *others)]
    raise ConfigurationError(f"there is no operator {operator_id!r}; {nearest(operator_id, [*known, *third_party.offered()])}")


def select(patterns: str | Iterable[str], *, scaffold: bool = True) -> tuple[type[Operator], ...]:
    """The operators whose ids match any of the patterns (`tools.*,faults.transient`, `*`), in the order of the table; behind
    them those of presets (`preset:vendor-swap`) and of installed packages, which must be named: `*` is the table alone. Without
    `scaffold`, for an agent that runs its own loop, `*` leaves out those on the scaffold, of which none could apply."""
    wanted = patterns.split(",") if isinstance(patterns, str) else list(patterns)
    wanted = [pattern.strip() for pattern in wanted if pattern.strip()]
    if not wanted:
        raise ConfigurationError("no operator is named; use '*' for all of them, or a pattern such as 'tools.*'")
    ids = [operator.id for operator in TABLE]
    others = list(third_party.offered())
    found: dict[str, None] = {}
    mixtures: dict[str, None] = {}
    for pattern in wanted:
        if pattern.startswith("preset:"):
            mixtures |= dict.fromkeys(presets.named(pattern.removeprefix("preset:")).mixtures)
            continue
        if pattern in presets.MIXTURES:
            mixtures[pattern] = None
            continue
        matching = [one for one in ids if fnmatch.fnmatchcase(one, pattern)]
        if pattern == "*":
            matching = [one for one in matching if scaffold or not one.startswith("scaffold.")]
        else:
            matching += [one for one in others if fnmatch.fnmatchcase(one, pattern)]
        if not matching:
            raise ConfigurationError(f"no operator is called {pattern!r}; {nearest(pattern, [*ids, *others])}")
        found |= dict.fromkeys(matching)
    ordered = [one for one in (*ids, *others) if one in found]
    return tuple(by_id(one) for one in (*ordered, *mixtures))


def from_json(plan: Any, others: Iterable[type[Operator]] = ()) -> Operator:
    """The operator, or the stack of operators, that a plan as JSON describes; of the table or of `others`."""
    if not isinstance(plan, dict) or not isinstance(plan.get("op"), str):
        raise PlanError(f"a plan is a JSON object with the key 'op'; this is {str(plan)[:80]!r}")
    fields = dict(plan)
    name, version = fields.pop("op"), fields.pop("version", None)
    if name == Stack.id:
        members = fields.get("operators")
        if not isinstance(members, list):
            raise PlanError("the plan of a stack has a list under 'operators'")
        return Stack(operators=tuple(from_json(member, others) for member in members))
    operator = by_id(name, others)
    if version != operator.version:
        raise PlanError(
            f"the plan was made with version {version!r} of {name}, this is version {operator.version}: "
            "its scores cannot be compared; draw the plan again, or use the release of perturb that made it"
        )
    try:
        return msgspec.convert(fields, operator, strict=True)
    except msgspec.ValidationError as error:
        raise PlanError(f"the plan of {name} cannot be read: {error}") from None
