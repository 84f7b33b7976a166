"""The stack's Airflow, taken away with everything that it knows, and brought back from a backup."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from include.demo.airflow_api import DemoFailed
from include.demo.progress import say
from include.stack import compose
from include.stack.operations import backup
from include.stack.operations.installation import OperationFailed, of_this_clone
from include.stack.operations.restore import restore
from include.stack.up import wait_until_healthy


def bring_back() -> None:
    """Back up, remove all containers, networks and volumes of Compose's, and restore.

    :raises DemoFailed: when a step fails.
    """
    installation = of_this_clone()
    with TemporaryDirectory() as folder:
        kept = Path(folder) / "backup"
        try:
            backup.make(installation, kept)
            say("  backed up; removing Airflow, with its volumes")
            compose.remove()
            restore(installation, kept)
        except OperationFailed as error:
            raise DemoFailed(str(error)) from error
    wait_until_healthy()
