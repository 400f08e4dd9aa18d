"""The episodes of a run as logs of Inspect, which `inspect view` opens: one log for the clean setup and one for each operator.

Messages are in shown terms, as the agent saw them; what they were to the environment stands in the metadata of a sample.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from perturb.episode import AGENT_OUTCOMES, Episode, messages
from perturb.errors import ConfigurationError
from perturb.rendering.data import RunHeader
from perturb.store import Store
from perturb.types import digest

try:
    from inspect_ai import log as inspect_log
    from inspect_ai.model import (
        ChatMessage,
        ChatMessageAssistant,
        ChatMessageSystem,
        ChatMessageTool,
        ChatMessageUser,
        ModelOutput,
        ModelUsage,
    )
    from inspect_ai.scorer import Score
    from inspect_ai.tool import ToolCall, ToolCallError
except ModuleNotFoundError as error:
    raise ConfigurationError(
        f"logs of Inspect need the package {error.name!r}: pip install 'perturb-agents[inspect]'"
    ) from None

CLEAN = "clean"
SCORER = "perturb"


def write_inspect_logs(store: Store, run: str, folder: Path) -> list[Path]:
    """Write the logs of a stored run into a folder, and give their paths. A log of the same run is written over."""
    kept = store.header(run)
    assert kept is not None, f"the run {run!r} is known"
    header = msgspec.convert(kept["header"], RunHeader)
    started = next(started for name, started, _ in store.runs() if name == run)
    keys: dict[str, list[str]] = {}
    for one in store.finished(run):
        keys.setdefault(CLEAN if one.operator is None else one.operator, []).append(one.key)
    written = []
    folder.mkdir(parents=True, exist_ok=True)
    for setup, of_setup in keys.items():
        episodes = (episode for key in of_setup if (episode := store.get(key)) is not None)
        log = _log(header, run, setup, datetime.fromtimestamp(started, UTC), episodes)
        # As Inspect names them: its viewer reads the time, the task and the id off the name.
        stamp = log.eval.created.replace(":", "-")
        path = folder / f"{stamp}_{log.eval.task.replace('_', '-')}_{log.eval.task_id}.eval"
        inspect_log.write_eval_log(log, str(path))
        written.append(path)
    return written


def _log(header: RunHeader, run: str, setup: str, started: datetime, episodes: Iterable[Episode]) -> inspect_log.EvalLog:
    epochs: Counter[str] = Counter()
    samples = []
    for episode in episodes:
        epochs[episode.task] += 1
        samples.append(_sample(header.agent, episode, epochs[episode.task]))
    scored = [one.scores[SCORER].value == "C" for one in samples if one.scores]
    accuracy = inspect_log.EvalMetric(name="accuracy", value=sum(scored) / len(scored) if scored else 0.0)
    score = inspect_log.EvalScore(
        name=SCORER,
        scorer=SCORER,
        scored_samples=len(scored),
        unscored_samples=len(samples) - len(scored),
        metrics={"accuracy": accuracy} if scored else {},
    )
    used = sum((one.model_usage[header.agent] for one in samples), ModelUsage())
    stamp = started.replace(microsecond=0).isoformat()
    return inspect_log.EvalLog(
        status="success",
        eval=inspect_log.EvalSpec(
            eval_id=digest([run, setup], 22),
            run_id=run,
            created=stamp,
            task=f"{header.toolset} {setup}".replace(" ", "-"),
            task_id=digest([run, setup, "task"], 22),
            task_args={"operator": None if setup == CLEAN else setup, "seed": header.seed},
            solver=header.agent,
            dataset=inspect_log.EvalDataset(name=header.toolset, samples=len(epochs), sample_ids=list(epochs)),
            model=header.agent,
            config=inspect_log.EvalConfig(epochs=max(epochs.values(), default=1)),
            metadata={"run": run, "setup": setup},
        ),
        results=inspect_log.EvalResults(total_samples=len(samples), completed_samples=len(samples), scores=[score]),
        stats=inspect_log.EvalStats(started_at=stamp, completed_at=stamp, model_usage={header.agent: used}),
        samples=samples,
    )


def _sample(agent: str, episode: Episode, epoch: int) -> inspect_log.EvalSample:
    told = _messages(episode)
    answer = episode.answer or ""
    opening: list[ChatMessage] = [one for one in told[:2] if one.role in ("system", "user")]
    speaks = episode.outcome in AGENT_OUTCOMES
    reason = f"{episode.outcome}: {episode.error}" if episode.error else episode.outcome
    usage = episode.usage
    return inspect_log.EvalSample(
        id=episode.task,
        epoch=epoch,
        input=opening,
        target="",
        messages=told,
        output=ModelOutput.from_content(model=agent, content=answer),
        scores={SCORER: Score(value="C" if episode.outcome == "passed" else "I", answer=answer, explanation=reason)}
        if speaks
        else None,
        error=None if speaks else inspect_log.EvalError(message=reason, traceback="", traceback_ansi=""),
        metadata=_metadata(episode),
        model_usage={
            agent: ModelUsage(
                input_tokens=usage.input_tokens,
                output_tokens=usage.output_tokens,
                total_tokens=usage.input_tokens + usage.output_tokens,
                reasoning_tokens=usage.reasoning_tokens,
                input_tokens_cache_read=usage.cached_tokens,
            )
        },
        total_time=episode.seconds,
        working_time=max(0.0, episode.seconds - episode.delayed),
        uuid=episode.key,
    )


def _metadata(episode: Episode) -> dict[str, Any]:
    real = [[msgspec.to_builtins(call) for call in step.real] for step in episode.steps]
    made = {"outcome": episode.outcome, "trial": episode.trial, "arm": episode.arm, "exposed": episode.exposed}
    more = {
        "operator": episode.operator,
        "plan": episode.plan,
        "error": episode.error,
        "unparsed": episode.unparsed or None,
        "answer_real": episode.answer_real if episode.answer_real != episode.answer else None,
    }
    return {**made, **{name: value for name, value in more.items() if value is not None}, "real_calls": real}


def _messages(episode: Episode) -> list[ChatMessage]:
    made: list[ChatMessage] = []
    steps = iter(episode.steps)
    called: dict[str, str] = {}
    for place, one in enumerate(messages(episode)):
        id = f"{episode.key}-{place}"
        if one["role"] == "user":
            made.append(ChatMessageUser(id=id, content=one["content"]))
        elif one["role"] == "tool":
            step = next(steps)
            error = ToolCallError("unknown", step.reply.text) if step.reply.is_error else None
            made.append(
                ChatMessageTool(
                    id=id,
                    content=one["content"],
                    tool_call_id=one["tool_call_id"],
                    function=called[one["tool_call_id"]],
                    error=error,
                )
            )
        elif one["role"] == "assistant":
            calls = [_call(call) for call in one.get("tool_calls") or ()]
            called |= {call.id: call.function for call in calls}
            made.append(ChatMessageAssistant(id=id, content=one["content"] or "", tool_calls=calls or None))
        else:
            made.append(ChatMessageSystem(id=id, content=one["content"]))
    return made


def _call(call: dict[str, Any]) -> ToolCall:
    function = call["function"]
    try:
        return ToolCall(
            id=call["id"], function=function["name"], arguments=msgspec.json.decode(function["arguments"], type=dict)
        )
    except msgspec.MsgspecError:
        return ToolCall(id=call["id"], function=function["name"], arguments={}, parse_error=function["arguments"])
