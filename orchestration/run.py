"""One run of the product: the job that the schedule starts, in this process, told only by the environment."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dagster._core.events.log import EventLogEntry

JOB = "daily"


@dataclass(frozen=True)
class Step:
    """One asset that is done. ``stage`` is its layer (raw, staging ... marts); ``total`` counts the run's assets."""

    stage: str
    name: str
    done: int
    total: int


Progress = Callable[[Step], None]


@dataclass
class RunResult:
    """What a run did. ``stages`` counts the finished assets per layer; each failure and warning is one sentence."""

    ok: bool = True
    seconds: float = 0.0
    run_id: str = ""
    stages: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def execute(progress: Progress | None = None, *, expect_rows: bool = True, keep_history: bool = True) -> RunResult:
    """Run the daily job for the settings of the environment and wait for it.

    A failed step or check makes ``ok`` false; it does not raise. ``expect_rows`` False is for data that is a handful
    of cases rather than a firm. ``keep_history`` writes the run where ``leakage ui`` shows it. Raises
    ConfigurationError for settings that cannot be used.
    """
    from dagster import DagsterInstance

    from orchestration.definitions import build_definitions
    from orchestration.lib.instance import instance as project_instance

    started = time.monotonic()
    job = build_definitions(expect_rows=expect_rows).resolve_job_def(JOB)
    result = RunResult(run_id=str(uuid.uuid4()))
    watch = _Watch(result, progress, total=len(job.asset_layer.selected_asset_keys))
    with project_instance() if keep_history else DagsterInstance.ephemeral() as instance:
        instance.add_event_listener(result.run_id, watch)
        outcome = job.execute_in_process(instance=instance, run_id=result.run_id, raise_on_error=False)
    result.ok = outcome.success and not result.failures
    if not result.ok and not result.failures:
        result.failures.append("the run failed without naming a step; see its log")
    result.seconds = round(time.monotonic() - started, 1)
    return result


class _Watch:
    """Listens to the events of a run: counts assets, collects the reasons of failures."""

    def __init__(self, result: RunResult, progress: Progress | None, total: int) -> None:
        self.result, self.progress, self.total = result, progress, total
        self.seen: set[tuple[str, ...]] = set()

    def __call__(self, entry: EventLogEntry) -> None:
        event = entry.dagster_event
        if event is None:
            return
        if event.is_step_materialization and event.asset_key is not None:
            self._asset(tuple(event.asset_key.path))
        elif event.event_type_value == "ASSET_CHECK_EVALUATION":
            self._check(event.event_specific_data)
        elif event.is_step_failure:
            self.result.failures.append(f"{event.step_key}: {_reason(event.event_specific_data)}")

    def _asset(self, path: tuple[str, ...]) -> None:
        if path in self.seen:
            return
        self.seen.add(path)
        self.result.stages[path[0]] = self.result.stages.get(path[0], 0) + 1
        if self.progress is not None:
            self.progress(Step(path[0], "/".join(path[1:]), len(self.seen), max(self.total, len(self.seen))))

    def _check(self, evaluation: Any) -> None:
        if evaluation.passed:
            return
        about = evaluation.description or "failed"
        sentence = f"check {evaluation.check_name} on {'/'.join(evaluation.asset_key.path)}: {about}"
        is_error = evaluation.severity.value == "ERROR"
        (self.result.failures if is_error else self.result.warnings).append(" ".join(sentence.split()))


def _reason(data: Any) -> str:
    """The sentence of a step failure: what the step itself said, else the innermost error."""
    said = getattr(data, "user_failure_data", None)
    if said is not None and said.description:
        return str(said.description)
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    lines = [line.strip() for line in (error.message if error else "failed").splitlines() if line.strip()]
    return lines[0] if lines else "failed"
