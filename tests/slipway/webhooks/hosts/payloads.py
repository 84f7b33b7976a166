"""What hosts send."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway.webhooks.host import host_of
from tests.slipway.webhooks.deliveries import PUSHES, SECRET, Delivery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slipway.webhooks.announcement import Announcement, Ignored

HOSTS = sorted(PUSHES)


def said(
    delivery: Delivery, secrets: Sequence[bytes] = (SECRET,)
) -> tuple[Announcement, ...] | Ignored:
    return host_of(delivery.headers).parse(delivery.headers, delivery.body, secrets)
