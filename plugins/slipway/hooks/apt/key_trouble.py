"""Why a signing key cannot sign, told from what gpg says of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from slipway.exceptions import EnvironmentMisconfigured
from slipway.hooks.apt.signing import extension, records, signing_key

_WHERE = "the password of the apt connection"
_EXPORT = "gpg --armor --export-secret-keys"
# Of a key that the agent holds: KEYINFO, the keygrip, five words, and whether it is locked.
_LOCKED = re.compile(r"^S KEYINFO [0-9A-F]{40} (?:\S+ ){4}P ", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyListing:
    """What gpg says of what it was given.

    :param secret: ``gpg --with-colons --list-secret-keys``.
    :param public: ``gpg --with-colons --list-keys``.
    :param agent: ``KEYINFO --list`` of its agent.
    :param said: its last lines, for people.
    """

    secret: str
    public: str
    agent: str
    said: str


def cannot_sign(listing: KeyListing, now: datetime) -> EnvironmentMisconfigured:
    """Say why, and what to do; another try would change nothing."""
    msg, advice = _without_secret(listing) or _unusable(listing, now)
    return EnvironmentMisconfigured(msg, advice=advice)


def _without_secret(listing: KeyListing) -> tuple[str, str] | None:
    """Tell a public key, and what is no key."""
    if signing_key(listing.secret):
        return None
    public = next((fields[9] for kind, fields in records(listing.public) if kind == "fpr"), "")
    if public:
        return (
            f"{_WHERE} is the public key {public}; the private one signs",
            f"put there what `{_EXPORT} {public}` prints where the key was made",
        )
    return (
        f"{_WHERE} is no OpenPGP key:\n{listing.said}",
        f"put there the whole of what `{_EXPORT}` prints, with its line breaks",
    )


def _unusable(listing: KeyListing, now: datetime) -> tuple[str, str]:
    """Tell what is the matter with a private key."""
    key = signing_key(listing.secret)
    name = f"the apt repository's signing key {key.fingerprint if key else ''}"
    fingerprint = key.fingerprint if key else ""
    fields = next((fields for kind, fields in records(listing.secret) if kind == "sec"), [])
    if fields[1:2] == ["r"]:
        return (
            f"{name} was revoked",
            f"make a new one, and put what `{_EXPORT}` prints into {_WHERE}; images that are baked "
            "from then on bring it along",
        )
    if key and key.expires and key.expired(now):
        return f"{name} expired on {key.expires:%Y-%m-%d}", extension(key)
    if key and not key.usable:
        return (
            f"{name} may not sign: neither it nor a subkey is meant to, or counts any more",
            f"give it a subkey that signs (gpg --quick-add-key {fingerprint} ed25519 sign 2y), and "
            f"put what `{_EXPORT} {fingerprint}` prints into {_WHERE}",
        )
    if _LOCKED.search(listing.agent):
        return (
            f"{name} has a passphrase, and nobody is there to type it",
            f"take it away (gpg --passwd {fingerprint}, and nothing for the new one), then put "
            f"what `{_EXPORT} {fingerprint}` prints into {_WHERE}",
        )
    if not any(_present(listing.secret)):
        return (
            f"{name} is in {_WHERE} without its secret part, which is on a card or elsewhere",
            f"put there what `{_EXPORT} {fingerprint}` prints where the secret part is",
        )
    return (
        f"{name} cannot sign:\n{listing.said}",
        f"{_WHERE} must be a private key that may sign, without a passphrase",
    )


def _present(listing: str) -> Iterator[bool]:
    """Tell of each key that signs whether its secret part is there."""
    for kind, fields in records(listing):
        if kind in ("sec", "ssb") and "s" in fields[11]:
            yield len(fields) > 14 and fields[14] == "+"
