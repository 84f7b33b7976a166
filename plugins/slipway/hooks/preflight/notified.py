"""Whom a server group tells of its machines: topics of SNS, queues of SQS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from slipway.hooks.fleet.group_extras import notifications
from slipway.hooks.fleet.lifecycle_hooks import lifecycle_hooks
from slipway.model.text.nearest import Named

Client = Callable[[str], Any]
# Topics of an account that are read to find the one that somebody meant.
_MOST_TOPICS = 2000


def deaf_hooks(client: Client, group: str) -> Iterator[tuple[str, str]]:
    """Yield the lifecycle hooks that tell somebody who is not there, and whom.

    :param client: gives the boto3 client of a service by its name.
    :param group: its name.
    """
    for hook in lifecycle_hooks(client, group):
        target = str(hook.get("NotificationTargetARN") or "")
        if target and not _hears(client, target):
            yield str(hook["LifecycleHookName"]), target


def lost_topics(client: Client, group: str) -> Iterator[str]:
    """Yield the topics that a group notifies and that are not there.

    :param client: gives the boto3 client of a service by its name.
    :param group: its name.
    """
    for topic in notifications(client, group):
        if not _hears(client, topic):
            yield topic


def topics(client: Client) -> tuple[Named, ...]:
    """List the topics that there are, for a hint; none where that may not be asked."""
    try:
        pages = client("sns").get_paginator("list_topics").paginate()
        every = (one["TopicArn"] for page in pages for one in page["Topics"])
        return tuple(Named(name=arn) for arn in islice(every, _MOST_TOPICS))
    except ClientError:
        return ()


def _hears(client: Client, arn: str) -> bool:
    service, name = arn.split(":")[2], arn.rpartition(":")[2]
    try:
        if service == "sns":
            client("sns").get_topic_attributes(TopicArn=arn)
        elif service == "sqs":
            client("sqs").get_queue_url(QueueName=name, QueueOwnerAWSAccountId=arn.split(":")[4])
    except ClientError as error:
        # Whoever may not look does not know.
        code = str(error.response["Error"]["Code"])
        return "NotFound" not in code and "NonExistent" not in code and "DoesNotExist" not in code
    return True
