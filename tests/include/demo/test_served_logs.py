from __future__ import annotations

import threading
from collections.abc import Iterator
from unittest import mock

import pytest
from airflow.models import TaskInstance
from airflow.utils.log.file_task_handler import FileTaskHandler

from include.demo import airflow_environment, served_logs


@pytest.fixture
def port() -> Iterator[int]:
    with served_logs.server(0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.parametrize("triggered", [False, True])
def test_the_log_of_a_running_task_tells_of_no_log_server_that_does_not_answer(
    port: int, monkeypatch: pytest.MonkeyPatch, triggered: bool
) -> None:
    for server in ("WORKER", "TRIGGER"):
        monkeypatch.setenv(f"AIRFLOW__LOGGING__{server}_LOG_SERVER_PORT", str(port))
    ti = mock.create_autospec(TaskInstance, instance=True)
    ti.hostname = served_logs.host()
    ti.triggerer_job = mock.Mock(hostname=served_logs.host(), id=1) if triggered else None
    handler = FileTaskHandler(base_log_folder="/nowhere")
    assert handler._read_from_logs_server(ti, "dag/run/task/attempt=1.log") == ([], [])


def test_the_demos_airflow_asks_there() -> None:
    variables = airflow_environment.environment(signing_key="", gateway="", databases={})
    assert variables["AIRFLOW__CORE__HOSTNAME_CALLABLE"] == "include.demo.served_logs.host"
    ports = {variables[f"AIRFLOW__LOGGING__{one}_LOG_SERVER_PORT"] for one in ("WORKER", "TRIGGER")}
    assert ports == {"8793"}
