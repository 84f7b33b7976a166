"""The secrets of docker-compose.yaml: each a file, in a folder that its owner alone may enter.

``python -m include.stack.secret_files FOLDER`` makes those that can be made up; a file that is
there stays as it is.
"""

from __future__ import annotations

import base64
import json
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

USER = "admin"
# Containers run as users of their own, and read the file that they are given; nobody else of this
# machine gets through the folder.
_FOLDER, _FILE = 0o700, 0o444


def make(
    folder: Path,
    *,
    connections: Mapping[str, Mapping[str, Any]] | None = None,
    variables: Mapping[str, str] | None = None,
) -> None:
    """Make the files that are missing.

    :param folder: where they lie.
    :param connections: Airflow's, by id.
    :param variables: Airflow's, by name.
    """
    folder.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
    folder.chmod(_FOLDER)
    database = _kept(folder, "postgres_password", secrets.token_urlsafe(30))
    broker = _kept(folder, "redis.conf", f"requirepass {secrets.token_urlsafe(30)}").split()[1]
    made = {
        "admin_password": secrets.token_urlsafe(15),
        "api_secret_key": secrets.token_urlsafe(48),
        "fernet_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "jwt_secret": secrets.token_urlsafe(48),
        "sql_alchemy_conn": f"postgresql+psycopg2://airflow:{database}@postgres:5432/airflow",
        "broker_url": f"redis://:{broker}@redis:6379/0",
        "result_backend": f"redis://:{broker}@redis:6379/1",
        "connections.json": json.dumps(connections or {}, indent=1),
        "variables.json": json.dumps(variables or {}, indent=1),
    }
    for name, content in made.items():
        _kept(folder, name, content)


def admin_password(folder: Path) -> str:
    """Return the password that the first administrator got.

    :raises FileNotFoundError: when there are no secrets yet.
    """
    return (folder / "admin_password").read_text().strip()


def _kept(folder: Path, name: str, content: str) -> str:
    """Write a file whole, if there is none, and return what it holds."""
    path = folder / name
    if not path.exists():
        draft = folder / f".{name}.new"
        draft.touch(mode=0o600)
        # Airflow takes a file as it is, a line break at its end as well.
        draft.write_text(content)
        draft.chmod(_FILE)
        draft.replace(path)
    return path.read_text().strip()


if __name__ == "__main__":
    make(Path(sys.argv[1]))
