"""What becomes of a run that begins during maintenance: in Airflow itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.include.delivery.runs.own_airflow import told_by

if TYPE_CHECKING:
    import pytest

# Airflow runs nothing that it has not read from a file.
DAG_FILE = """\
# A dag of airflow's.
from tests.include.delivery.runs.maintenance_run import make_dag

dag = make_dag()
"""


def test_a_run_that_begins_waits_and_goes_on_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no sensor that waits, and Airflow has it come back at its time all the same."""
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "maintained.py").write_text(DAG_FILE)
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(tmp_path / "dags"))
    told = told_by(tmp_path, "maintenance_run")
    assert told["run"] == "success"
    first, second = told["tasks"]["first"], told["tasks"]["second"]
    assert (first["state"], second["state"]) == ("success", "success")
    # No try was used up.
    assert (first["tries"], second["tries"]) == (1, 1)
    assert second["at"] >= first["at"] >= told["ended"]
