"""What the webhooks of all git hosts have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

# Where Airflow's server takes hooks; the project's name follows.
HOOKS_PATH = "/slipway/hooks"
# What a hook is called at the hosts that have names for them.
NAME = "Slipway"
# Deliveries that are shown, and pages of hooks that are read.
MOST_DELIVERIES, MOST_PAGES = 10, 10


class Send(Protocol):
    """Asks a host's REST API for something."""

    def __call__(self, method: str, path: str, body: object = None, *, fine: int = 0) -> Any:
        """Return what it answers; None where it says nothing, or answers with the status `fine`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InstalledHook:
    """A webhook that a host has.

    :param id: the host's name for it.
    :param url: where it sends to.
    :param active: it is switched on.
    :param events: what it tells of, as the host calls it.
    :param problem: what else is wrong with it; empty where nothing is.
    """

    id: str
    url: str
    active: bool
    events: frozenset[str]
    problem: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SentHook:
    """A delivery, as the host remembers it.

    :param at: when, in the host's words.
    :param event: what it told of.
    :param answer: what it was answered.
    """

    at: str
    event: str
    answer: str


class HostHooks(ABC):
    """The webhooks of one repository at its host.

    :param send: asks the host's REST API.
    :param path: the repository's, as that API has it: ``acme/shop``.
    """

    # What has to be told, in the host's words, and what a token must be allowed to.
    events: frozenset[str] = frozenset()
    scopes = ""

    def __init__(self, *, send: Send, path: str) -> None:
        self._send = send
        self._path = path

    @abstractmethod
    def installed(self) -> list[InstalledHook]:
        """List the hooks that there are, ours and others'."""

    @abstractmethod
    def put(self, hook_id: str | None, url: str, secret: str) -> None:
        """Make a hook, or make one as it should be.

        :param hook_id: which; None for a new one.
        :param url: where it sends to.
        :param secret: what it signs with.
        """

    def sent(self, hook_id: str) -> list[SentHook] | None:
        """List a hook's last deliveries, the newest first; None where the host does not tell.

        :param hook_id: whose.
        """
        del hook_id
        return None

    @property
    def repository(self) -> str:
        """The repository's path as it stands in URLs."""
        return quote(self._path, safe="/~")


def listed(found: Any) -> list[Mapping[str, Any]]:
    """Return the objects of a list; what is anything else is left out.

    :param found: of a host's answer.
    """
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def inner(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object within another; an empty one where there is none.

    :param found: of a host's answer.
    :param name: its key.
    """
    value = found.get(name)
    return value if isinstance(value, dict) else {}


def words(found: Any) -> frozenset[str]:
    """Return the texts of a list.

    :param found: of a host's answer.
    """
    return frozenset(one for one in found if isinstance(one, str)) if found else frozenset()
