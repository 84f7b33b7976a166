"""Looks on while a case runs: who is in service, and what visitors get."""

from __future__ import annotations

import urllib.request
from urllib.parse import urlencode

from tests.cloud_process import REGION
from tests.faults.cloud import ENDPOINT
from tests.repeating import Repeating

# Seconds between two looks, and between two visits.
_LOOK, _VISIT = 0.4, 0.15
# Only the service's name in it is looked at.
_SIGNED = f"AWS4-HMAC-SHA256 Credential=x/20260101/{REGION}/elasticloadbalancing/aws4_request"


class Watch(Repeating):
    """Samples the balancer's healthy targets, and asks its listener without a pause.

    :param target_group: ARN.
    :param listener: port on 127.0.0.1.
    """

    def __init__(self, target_group: str, listener: int) -> None:
        super().__init__((self._look, _LOOK), (self._visit, _VISIT))
        self._target_group = target_group
        self._url = f"http://127.0.0.1:{listener}/"
        self.least: int | None = None
        self.looks = self.visits = 0
        self.served: set[str] = set()
        self.failures: list[str] = []

    def _look(self) -> None:
        now = healthy(self._target_group)
        self.looks += 1
        self.least = now if self.least is None else min(now, self.least)

    def _visit(self) -> None:
        self.visits += 1
        try:
            with urllib.request.urlopen(self._url, timeout=10) as answer:
                self.served.add(answer.read().decode())
        except OSError as error:
            self.failures.append(repr(error))


def healthy(target_group: str) -> int:
    """Count the targets that the balancer sends requests to.

    Asked without boto3, which takes more of a small machine's time than all the rest of a look.
    """
    form = {
        "Action": "DescribeTargetHealth",
        "Version": "2015-12-01",
        "TargetGroupArn": target_group,
    }
    question = urllib.request.Request(
        ENDPOINT, data=urlencode(form).encode(), headers={"Authorization": _SIGNED}
    )
    with urllib.request.urlopen(question, timeout=30) as answer:
        told: bytes = answer.read()
    return told.count(b"<State>healthy</State>")
