"""docker-compose.yaml and what is laid over it, as whoever runs it would look at them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from ipaddress import IPv4Network, ip_address
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.delivery.capacity.assign import places
from include.images.catalog import IMAGES
from include.settings import FILE, POOLS, pools, shared
from include.stack import cloud, repositories, secret_files, up
from include.stack.image import first_start

ROOT = Path(__file__).resolve().parents[3]
BASE = ROOT / "docker-compose.yaml"
CLOUD = ROOT / "docker-compose.cloud.yaml"
STACK: dict[str, Any] = yaml.safe_load(BASE.read_text())
OVER: dict[str, Any] = yaml.safe_load(CLOUD.read_text())
SERVICES: dict[str, dict[str, Any]] = {
    name: {**STACK["services"].get(name, {}), **OVER["services"].get(name, {})}
    for name in {**STACK["services"], **OVER["services"]}
}
# Does its work once, and ends.
LASTING = sorted(SERVICES.keys() - {"init"})
AIRFLOW = ("api-server", "scheduler", "dag-processor", "triggerer", "worker", "init")
# ${NAME}, ${NAME:-default}, ${NAME:?why}
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
SECRET = re.compile(
    r"secret|password|token|passwd|fernet|private|credential|conn$|broker_url", re.I
)


def _variables(service: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in service.get("environment", {}).items():
        yield name, str(value)
    for file in service.get("env_file", []):
        yield from shared(ROOT / file).items()


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_secret_is_in_the_environment(name: str) -> None:
    """`docker inspect` shows it to whoever may look, and every child process has it."""
    for variable, value in _variables(SERVICES[name]):
        assert not re.search(r"://[^/\s]*:[^/\s]*@", value), variable
        if SECRET.search(variable):
            assert variable.endswith(("_CMD", "_FILE", "SECRETS__BACKEND", "BACKEND_KWARGS")), (
                variable
            )
            if variable.endswith(("_CMD", "_FILE")):
                assert re.fullmatch(r"(cat )?/run/secrets/\w+", value), variable


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_secret_that_is_read_is_mounted(name: str) -> None:
    service = SERVICES[name]
    words = " ".join([json.dumps(service.get("environment", {})), str(service.get("command"))])
    mounted = {one if isinstance(one, str) else one["target"] for one in service.get("secrets", ())}
    assert set(re.findall(r"/run/secrets/([\w.]+)", words)) <= mounted


def test_each_secret_is_a_file_that_is_made(tmp_path: Path) -> None:
    for name, secret in STACK["secrets"].items():
        assert secret.keys() == {"file"}, name
    wanted = {secret["file"].rpartition("/")[2] for secret in STACK["secrets"].values()}
    secret_files.make(tmp_path)
    assert wanted == {path.name for path in tmp_path.iterdir()}


def test_nobody_reads_the_secrets_but_their_owner_and_the_containers(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    secret_files.make(folder, connections={"aws_default": {"conn_type": "aws"}})
    assert folder.stat().st_mode & 0o777 == 0o700
    # A container's user is another one than the folder's owner.
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o444}


def test_a_second_start_keeps_the_secrets(tmp_path: Path) -> None:
    secret_files.make(tmp_path / "secrets")
    before = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    secret_files.make(tmp_path / "secrets", connections={"other": {}})
    assert {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()} == before


def test_the_parts_know_the_same_passwords(tmp_path: Path) -> None:
    secret_files.make(tmp_path)
    text = {path.name: path.read_text() for path in tmp_path.iterdir()}
    # Airflow would take a line break for a part of the database's name.
    assert not any(content.endswith("\n") for content in text.values())
    assert f":{text['postgres_password']}@postgres" in text["sql_alchemy_conn"]
    password = text["redis.conf"].removeprefix("requirepass ")
    assert f":{password}@redis" in text["broker_url"]
    assert f":{password}@redis" in text["result_backend"]
    alike = ("fernet_key", "jwt_secret", "api_secret_key", "admin_password", "postgres_password")
    assert len({text[name] for name in alike}) == len(alike)


def test_a_worker_has_no_way_to_the_database() -> None:
    """Tasks ask the API server for what they use, with a token of their own."""
    worker = STACK["services"]["worker"]
    assert set(worker["secrets"]) == {"api_secret_key", "broker_url", "result_backend"}
    assert not [name for name in worker["environment"] if "SQL_ALCHEMY" in name or "FERNET" in name]


@pytest.mark.parametrize("name", LASTING)
def test_each_service_says_how_it_is(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] in ("CMD", "CMD-SHELL")
    assert {"interval", "timeout", "retries"} <= check.keys()


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_each_service_is_limited_and_started_again(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == ("on-failure" if name == "init" else "unless-stopped")
    assert {"mem_limit", "cpus", "pids_limit"} <= service.keys()
    options = service["logging"]["options"]
    assert {"max-size", "max-file"} <= options.keys()


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_each_service_has_as_few_rights_as_it_can(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert "network_mode" not in service
    assert not {"NET_ADMIN", "SYS_ADMIN", "SYS_PTRACE"} & set(service.get("cap_add", ()))


@pytest.mark.parametrize("name", AIRFLOW)
def test_airflow_is_not_root(name: str) -> None:
    assert STACK["services"][name]["user"] == "50000:0"


def test_the_ui_alone_is_published_and_on_this_machine_alone() -> None:
    published = {name: one["ports"] for name, one in SERVICES.items() if one.get("ports")}
    assert published == {"api-server": ["127.0.0.1:${SLIPWAY_UI_PORT:-8080}:8080"]}


def test_workers_alone_have_the_engine() -> None:
    with_socket = [
        name for name, one in SERVICES.items() if "docker.sock" in str(one.get("volumes"))
    ]
    assert with_socket == ["worker"]
    assert STACK["services"]["worker"]["group_add"]


def test_workers_share_no_disk() -> None:
    """A named volume would be one for all of them; an anonymous one is each worker's own."""
    for volume in STACK["services"]["worker"]["volumes"]:
        source, colon, _ = VARIABLE.sub("/variable", volume).partition(":")
        assert not colon or source.startswith("/"), volume
    assert "/var/lib/airflow" in STACK["services"]["worker"]["volumes"]


