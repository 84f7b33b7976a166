"""Who stands behind a run, as Airflow recorded it, and which roles that login has.

The login is the one that Airflow's server authenticated when the run was made, or a question was
answered; no parameter of a run says it. From a shell on Airflow's host it is the shell's user.

A task is told no roles. Those of the simple auth manager are in Airflow's configuration, where they
are looked up; of another auth manager's logins no role is known, so there it is logins that count.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from airflow.sdk.configuration import conf

from slipway.policies.rights import ROLE, Person

if TYPE_CHECKING:
    from airflow.sdk import Context

_SIMPLE = "SimpleAuthManager"


def person(login: str) -> Person:
    """Return somebody with the roles of a login, as far as they are known.

    :param login: as Airflow recorded it.
    """
    return Person(name=login, roles=roles_of(login))


def starter(context: Context) -> Person:
    """Return whoever started the run; nobody's name where a commit did.

    :param context: the task's.
    """
    run: Any = context.get("dag_run")
    name = getattr(run, "triggering_user_name", None)
    return person(str(name)) if name else Person(name="")


def was_cleared(context: Context) -> bool:
    """Tell whether somebody cleared tasks of the run: Airflow tells no task who.

    :param context: the task's.
    """
    run: Any = context.get("dag_run")
    return bool(getattr(run, "clear_number", 0))


def asked_at(context: Context) -> float:
    """Return when the run was asked for, however often it is tried.

    :param context: the task's.
    :returns: seconds since 1970; 0 where it is not known.
    """
    when = getattr(context.get("dag_run"), "run_after", None)
    return float(when.timestamp()) if when is not None else 0.0


def roles_of(login: str) -> tuple[str, ...]:
    """Return the roles of a login that the simple auth manager knows; none for others'.

    :param login: as Airflow recorded it.
    """
    return tuple(role for name, role in _users() if name == login)


def assignable(named: Collection[str]) -> list[str]:
    """Return the logins that Airflow may be told to take an answer from, and from nobody else.

    Airflow compares ids, which are logins with the simple auth manager alone; with another one
    anybody may answer, and it is told afterwards whether it counts.

    :param named: logins, and roles behind ``role:``.
    :returns: nobody, where it cannot be said.
    """
    users = _users()
    if not users:
        return []
    logins = {name for name, role in users if f"{ROLE}{role}" in named}
    return sorted(logins | {one for one in named if not one.startswith(ROLE)})


def _users() -> list[tuple[str, str]]:
    """List login and role of each user of the simple auth manager; none with another one."""
    manager = str(conf.get("core", "auth_manager", fallback="") or "")
    # Where everybody is let in as an administrator, nobody has proved to be anybody.
    everybody = conf.getboolean("core", "simple_auth_manager_all_admins", fallback=False)
    if not manager.endswith(f".{_SIMPLE}") or everybody:
        return []
    told = str(conf.get("core", "simple_auth_manager_users", fallback="") or "")
    found = (one.strip().split(":") for one in told.split(","))
    return [(parts[0], parts[1]) for parts in found if len(parts) > 1]
