"""Which failures fail a task for good."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowFailException

from slipway.exceptions import PackageRefused, ToolFailed
from slipway.tasks.retries import no_retry_on_input_error


def _raise(error: Exception) -> None:
    raise error


def test_a_mistake_of_the_commit_is_told_with_what_to_do() -> None:
    with (
        pytest.raises(AirflowFailException, match="odd\n  what to do: mend it"),
        no_retry_on_input_error(),
    ):
        _raise(PackageRefused("odd", advice="mend it"))


def test_a_connection_that_nobody_made_is_named_and_not_tried_again() -> None:
    with (
        pytest.raises(AirflowFailException, match="nobody_made_it") as told,
        no_retry_on_input_error(),
    ):
        BaseHook.get_connection("nobody_made_it")
    assert "make the connection" in str(told.value)


def test_a_failure_of_the_surroundings_may_be_tried_again() -> None:
    with pytest.raises(ToolFailed), no_retry_on_input_error():
        _raise(ToolFailed("away", advice="nothing"))


# How Airflow logs it: with the configuration that the process of every task has


_TASK = """
import os, sys
from airflow.sdk.log import configure_logging
configure_logging(json_output=True, output=os.fdopen(1, "wb", buffering=0))
import structlog
log = structlog.get_logger(logger_name="task")
log.info("a logger that was used before")
from slipway.exceptions import CloudUnavailable, TestsFailed
from slipway.tasks.retries import no_retry_on_input_error
def fail(error):
    try:
        with no_retry_on_input_error():
            try:
                int("x")
            except ValueError as cause:
                raise error from cause
    except Exception:
        log.exception("Task failed with exception")
fail(TestsFailed("step 'unit' failed", advice="correct the commit"))
fail(CloudUnavailable("the cloud is away"))
"""


@pytest.fixture(scope="module")
def logged() -> list[dict[str, Any]]:
    task = subprocess.run(
        [sys.executable, "-c", _TASK], capture_output=True, text=True, check=True, timeout=120
    )
    events = [json.loads(line) for line in task.stdout.splitlines() if line.startswith("{")]
    return [event for event in events if event.get("level") == "error"]


def test_a_persons_mistake_is_logged_once_and_without_a_traceback(
    logged: list[dict[str, Any]],
) -> None:
    mistake = logged[0]
    assert mistake["event"] == "step 'unit' failed\n  what to do: correct the commit"
    assert "exception" not in mistake
    assert "ValueError" not in json.dumps(logged[0])


def test_a_failure_of_the_surroundings_keeps_its_traceback(logged: list[dict[str, Any]]) -> None:
    assert [one["exc_type"] for one in logged[1]["exception"]] == ["CloudUnavailable", "ValueError"]
