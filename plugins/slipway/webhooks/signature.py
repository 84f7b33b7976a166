"""Whether a delivery was signed by somebody who has the project's secret."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence

from slipway.exceptions import HookRefused

_PREFIXED = re.compile(r"sha256=([0-9a-f]{64})")
_BARE = re.compile(r"([0-9a-f]{64})")
# In place of a secret where there is none, so that it takes as long to say no.
_NOBODYS = (b"\0" * 32,)


def check_prefixed(given: str | None, body: bytes, secrets: Sequence[bytes]) -> None:
    """Check a signature like ``sha256=<hex>``; no other algorithm is believed.

    :param given: the header's value, or None.
    :param body: what was signed, as it came.
    :param secrets: those that are valid; none where the project has none.
    :raises HookRefused: when it is not signed with one of them.
    """
    _check(_PREFIXED.fullmatch(given or ""), body, secrets)


def check_bare(given: str | None, body: bytes, secrets: Sequence[bytes]) -> None:
    """Check a signature that is nothing but the hexadecimal digits of an HMAC-SHA256.

    :param given: the header's value, or None.
    :param body: what was signed, as it came.
    :param secrets: those that are valid; none where the project has none.
    :raises HookRefused: when it is not signed with one of them.
    """
    _check(_BARE.fullmatch(given or ""), body, secrets)


def check_token(given: str | None, secrets: Sequence[bytes]) -> None:
    """Check a secret that is sent along as it is.

    :param given: the header's value, or None.
    :param secrets: those that are valid; none where the project has none.
    :raises HookRefused: when it is none of them.
    """
    # Digests are of one length, so that the comparison does not tell the secret's.
    shown = hashlib.sha256((given or "").encode(errors="surrogateescape")).digest()
    known = [hashlib.sha256(secret).digest() for secret in secrets or _NOBODYS]
    matches = [hmac.compare_digest(shown, one) for one in known]
    _require(bool(given) and bool(secrets) and any(matches))


def _check(given: re.Match[str] | None, body: bytes, secrets: Sequence[bytes]) -> None:
    shown = bytes.fromhex(given[1]) if given else bytes(32)
    made = [hmac.digest(secret, body, "sha256") for secret in secrets or _NOBODYS]
    matches = [hmac.compare_digest(shown, one) for one in made]
    _require(given is not None and bool(secrets) and any(matches))


def _require(signed: bool) -> None:
    if not signed:
        msg = "the delivery is not signed with a secret of the project"
        raise HookRefused(msg, advice="fab hook PROJECT gives the host the secret that is valid")
