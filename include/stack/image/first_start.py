"""What has to be done before Airflow starts: tables, pools, and the first person who may log in.

It runs in the image, each time that the stack comes up; what is done already stays as it is.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

USER = "admin"
PASSWORD = Path("/run/secrets/admin_password")
# The pools by kinds of tasks (include/settings/pools.env), and how many slots one gets.
POOLS = "AIRFLOW__SLIPWAY__POOLS"
SLOTS = "SLIPWAY_{}_SLOTS"


def main() -> int:
    """Bring the database up to date, then make the administrator if there is none."""
    # A process of its own, as Airflow's commands are made to be.
    done = subprocess.run(["airflow", "db", "migrate"], check=False)  # noqa: S607
    if done.returncode:
        return done.returncode
    make_administrator(PASSWORD.read_text().strip())
    make_pools()
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


def make_pools() -> None:
    """Make the pools of builds and bakes; one that is there keeps its slots, as people set them.

    What is queued in Celery goes first come, first served. So that a swap finds a slot all the
    same, builds wait in Airflow, which lets the weightiest go first.
    """
    from airflow.models.pool import Pool
    from airflow.utils.session import create_session

    with create_session() as session:
        for one in filter(None, os.environ.get(POOLS, "").split(",")):
            kind, _, name = one.strip().partition("=")
            if Pool.get_pool(name, session=session) is None:
                slots = int(os.environ[SLOTS.format(kind.upper())])
                words = f"{kind}s at once, all projects"
                pool = Pool(pool=name, slots=slots, description=words, include_deferred=False)
                session.add(pool)


if __name__ == "__main__":
    sys.exit(main())
