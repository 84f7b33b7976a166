"""The runner's door to the process under test, which alone knows Airflow."""

from __future__ import annotations

from tests.faults.order import Order


def begin(order: Order) -> None:
    """Become the process under test."""
    from tests.faults.worker import obey

    obey(order)
