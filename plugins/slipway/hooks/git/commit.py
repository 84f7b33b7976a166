"""One commit, read from the bytes that were signed and pushed.

Whoever commits chooses these bytes, down to the encoding that they claim to be in. What git prints
of a commit passes through that encoding, so that even a number can come out as something else;
here numbers are bytes, text is decoded leniently, and what is not there is empty.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass

from slipway.exceptions import RepositoryTooLarge
from slipway.hooks.git.command import GitOutputTooLarge

# Bytes; a commit that is longer, message and signatures included, is not read.
_MOST_COMMIT = 1 << 20
_SHA = re.compile(rb"[0-9a-f]{40}")
_TIME = re.compile(rb" *([0-9]{1,12}) [+-]?[0-9]+ *")
# The last second of the year 9999; later ones are no dates to anybody.
_LAST = 253_402_300_799
_CLAIM = re.compile(r"[A-Za-z0-9_.:-]{1,32}")
# Encodings that extend ASCII, as git needs them, and that are decoded in one pass.
_ENCODING = re.compile(
    r"utf-8|ascii|iso8859-[0-9]+|cp(125[0-8]|437|85[0-9]|86[0-9]|874|9[345][0-9])|koi8-[rtu]|"
    r"euc_(jp|kr)|shift_jis|gb2312|gbk|gb18030|big5|iso2022_(jp|kr)|mac-[a-z]+"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """What git knows of one commit; the message is the whole message.

    A time that is none, or that no calendar has, is 0.
    """

    sha: str
    parent: str | None
    author_name: str
    author_email: str
    committed_at: int
    message: str


def read_commit(local: Callable[..., bytes], sha: str) -> Commit:
    """Read one commit.

    :param local: runs git in the mirror.
    :param sha: in full.
    :raises RepositoryTooLarge: when it is endless.
    """
    try:
        raw = local("cat-file", "commit", sha, most=_MOST_COMMIT)
    except GitOutputTooLarge as error:
        msg = f"the message of commit {sha[:7]}, or a header, is longer than "
        msg += f"{_MOST_COMMIT >> 10} KiB"
        raise RepositoryTooLarge(msg, advice="shorten it") from error
    return parsed(raw, sha)


def parsed(raw: bytes, sha: str) -> Commit:
    """Read the bytes of a commit object; any bytes at all give a commit.

    :param raw: the object.
    :param sha: its name.
    """
    head, _, body = raw.partition(b"\n\n")
    headers = _headers(head)
    encoding = _encoding(headers.get(b"encoding", b""))
    name, email, _ = _person(headers.get(b"author", b""))
    *_, time = _person(headers.get(b"committer", b""))
    parent = headers.get(b"parent", b"")
    return Commit(
        sha=sha,
        parent=parent.decode() if _SHA.fullmatch(parent) else None,
        author_name=_text(name, encoding),
        author_email=_text(email, encoding),
        committed_at=_seconds(time),
        message=_text(body, encoding),
    )


def _headers(head: bytes) -> dict[bytes, bytes]:
    """Map each header to its first value; the further lines of one begin with a space."""
    found: dict[bytes, bytes] = {}
    for line in head.split(b"\n"):
        name, separator, value = line.partition(b" ")
        if name and separator:
            found.setdefault(name, value)
    return found


def _person(line: bytes) -> tuple[bytes, bytes, bytes]:
    """Split ``Ada <ada@example.com> 1700000000 +0000`` into name, address and time."""
    who, _, time = line.rpartition(b">")
    name, _, email = who.partition(b"<")
    return name, email, time


def _seconds(time: bytes) -> int:
    match = _TIME.fullmatch(time)
    seconds = int(match[1]) if match else 0
    return seconds if seconds <= _LAST else 0


def _encoding(claimed: bytes) -> str:
    name = claimed.decode("ascii", errors="replace").strip()
    try:
        known = codecs.lookup(name).name if _CLAIM.fullmatch(name) else "utf-8"
    except LookupError:
        return "utf-8"
    return known if _ENCODING.fullmatch(known) else "utf-8"


def _text(raw: bytes, encoding: str) -> str:
    """Decode up to the first zero byte, where git ends a text as well; no byte is dropped.

    What claims nothing and is not UTF-8 is mostly of old editors, so it is read as they wrote it.
    """
    text = raw.partition(b"\0")[0]
    try:
        return text.decode(encoding).strip()
    except UnicodeDecodeError:
        other = "latin-1" if encoding == "utf-8" else encoding
        return text.decode(other, errors="backslashreplace").strip()
