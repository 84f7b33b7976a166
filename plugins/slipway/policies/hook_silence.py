"""Whether a repository's webhook has fallen silent: its commits are found, but not announced."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

# Polls that found what no hook had announced, and the time that a hook has to come after all: one
# alone may have overtaken its hook, or be of a push that was too large to be announced.
FINDS, GRACE = 2, timedelta(minutes=5)


def has_fallen_silent(last_hook: datetime, finds: Sequence[datetime], now: datetime) -> bool:
    """Tell whether hooks have stopped coming while polls find commits.

    :param last_hook: when the last hook came.
    :param finds: when polls found new commits.
    :param now: the time.
    """
    since = [found for found in finds if found > last_hook]
    return len(since) >= FINDS and now - min(since) >= GRACE


def silence(project: str, last_hook: datetime, host: str, finds: Sequence[datetime]) -> str:
    """Word the message.

    :param project: the project's name.
    :param last_hook: when the last hook came.
    :param host: the host that it came from.
    :param finds: when polls found new commits.
    """
    since = [found for found in finds if found > last_hook]
    return (
        f"{project}: webhooks have stopped coming: {len(since)} polls in a row found commits that "
        f"{host} had not announced, and its last hook came at {last_hook:%Y-%m-%d %H:%M} UTC. "
        f"Every commit is run all the same, a poll later. `fab hook {project}` shows what the host "
        "says of its last deliveries, and repairs the hook"
    )
