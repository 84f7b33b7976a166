"""How often AWS is asked by those who wait: AWS limits it, for the whole account."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from moto import mock_aws

from slipway.exceptions import CloudUnavailable
from slipway.hooks.aws.shared_looks import SharedLooks
from slipway.hooks.fleet.cloud import FleetCloud
from tests.slipway.fleet import moto_cloud

_ENVIRONMENTS = 8


@pytest.fixture
def calls() -> Iterator[Counter[str]]:
    """Count what is asked of AWS."""
    counted: Counter[str] = Counter()

    def count(model: Any, **_: Any) -> None:
        counted[model.name] += 1

    with mock_aws():
        moto_cloud.client.cache_clear()
        moto_cloud.furnish()
        elbv2, vpc = moto_cloud.client("elbv2"), _vpc()
        for number in range(_ENVIRONMENTS):
            elbv2.create_target_group(Name=f"shop-{number}", Protocol="HTTP", Port=80, VpcId=vpc)
        for service in ("autoscaling", "ec2", "elbv2"):
            moto_cloud.client(service).meta.events.register("before-call", count)
        yield counted
        moto_cloud.client.cache_clear()


def _vpc() -> str:
    return str(moto_cloud.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"])


def _fleet(number: int, looks: SharedLooks) -> FleetCloud:
    fleet = moto_cloud.fleet(environment=str(number), target_group=f"shop-{number}")
    return fleet.share(partial(looks.ask, ("aws_default", "eu-west-1", "groups")))


def test_the_accounts_groups_are_listed_once_for_all_that_wait(calls: Counter[str]) -> None:
    looks = SharedLooks(fresh=3600.0)
    fleets = [_fleet(number, looks) for number in range(_ENVIRONMENTS)]
    with ThreadPoolExecutor(_ENVIRONMENTS) as pool:
        list(pool.map(lambda fleet: fleet.observe(), fleets))
    assert calls["DescribeAutoScalingGroups"] == 1
    assert calls["DescribeTargetHealth"] == _ENVIRONMENTS


def test_a_look_takes_as_many_calls_however_many_machines_there_are(
    calls: Counter[str],
) -> None:
    found = list[Counter[str]]()
    for size in (1, 9):
        name = f"shop-dev-{size}"
        fleet = moto_cloud.fleet()
        fleet.launch(moto_cloud.launch(str(size), name=name, size=(1, size, 9)))
        fleet.observe()
        calls.clear()
        fleet.observe()
        found.append(Counter(calls))
    assert found[0] == found[1]
    assert sum(found[0].values()) <= 4


def test_whoever_changes_something_looks_for_itself(calls: Counter[str]) -> None:
    for _ in range(3):
        moto_cloud.fleet().observe()
    assert calls["DescribeAutoScalingGroups"] == 3


def test_who_asks_while_another_one_does_waits_for_that_answer() -> None:
    looks, asked, go = SharedLooks(fresh=3600.0), list[int](), threading.Event()

    def question() -> int:
        asked.append(1)
        go.wait(30.0)
        return len(asked)

    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(looks.ask, "what", question) for _ in range(4)]
        go.set()
        assert {answer.result() for answer in answers} == {1}
    assert looks.ask("another", lambda: 2) == 2


def test_an_answer_grows_old() -> None:
    looks, answers = SharedLooks(fresh=0.05), iter((1, 2))
    assert looks.ask("what", lambda: next(answers)) == 1
    time.sleep(0.1)
    assert looks.ask("what", lambda: next(answers)) == 2


def test_a_failure_is_nobody_elses() -> None:
    looks = SharedLooks(fresh=3600.0)

    def fail() -> int:
        msg = "away"
        raise CloudUnavailable(msg)

    with pytest.raises(CloudUnavailable):
        looks.ask("what", fail)
    assert looks.ask("what", lambda: 1) == 1


def test_a_hundred_that_wait_at_one_account_take_turns() -> None:
    looks, here = SharedLooks(), ("aws_default", "eu-west-1")
    with looks.waiting(here) as alone:
        assert alone(1.0) == 1.0
        pauses = [looks.waiting(here) for _ in range(99)]
        for one in pauses:
            one.__enter__()
        assert alone(1.0) == 20.0  # five looks a second, all together
        with looks.waiting(("aws_default", "us-east-1")) as elsewhere:
            assert elsewhere(1.0) == 1.0
        for one in pauses:
            one.__exit__(None, None, None)
        assert alone(1.0) == 1.0
