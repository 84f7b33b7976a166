"""The container engine that an Airflow connection of type ``docker`` names."""

from __future__ import annotations

import json
import os
from typing import Any

from airflow.providers.docker.hooks.docker import DockerHook
from airflow.sdk import BaseHook
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowException, AirflowNotFoundException
from airflow.sdk.log import mask_secret

from slipway.exceptions import ContainerEngineError
from slipway.hooks.docker.engine import ContainerEngine
from slipway.hooks.docker.own_images import own_images

DEFAULT = "docker_default"
_SOCKET = "unix://var/run/docker.sock"
# Seconds for one answer of the engine's API; pulls and waits have limits of their own.
_API_TIMEOUT = 120


def container_engine(docker_conn_id: str = DEFAULT) -> ContainerEngine:
    """Open the engine that a connection names.

    The connection's host, login and password are an image registry's, as the Docker provider
    has it; without a login there is no registry to log in to. It serves Slipway's own images; a
    project's come with it only where its file says so (:func:`registry_login`). Its extra may hold
    ``docker_url`` (else ``DOCKER_HOST``, else the local socket) and, for TLS, ``ca_cert``,
    ``client_cert`` and ``client_key``. ``docker_default`` need not exist.

    :param docker_conn_id: the Airflow connection.
    :raises ContainerEngineError: when no engine answers.
    """
    connection = _connection(docker_conn_id)
    extra: dict[str, Any] = connection.extra_dejson if connection else {}
    url = extra.get("docker_url") or os.environ.get("DOCKER_HOST") or _SOCKET
    tls = DockerHook.construct_tls_config(
        ca_cert=extra.get("ca_cert"),
        client_cert=extra.get("client_cert"),
        client_key=extra.get("client_key"),
    )
    hook = DockerHook(
        docker_conn_id=docker_conn_id if connection and connection.login else None,
        base_url=url,
        tls=tls or None,
        timeout=_API_TIMEOUT,
    )
    try:
        client = hook.get_conn()
    except AirflowException as error:
        msg = f"no container engine answers at {url}"
        raise ContainerEngineError(
            msg, advice="start dockerd, or correct the connection"
        ) from error
    guard = conf.getboolean("slipway", "metadata_guard", fallback=True)
    own = own_images(
        conf.get("slipway", "image_registry", fallback="") or "",
        conf.get("slipway", "image_digests", fallback="") or "",
    )
    return ContainerEngine(
        client, installation=installation(), metadata_guard=guard, own_images=own
    )


def registry_login(docker_conn_id: str = DEFAULT) -> str:
    """Return the registry login of a connection, as the text of a Docker ``config.json``.

    It is masked in this task's log. Empty where there is none.

    :param docker_conn_id: the Airflow connection.
    """
    connection = _connection(docker_conn_id)
    if connection is None or not connection.login or not connection.host:
        return ""
    if connection.password:
        mask_secret(connection.password)
    login = {"username": connection.login, "password": connection.password or ""}
    host = f"{connection.host}:{connection.port}" if connection.port else connection.host
    return json.dumps({"auths": {host: login}})


def installation() -> str:
    """Return this installation's name: ``[slipway] installation`` in Airflow's configuration."""
    return conf.get("slipway", "installation", fallback="default") or "default"


def _connection(docker_conn_id: str) -> Any:
    try:
        return BaseHook.get_connection(docker_conn_id)
    except AirflowNotFoundException:
        if docker_conn_id != DEFAULT:
            raise
        return None
