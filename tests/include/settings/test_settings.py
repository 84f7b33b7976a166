"""The settings that stack, demo and tests have in common."""

from __future__ import annotations

from include.demo import airflow_environment
from include.settings import shared


def test_the_demo_has_the_settings_of_the_stack() -> None:
    demo = airflow_environment.environment(signing_key="k", gateway="http://g", databases={})
    assert shared().items() <= demo.items()


def test_they_are_read_as_compose_reads_them() -> None:
    found = shared()
    assert found["AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE"] == "True"
    # A value may have an equals sign of its own.
    assert found["AIRFLOW__LOGGING__NAMESPACE_LEVELS"] == "airflow.providers.amazon=WARNING"
