"""What is asked of load balancers stays one word in HAProxy's configuration."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from moto.core.exceptions import ServiceException
from moto.elb.models import ELBBackend
from moto.elbv2.models import ELBv2Backend

from include.localcloud.balancer.config import Pool
from include.localcloud.balancer.state import Target
from include.localcloud.balancer.words import Unwritable, Word, checked, correct_words

POOL = Pool(
    name="group_1", path="/", check_port=None, interval=1, timeout=1, rise=2, fall=2, codes="200"
)
PATHS = (
    "/x\nprogram pwn\n    command sh -c id",
    "/x\rprogram pwn",
    "/x\n",
    "/x y",
    "/x\ty",
    "/x#",
    '/"x',
    "/'x",
    "/x\\",
    "/\x0b",
    "/\x85",
    "/\u2028",
    "/é",
    "x",
    "/\0",
    "/\x7f",
)
CODES = ("200\n    server s 127.0.0.1:22", "200-299 x", "200,", "2xx", "200\n", "٢٠٠", "")
NAMES = ("a\nprogram x", "a b", "a\n", "a/b", "a#", 'a"', "é", "")


@pytest.fixture(autouse=True)
def api(monkeypatch: pytest.MonkeyPatch) -> None:
    for owner, names in (
        (ELBv2Backend, ("create_load_balancer", "create_target_group", "modify_target_group")),
        (ELBBackend, ("create_load_balancer", "configure_health_check")),
    ):
        for name in names:
            monkeypatch.setattr(owner, name, getattr(owner, name))
    correct_words()


def elbv2() -> Any:
    return ELBv2Backend("eu-west-1", "123456789012")


def make(backend: Any, **more: Any) -> Any:
    given = {
        "vpc_id": backend.ec2_backend.get_default_vpc().id,
        "protocol": "HTTP",
        "port": "80",
        "target_type": "instance",
        "healthcheck_protocol": "HTTP",
        "healthcheck_path": "/",
        "healthcheck_port": "traffic-port",
        "healthcheck_interval_seconds": "5",
        "healthcheck_timeout_seconds": "2",
        "healthy_threshold_count": "2",
        "unhealthy_threshold_count": "2",
        "matcher": {"HttpCode": "200"},
        "tags": [],
    }
    return backend.create_target_group("shop", **(given | more))


@pytest.mark.parametrize("path", PATHS)
def test_a_health_check_path_that_writes_haproxys_configuration_is_refused(path: str) -> None:
    backend = elbv2()
    with pytest.raises(ServiceException) as caught:
        make(backend, healthcheck_path=path)
    assert caught.value.code == "ValidationError"
    group = make(backend)
    with pytest.raises(ServiceException):
        backend.modify_target_group(group.arn, health_check_path=path)
    assert group.health_check_path == "/"
    with pytest.raises(Unwritable):
        dataclasses.replace(POOL, path=path)


@pytest.mark.parametrize("codes", CODES)
def test_a_matcher_that_writes_haproxys_configuration_is_refused(codes: str) -> None:
    backend = elbv2()
    with pytest.raises(ServiceException):
        make(backend, matcher={"HttpCode": codes})
    with pytest.raises(ServiceException):
        backend.modify_target_group(make(backend).arn, None, http_codes=codes)
    with pytest.raises(Unwritable):
        dataclasses.replace(POOL, codes=codes)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_writes_haproxys_configuration_is_refused(name: str) -> None:
    with pytest.raises(ServiceException):
        elbv2().create_load_balancer(name, [], ["subnet-1"])
    with pytest.raises(ServiceException):
        ELBBackend("eu-west-1", "123456789012").create_load_balancer(name, [], [])
    with pytest.raises(Unwritable):
        dataclasses.replace(POOL, name=name)


@pytest.mark.parametrize("path", [path for path in PATHS if path != "x"])
def test_a_classic_check_that_writes_haproxys_configuration_is_refused(path: str) -> None:
    backend = ELBBackend("eu-west-1", "123456789012")
    for target in (f"HTTP:80{path}", f"HTTP:80\n{path}", "TCP:22\nx", "TCP:x", "HTTP:80"):
        with pytest.raises(ServiceException):
            backend.configure_health_check("shop", "2", "2", "2", "5", target)


@pytest.mark.parametrize("given", ["nan", "1e999", "1\n", "-1", "x"])
def test_a_number_that_is_none_is_refused(given: str) -> None:
    with pytest.raises(ServiceException):
        make(elbv2(), healthcheck_interval_seconds=given)
    with pytest.raises(ServiceException):
        make(elbv2(), healthcheck_port=given)


@pytest.mark.parametrize("address", ["10.0.0.1; shutdown", "10.0.0.1\nserver x", "localhost", ""])
def test_an_address_that_commands_haproxy_is_refused(address: str) -> None:
    with pytest.raises(Unwritable):
        Target(address=address, port=80)


@pytest.mark.parametrize("path", ["/", "/healthz?deep=1&x=%20", "/a-b_c/~d.e;f=$1!*(),:@[]"])
def test_ordinary_paths_are_taken(path: str) -> None:
    backend = elbv2()
    assert make(backend, healthcheck_path=path).health_check_path == path
    assert checked(Word.TARGET, f"HTTP:80{path}")
