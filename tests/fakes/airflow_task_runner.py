"""A task instance as Airflow's own task runner is given one, without a server behind it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from airflow.sdk.api.datamodels._generated import DagRun, TIRunContext
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator


def task_instance(
    task: BaseOperator, *, dag_id: str, run_id: str, should_retry: bool = True
) -> tuple[Any, DagRun]:
    """Return a task's instance in its first try, and its run."""
    now = datetime.now(UTC)
    dag_run = _run(dag_id, run_id, now)
    server = TIRunContext.model_construct(
        dag_run=dag_run,
        max_tries=2,
        should_retry=should_retry,
        variables=[],
        connections=[],
        task_reschedule_count=0,
        upstream_map_indexes={},
        next_method=None,
        next_kwargs=None,
        xcom_keys_to_clear=[],
    )
    ti: Any = RuntimeTaskInstance.model_construct(
        id=uuid4(),
        task_id=task.task_id,
        dag_id=dag_id,
        run_id=run_id,
        try_number=1,
        map_index=-1,
        hostname="h",
        task=task,
        start_date=now,
        max_tries=2,
        dag_version_id=uuid4(),
        _ti_context_from_server=server,
    )
    ti._ti_context_from_server = server
    return ti, dag_run


def _run(dag_id: str, run_id: str, now: datetime) -> DagRun:
    return DagRun.model_construct(
        dag_id=dag_id,
        run_id=run_id,
        logical_date=None,
        run_after=now,
        start_date=now,
        conf={},
        run_type="manual",
        state="running",
        consumed_asset_events=[],
        partition_key=None,
        triggering_user_name=None,
        data_interval_start=None,
        data_interval_end=None,
        clear_number=0,
        end_date=None,
        note=None,
    )
