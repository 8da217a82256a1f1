"""One run of the product: the jobs that the schedules start, in this process, told only by the environment.

The systems are read at the same time; when the last load has ended, well or not, the build runs on what raw holds. One
vendor's failure is a warning: the register is published without its news, and says so.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ingestion.config import settings
from orchestration.policies import require_valid

if TYPE_CHECKING:
    from dagster import DagsterInstance, JobDefinition
    from dagster._core.events.log import EventLogEntry


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
    """What a run did. ``stages`` counts the finished assets per layer; each failure and warning is one sentence.

    ``ok`` says that the register was built, checked and published. ``failed_loads`` has a sentence for each system that
    could not be read, or of which some objects could not: their data are those of their last load, and the sentence is
    among the warnings too. ``run_ids`` are the Dagster runs.
    """

    ok: bool = True
    seconds: float = 0.0
    run_ids: list[str] = field(default_factory=list)
    stages: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    failed_loads: dict[str, str] = field(default_factory=dict)


def execute(progress: Progress | None = None, *, expect_rows: bool = True, keep_history: bool = True) -> RunResult:
    """Read the systems and build the register for the settings of the environment, and wait for it.

    What goes wrong does not raise: a failed build or a failed check of the data's quality makes ``ok`` false, and so does
    a run that could read none of its systems. ``expect_rows`` False is for data that is a handful of cases
    rather than a firm. ``keep_history`` writes the runs where ``leakage ui`` shows them. Raises ConfigurationError for
    settings and policies that cannot be used, before anything is read.
    """
    require_valid()
    from dagster import DagsterInstance

    from orchestration.definitions import build_definitions
    from orchestration.lib.instance import instance as project_instance
    from orchestration.lib.loader import LoadsAhead
    from orchestration.lib.names import BUILD_JOB, load_job, load_step

    started = time.monotonic()
    systems = list(dict.fromkeys(settings().systems.values()))
    loads = LoadsAhead(systems)
    # Before dbt parses the project: the systems are read meanwhile, half a minute of the demo's run.
    loads.start()
    definitions = build_definitions(expect_rows=expect_rows, loader=loads)
    jobs = {name: definitions.resolve_job_def(name) for name in (*map(load_job, systems), BUILD_JOB)}
    result = RunResult()
    total = sum(len(job.asset_layer.selected_asset_keys) for job in jobs.values())
    watch = _Watch(result, progress, total, {load_step(system): system for system in systems})
    with project_instance() if keep_history else DagsterInstance.ephemeral() as instance:
        for system in loads.as_they_end():
            _run(jobs[load_job(system)], instance, watch)
        if not _run(jobs[BUILD_JOB], instance, watch) and not result.failures:
            result.failures.append("the build failed without naming a step; see its log")
    if systems and not any(path[0] == "raw" for path in watch.seen):
        result.failures.append("no system could be read; the register shows what had been loaded before")
    result.ok = not result.failures
    result.seconds = round(time.monotonic() - started, 1)
    return result


def build_quickly() -> list[str]:
    """Read the systems and build every model: no checks, nothing published, no history; returns what failed.

    For comparing verdicts over many mixes of systems, whose data were checked elsewhere. Raises ConfigurationError for
    policies that cannot be used.
    """
    require_valid()
    from ingestion import pipelines
    from ingestion.http.errors import SourceError
    from ingestion.registry import EVENTS
    from orchestration.lib.dbt_runtime import build_models

    systems = list(dict.fromkeys(settings().systems.values()))
    failures = []
    for system in systems:
        try:
            pipelines.run(system)
        except SourceError as error:
            failures.append(str(error))
    if not failures:
        pipelines.prepare([*systems, EVENTS.name])
        failures += build_models()
    return failures


def _run(job: JobDefinition, instance: DagsterInstance, watch: _Watch) -> bool:
    """Run ``job`` and wait for it; whether it succeeded."""
    from orchestration.lib.instance import process_tags

    run_id = str(uuid.uuid4())
    watch.result.run_ids.append(run_id)
    instance.add_event_listener(run_id, watch)
    return job.execute_in_process(instance=instance, run_id=run_id, raise_on_error=False, tags=process_tags()).success


class _Watch:
    """Hears the events of the runs: counts assets, collects the reasons of failures. ``loads``: load step -> system."""

    def __init__(self, result: RunResult, progress: Progress | None, total: int, loads: Mapping[str, str]) -> None:
        self.result, self.progress, self.total, self.loads = result, progress, total, loads
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
            self._failed(str(event.step_key), event.event_specific_data)

    def _failed(self, step: str, data: Any) -> None:
        if data.error is not None and data.error.cls_name == "DagsterAssetCheckFailedError":
            return  # told check by check
        from orchestration.lib.names import unread

        reason = _reason(data)
        if system := self.loads.get(step):
            sentence = reason if reason.startswith(system) else f"{system}: {reason}"
            self.result.failed_loads[system] = sentence
            whereof = "of these, the register" if unread(data) else "the register"
            self.result.warnings.append(f"{sentence}; {whereof} stands on what was loaded before")
        else:
            self.result.failures.append(f"{step}: {reason}")

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
