"""The tool that everything else here relies on: each fault does what its name says."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.faults.aws_call import read_call
from tests.faults.faults import Fault, Strike
from tests.faults.proxy import FaultProxy


class _Cloud(BaseHTTPRequestHandler):
    """Counts what reaches it."""

    arrived: int = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).arrived += 1
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"<r/>")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def proxy() -> Iterator[FaultProxy]:
    _Cloud.arrived = 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Cloud)
    Thread(target=server.serve_forever, daemon=True).start()
    with FaultProxy(server.server_port) as proxy:
        yield proxy
    server.shutdown()
    server.server_close()


def _client(
    proxy: FaultProxy, service: str = "autoscaling", *, tries: int = 1, patience: float = 60
) -> Any:
    make: Any = boto3.client
    retries: Any = {"mode": "standard", "total_max_attempts": tries}
    return make(
        service,
        endpoint_url=proxy.url,
        region_name="eu-west-1",
        aws_access_key_id="x",
        aws_secret_access_key="y",
        config=Config(retries=retries, read_timeout=patience),
    )


def _delete(proxy: FaultProxy, **more: Any) -> None:
    _client(proxy, **more).delete_auto_scaling_group(AutoScalingGroupName="g")


def _arm(proxy: FaultProxy, fault: Fault, *, turn: int = 1) -> list[signal.Signals]:
    signals: list[signal.Signals] = []
    strike = Strike(fault=fault, label="DeleteAutoScalingGroup", turn=turn)
    proxy.arm(strike, victim=signals.append)
    return signals


def test_without_a_fault_everything_arrives_and_changes_are_counted(proxy: FaultProxy) -> None:
    client = _client(proxy)
    with pytest.raises(KeyError):  # there is nothing in this cloud's answers
        client.describe_auto_scaling_groups()
    client.delete_auto_scaling_group(AutoScalingGroupName="g")
    assert [call.label for call in proxy.calls] == ["DeleteAutoScalingGroup"]
    assert _Cloud.arrived == 2


@pytest.mark.parametrize(
    ("fault", "arrived", "signals"),
    [
        (Fault.FAIL_BEFORE, 0, []),
        (Fault.ANSWER_LOST, 1, []),
        (Fault.HANG, 0, []),
        (Fault.KILL_BEFORE, 0, [signal.SIGKILL]),
        (Fault.KILL_AFTER, 1, [signal.SIGKILL]),
        (Fault.STALE, 0, [signal.SIGSTOP]),
    ],
)
def test_no_answer(proxy: FaultProxy, fault: Fault, arrived: int, signals: list[int]) -> None:
    sent = _arm(proxy, fault)
    with pytest.raises(BotoCoreError):
        _delete(proxy, patience=0.5)
    assert (proxy.struck, _Cloud.arrived, sent) == (True, arrived, signals)


@pytest.mark.parametrize(
    ("service", "call", "label"),
    [
        ("autoscaling", "delete_auto_scaling_group", "DeleteAutoScalingGroup"),
        ("ec2", "delete_launch_template", "DeleteLaunchTemplate"),
        ("ssm", "delete_parameter", "DeleteParameter (lease)"),
    ],
)
@pytest.mark.parametrize(
    ("fault", "codes"),
    [
        (Fault.THROTTLED, {"Throttling", "RequestLimitExceeded", "ThrottlingException"}),
        (Fault.REFUSED, {"AccessDenied", "UnauthorizedOperation", "AccessDeniedException"}),
    ],
)
def test_a_refusal_in_each_protocol(
    proxy: FaultProxy, service: str, call: str, label: str, fault: Fault, codes: set[str]
) -> None:
    proxy.arm(Strike(fault=fault, label=label), victim=lambda _: None)
    arguments = {
        "autoscaling": {"AutoScalingGroupName": "g"},
        "ec2": {"LaunchTemplateId": "lt-1"},
        "ssm": {"Name": "/slipway-leases/shop/dev"},
    }[service]
    for _ in range(2):
        with pytest.raises(ClientError) as refused:
            getattr(_client(proxy, service), call)(**arguments)
        assert refused.value.response["Error"]["Code"] in codes
    assert _Cloud.arrived == 0


def test_throttled_three_times_it_passes_at_the_fourth(proxy: FaultProxy) -> None:
    _arm(proxy, Fault.THROTTLED_3X)
    _delete(proxy, tries=4)
    assert (len(proxy.calls), _Cloud.arrived) == (4, 1)


def test_the_turn_counts_and_calm_ends_it(proxy: FaultProxy) -> None:
    _arm(proxy, Fault.FAIL_BEFORE, turn=2)
    _delete(proxy)
    for _ in range(2):
        with pytest.raises(BotoCoreError):
            _delete(proxy)
    proxy.calm()
    _delete(proxy)
    assert _Cloud.arrived == 2


def test_calls_are_told_apart_by_the_tag_they_are_about() -> None:
    form = b"Action=CreateOrUpdateTags&Tags.member.1.Key=slipway%3Aheld"
    call = read_call("POST", "/", {"Content-Type": "x"}, form)
    assert (call.label, call.mutating) == ("CreateOrUpdateTags (slipway:held)", True)
    call = read_call("POST", "/", {"X-Amz-Target": "AmazonSSM.GetParameter"}, b"{}")
    assert (call.name, call.mutating) == ("GetParameter", False)
    assert not read_call("GET", "/bucket/key", {}, b"").mutating