def test_data_that_must_last_is_in_named_volumes() -> None:
    assert set(STACK["volumes"]) == {"postgres", "redis"}
    for name in STACK["volumes"]:
        [mounted] = STACK["services"][name]["volumes"]
        assert mounted.startswith(f"{name}:")


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_what_is_waited_for_has_its_condition(name: str) -> None:
    needs = SERVICES[name].get("depends_on", {})
    assert isinstance(needs, dict)
    for needed, how in needs.items():
        wanted = "service_completed_successfully" if needed == "init" else "service_healthy"
        assert how == {"condition": wanted}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_images_are_pinned_to_a_version(name: str) -> None:
    image = SERVICES[name]["image"]
    default = VARIABLE.sub(lambda found: found[3] if found[2] == "-" else "", image)
    assert re.search(r":\d", default), image


def test_the_stand_ins_are_images_of_this_repository() -> None:
    assert set(up.IMAGES.values()) <= {image.tag for image in IMAGES.values()}


@pytest.mark.parametrize("path", [BASE, CLOUD], ids=lambda path: path.name)
def test_it_is_read_by_both_composes(path: Path) -> None:
    """Compose v2 warns of `version`; docker-compose 1.29 does not know these keys."""
    document = yaml.safe_load(path.read_text())
    known = {"services", "volumes", "networks", "secrets"}
    assert all(key in known or key.startswith("x-") for key in document)
    for service in document["services"].values():
        assert not {"pull_policy", "develop", "annotations", "container_name"} & service.keys()
        assert not any(isinstance(one, dict) for one in service.get("tmpfs", ()))


def test_what_compose_must_be_told_is_told_by_make_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(up, "SOCKET", tmp_path)
    told = {*up.variables(), *cloud.places(IPv4Network("10.0.0.0/16"))}
    text = BASE.read_text() + CLOUD.read_text()
    needed = {name for name, kind, _ in VARIABLE.findall(text) if kind == "?"}
    assert needed <= told
    assert told <= {name for name, _, _ in VARIABLE.findall(text)}


def test_the_way_to_the_cloud_is_no_address_that_docker_deals_out() -> None:
    places = cloud.places(IPv4Network("10.220.0.0/16"))
    address = ip_address(places["SLIPWAY_CLOUD_ADDRESS"])
    assert address in IPv4Network(places["SLIPWAY_SUBNET"])
    assert address not in IPv4Network(places["SLIPWAY_SUBNET_RANGE"])


def test_the_shared_settings_are_compose_and_airflow_settings() -> None:
    for line in (*FILE.read_text().splitlines(), *POOLS.read_text().splitlines()):
        assert not line or line.startswith("#") or re.fullmatch(r"AIRFLOW__\w+__\w+=\S.*", line)
        assert not re.search(r"[\"'$]", line.partition("=")[2]), line


def test_a_project_file_of_the_demo_is_right_in_the_stack() -> None:
    text = (ROOT / "include" / "projects" / "guestbook.yaml").read_text()
    repository = yaml.safe_load(repositories.for_the_stack(text))["repository"]
    assert repository == {"url": "git://git:9418/acme/guestbook.git", "branch": "main"}


def test_builds_and_bakes_leave_slots_to_swaps_in_pools_that_the_first_start_makes() -> None:
    for name in AIRFLOW:
        written = dict(_variables(SERVICES[name]))[first_start.POOLS]
        assert places("pools", written) == pools(), name
    given = STACK["services"]["init"]["environment"]
    wanted = [given[first_start.SLOTS.format(kind.upper())] for kind in pools()]
    slots = [int(match[3]) for one in wanted if (match := VARIABLE.match(one))]
    of_a_worker = VARIABLE.match(STACK["x-settings"]["AIRFLOW__CELERY__WORKER_CONCURRENCY"])
    assert of_a_worker is not None
    assert len(slots) == len(pools())
    assert sum(slots) < 2 * int(of_a_worker[3])
