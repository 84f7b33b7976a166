"""Against moto, and against what AWS answers and moto does not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from slipway.hooks.fleet.alarms import alarm_names, read_alarms
from slipway.model.cloud.alarm import Alarm

LONG_AGO, THEN = (datetime(2026, 11, day, tzinfo=UTC) for day in (1, 2))


@pytest.fixture
def cloudwatch() -> Iterator[Any]:
    with mock_aws():
        make: Any = boto3.client
        yield make(
            "cloudwatch", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y"
        )


def _make(cloudwatch: Any, name: str) -> None:
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        MetricName="m",
        Namespace="n",
        Period=60,
        EvaluationPeriods=1,
        Statistic="Sum",
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
    )


@pytest.mark.parametrize(
    ("state", "ringing"), [("ALARM", True), ("OK", False), ("INSUFFICIENT_DATA", False)]
)
def test_an_alarm_in_each_of_its_states(cloudwatch: Any, state: str, ringing: bool) -> None:
    _make(cloudwatch, "errors")
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue=state, StateReason="9 errors")
    (alarm,) = read_alarms(cloudwatch, ["errors", "gone"])
    assert (alarm.name, alarm.ringing, alarm.reason) == ("errors", ringing, "9 errors")


def test_the_names_there_are_up_to_a_limit(cloudwatch: Any) -> None:
    for name in ("errors", "latency"):
        _make(cloudwatch, name)
    assert set(alarm_names(cloudwatch, 10)) == {"errors", "latency"}
    assert len(alarm_names(cloudwatch, 1)) == 1


def test_a_composite_alarm_is_one_as_well(cloudwatch: Any) -> None:
    raw = {"AlarmName": "any of them", "StateValue": "ALARM", "StateUpdatedTimestamp": THEN}
    with Stubber(cloudwatch) as stub:
        stub.add_response("describe_alarms", {"CompositeAlarms": [raw]})
        (alarm,) = read_alarms(cloudwatch, ["any of them"])
    assert (alarm.name, alarm.ringing) == ("any of them", True)


def test_it_is_as_old_as_its_state_whatever_was_evaluated_since(cloudwatch: Any) -> None:
    raw = {
        "AlarmName": "errors",
        "StateValue": "ALARM",
        "StateUpdatedTimestamp": THEN,
        "StateTransitionedTimestamp": LONG_AGO,
    }
    with Stubber(cloudwatch) as stub:
        stub.add_response("describe_alarms", {"MetricAlarms": [raw]})
        alarms = read_alarms(cloudwatch, ["errors"])
    assert alarms == (Alarm(name="errors", ringing=True, since=LONG_AGO.timestamp()),)


def test_many_are_read_a_hundred_at_a_time(cloudwatch: Any) -> None:
    names = [f"alarm {number}" for number in range(150)]
    kinds = {"AlarmTypes": ["MetricAlarm", "CompositeAlarm"], "MaxRecords": 100}
    with Stubber(cloudwatch) as stub:
        for some in (names[:100], names[100:]):
            found = [
                {"AlarmName": name, "StateValue": "OK", "StateUpdatedTimestamp": THEN}
                for name in some
            ]
            stub.add_response(
                "describe_alarms", {"MetricAlarms": found}, {"AlarmNames": some, **kinds}
            )
        alarms = read_alarms(cloudwatch, names)
        stub.assert_no_pending_responses()
    assert [alarm.name for alarm in alarms] == names
