"""What has to be done before Airflow starts: tables, and the first person who may log in.

It runs in the image, each time that the stack comes up; what is done already stays as it is.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

USER = "admin"
PASSWORD = Path("/run/secrets/admin_password")


def main() -> int:
    """Bring the database up to date, then make the administrator if there is none."""
    # A process of its own, as Airflow's commands are made to be.
    done = subprocess.run(["airflow", "db", "migrate"], check=False)  # noqa: S607
    if done.returncode:
        return done.returncode
    make_administrator(PASSWORD.read_text().strip())
    return 0


def make_administrator(password: str) -> None:
    """Make the user `admin`; one that is there keeps its password, which people change in the UI.

    :param password: of a new one; never on a command line, which others could read.
    """
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

    with get_application_builder() as builder:
        people = builder.sm
        people.sync_roles()
        if people.find_user(username=USER):
            return
        role = people.find_role("Admin")
        if not people.add_user(USER, "Slipway", "Admin", "admin@localhost", role, password):
            sys.exit(f"the user {USER} could not be made; the reason stands above")


if __name__ == "__main__":
    sys.exit(main())
