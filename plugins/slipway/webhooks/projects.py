"""What the receiver knows of a project, asked of Airflow now and then."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from slipway.exceptions import SlipwayError
from slipway.hooks.airflow_runs import KnownRepository
from slipway.hooks.webhook_secret import webhook_secrets

_log = logging.getLogger(__name__)
# What projects are called (include/project); anything else is not even asked for.
_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")
# Seconds for which an answer is good: so soon a new secret is believed, and an old one no more.
FRESH = 5.0
_MOST_KNOWN = 4096


class Repositories(Protocol):
    """Where projects are known."""

    def repository(self, dag_id: str) -> KnownRepository | None:
        """Return a project's repository, or None."""


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Receiving:
    """A project, as far as its hooks go.

    :param repository: None where there is no such project.
    :param secrets: those that are valid; none where nothing is believed.
    """

    repository: KnownRepository | None = None
    secrets: tuple[bytes, ...] = ()


class Projects:
    """Remembers projects and their secrets for a few seconds.

    :param source: where projects are known.
    :param secrets: reads the secrets of a connection.
    """

    def __init__(
        self,
        source: Repositories,
        secrets: Callable[[str], tuple[bytes, ...]] = webhook_secrets,
    ) -> None:
        self._source = source
        self._secrets = secrets
        self._known: dict[str, tuple[float, Receiving]] = {}
        self._lock = threading.Lock()
        self._said: dict[str, str] = {}

    def find(self, name: str) -> Receiving:
        """Return a project; of a name that is none, one that believes nothing.

        :param name: as the request has it.
        """
        if not _NAME.fullmatch(name):
            return Receiving()
        now = time.monotonic()
        with self._lock:
            then, found = self._known.get(name, (-FRESH, Receiving()))
        if now - then < FRESH:
            return found
        found = self._read(name)
        with self._lock:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[name] = (now, found)
        return found

    def _read(self, name: str) -> Receiving:
        repository = self._source.repository(name)
        if repository is None or repository.webhook is None:
            return Receiving(repository=repository)
        try:
            secrets = self._secrets(repository.webhook)
        except SlipwayError as error:
            self._complain(name, str(error))
            return Receiving(repository=repository)
        self._said.pop(name, None)
        return Receiving(repository=repository, secrets=secrets)

    def _complain(self, name: str, problem: str) -> None:
        """Say once that no hook of a project can be believed: anybody may send them."""
        if self._said.get(name) != problem:
            self._said[name] = problem
            _log.warning("%s: its webhooks are refused: %s", name, problem)
