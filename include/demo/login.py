"""The demo's one login: made anew with each demo, told once, kept in a file of its owner's."""

from __future__ import annotations

import json
import secrets

from include.demo.paths import AIRFLOW_HOME

USER = "admin"
# Where Airflow's simple auth manager looks (`[core] simple_auth_manager_passwords_file`).
PASSWORDS = AIRFLOW_HOME / "passwords.json"


def make() -> None:
    """Make a password, unless there is one."""
    if PASSWORDS.exists():
        return
    PASSWORDS.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = PASSWORDS.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps({USER: secrets.token_urlsafe(15)}) + "\n")
    draft.replace(PASSWORDS)


def read() -> dict[str, str]:
    """Return what Airflow's ``POST /auth/token`` asks for.

    :raises FileNotFoundError: when no demo has made a login.
    """
    return {"username": USER, "password": json.loads(PASSWORDS.read_text())[USER]}
