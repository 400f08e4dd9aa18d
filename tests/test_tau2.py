"""The tau2 adapter against tau2 itself, as inspect-evals has it: the same tools, texts, failures and verdicts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import anyio
import jsonschema
import pytest

pytest.importorskip("inspect_evals", reason="the extra [tau2] is not installed")

from perturb import texts
from perturb.errors import ConfigurationError
from perturb.loading import load_toolset
from perturb.operator import NotApplicable, SeededPick
from perturb.operators import by_id
from perturb.replay import Gold
from perturb.toolset import Task, Toolset
from perturb.types import Call, Failure, Result

pytestmark = pytest.mark.filterwarnings("ignore:`__get_validators__` is deprecated:DeprecationWarning")

DOMAINS = {"airline": (50, 14), "retail": (114, 15), "telecom": (2285, 43)}
RETAIL_ERRORS = Counter(
    {
        "find_user_id_by_email: User not found": 5,
        "find_user_id_by_name_zip: User not found": 4,
        "get_order_details: Order not found": 4,
        "get_product_details: Product not found": 6,
        "return_delivered_order_items: Payment method should be the original payment method": 2,
        "exchange_delivered_order_items: Non-delivered order cannot be exchanged": 1,
        "exchange_delivered_order_items: Insufficient gift card balance to pay for the price difference": 1,
    }
)
"""The errors that are in retail's gold itself: it looks for people, orders and products that are not there, and asks for what
the shop refuses. tau2 ignores them when it makes the database that it expects."""


@pytest.fixture(scope="module", params=DOMAINS)
def toolset(request: pytest.FixtureRequest) -> Toolset:
    return load_toolset(f"tau2:{request.param}")


def played(toolset: Toolset, task: Task, calls: Sequence[Call]) -> Any:
    environment: Any = toolset.environment(task)
    environment.answers = [environment.call(call) for call in calls]
    return environment


def some(toolset: Toolset, count: int) -> Sequence[Task]:
    return toolset.tasks[:: max(1, len(toolset.tasks) // count)]


def test_there_are_all_tasks_and_tools(toolset: Toolset) -> None:
    assert (len(toolset.tasks), len(toolset.tools)) == DOMAINS[toolset.name.partition(":")[2]]
    assert "language model play" in toolset.notice


@pytest.mark.parametrize("domain", ["airline", "retail"])
def test_the_gold_of_airline_and_retail_passes_and_its_errors_are_those_known(domain: str) -> None:
    toolset = load_toolset(f"tau2:{domain}")
    errors: Counter[str] = Counter()
    passed = 0
    for task in toolset.tasks:
        environment = played(toolset, task, task.gold or ())
        passed += toolset.check(task, environment, task.answer, task.gold or ())
        for call, answer in zip(task.gold or (), environment.answers, strict=True):
            if isinstance(answer, Failure):
                errors[f"{call.name}: {answer.message}"] += 1
    assert passed == len(toolset.tasks) == DOMAINS[domain][0]
    assert errors == (RETAIL_ERRORS if domain == "retail" else Counter())


def telecom_gold(tasks: Sequence[Task], toolset: Toolset) -> tuple[int, int]:
    """How many pass, and how many calls they make, none of which fails."""
    passed = calls = 0
    for task in tasks:
        environment = played(toolset, task, task.gold or ())
        assert all(isinstance(answer, Result) for answer in environment.answers), task.id
        passed += toolset.check(task, environment, "", task.gold or ())
        calls += len(task.gold or ())
    return passed, calls


def test_the_gold_of_telecom_passes() -> None:
    toolset = load_toolset("tau2:telecom")
    tasks = some(toolset, 60)
    assert telecom_gold(tasks, toolset)[0] == len(tasks)


@pytest.mark.slow
def test_the_gold_of_all_2285_tasks_of_telecom_passes() -> None:
    toolset = load_toolset("tau2:telecom")
    assert telecom_gold(toolset.tasks, toolset) == (2285, 13215)


def test_floors_what_passes_without_a_single_call() -> None:
    """With the answer stated only the database counts."""
    found = {}
    for domain in ("airline", "retail"):
        toolset = load_toolset(f"tau2:{domain}")
        for kind in ("silent", "answer only"):
            said = {task.id: task.answer if kind == "answer only" else "" for task in toolset.tasks}
            passed = [toolset.check(task, toolset.environment(task), said[task.id], ()) for task in toolset.tasks]
            found[domain, kind] = sum(passed)
    assert found == {
        ("airline", "silent"): 19,
        ("airline", "answer only"): 20,
        ("retail", "silent"): 7,
        ("retail", "answer only"): 11,
    }


def test_of_the_114_tasks_of_telecom_s_base_split_a_silent_agent_passes_none() -> None:
    from inspect_evals.tau2.utils import TAU2_DATA_DIR

    toolset = load_toolset("tau2:telecom")
    split = json.loads((TAU2_DATA_DIR / "domains" / "telecom" / "split_tasks.json").read_text(encoding="utf-8"))["base"]
    passed = [toolset.check(task, toolset.environment(task), "", ()) for task in map(toolset.task, split)]
    assert (len(passed), sum(passed)) == (114, 0)


@pytest.mark.parametrize("domain", ["airline", "retail"])
def test_verdicts_are_those_of_tau2_s_own_scorers(domain: Any) -> None:
    from inspect_evals.tau2.common.scorer import get_expected_db

    toolset: Any = load_toolset(f"tau2:{domain}")
    verdicts = []
    for task in some(toolset, 6):
        actions = toolset._theirs[task.id].evaluation_criteria.actions or []
        wanted = get_expected_db(domain, actions).db.get_hash()
        for calls in (task.gold or (), (task.gold or ())[:-1], ()):
            environment = played(toolset, task, calls)
            (held,) = environment.held
            verdicts.append(held.db.get_hash() == wanted)
            assert toolset.check(task, environment, task.answer, calls) == verdicts[-1], (task.id, len(calls))
    assert 0 < sum(verdicts) < len(verdicts)


def test_what_the_user_must_be_told_counts() -> None:
    toolset = load_toolset("tau2:retail")
    task = next(task for task in toolset.tasks if task.answer)
    environment = played(toolset, task, task.gold or ())
    assert toolset.check(task, environment, f"It is so: {task.answer}.", task.gold or ())
    assert not toolset.check(task, environment, "", task.gold or ())


def test_in_telecom_actions_count_where_the_task_says_so() -> None:
    toolset: Any = load_toolset("tau2:telecom")
    task = next(one for one in toolset.tasks if [call.name for call in one.gold] == ["transfer_to_human_agents"])
    environment = played(toolset, task, task.gold)
    assert toolset.check(task, environment, "", task.gold)
    assert not toolset.check(task, toolset.environment(task), "", ())
    other = Call("transfer_to_human_agents", {"summary": "in other words"})
    assert toolset.check(task, played(toolset, task, [other]), "", [other])


def test_the_phone_s_tools_are_the_agent_s_and_change_what_the_company_sees() -> None:
    toolset = load_toolset("tau2:telecom")
    task = next(task for task in toolset.tasks if any(call.name == "make_payment" for call in task.gold or ()))
    assert {"check_status_bar", "make_payment"} <= {tool.name for tool in toolset.tools}
    before, after = (played(toolset, task, calls).dump() for calls in ((), task.gold or ()))
    assert before != after
    assert task.prompt.startswith("The user ")


def test_an_episode_changes_nothing_of_the_next_one(toolset: Toolset) -> None:
    tasks = some(toolset, 25)
    before = [toolset.environment(task).dump() for task in tasks]
    for task in tasks:
        played(toolset, task, task.gold or ())
    assert [toolset.environment(task).dump() for task in tasks] == before
    if toolset.name != "tau2:telecom":
        (held,) = toolset.environment(tasks[0]).held  # type: ignore[attr-defined]
        assert held.db.get_hash() == type(held.db).load(str(_database_file(toolset))).get_hash()


def _database_file(toolset: Toolset) -> Any:
    from inspect_evals.tau2.utils import TAU2_DATA_DIR

    return TAU2_DATA_DIR / "domains" / toolset.name.partition(":")[2] / "db.json.gz"


def test_results_are_what_is_declared_and_read_as_tau2_s_tools_print_them(toolset: Any) -> None:
    tools = {tool.name: tool for tool in toolset.tools}
    asked: Counter[str] = Counter()
    for task in some(toolset, 25):
        environment = toolset.environment(task)
        for call in task.gold or ():
            state = environment.dump()
            jsonschema.validate(call.arguments, tools[call.name].parameters)
            answer = environment.call(call)
            if tools[call.name].effect == "read":
                assert environment.dump() == state, call
            if isinstance(answer, Result) and (returns := tools[call.name].returns) is not None:
                jsonschema.validate(answer.data, returns)
                assert answer.renderer != "text", call
                assert json.loads(texts.result_text(answer)) == answer.data
                asked[call.name] += 1
    assert asked or toolset.name == "tau2:telecom"


def test_reads_that_no_gold_call_makes_leave_the_phone_as_it_is() -> None:
    toolset: Any = load_toolset("tau2:telecom")
    environment = toolset.environment(toolset.tasks[0])
    arguments = {"app_name": "messaging"}
    for tool in toolset.tools:
        if tool.effect == "read" and set(tool.parameters["properties"]) <= set(arguments):
            state = environment.dump()
            asked = Call(tool.name, {name: arguments[name] for name in tool.parameters["properties"]})
            assert isinstance(environment.call(asked), Result), tool.name
            assert environment.dump() == state, tool.name


def test_what_goes_wrong_is_a_failure_in_tau2_s_own_words() -> None:
    toolset: Any = load_toolset("tau2:retail")
    environment = toolset.environment(toolset.tasks[0])
    missing, wrong, unknown = (
        environment.call(call)
        for call in (
            Call("get_order_details", {"order_id": "#W1"}),
            Call("get_order_details", {"order": "#W1"}),
            Call("get_order", {"order_id": "#W1"}),
        )
    )
    assert missing == Failure("not_found", "Order not found", tool="get_order_details")
    assert isinstance(wrong, Failure)
    assert wrong.kind == "invalid_argument"
    assert unknown == toolset.refusal("unknown_tool", tool="get_order")


@pytest.mark.parametrize(
    "operator_id",
    ["tools.opaque", "arguments.synonym", "results.rename_keys", "results.flatten", "errors.style", "faults.transient"],
)
def test_tasks_are_proven_under_operators(operator_id: str) -> None:
    met = 0
    # The words of all of telecom's 2,285 worlds take half a minute to gather, and an operator that gives names asks for them.
    domains = DOMAINS if operator_id in ("errors.style", "faults.transient") else ("airline", "retail")
    for domain in domains:
        toolset = load_toolset(f"tau2:{domain}")
        gold = Gold(toolset)
        for task in some(toolset, 3)[:3]:
            plan = by_id(operator_id).plan(gold.setup.for_task(task), SeededPick(7, operator_id), 1.0)
            if isinstance(plan, NotApplicable):
                continue
            proof = anyio.run(gold.prove, task, plan)
            assert proof.status in ("solvable", "not_applicable"), (task.id, proof)
            met += proof.status == "solvable"
    assert met


def test_a_domain_that_is_none_is_told_those_that_are() -> None:
    with pytest.raises(ConfigurationError, match=r"there is no domain 'banking'; .*tau2:airline, tau2:retail, tau2:telecom"):
        load_toolset("tau2:banking")
