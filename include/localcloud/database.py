"""The managed database: one PostgreSQL on the VPC, with a database per environment."""

from __future__ import annotations

import secrets
import time

from docker.errors import NotFound

from include.localcloud.engine import Engine
from include.localcloud.network import network_cidr
from include.localcloud.settings import network_name

IMAGE = "slipway/postgres:15"
USER = "slipway"
# Where the database's password is kept: on its container, for whoever may ask Docker.
_PASSWORD = "POSTGRES_PASSWORD"  # noqa: S105 - the name of a variable
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
    password = _password(engine, name)
    for database in databases:
        _create(engine, name, database, password)
    return {one: f"postgresql://{USER}:{password}@{address}:5432/{one}" for one in databases}


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
        # Every user of this machine reaches its address.
        environment={"POSTGRES_USER": USER, _PASSWORD: secrets.token_urlsafe(15)},
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


def _password(engine: Engine, name: str) -> str:
    variables: list[str] = engine.api.inspect_container(name)["Config"]["Env"]
    return dict(one.split("=", 1) for one in variables)[_PASSWORD]


def _create(engine: Engine, name: str, database: str, password: str) -> None:
    create = ["createdb", "--host=127.0.0.1", f"--username={USER}", "--", database]
    code, output = _run(engine, name, create, {"PGPASSWORD": password})
    if code != 0 and "already exists" not in output:
        msg = f"database {database} could not be created: {output}"
        raise DatabaseFailed(msg)


def _run(
    engine: Engine, name: str, argv: list[str], environment: dict[str, str] | None = None
) -> tuple[int, str]:
    job = engine.api.exec_create(name, argv, environment=environment)["Id"]
    output = engine.api.exec_start(job).decode("utf-8", "replace")
    return int(engine.api.exec_inspect(job)["ExitCode"]), output
