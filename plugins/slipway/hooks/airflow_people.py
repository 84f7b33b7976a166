"""Who asks Airflow's server for something, and what its auth manager lets them do.

For the API server's process alone, like :mod:`slipway.hooks.airflow_runs`: a login is Airflow's
own, whichever auth manager there is, and so is each answer to what somebody may do. Nothing is
remembered, so whoever loses a right has lost it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.requests import Request


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody who is logged in.

    :param id: as the auth manager tells one from another.
    :param name: as Airflow shows and records it.
    :param user: as the auth manager knows them.
    """

    id: str
    name: str
    user: Any


async def person_of(request: Request) -> Person | None:
    """Return who asks; None where nobody is logged in.

    An ``Authorization: Bearer`` counts before the cookie of Airflow's own pages, as it does there.

    :param request: a request to Airflow's server, or to an application that it mounts.
    """
    from airflow.api_fastapi.core_api.security import bearer_scheme, get_user
    from fastapi import HTTPException

    try:
        user = await get_user(request, None, await bearer_scheme(request))
    except HTTPException:
        return None
    return Person(id=str(user.get_id()), name=str(user.get_name()), user=user)


class People:
    """What the auth manager says of them."""

    def readable(self, person: Person, dag_ids: Iterable[str]) -> set[str]:
        """Return those of some DAGs that somebody may read.

        :param person: who asks.
        :param dag_ids: of DAGs, whether they are there or not.
        """
        manager = _auth_manager()
        found: set[str] = set()
        for team, ids in _by_team(set(dag_ids)).items():
            found |= manager.filter_authorized_dag_ids(
                dag_ids=ids, user=person.user, method="GET", team_name=team
            )
        return found

    def may_start(self, person: Person, dag_id: str) -> bool:
        """Tell whether somebody may start runs of a DAG.

        :param person: who asks.
        :param dag_id: of the DAG.
        """
        from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity

        return _may(person, "POST", DagAccessEntity.RUN, dag_id)

    def may_answer(self, person: Person, dag_id: str) -> bool:
        """Tell whether somebody may answer what the runs of a DAG ask.

        :param person: who asks.
        :param dag_id: of the DAG.
        """
        from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity

        return _may(person, "PUT", DagAccessEntity.HITL_DETAIL, dag_id)

    def may_read_logs(self, person: Person, dag_id: str) -> bool:
        """Tell whether somebody may read the logs of a DAG's tasks.

        :param person: who asks.
        :param dag_id: of the DAG.
        """
        from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity

        return _may(person, "GET", DagAccessEntity.TASK_LOGS, dag_id)


def server_key(purpose: str) -> bytes:
    """Return a key that only Airflow's servers have, each of them the same.

    :param purpose: what it is for; one key tells nothing of another.
    """
    from airflow.api_fastapi.auth.tokens import get_signing_key

    key = get_signing_key("api", "secret_key")
    return hmac.digest(str(key).encode(), f"slipway {purpose}".encode(), hashlib.sha256)


def base_url() -> str:
    """Return where people find Airflow's server; empty where nobody said."""
    from airflow.sdk.configuration import conf

    return str(conf.get("api", "base_url", fallback="") or "")


def _may(person: Person, method: Any, entity: Any, dag_id: str) -> bool:
    from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails

    (team,) = _by_team({dag_id})
    details = DagDetails(id=dag_id, team_name=team)
    return bool(
        _auth_manager().is_authorized_dag(
            method=method, access_entity=entity, details=details, user=person.user
        )
    )


def _by_team(dag_ids: set[str]) -> dict[str | None, set[str]]:
    from airflow.sdk.configuration import conf

    if not conf.getboolean("core", "multi_team", fallback=False):
        return {None: dag_ids}
    from airflow.models.dag import DagModel

    teams = DagModel.get_dag_id_to_team_name_mapping(list(dag_ids))
    found: dict[str | None, set[str]] = defaultdict(set)
    for dag_id in dag_ids:
        found[teams.get(dag_id)].add(dag_id)
    return found


def _auth_manager() -> Any:
    from airflow.api_fastapi.app import get_auth_manager

    return get_auth_manager()
