from __future__ import annotations

import json
from unittest import mock

import pytest
from airflow.sdk.exceptions import AirflowNotFoundException

from slipway.exceptions import ContainerEngineError, EnvironmentMisconfigured
from slipway.hooks.docker.connection import container_engine, installation, registry_login
from slipway.pipeline.runtime.registry_auth import credentials

HOOK = "slipway.hooks.docker.connection.DockerHook"


def test_without_a_connection_the_local_socket_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    with mock.patch(HOOK, autospec=True) as hook:
        container_engine()
    assert hook.call_args.kwargs["base_url"] == "unix://var/run/docker.sock"
    assert hook.call_args.kwargs["docker_conn_id"] is None


def test_a_connection_names_the_engine_and_a_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {"docker_url": "tcp://10.0.0.1:2375"}
    connection = {
        "conn_type": "docker",
        "host": "registry.example.com",
        "login": "u",
        "password": "p",
        "extra": extra,
    }
    monkeypatch.setenv("AIRFLOW_CONN_BUILDERS", json.dumps(connection))
    with mock.patch(HOOK, autospec=True) as hook:
        container_engine("builders")
    assert hook.call_args.kwargs["base_url"] == "tcp://10.0.0.1:2375"
    assert hook.call_args.kwargs["docker_conn_id"] == "builders"


def test_a_connection_that_is_named_must_exist() -> None:
    with pytest.raises(AirflowNotFoundException):
        container_engine("nowhere")


def test_an_engine_that_is_not_there_is_worth_another_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(ContainerEngineError, match="no container engine answers"):
        container_engine()


def test_the_installation_comes_from_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__SLIPWAY__INSTALLATION", "mine")
    assert installation() == "mine"


def test_the_registry_login_is_told_only_for_its_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    assert registry_login() == ""
    connection = {
        "conn_type": "docker",
        "host": "r.example.com",
        "port": 5000,
        "login": "u",
        "password": "pw",
    }
    monkeypatch.setenv("AIRFLOW_CONN_BUILDERS", json.dumps(connection))
    config = registry_login("builders")
    login = {"username": "u", "password": "pw"}
    assert credentials("r.example.com:5000/a:1", [config]) == login
    assert credentials("r.example.com/a:1", [config]) is None


def test_own_images_may_come_from_a_companys_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__SLIPWAY__IMAGE_REGISTRY", "https://r.example.com/x")
    with (
        mock.patch(HOOK, autospec=True),
        pytest.raises(EnvironmentMisconfigured, match="image_registry"),
    ):
        container_engine()
    monkeypatch.setenv("AIRFLOW__SLIPWAY__IMAGE_REGISTRY", "r.example.com/x")
    with (
        mock.patch(HOOK, autospec=True),
        mock.patch("slipway.hooks.docker.connection.ContainerEngine", autospec=True) as made,
    ):
        container_engine()
    assert made.call_args.kwargs["own_images"].registry == "r.example.com/x"
