"""Machines are asked as their balancer asks them, unless the project file says otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from moto import mock_aws

from slipway.fleet.health_question import health_question, probe_question
from slipway.hooks.aws.balancer_health_check import of_classic, of_target_group
from slipway.model.cloud.health_check import ANY_SUCCESS, HealthCheck, Scheme, is_right
from slipway.model.target import Probe
from tests.slipway.fleet import moto_cloud
from tests.slipway.fleet.moto_cloud import client
from tests.slipway.fleet.worlds import make_target


def _target(**more: Any) -> Any:
    return make_target(**({"health_path": None, "health_port": None} | more))


def _group(**more: Any) -> HealthCheck:
    fields = {
        "Protocol": "HTTP",
        "Port": 8000,
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPath": "/up",
        "HealthCheckPort": "traffic-port",
        "Matcher": {"HttpCode": "200-399"},
        "HealthCheckTimeoutSeconds": 10,
    }
    return of_target_group(fields | more)


def test_a_silent_project_file_asks_as_the_target_group_does() -> None:
    asked = health_question(_target(), _group())
    assert asked == HealthCheck(
        scheme=Scheme.HTTP, port=8000, path="/up", status="200-399", timeout=10.0
    )


def test_nobody_is_less_patient_than_three_seconds() -> None:
    assert health_question(_target(), _group(HealthCheckTimeoutSeconds=2)).timeout == 3.0


@pytest.mark.parametrize(
    ("group", "scheme", "port", "path"),
    [
        ({"HealthCheckProtocol": "HTTPS", "HealthCheckPort": "8443"}, Scheme.HTTPS, 8443, "/up"),
        ({"HealthCheckProtocol": "TCP", "HealthCheckPath": None}, Scheme.TCP, 8000, ""),
        ({"Protocol": "TLS", "HealthCheckProtocol": "TCP"}, Scheme.TCP, 8000, ""),
        ({"Protocol": "UDP", "HealthCheckProtocol": "HTTP"}, Scheme.HTTP, 8000, "/up"),
        ({"Protocol": "TCP_UDP", "HealthCheckProtocol": None}, Scheme.TCP, 8000, ""),
        ({"HealthCheckPath": None}, Scheme.HTTP, 8000, "/"),
    ],
)
def test_every_kind_of_target_group(
    group: dict[str, Any], scheme: Scheme, port: int, path: str
) -> None:
    asked = health_question(_target(), _group(**group))
    assert (asked.scheme, asked.port, asked.path) == (scheme, port, path)


@pytest.mark.parametrize(
    ("version", "protocol", "scheme", "word"),
    [
        ("GRPC", "HTTP", Scheme.TCP, "gRPC"),
        ("GRPC", "HTTPS", Scheme.TLS, "gRPC"),
        ("HTTP2", "HTTP", Scheme.TCP, "HTTP/2"),
    ],
)
def test_what_slipway_does_not_speak_is_connected_to_and_said(
    version: str, protocol: str, scheme: Scheme, word: str
) -> None:
    check = _group(ProtocolVersion=version, HealthCheckProtocol=protocol)
    for target in (_target(), _target(health_path="/up")):
        asked = health_question(target, check)
        assert asked.scheme is scheme
        assert word in asked.remark
    assert health_question(_target(health_scheme="http"), check).remark == ""


@pytest.mark.parametrize(
    ("target", "scheme", "port", "path", "status"),
    [
        # What projects have said so far goes on meaning what it meant.
        ({"health_path": "/h", "health_port": 8000}, Scheme.HTTP, 8000, "/h", ANY_SUCCESS),
        ({"health_path": "/up"}, Scheme.HTTPS, 8443, "/up", "200-399"),
        ({"health_port": 8443}, Scheme.HTTPS, 8443, "/up", "200-399"),
        ({"health_port": 9000}, Scheme.HTTP, 9000, "/up", "200-399"),
        ({"health_scheme": "tcp"}, Scheme.TCP, 8443, "", ANY_SUCCESS),
        ({"health_status": "401"}, Scheme.HTTPS, 8443, "/up", "401"),
        ({"health_scheme": "http", "health_port": 80}, Scheme.HTTP, 80, "/up", "200-399"),
    ],
)
def test_the_project_file_goes_first(
    target: dict[str, Any], scheme: Scheme, port: int, path: str, status: str
) -> None:
    check = _group(HealthCheckProtocol="HTTPS", HealthCheckPort="8443")
    asked = health_question(_target(**target), check)
    assert (asked.scheme, asked.port, asked.path, asked.status) == (scheme, port, path, status)


def test_a_path_asks_for_a_page_also_where_the_balancer_only_connects() -> None:
    check = _group(HealthCheckProtocol="TCP")
    asked = health_question(_target(health_path="/healthz"), check)
    assert (asked.scheme, asked.path) == (Scheme.HTTP, "/healthz")


@pytest.mark.parametrize(
    ("target", "scheme", "port", "path"),
    [
        ("HTTP:8000/healthz", Scheme.HTTP, 8000, "/healthz"),
        ("TCP:22", Scheme.TCP, 22, ""),
        ("SSL:443", Scheme.TLS, 443, ""),
        ("HTTPS:443/a?b=c", Scheme.HTTPS, 443, "/a?b=c"),
        ("", Scheme.TCP, 80, ""),
    ],
)
def test_every_kind_of_classic_check(target: str, scheme: Scheme, port: int, path: str) -> None:
    found = of_classic({"HealthCheck": {"Target": target, "Timeout": 5}})
    assert (found.scheme, found.port, found.path) == (scheme, port, path)


@pytest.mark.parametrize(
    ("code", "wanted", "right"),
    [
        (204, ANY_SUCCESS, True),
        (301, "200-399", True),
        (401, "200, 401", True),
        (404, "200-399,401", False),
        (200, "200", True),
        (199, "200-299", False),
    ],
)
def test_the_right_answers(code: int, wanted: str, right: bool) -> None:
    assert is_right(code, wanted) is right


def test_a_soaks_probe_speaks_as_health_does_at_the_same_port() -> None:
    health = HealthCheck(scheme=Scheme.HTTPS, port=8443, path="/up", timeout=10)
    for probe, scheme, port in (
        (Probe(path="/ready"), Scheme.HTTPS, 8443),
        (Probe(path="/ready", port=9000), Scheme.HTTP, 9000),
        (Probe(path="/ready", port=9000, scheme="https"), Scheme.HTTPS, 9000),
    ):
        asked = probe_question(probe, health)
        assert (asked.scheme, asked.port, asked.path, asked.timeout) == (scheme, port, "/ready", 10)


@mock_aws
def test_the_cloud_says_how_its_balancers_ask() -> None:
    moto_cloud.furnish()
    [group] = client("elbv2").describe_target_groups(Names=["shop-dev"])["TargetGroups"]
    client("elbv2").modify_target_group(
        TargetGroupArn=group["TargetGroupArn"],
        HealthCheckProtocol="HTTPS",
        HealthCheckPort="8443",
        HealthCheckPath="/status",
        Matcher={"HttpCode": "200-399"},
    )
    found = moto_cloud.fleet().health_check()
    assert (found.scheme, found.port, found.path, found.status) == (
        Scheme.HTTPS,
        8443,
        "/status",
        "200-399",
    )
    client("elb").create_load_balancer(
        LoadBalancerName="old",
        AvailabilityZones=["eu-west-1a"],
        Listeners=[{"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 8000}],
    )
    client("elb").configure_health_check(
        LoadBalancerName="old",
        HealthCheck={
            "Target": "SSL:8443",
            "Interval": 5,
            "Timeout": 3,
            "UnhealthyThreshold": 2,
            "HealthyThreshold": 2,
        },
    )
    found = moto_cloud.fleet(target_group=None, load_balancer="old").health_check()
    assert (found.scheme, found.port) == (Scheme.TLS, 8443)
