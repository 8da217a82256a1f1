"""Dagster's daemon in the test's own process: sensors are evaluated with their cursors, and what they ask for is run."""

from __future__ import annotations

import dagster as dg

from orchestration.lib.names import BUILD_JOB

EVENT_SENSORS = ("event_inbox", "after_events", "after_load")


class Daemon:
    """Evaluates the sensors of events again and again, each from its cursor, and executes on ``instance`` what they ask for."""

    def __init__(self, definitions: dg.Definitions, instance: dg.DagsterInstance) -> None:
        self._definitions, self._instance = definitions, instance
        self._cursors: dict[str, str | None] = {}
        self.runs: list[dg.ExecuteInProcessResult] = []
        # A sensor on runs hears of those that end after it was first looked at.
        self.settle()

    def settle(self) -> list[dg.ExecuteInProcessResult]:
        """Go on until no sensor asks for anything; the runs, in their order. Raises what a run raises."""
        known = len(self.runs)
        while asked := [request for sensor in EVENT_SENSORS for request in self.evaluate(sensor)]:
            self.runs += map(self.execute, asked)
        return self.runs[known:]

    def evaluate(self, name: str) -> list[dg.RunRequest]:
        """One tick of a sensor: what it asks for."""
        sensor = self._definitions.resolve_sensor_def(name)
        with dg.build_sensor_context(
            self._instance, self._cursors.get(name), repository_def=self._definitions.get_repository_def()
        ) as context:
            tick = sensor.evaluate_tick(context)
        self._cursors[name] = tick.cursor
        jobs = sensor.jobs
        return [r if r.job_name else r._replace(job_name=jobs[0].name) for r in tick.run_requests or []]

    def execute(self, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
        """Run what a sensor asked for."""
        assert request.job_name is not None
        return self._definitions.resolve_job_def(request.job_name).execute_in_process(
            instance=self._instance, asset_selection=request.asset_selection, tags=request.tags
        )


def built_before(definitions: dg.Definitions, instance: dg.DagsterInstance) -> None:
    """Enter into the history the run that built everything, when that was not kept."""
    instance.create_run_for_job(definitions.resolve_job_def(BUILD_JOB), status=dg.DagsterRunStatus.SUCCESS)
