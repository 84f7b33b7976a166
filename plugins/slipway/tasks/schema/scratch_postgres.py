"""A fresh Postgres for as long as a block lasts, for SQL that nobody has looked at.

It has what an untrusted pipeline's service has: no way to the metadata service, limits, and few
capabilities; and beyond that no way out of its network at all. Whoever connects is the owner of an
empty database, and no superuser: a superuser's SQL can run programs and read the server's files.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slipway.exceptions import ImageUnavailable, MigrationFailed, TestsFailed, ToolFailed
from slipway.hooks.tars import pack
from slipway.model.container import ContainerSpec, ImageFacts, PullPolicy
from slipway.pipeline.compiler.spec import UNTRUSTED
from slipway.pipeline.runtime.isolation import isolated
from slipway.pipeline.runtime.readiness import Service, wait_until_ready

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from slipway.hooks.docker.engine import ContainerEngine

ROLE = "rehearsal"
_HOST = "postgres"
_START_TIMEOUT = 90.0
# The data is thrown away, so nothing of it has to reach a disk; and none of it fills one. The
# server's log is for its start alone, or a loop of notices would.
_CARELESS = (
    "postgres",
    "-c",
    "fsync=off",
    "-c",
    "synchronous_commit=off",
    "-c",
    "full_page_writes=off",
    "-c",
    "max_wal_size=256MB",
    "-c",
    "temp_file_limit=262144",
    "-c",
    "log_min_messages=fatal",
)
_DATA = {"/var/lib/postgresql/data": "size=2g,mode=0700"}
_FOLDER, _PASSWORD, _SQL = "/slipway", "password", "role.sql"


@dataclass(frozen=True, kw_only=True)
class ScratchPostgres:
    """An empty database.

    :param url: of its owner, with the password, as seen on the network.
    :param network: the private network that it is on.
    """

    url: str
    network: str


@contextmanager
def scratch_postgres(
    engine: ContainerEngine,
    *,
    name: str,
    major: int,
    labels: Mapping[str, str],
    extensions: Sequence[str] = (),
    image: str = "",
    roles: Sequence[str] = (),
) -> Iterator[ScratchPostgres]:
    """Start a Postgres on a private network, and remove both afterwards.

    :param engine: where the containers run.
    :param name: of the container and the network.
    :param major: Postgres' major version.
    :param labels: on both; whatever carries them is removed, before and afterwards.
    :param extensions: made beforehand, as whoever runs production's server would.
    :param image: in place of the usual one; it must read what the official image reads.
    :param roles: made beforehand, without a login.
    :raises ImageUnavailable: when there is no image of that version.
    :raises ToolFailed: when the server does not start.
    :raises MigrationFailed: when the image lacks an extension.
    """
    engine.remove_labelled(labels)
    try:
        found = engine.ensure_image(image) if image else _image(engine, major)
        engine.create_network(
            name, {**labels, "slipway.kind": "pipeline"}, guarded=True, internal=True
        )
        container = engine.create(isolated(_server(name, found, labels), UNTRUSTED))
        password = secrets.token_hex(16)
        files = {
            # The superuser's, which nobody is told.
            _PASSWORD: secrets.token_hex(16).encode(),
            _SQL: _role_sql(password, extensions, roles).encode(),
        }
        engine.put_tar(container, _FOLDER, pack(files))
        engine.start(container)
        service = Service(name=image or f"Postgres {major}", container=container, image=found)
        try:
            wait_until_ready(engine, service, timeout=_START_TIMEOUT)
        except TestsFailed as error:
            raise ToolFailed(error.message) from error
        _make_role(engine, container, image or f"postgres:{major}")
        url = f"postgres://{ROLE}:{password}@{_HOST}:5432/{ROLE}?sslmode=disable"
        yield ScratchPostgres(url=url, network=name)
    finally:
        engine.remove_labelled(labels)


def _server(name: str, image: ImageFacts, labels: Mapping[str, str]) -> ContainerSpec:
    return ContainerSpec(
        name=name,
        image=image.id,
        argv=_CARELESS,
        environment={"POSTGRES_PASSWORD_FILE": f"{_FOLDER}/{_PASSWORD}", "POSTGRES_DB": ROLE},
        network=name,
        aliases=(_HOST,),
        tmpfs=_DATA,
        labels={**labels, "slipway.kind": "service"},
        health_interval=1.0 if image.has_healthcheck else None,
    )


def _role_sql(password: str, extensions: Sequence[str], roles: Sequence[str]) -> str:
    """Write what makes the database's owner, as the superuser."""
    return "\n".join(
        [
            f"create role {ROLE} login password '{password}';",
            f"alter database {ROLE} owner to {ROLE};",
            f"alter schema public owner to {ROLE};",
            *(_other_role(one) for one in roles),
            *(f"create extension if not exists {_quoted(one)} cascade;" for one in extensions),
        ]
    )


def _other_role(name: str) -> str:
    """Write what makes a role that things may be given to; the owner is its member, as it must."""
    other = _quoted(name)
    return (
        f"create role {other}; grant {other} to {ROLE}; grant create on database {ROLE} to {other};"
        f" grant usage, create on schema public to {other};"
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _make_role(engine: ContainerEngine, container: str, image: str) -> None:
    """Make the owner, over the server's own socket.

    :raises ToolFailed: with what psql said.
    :raises MigrationFailed: when the image lacks an extension.
    """
    psql = ("psql", "-XqU", "postgres", "-d", ROLE, "-v", "ON_ERROR_STOP=1", "-f")
    code, said = engine.exec(container, (*psql, f"{_FOLDER}/{_SQL}"))
    if code == 0:
        return
    if "extension" in said and ("not available" in said or "control file" in said):
        msg = f"{image} lacks an extension that the project names: {said.strip()}"
        advice = "name an image that has it: `migrations: {image: ...}` in the project file"
        raise MigrationFailed(msg, advice=advice)
    msg = f"the rehearsal's database cannot be made: {said.strip()}"
    raise ToolFailed(msg, advice=f"does {image} start as the official image of Postgres does?")


def _image(engine: ContainerEngine, major: int) -> ImageFacts:
    """Prefer Slipway's own image; the official one speaks the same variables."""
    try:
        return engine.ensure_image(f"slipway/postgres:{major}", pull=PullPolicy.NEVER)
    except ImageUnavailable:
        return engine.ensure_image(f"postgres:{major}")
