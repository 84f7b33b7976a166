"""The managed database: one PostgreSQL on the VPC, with a database per environment.

Each database belongs to a role of its own name, which gets into no other one. The roles'
passwords are made of one seed that lies inside the container alone, so that they are the same
whenever somebody asks, and stand in no environment or command line.
"""

from __future__ import annotations

import hmac
import io
import secrets
import tarfile
import time

from docker.errors import NotFound

from include.localcloud.compute.cloud_config import WrittenFile
from include.localcloud.compute.files import pack
from include.localcloud.engine import Engine
from include.localcloud.network import network_cidr
from include.localcloud.settings import network_name

IMAGE = "slipway/postgres:15"
USER = "slipway"
_SEED = "/etc/slipway-seed"
# Constant words for a shell; what differs comes in its environment.
_CREATE = """psql --no-psqlrc --quiet --username="$ADMIN" --set=ON_ERROR_STOP=1 <<'SQL'
\\getenv name NAME
\\getenv password PASSWORD
SELECT format('CREATE ROLE %I LOGIN', :'name')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'name') \\gexec
ALTER ROLE :"name" PASSWORD :'password';
SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'name')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \\gexec
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
"""
_READY_SECONDS = 60.0


class DatabaseFailed(Exception):
    """PostgreSQL did not start, or refused to create a database."""


def start_database(*, installation: str, databases: list[str]) -> dict[str, str]:
    """Have PostgreSQL run on the VPC with these databases; what exists stays as it is.

    :param installation: its name.
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
    seed = _seed(engine, name)
    passwords = {one: hmac.digest(seed, one.encode(), "sha256").hex() for one in databases}
    for database, password in passwords.items():
        _create(engine, name, database, password)
    return {
        one: f"postgresql://{one}:{password}@{address}:5432/{one}"
        for one, password in passwords.items()
    }


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
        environment={"POSTGRES_USER": USER, "POSTGRES_PASSWORD_FILE": _SEED},
        # What is in these databases lasts as long as the cloud; nothing has to survive a crash.
        command=["postgres", "-c", "fsync=off", "-c", "max_connections=200"],
        host={"mem_limit": "1g", "pids_limit": 512, "shm_size": "128m"},
        networking_config=engine.address(network_name(engine.installation), address),
    )
    seed = WrittenFile(path=_SEED, content=secrets.token_hex(32).encode(), mode=0o444)
    engine.api.put_archive(container, "/", pack([seed], users={}, groups={}))
    engine.api.start(container)


def _seed(engine: Engine, name: str) -> bytes:
    try:
        chunks, _ = engine.api.get_archive(name, _SEED)
    except NotFound as error:
        msg = f"the database {name} was made by an older version; `make down` removes it"
        raise DatabaseFailed(msg) from error
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        file = archive.extractfile(_SEED.rpartition("/")[2])
        return file.read() if file else b""


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


def _create(engine: Engine, name: str, database: str, password: str) -> None:
    told = {"ADMIN": USER, "NAME": database, "PASSWORD": password}
    code, output = _run(engine, name, ["sh", "-c", _CREATE], told)
    if code != 0:
        msg = f"database {database} could not be created: {output}"
        raise DatabaseFailed(msg)


def _run(
    engine: Engine, name: str, argv: list[str], environment: dict[str, str] | None = None
) -> tuple[int, str]:
    job = engine.api.exec_create(name, argv, environment=environment)["Id"]
    output = engine.api.exec_start(job).decode("utf-8", "replace")
    return int(engine.api.exec_inspect(job)["ExitCode"]), output
