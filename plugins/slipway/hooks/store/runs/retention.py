"""What the tasks of a run signed is of use as long as the run may be taken up again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.runs.folder import RUNS

# Far beyond the longest wait for a person, and whatever somebody clears next week.
KEPT = timedelta(days=90)
# Looking through all of them is a listing each, so it is done once a day.
_LOOKED = "runs-looked-through.json"


def forget_old_runs(store: ArtifactStore, now: datetime) -> Iterator[str]:
    """Take away what the runs signed in which nothing was signed for 90 days.

    A killed try has taken some away, and the next one goes on.

    :param store: the artifact store.
    :param now: with its zone.
    :returns: the folders that went, as they go.
    """
    today = {"day": now.date().isoformat()}
    if store.get_json(_LOOKED) == today:
        return
    for run in store.keys(RUNS):
        folder = f"{RUNS}/{run}"
        facts = (name for name in store.keys(folder) if name.endswith(".json"))
        stored = [store.stored_at(f"{folder}/{name}") for name in facts]
        newest = max((at for at in stored if at is not None), default=None)
        if newest is None or now - newest > KEPT:
            store.delete_all(folder)
            yield folder
    store.put_json(_LOOKED, today)
