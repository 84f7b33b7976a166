"""Whether a form was filled in on our own page, by whoever is logged in, in this browser.

A browser sends a login's cookie along with whatever a foreign page makes it send. So each form
holds a token: a MAC over the person, the browser's session, what the form is for, and when it was
made. Nobody has one for somebody else's session, so no page can make up a form; and one form is one
order, however often it is sent, since it names the run that it starts.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from slipway.hooks.airflow_people import Person

# Seconds for which a form may lie open.
LONGEST_OPEN = 12 * 3600
_TOKEN = re.compile(r"(?P<made>[0-9]{1,12})\.(?P<once>[0-9a-f]{16})\.(?P<mac>[0-9a-f]{64})")
_SESSION = re.compile(r"[0-9a-f]{32}")
_CLOCK_SKEW = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Filled:
    """A form that was filled in here.

    :param made: when its page was made; seconds since 1970.
    :param once: of this form alone.
    """

    made: int
    once: str

    @property
    def run_id(self) -> str:
        """The id of the run that it starts."""
        return f"board__{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(self.made))}__{self.once}"


class Forms:
    """Makes tokens, and checks them.

    :param key: gives the key that only Airflow's servers have.
    :param clock: seconds since 1970.
    """

    def __init__(self, key: Callable[[], bytes], clock: Callable[[], float] = time.time) -> None:
        self._key = key
        self._clock = clock

    def token(self, person: Person, session: str, action: str) -> str:
        """Return the token of one form.

        :param person: who looks at it.
        :param session: of their browser.
        :param action: what it is for, and where.
        """
        made, once = str(int(self._clock())), secrets.token_hex(8)
        return f"{made}.{once}.{self._mac(person, session, action, made, once)}"

    def check(self, given: str, person: Person, session: str, action: str) -> Filled | None:
        """Return what a token says; None where it is not one of this person, session and action.

        :param given: as the form has it.
        :param person: who sends it.
        :param session: of their browser.
        :param action: what was sent, and where.
        """
        found = _TOKEN.fullmatch(given)
        if found is None or not is_session(session):
            return None
        expected = self._mac(person, session, action, found["made"], found["once"])
        if not hmac.compare_digest(expected, found["mac"]):
            return None
        if not -_CLOCK_SKEW <= self._clock() - int(found["made"]) <= LONGEST_OPEN:
            return None
        return Filled(made=int(found["made"]), once=found["once"])

    def _mac(self, person: Person, session: str, *parts: str) -> str:
        # Each part is preceded by its length, so that no two lists of parts read alike.
        words = "".join(f"{len(part)}:{part}" for part in (person.id, session, *parts))
        return hmac.new(self._key(), words.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def new_session() -> str:
    """Return the name of a browser's session: nothing that anybody could guess."""
    return secrets.token_hex(16)


def is_session(text: str) -> bool:
    """Tell whether something may be the name of a session."""
    return _SESSION.fullmatch(text) is not None


def is_own_page(headers: Mapping[str, str], base_url: str) -> bool:
    """Tell whether a browser says that a form was sent from a page of this very server.

    :param headers: of the request, their names in lower case.
    :param base_url: where people find the server; empty where nobody said.
    """
    site = headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        return False
    origin = headers.get("origin")
    if origin is None:
        return site == "same-origin"
    found = urlsplit(origin)
    if found.scheme not in ("http", "https") or not found.netloc:
        return False
    # Not the scheme: behind a proxy the server may not know by which one it is reached.
    own = {headers.get("host", "").lower(), urlsplit(base_url).netloc.lower()}
    return found.netloc.lower() in own
