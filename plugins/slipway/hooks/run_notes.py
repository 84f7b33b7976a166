"""What a task has Airflow's server note of its run.

A task has no way to Airflow's database, and the API that it has knows no notes of a run that is
there. So the server is asked at a door of our own (:mod:`slipway.run_notes`), with a signature that
only Slipway can make: no user's password or token lies on a worker for it.
"""

from __future__ import annotations

import json
import ssl
from typing import Any
from urllib.parse import urlsplit

import httpx
from airflow.sdk.configuration import conf

from slipway.exceptions import TransientError
from slipway.hooks.store.signing_keys import RecordKeys, record_keys

# Where Airflow's server mounts the door (:mod:`slipway.plugin`).
DOOR = "/slipway/notes/"
# Airflow's own limit, in characters.
LONGEST = 1000
# Seconds: no run waits longer for its note.
_CONNECT, _ANSWER = 2.0, 5.0
_SIGNED = "run_notes"
_FIELDS = ("dag_id", "run_id", "note")


class NoteNotTaken(TransientError):
    """Airflow's server did not note something of a run."""


def sign(keys: RecordKeys, dag_id: str, run_id: str, note: str) -> dict[str, str]:
    """Return what is sent to the server.

    :param keys: the first of them signs.
    :param dag_id: of the run.
    :param run_id: of the run.
    :param note: in Markdown.
    """
    said = {"dag_id": dag_id, "run_id": run_id, "note": note}
    return {**said, "signature": keys.sign(_SIGNED, said)}


def believed(keys: RecordKeys, body: bytes) -> tuple[str, str, str] | None:
    """Return DAG, run and note of what was sent; None where nobody of Slipway signed it.

    :param keys: any of them may have signed.
    :param body: as it came.
    """
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or set(found) != {*_FIELDS, "signature"}:
        return None
    if not all(isinstance(value, str) for value in found.values()):
        return None
    said = {name: found[name] for name in _FIELDS}
    if not keys.signed(_SIGNED, said, found["signature"]):
        return None
    return said["dag_id"], said["run_id"], said["note"]


def send(dag_id: str, run_id: str, note: str) -> None:
    """Have the server note something of a run, once.

    :param dag_id: of the run.
    :param run_id: of the run.
    :param note: in Markdown; of more than a thousand characters Airflow takes none.
    :raises NoteNotTaken: when the server cannot be reached, or does not take it.
    :raises EnvironmentMisconfigured: when there is no key to sign it with.
    """
    url = _door()
    body = sign(record_keys(), dag_id, run_id, note)
    limits = httpx.Timeout(_ANSWER, connect=_CONNECT)
    try:
        # A proxy of the environment is for the world outside.
        with httpx.Client(verify=_trusted(url), timeout=limits, trust_env=False) as client:
            answer = client.post(url, json=body, headers={"User-Agent": "Slipway"})
    except (httpx.HTTPError, OSError) as error:
        msg = f"Airflow's server did not answer at {DOOR}: {type(error).__name__}"
        raise NoteNotTaken(msg) from error
    if not answer.is_success:
        msg = f"Airflow's server answered {answer.status_code} at {DOOR}"
        raise NoteNotTaken(msg)


def _door() -> str:
    """Return the door's address: beside the API that the task itself speaks to."""
    base = conf.get("api", "base_url", fallback="") or "/"
    if base.startswith("/"):
        base = f"http://localhost:8080{base}"
    own = f"{base.rstrip('/')}/execution/"
    parts = urlsplit(conf.get("core", "execution_api_server_url", fallback="") or own)
    above = parts.path.rstrip("/").rpartition("/")[0]
    return f"{parts.scheme}://{parts.netloc}{above}{DOOR}"


def _trusted(url: str) -> ssl.SSLContext:
    """Trust whom the task's own connection to the server trusts."""
    if not url.startswith("https:"):
        # Nobody, which costs nothing: to read who is usually trusted takes longer than to ask.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    found = ssl.create_default_context()
    if certificate := conf.get("api", "ssl_cert", fallback=""):
        found.load_verify_locations(certificate)
    return found
