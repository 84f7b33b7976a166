"""Programs that run where Airflow is installed, and read what Airflow knows."""

from __future__ import annotations

import os
from collections.abc import Callable


def beside_airflow(main: Callable[[], int]) -> int:
    """Run a program that is no task; Airflow reads connections from its own database for it.

    :param main: returns the exit code.
    """
    os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")
    return main()
