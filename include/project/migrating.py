"""What a project file says of migrations: how they are rehearsed, and run in an environment."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, Field

from include.project.duration import Duration
from include.project.field_types import (
    ContainerImage,
    ExtensionName,
    MigrationVariable,
    RepositoryPath,
    RoleName,
    SettingValue,
)
from include.project.proving import Prove, Size, WrittenProve
from slipway.hooks.migrations.envsub import is_own
from slipway.policies.heavy_changes import OnHeavy
from slipway.policies.schema import OnRollBack, Rehearse

_LOCK_TIMEOUT = timedelta(seconds=5)


def _not_gooses(env: dict[str, str]) -> dict[str, str]:
    """Keep away from what steers goose and its driver."""
    for name in env:
        if is_own(name):
            msg = f"{name} is goose's own: call the variable something else"
            raise ValueError(msg)
    return env


def _is_some(length: timedelta) -> timedelta:
    """Refuse none at all: for Postgres that means without an end."""
    if length < timedelta(milliseconds=1):
        msg = "0 would be no limit at all; leave it out, or write how long"
        raise ValueError(msg)
    return length


Variables = Annotated[dict[MigrationVariable, SettingValue], AfterValidator(_not_gooses)]
Limit = Annotated[Duration, AfterValidator(_is_some)]


class Migrations(BaseModel, frozen=True, extra="forbid", use_attribute_docstrings=True):
    """The database's schema, kept by goose."""

    directory: RepositoryPath = "migrations"
    postgres: Annotated[int, Field(ge=9, le=99)] = 15
    """Postgres' major version, for the rehearsal."""
    image: ContainerImage | None = None
    """An image of Postgres for the rehearsal, where the usual one lacks extensions or settings:
    `postgis/postgis:16-3.4`. It is started as the official one is."""
    extensions: tuple[ExtensionName, ...] = ()
    """Extensions that whoever runs the database's server has made in it. The rehearsal makes them
    beforehand: a migration is run by the database's owner, who can only make trusted ones."""
    roles: tuple[RoleName, ...] = ()
    """Roles that the environments' servers have and migrations name, in a `GRANT` for example. The
    rehearsal makes them beforehand, without a login, and its own role a member of each."""
    rehearse: Rehearse = Rehearse.UP_DOWN_UP
    """How far: up, down to what serves and up again, or `up` alone. A single file that cannot be
    undone says so itself, with `-- slipway: irreversible`."""
    on_roll_back: OnRollBack = OnRollBack.EXPAND_ONLY
    """When a release goes to a database that is ahead of it: go on with the newer schema, or stop.
    Nothing is ever migrated down."""
    prove: WrittenProve = Prove()
    """The releases that serve now are tried on the migrated schema: `stop` when one fails there,
    `warn`, or `off`; or a mapping that says more."""
    heavy: OnHeavy = OnHeavy.WARN
    """When a statement would keep others from a large table for as long as it takes: `warn`; `ask`,
    which goes on where a person approved the deployment; or `stop`."""
    heavy_from: Annotated[Size, Field(json_schema_extra={"default": "100 MB"})] = 100 << 20
    """From which size on a table is large, its indexes included: `100 MB`, `2 GB`."""
    lock_timeout: Limit = _LOCK_TIMEOUT
    """How long a statement waits for a lock in an environment's database; whoever comes meanwhile
    waits behind it. Files with `NO TRANSACTION` have no such limit, nor the next."""
    statement_timeout: Limit | None = None
    """How long a statement may take there; by default as the server has it for the role."""
    env: Variables = {}
    """The variables that `-- +goose ENVSUB ON` sees; nothing secret, as goose shows statements."""


class EnvironmentMigrations(BaseModel, frozen=True, extra="forbid", use_attribute_docstrings=True):
    """What is other in one environment than in all."""

    lock_timeout: Limit | None = None
    statement_timeout: Limit | None = None
    env: Variables = {}
    """Values in place of those in `migrations.env`, which the rehearsal takes."""

    def over(self, general: Migrations | None) -> Self:
        """Return what holds in the environment.

        :param general: what holds where this says nothing.
        """
        base = general or Migrations()
        return self.model_copy(
            update={
                "lock_timeout": self.lock_timeout or base.lock_timeout,
                "statement_timeout": self.statement_timeout or base.statement_timeout,
                "env": {**base.env, **self.env},
            }
        )

    def require_rehearsed(self, general: Migrations | None, name: str) -> None:
        """Make sure that what is set for one environment is known to the rehearsal.

        :param general: what holds for all.
        :param name: the environment's.
        :raises ValueError: when it is not.
        """
        if general is None and self.model_fields_set:
            msg = f"environments.{name}.migrations needs `migrations` of the project"
            raise ValueError(msg)
        alone = [one for one in self.env if general is None or one not in general.env]
        if alone:
            msg = (
                f"environments.{name}.migrations.env: give {alone[0]} a value in migrations.env "
                "as well, for the rehearsal"
            )
            raise ValueError(msg)
