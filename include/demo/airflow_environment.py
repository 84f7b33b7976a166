"""Airflow's configuration for the demo, as environment variables.

The same variables are written to ``.slipway/env``, so that ``. .slipway/env`` gives any shell
the ``airflow`` command of the running demo.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shlex
from typing import Any
from urllib.parse import unquote, urlsplit

from include.demo import login, paths
from include.localcloud.settings import APT_BUCKET
from include.settings import POOLS, pools, shared

# What workers have loaded before a task begins.
PRELOADED = (
    "airflow.executors.local_executor",
    "airflow.sdk.execution_time.task_runner",
    "include.delivery.commit_dag",
    "include.delivery.commits_dag",
    "slipway.preload",
)

# Slots of the pool of each kind of task.
_SLOTS = {"build": 4, "bake": 2}
_DOCKER = {"conn_type": "docker", "host": "unix:///var/run/docker.sock"}


def environment(
    *, signing_key: str, gateway: str, databases: dict[str, str], forge_token: str = ""
) -> dict[str, str]:
    """Return the variables.

    :param signing_key: the apt repository's private key.
    :param gateway: URL at which the cloud's machines reach it.
    :param databases: Airflow connection id -> its URL.
    :param forge_token: that the git host's API lets in.
    """
    variables = {
        **shared(),
        "AIRFLOW_HOME": str(paths.AIRFLOW_HOME),
        "PATH": f"{paths.ROOT / '.venv' / 'bin'}:{os.environ['PATH']}",
    }
    sections = {**_core(), **_alone(), "SLIPWAY": _slipway()}
    for section, options in sections.items():
        for option, value in options.items():
            variables[f"AIRFLOW__{section}__{option.upper()}"] = str(value)
    cloud = cloud_connections(endpoint=paths.ENDPOINT, signing_key=signing_key, gateway=gateway)
    connections = {"docker_default": _DOCKER, **cloud, **_git_host(forge_token)}
    for name, connection in connections.items():
        variables[f"AIRFLOW_CONN_{name.upper()}"] = json.dumps(connection)
    # The password of a database that lives as long as one test run.
    variables["AIRFLOW_VAR_GUESTBOOK_TEST_PASSWORD"] = secrets.token_urlsafe(12)
    for name, url in databases.items():
        variables[f"AIRFLOW_CONN_{name.upper()}"] = url
    return variables


def pool_setting() -> dict[str, str]:
    """Return the environment variable that puts tasks into the pools."""
    return shared(POOLS)


def save_pools() -> None:
    """Write the pools, for ``airflow pools import`` to read."""
    told = {
        name: {
            "slots": _SLOTS[kind],
            "description": f"{kind}s at once, all projects",
            "include_deferred": False,
        }
        for kind, name in pools().items()
    }
    paths.POOLS.write_text(json.dumps(told))


def save(variables: dict[str, str]) -> None:
    """Write the variables for a shell to read; only the owner may, it holds keys."""
    paths.ENVIRONMENT.touch(mode=0o600)
    paths.ENVIRONMENT.chmod(0o600)
    lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items())]
    paths.ENVIRONMENT.write_text("\n".join(lines) + "\n")


def _core() -> dict[str, dict[str, Any]]:
    return {
        "CORE": {
            "dags_folder": paths.ROOT / "dags",
            "plugins_folder": paths.ROOT / "plugins",
            "executor": "LocalExecutor",
            # More than builds and bakes have: a swap waits for neither.
            "parallelism": 8,
            # Workers begin with everything loaded that a task would load for itself.
            "mp_start_method": "forkserver",
            "mp_forkserver_preload": ",".join(PRELOADED),
            "fernet_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            # Loopback is open to every user of this machine, and to the pages they look at.
            "simple_auth_manager_all_admins": False,
            "simple_auth_manager_users": f"{login.USER}:ADMIN",
            "simple_auth_manager_passwords_file": login.PASSWORDS,
            "execution_api_server_url": f"{paths.UI}/execution/",
            "hostname_callable": "include.demo.served_logs.host",
        },
        "API": {
            "host": "127.0.0.1",
            "port": paths.UI_PORT,
            "base_url": paths.UI,
            "workers": 1,
            "secret_key": secrets.token_hex(16),
        },
        "API_AUTH": {"jwt_secret": secrets.token_hex(32)},
    }


def _alone() -> dict[str, dict[str, Any]]:
    """Return what is right for processes that share a machine and a folder."""
    folder = {
        "name": "dags-folder",
        "classpath": "include.settings.dags_folder.DagsFolder",
        "kwargs": {},
    }
    return {
        "DAG_PROCESSOR": {"dag_bundle_config_list": json.dumps([folder])},
        "SCHEDULER": {"enable_health_check": False},
        "LOGGING": {
            "worker_log_server_port": paths.LOG_PORT,
            "trigger_log_server_port": paths.LOG_PORT,
        },
    }


def _slipway() -> dict[str, Any]:
    return {
        "installation": paths.INSTALLATION,
        "allowed_hosts": paths.UI_HOST,
        "artifacts": paths.ARTIFACTS.as_uri(),
        "git_mirrors": paths.MIRRORS,
        "recipes": paths.ROOT,
        "poll_seconds": 1,
        "sensor_mode": "poke",
        "source_ami": "debian-12-amd64-slipway",
        "source_owner": "self",
        # Encrypting copies the image once more; the embedded cloud has no keys to do it with.
        "bake_encrypt": False,
        # It knows nothing of the embedded cloud.
        "aws_console": "",
    }


def cloud_connections(
    *, endpoint: str, signing_key: str, gateway: str
) -> dict[str, dict[str, Any]]:
    """Return Airflow's connections to an embedded cloud and its apt repository.

    :param endpoint: the API's URL.
    :param signing_key: the apt repository's.
    :param gateway: URL at which the cloud's machines reach it.
    """
    return {
        "aws_default": {
            # The embedded cloud takes any; one of its own can be told when it turns up somewhere.
            "conn_type": "aws",
            "login": "embedded",
            "password": secrets.token_urlsafe(30),
            "extra": {"endpoint_url": endpoint, "region_name": paths.REGION},
        },
        # The key that release records are signed with.
        "slipway_records": {"conn_type": "generic", "password": secrets.token_hex(32)},
        "slipway_apt": {
            "conn_type": "generic",
            "host": f"{gateway}/{APT_BUCKET}",
            "password": signing_key,
            "extra": {
                "bucket": APT_BUCKET,
                "aws_conn_id": "aws_default",
                "region": paths.REGION,
                "acl": "public-read",
                "distribution": "stable",
                "component": "main",
            },
        },
    }


def postgres_connection(url: str) -> dict[str, Any]:
    """Return the fields of an Airflow connection to a database.

    :param url: the database's, with user and password.
    """
    parts = urlsplit(url)
    return {
        "conn_type": "postgres",
        "host": parts.hostname,
        "port": parts.port,
        "login": parts.username,
        "password": unquote(parts.password or ""),
        "schema": parts.path.strip("/"),
    }


def _git_host(token: str) -> dict[str, dict[str, Any]]:
    return {
        # What the host signs the guestbook's webhook with, and what it lets in to set statuses.
        "guestbook_webhook": {"conn_type": "generic", "password": secrets.token_hex(32)},
        "guestbook_bitbucket": {"conn_type": "generic", "password": token},
    }
