"""How a lease names the run that holds it: so that no other Airflow takes that run for its own."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, unquote, urlsplit

from airflow.sdk import Variable
from airflow.sdk.configuration import conf

from slipway.hooks.docker.connection import installation

# Airflow's own name for itself, which no two databases share; made when it is first needed.
_DATABASE = "slipway_database"
# Seconds in which two tasks that both make that name come to agree on one.
_AGREE = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Page:
    """A run's page, taken apart.

    :param run: DAG and run.
    :param address: of the Airflow's UI.
    :param database: the name in its database.
    :param installation: the name in its configuration; None in leases of earlier versions.
    """

    run: tuple[str, str]
    address: str
    database: str
    installation: str | None

    @classmethod
    def of(cls, owner: str) -> Self | None:
        """Take an owner apart; None when it is no run."""
        page, _, mark = owner.partition("#")
        base, *parts = page.rsplit("/", 4)
        if len(parts) != 4 or (parts[0], parts[2]) != ("dags", "runs"):
            return None
        database, named, whose = mark.partition(".")
        return cls(
            run=(unquote(parts[1]), unquote(parts[3])),
            address=_address(base),
            database=database,
            installation=unquote(whose) if named else None,
        )

    @property
    def is_here(self) -> bool:
        """Whether it is of this Airflow's address."""
        return self.address == _address(_base_url())

    @property
    def is_installed_here(self) -> bool:
        """Whether it is of this installation, as far as it says."""
        return self.installation in (None, installation())


def run_owner(dag_id: str, run_id: str) -> str:
    """Return a run's page in Airflow's UI: for people a link, and the same nowhere else.

    Many an Airflow takes itself for ``localhost``, and runs of one commit have one name
    everywhere. What follows the ``#`` keeps them apart, and a browser does not mind it: the name
    that lies in Airflow's database, and that of the installation, which a copy of the database
    does not bring along.

    :param dag_id: the run's DAG.
    :param run_id: the run.
    """
    page = f"{_base_url()}/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}"
    return f"{page}#{_database()}.{quote(installation(), safe='')}"


def run_of(owner: str) -> tuple[str, str] | None:
    """Return DAG and run of an owner, None when it is not a run of this Airflow.

    :param owner: as :func:`run_owner` names it.
    """
    page = _Page.of(owner)
    if page is None or page.database != _database():
        return None
    return page.run if page.is_here and page.is_installed_here else None


def moved(owner: str) -> str | None:
    """Return what to do about a lease of this very database that is not of this Airflow any more.

    The database was copied, or this Airflow got another address or installation: only a person
    knows which.

    :param owner: as :func:`run_owner` names it.
    """
    page = _Page.of(owner)
    if page is None or page.database != _database():
        return None
    theirs, ours, new = [], [], []
    if not page.is_here:
        theirs.append(f"at {page.address}")
        ours.append(_address(_base_url()))
        new.append("address")
    if not page.is_installed_here:
        theirs.append(f"of the installation {page.installation}")
        ours.append(installation())
        new.append("installation")
    if not new:
        return None
    return (
        f"the lease was written by an Airflow with this same database {' '.join(theirs)}, and "
        f"this one is {' '.join(ours)}: if this is a copy of that one, leave the lease alone. If "
        f"this is that one, and it moved, put its new {' and '.join(new)} into the lease's `owner`"
    )


def _base_url() -> str:
    return str(conf.get("api", "base_url", fallback="http://localhost:8080")).rstrip("/")


def _address(url: str) -> str:
    """Return host, port and path: with a certificate an Airflow is still the same."""
    parts = urlsplit(url)
    return f"{parts.netloc.lower()}{parts.path.rstrip('/')}"


def _database() -> str:
    """Name the database in which this Airflow's runs can be looked up."""
    name: str | None = Variable.get(_DATABASE, default=None)
    if name is None:
        what = "Slipway's name for this Airflow, in the leases that its runs hold: leave it"
        Variable.set(_DATABASE, secrets.token_hex(4), description=what)
        time.sleep(_AGREE)
        name = str(Variable.get(_DATABASE))
    return name
