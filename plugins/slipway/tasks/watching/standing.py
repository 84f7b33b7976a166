"""What is wrong with repositories now, for whoever looks at Airflow's UI."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime

from slipway.exceptions import RepositoriesInTrouble
from slipway.hooks.store.artifacts import ArtifactStore, artifact_store
from slipway.hooks.store.watch_trouble import Trouble, troubles

_log = logging.getLogger(__name__)
# Failures in a row of a server that does not answer until it is more than a moment's.
_LASTING = 3
_MOST_SHOWN = 20


def raise_for_troubles(store: ArtifactStore | None = None) -> None:
    """Raise what is wrong with repositories, all of it at once; nothing where nothing is.

    :param store: where it is noted; the one of Airflow's configuration by default.
    :raises RepositoriesInTrouble: each as the watcher worded it.
    """
    try:
        found = troubles(store or artifact_store())
    except Exception as error:
        # Whoever reads DAG files need not reach the store; the watcher's log says it as well.
        _log.info("what is wrong with repositories is not known: %s", type(error).__name__)
        return
    shown = [one for one in found if one.is_shown(time.time())]
    lasting = [one for one in shown if not one.away or one.failures >= _LASTING]
    if not lasting:
        return
    more = len(lasting) - _MOST_SHOWN
    words = [_worded(one) for one in lasting[:_MOST_SHOWN]]
    words += [f"and {more} more; the log of `new_commits` names them"] if more > 0 else []
    raise RepositoriesInTrouble("\n".join(words))


def _worded(trouble: Trouble) -> str:
    since = datetime.fromtimestamp(trouble.since, UTC)
    names = ", ".join(trouble.projects)
    return f"{names}: {trouble.reason}\n  since {since:%Y-%m-%d %H:%M} UTC"
