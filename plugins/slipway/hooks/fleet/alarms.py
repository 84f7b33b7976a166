"""What CloudWatch's alarms say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from slipway.model.cloud.alarm import Alarm

# CloudWatch takes this many names in one question.
_NAMES = 100
_KINDS = ("MetricAlarm", "CompositeAlarm")


def read_alarms(cloudwatch: Any, names: Sequence[str]) -> tuple[Alarm, ...]:
    """Read alarms; those that do not exist are left out.

    :param cloudwatch: boto3 client.
    :param names: of the alarms.
    """
    found: list[Alarm] = []
    for start in range(0, len(names), _NAMES):
        some = list(names[start : start + _NAMES])
        answer = cloudwatch.describe_alarms(
            AlarmNames=some, AlarmTypes=list(_KINDS), MaxRecords=_NAMES
        )
        found += (_alarm(one) for one in _both_kinds(answer))
    return tuple(found)


def alarm_names(cloudwatch: Any, most: int) -> tuple[str, ...]:
    """List the alarms there are, for whoever looks for one that there is not.

    :param cloudwatch: boto3 client.
    :param most: so many at the most.
    """
    pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmTypes=list(_KINDS))
    every = (str(one["AlarmName"]) for page in pages for one in _both_kinds(page))
    return tuple(islice(every, most))


def _both_kinds(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from answer.get("MetricAlarms", ())
    yield from answer.get("CompositeAlarms", ())


def _alarm(raw: Mapping[str, Any]) -> Alarm:
    changed = raw.get("StateTransitionedTimestamp") or raw["StateUpdatedTimestamp"]
    return Alarm(
        name=raw["AlarmName"],
        ringing=raw["StateValue"] == "ALARM",
        since=changed.timestamp(),
        reason=str(raw.get("StateReason") or ""),
    )
