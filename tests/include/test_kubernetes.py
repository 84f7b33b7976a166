"""The pod of a task: what Kubernetes and the executor ask of it, and what it must not have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

FILE = Path(__file__).resolve().parents[2] / "include" / "kubernetes" / "pod_template.yaml"


def _object(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    """Return the schema of an object that has no other fields."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


TEXT, NUMBER, YES = {"type": "string"}, {"type": "integer", "minimum": 0}, {"type": "boolean"}
NAME = {"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"}
QUANTITY = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$"}
TEXTS = {"type": "array", "items": TEXT}
MAP = {"type": "object", "additionalProperties": TEXT}
AMOUNTS = {
    "type": "object",
    "propertyNames": {"enum": ["cpu", "memory", "ephemeral-storage"]},
    "additionalProperties": QUANTITY,
}
RIGHTS = _object(
    runAsNonRoot=YES,
    runAsUser=NUMBER,
    runAsGroup=NUMBER,
    privileged=YES,
    allowPrivilegeEscalation=YES,
    readOnlyRootFilesystem=YES,
    capabilities=_object(drop=TEXTS, add=TEXTS),
)
CONTAINER = _object(
    ("name", "image"),
    name=NAME,
    image=TEXT,
    imagePullPolicy={"enum": ["Always", "IfNotPresent", "Never"]},
    restartPolicy={"const": "Always"},  # of a sidecar
    command=TEXTS,
    args=TEXTS,
    env={"type": "array", "items": _object(("name", "value"), name=TEXT, value=TEXT)},
    envFrom={
        "type": "array",
        "items": _object(
            configMapRef=_object(("name",), name=NAME), secretRef=_object(("name",), name=NAME)
        ),
    },
    securityContext=RIGHTS,
    startupProbe=_object(
        exec=_object(("command",), command=TEXTS), periodSeconds=NUMBER, failureThreshold=NUMBER
    ),
    resources=_object(("requests", "limits"), requests=AMOUNTS, limits=AMOUNTS),
    volumeMounts={
        "type": "array",
        "items": _object(("name", "mountPath"), name=NAME, mountPath=TEXT, readOnly=YES),
    },
)
POD = _object(
    ("apiVersion", "kind", "metadata", "spec"),
    apiVersion={"const": "v1"},
    kind={"const": "Pod"},
    metadata=_object(("name",), name=NAME, labels=MAP, annotations=MAP),
    spec=_object(
        ("containers", "restartPolicy"),
        restartPolicy={"const": "Never"},  # Airflow tries again, not Kubernetes
        serviceAccountName=NAME,
        automountServiceAccountToken=YES,
        terminationGracePeriodSeconds=NUMBER,
        securityContext=_object(
            runAsNonRoot=YES,
            runAsUser=NUMBER,
            runAsGroup=NUMBER,
            fsGroup=NUMBER,
            seccompProfile=_object(("type",), type={"enum": ["RuntimeDefault", "Localhost"]}),
        ),
        initContainers={"type": "array", "items": CONTAINER},
        containers={"type": "array", "items": CONTAINER, "minItems": 1},
        volumes={
            "type": "array",
            "items": _object(("name", "emptyDir"), name=NAME, emptyDir=_object(sizeLimit=QUANTITY)),
        },
    ),
)


@pytest.fixture
def pod() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return found


def _mistakes(pod: dict[str, Any]) -> list[str]:
    return [f"{one.json_path}: {one.message}" for one in Draft202012Validator(POD).iter_errors(pod)]


def _containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return [*pod["spec"]["initContainers"], *pod["spec"]["containers"]]


def test_kubernetes_takes_it(pod: dict[str, Any]) -> None:
    assert _mistakes(pod) == []


@pytest.mark.parametrize("field", ["resources", "nmae", "hostPath", "volumemounts"])
def test_the_check_finds_what_kubernetes_would_pass_over_or_refuse(
    pod: dict[str, Any], field: str
) -> None:
    pod["spec"]["containers"][0][field] = {"requests": {"gpu": "one"}}
    assert _mistakes(pod)


def test_airflow_finds_its_container_and_nobody_elses_first(pod: dict[str, Any]) -> None:
    """The executor writes the task's command into the first container, and reads `base`'s log."""
    assert [one["name"] for one in pod["spec"]["containers"]] == ["base"]


def test_what_is_mounted_is_there_and_the_socket_is_one(pod: dict[str, Any]) -> None:
    there = {one["name"] for one in pod["spec"]["volumes"]}
    mounts = [(one["name"], mount) for one in _containers(pod) for mount in one["volumeMounts"]]
    assert {mount["name"] for _, mount in mounts} == there
    sockets = {(name, m["mountPath"]) for name, m in mounts if m["name"] == "socket"}
    assert sockets == {("engine", "/run/engine"), ("base", "/run/engine")}
    env = {one["name"]: one["value"] for one in pod["spec"]["containers"][0]["env"]}
    assert env["DOCKER_HOST"] == "unix:///run/engine/docker.sock"
    # Inside a volume, not the volume itself.
    assert Path(env["AIRFLOW__SLIPWAY__GIT_MIRRORS"]).parent == Path("/mirrors")


def test_the_task_has_no_right_to_spare_and_nothing_of_the_nodes(pod: dict[str, Any]) -> None:
    spec, task = pod["spec"], pod["spec"]["containers"][0]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert task["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "hostPath" not in FILE.read_text()
    assert [
        one["name"] for one in _containers(pod) if one["securityContext"].get("privileged")
    ] == ["engine"]


def test_no_secret_stands_in_it(pod: dict[str, Any]) -> None:
    names = {one["name"] for container in _containers(pod) for one in container.get("env", ())}
    assert not {name for name in names if "CONN" in name or "KEY" in name or "SECRET" in name}
