"""What stands behind the repository's signature: until when it counts, and the key's own end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# How long machines trust what was signed. Who keeps an old copy from being replaced (a mirror, a
# proxy, somebody in between) can hold security updates back for so long and no longer.
VALID = timedelta(days=30)
# Before a key's end, for somebody to notice, and for new images to bring the new key along.
WARN = timedelta(weeks=6)

# aptly knows no Valid-Until, but signs with the first `gpg` that it finds: this one adds the field
# to what is about to be signed. So nothing that is signed is without it.
GPG = """\
#!/bin/sh
set -e
case " $* " in
*" --detach-sign "* | *" --clearsign "*)
  for release; do :; done
  if ! grep -q '^Valid-Until: ' "$release"; then
    sed -i "0,/^Date: .*/s//&\\nValid-Until: $VALID_UNTIL/" "$release"
    grep -q '^Valid-Until: ' "$release"
  fi
  cp "$release" "$SIGNED"
  ;;
esac
exec /usr/bin/gpg "$@"
"""
_SECRET, _SUBKEY = "sec", "ssb"


@dataclass(frozen=True, kw_only=True, slots=True)
class SigningKey:
    """The key that a repository is signed with.

    :param fingerprint: of the primary key.
    :param expires: when its signatures stop counting; None for never.
    :param usable: it can sign at all, by what it says of itself.
    """

    fingerprint: str
    expires: datetime | None
    usable: bool

    def expired(self, now: datetime) -> bool:
        """Tell whether its time is over."""
        return self.expires is not None and self.expires <= now

    def warning(self, now: datetime) -> str | None:
        """Say, weeks before, that its time will be over."""
        if self.expires is None or self.expires - now > WARN:
            return None
        days = max(0, (self.expires - now).days)
        return (
            f"the apt repository's signing key {self.fingerprint} expires in {days} days, on "
            f"{self.expires:%Y-%m-%d}: nothing can be published after that. {extension(self)}"
        )


def extension(key: SigningKey) -> str:
    """Say how a key is given more time."""
    return (
        f"extend it where it was made (gpg --quick-set-expire {key.fingerprint} 2y, and the same "
        "with '*' for its subkeys), and put its export into the password of the apt connection; "
        "images that are baked from then on bring it along"
    )


def signing_key(listing: str) -> SigningKey | None:
    """Read ``gpg --with-colons --list-secret-keys`` (GnuPG's doc/DETAILS).

    :returns: the first key, which is the one that gpg signs with; None where there is none.
    """
    fingerprint, ends, primary_end = "", list[datetime | None](), None
    for kind, fields in records(listing):
        if kind == _SECRET and fingerprint:
            break
        if kind == "fpr" and not fingerprint:
            fingerprint = fields[9]
        if kind == _SECRET:
            primary_end = _end(fields)
        if kind in (_SECRET, _SUBKEY) and "s" in fields[11] and not set(fields[1]) & set("ir"):
            ends.append(_end(fields))
    if not fingerprint:
        return None
    latest = None if None in ends or not ends else max(one for one in ends if one)
    both = [one for one in (latest, primary_end) if one]
    return SigningKey(fingerprint=fingerprint, expires=min(both, default=None), usable=bool(ends))


def valid_until(now: datetime) -> str:
    """Return the value of the field, as Release files write a time."""
    return format(now.astimezone(UTC) + VALID, "%a, %d %b %Y %H:%M:%S UTC")


def records(listing: str) -> Iterator[tuple[str, list[str]]]:
    """Read each record of a listing: its kind, and all its fields."""
    for line in listing.splitlines():
        fields = line.split(":")
        if len(fields) > 11 or fields[0] == "fpr":
            yield fields[0], fields


def _end(fields: list[str]) -> datetime | None:
    return datetime.fromtimestamp(int(fields[6]), UTC) if fields[6].isdigit() else None
