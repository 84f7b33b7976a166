"""The managed database: one PostgreSQL on the VPC, with a database per environment."""

from __future__ import annotations

import time

from docker.errors import NotFound

from include.localcloud.engine import Engine
from include.localcloud.network import network_cidr
from include.localcloud.settings import network_name

IMAGE = "slipway/postgres:15"
USER = "slipway"
# The database listens on the VPC's bridge alone, which only this machine and its machines reach.
PASSWORD = "slipway"  # noqa: S105 - as above
_READY_SECONDS = 60.0


class DatabaseFailed(Exception):
    """PostgreSQL did not start, or refused to create a database."""


def start_database(*, installation: str, databases: list[str]) -> dict[str, str]:
    """Have PostgreSQL run on the VPC with these databases; what exists stays as it is.

    :param databases: names to create.
    :returns: a URL for each name, good on this machine and on the cloud's machines.
    :raises DatabaseFailed: when PostgreSQL does not become ready.
    """
    engine = Engine(installation=installation)
    # The VPC's eleventh address.
    address = str(network_cidr(engine)[10])
    name = f"slipway-cloud-{installation}-database"
    if not _runs(engine, name):
        _start(engine, name, address)
    _wait(engine, name)
    for database in databases:
        _create(engine, name, database)
    return {one: f"postgresql://{USER}:{PASSWORD}@{address}:5432/{one}" for one in databases}


def _runs(engine: Engine, name: str) -> bool:
    try:
        return bool(engine.api.inspect_container(name)["State"]["Running"])
    except NotFound:
        return False


def _start(engine: Engine, name: str, address: str) -> None:
    container = engine.create(
        name,
        IMAGE,
        kind="cloud-database",
        environment={"POSTGRES_USER": USER, "POSTGRES_PASSWORD": PASSWORD},
        # What is in these databases lasts as long as the cloud; nothing has to survive a crash.
        command=["postgres", "-c", "fsync=off", "-c", "max_connections=200"],
        host={"mem_limit": "1g", "pids_limit": 512, "shm_size": "128m"},
        networking_config=engine.address(network_name(engine.installation), address),
    )
    engine.api.start(container)


def _wait(engine: Engine, name: str) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        # By TCP: while the cluster is made, a server answers on the unix socket alone.
        ready = ["pg_isready", "--quiet", "--host=127.0.0.1", f"--username={USER}"]
        if _run(engine, name, ready)[0] == 0:
            return
        time.sleep(0.2)
    log = engine.api.logs(name, tail=20).decode("utf-8", "replace")
    msg = f"PostgreSQL is not ready after {_READY_SECONDS:.0f} s:\n{log}"
    raise DatabaseFailed(msg)


def _create(engine: Engine, name: str, database: str) -> None:
    create = ["createdb", "--host=127.0.0.1", f"--username={USER}", "--", database]
    code, output = _run(engine, name, create)
    if code != 0 and "already exists" not in output:
        msg = f"database {database} could not be created: {output}"
        raise DatabaseFailed(msg)


def _run(engine: Engine, name: str, argv: list[str]) -> tuple[int, str]:
    environment = {"PGPASSWORD": PASSWORD}
    job = engine.api.exec_create(name, argv, environment=environment)["Id"]
    output = engine.api.exec_start(job).decode("utf-8", "replace")
    return int(engine.api.exec_inspect(job)["ExitCode"]), output
