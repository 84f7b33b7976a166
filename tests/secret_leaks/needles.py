"""What to look for: every secret of a running Slipway, in each form that it may leak in."""

from __future__ import annotations

import base64
import json
import os
import shlex
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

# Shorter ones stand everywhere: "embedded", "main", a port.
SHORTEST = 12
# Bytes that are read at a time; what lies across two of them is found as well.
CHUNK = 1 << 20
# Options of Airflow that are secrets, whatever section they stand in.
_OPTIONS = ("FERNET_KEY", "JWT_SECRET", "SECRET_KEY")


@dataclass(frozen=True, kw_only=True, slots=True)
class Needle:
    """One form of one secret.

    :param secret: where the secret is kept, for people.
    :param form: how it is written, e.g. ``base64``.
    """

    secret: str
    form: str
    data: bytes


def secrets_of(environment: Path) -> dict[str, str]:
    """Read the secrets of a demo out of the file that its shells read.

    :param environment: lines of ``export NAME=value``.
    :returns: name of the place -> secret.
    """
    lines = (line.removeprefix("export ") for line in environment.read_text().split("\nexport "))
    found: dict[str, str] = {}
    for line in lines:
        name, _, quoted = line.partition("=")
        value = "".join(shlex.split(quoted))
        if name.startswith("AIRFLOW_CONN_"):
            found |= {f"{name}.{field}": part for field, part in _of_connection(value)}
        elif name.startswith("AIRFLOW_VAR_") or name.endswith(_OPTIONS):
            found[name] = value
    return {place: secret for place, secret in found.items() if len(secret) >= SHORTEST}


def _of_connection(value: str) -> Iterator[tuple[str, str]]:
    if not value.startswith("{"):
        yield "password", unquote(urlsplit(value).password or "")
        return
    connection: dict[str, Any] = json.loads(value)
    yield "password", str(connection.get("password") or "")


def needles(secrets: Mapping[str, str], *, public: str = "") -> list[Needle]:
    """Return every form of every secret; of one with several lines, of each long line.

    :param public: what everybody may read: a private key holds its public key as well.
    """
    known = public.encode()
    return [
        Needle(secret=place, form=form, data=data)
        for place, secret in secrets.items()
        for line in secret.splitlines()
        if len(line) >= SHORTEST and not line.startswith("-----")
        for form, data in _forms(line)
        if data not in known
    ]


def _forms(secret: str) -> Iterator[tuple[str, bytes]]:
    raw = secret.encode()
    yield "plain", raw
    if len(raw) >= 2 * SHORTEST:
        yield "first half", raw[: len(raw) // 2]
        yield "second half", raw[len(raw) // 2 :]
    yield "hexadecimal", raw.hex().encode()
    if quote(secret, safe="") != secret:
        yield "URL", quote(secret, safe="").encode()
    # What precedes a secret in a base64 text moves it by one or two bytes; the ends depend on
    # their neighbours, so they are left out.
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + raw)
        yield "base64", encoded[4 if offset else 0 : len(encoded) // 4 * 4 - 4]


def found_in(chunks: Iterable[bytes], sought: Iterable[Needle]) -> set[str]:
    """Tell which secrets a stream of bytes holds.

    :returns: ``place (form)`` of each.
    """
    wanted = list(sought)
    overlap = max((len(needle.data) for needle in wanted), default=1) - 1
    found: set[str] = set()
    rest = b""
    for chunk in chunks:
        data = rest + chunk
        found |= {f"{n.secret} ({n.form})" for n in wanted if n.data in data}
        rest = data[-overlap:] if overlap else b""
    return found


def found_below(folder: Path, sought: Iterable[Needle], *, but: Iterable[Path] = ()) -> list[str]:
    """Search every file below a folder, and the files' names.

    :param but: files and folders that may hold secrets.
    :returns: ``path: place (form)`` of each find.
    """
    wanted, passed_over = list(sought), tuple(but)
    finds = []
    for path in sorted(folder.rglob("*")):
        if any(path == one or one in path.parents for one in passed_over):
            continue
        finds += found_in_file(path, wanted)
    return finds


def found_in_file(path: Path, sought: Iterable[Needle]) -> list[str]:
    """Search one file and its name; one that is gone meanwhile holds nothing.

    :returns: ``path: place (form)`` of each find.
    """
    wanted = list(sought)
    found = found_in([os.fsencode(path)], wanted)
    if path.is_file() and not path.is_symlink():
        with suppress(OSError), path.open("rb") as file:
            found |= found_in(iter(lambda: file.read(CHUNK), b""), wanted)
    return [f"{path}: {one}" for one in sorted(found)]
