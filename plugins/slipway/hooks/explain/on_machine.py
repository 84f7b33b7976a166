"""Says, on a machine itself, how its service is doing.

It is sent to the machine as it stands here and run there as root, on the standard library alone.
The machine knows its secrets and whoever asks does not, so they are masked before anything leaves:
as they are and in the usual forms (JSON, URL, shell and HTML escapes, hexadecimal, base64 at any
offset), line by line, and the password within a URL as well.

Its output is compressed JSON in base64, short enough for what Systems Manager hands over.
"""

from __future__ import annotations

import base64
import html
import http.client
import json
import re
import ssl
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, unquote

MASK = "******"
# Systems Manager cuts what is longer than 24,000 characters.
_MOST_OUTPUT = 23_000
# Seconds for one command, for one answer of the service, and for all of it.
_COMMAND, _ANSWER, _ALL = 4.0, 2.0, 5.0
# Lines, characters of a line, and bytes of an answer.
_LINES, _LINE, _BYTES = 100, 500, 300
# So much of an answer is read: what is shown of it must not end within a secret.
_READ = 32768
# A shorter secret is told from nothing else.
_SHORTEST = 4
_SECRETS, _CLOUD_INIT = "/run/slipway/secrets.env", "/var/log/cloud-init-output.log"
_SECRET = re.compile(r'^[A-Za-z_]\w*="((?:[^"\\]|\\.)*)"$', re.MULTILINE | re.DOTALL)
_PASSWORD = re.compile(r"://[^/@\s:]*:([^@\s]+)@")
# In a connection's settings, a query, a file of its own: what is called so is a secret by itself.
_CALLED = r"pass(?:w(?:or)?d|phrase)?|pwd|secret|token|key|credential"
_NAMED = re.compile(
    rf"(?:{_CALLED})\w*[\"']?\s*[=:]\s*(?:'([^']+)'|\"([^\"]+)\"|([^\s\"'&;,]+))", re.IGNORECASE
)
# In JSON, a longer text is one whatever it is called.
_LONG = 16
# A shorter number is a time, or a size.
_DIGITS = 6
_READS_PARAMETERS = "slipway-secrets.service"
_LISTENING = "0A"


def secret_values(text: str) -> list[str]:
    """Read the values of an EnvironmentFile as :mod:`read_secrets` writes it."""
    return [re.sub(r'\\([\\"`$])', r"\1", value) for value in _SECRET.findall(text)]


def forms(values: list[str]) -> list[str]:
    """Return what to look for, the longest first."""
    found: set[str] = set()
    for value in values:
        passwords = [*_PASSWORD.findall(value), *inside(value)]
        parts = [value, *value.splitlines(), *passwords, *map(unquote, passwords)]
        for part in {text for one in parts for text in (one, one.strip())}:
            if len(part) >= _SHORTEST:
                found.update(_forms(part))
    return sorted(found, key=len, reverse=True)


def inside(value: str) -> list[str]:
    """Return the secrets of a value that is JSON, or has several settings in it."""
    try:
        return _texts(json.loads(value), "")
    except (ValueError, RecursionError):
        return [one for found in _NAMED.findall(value) for one in found if one]


def _texts(found: Any, name: str) -> list[str]:
    if isinstance(found, dict):
        return [text for key, one in found.items() for text in _texts(one, key)]
    if isinstance(found, list):
        return [text for one in found for text in _texts(one, name)]
    called = re.search(_CALLED, name, re.IGNORECASE) is not None
    if not isinstance(found, str):
        number = str(found)
        return [number] if called and number.isdigit() and len(number) >= _DIGITS else []
    lines = found.splitlines() if len(found) >= _LONG or called else []
    return [found, *_PASSWORD.findall(found), *lines] if lines else _PASSWORD.findall(found)


def _forms(part: str) -> set[str]:
    raw = part.encode(errors="surrogateescape")
    plain = {
        part,
        json.dumps(part)[1:-1],
        json.dumps(part, ensure_ascii=False)[1:-1],
        repr(part)[1:-1],
        quote(raw, safe=""),
        quote(raw),
        quote_plus(raw),
        html.escape(part),
        part.replace("'", "'\\''"),
        raw.hex(),
        raw.hex().upper(),
    }
    return plain | {one for one in _base64(raw) if len(one) >= 2 * _SHORTEST}


def _base64(raw: bytes) -> set[str]:
    """Return what of a value's base64 is the same whatever stands around it, by its offset."""
    found = set()
    for offset, begin in enumerate((0, 2, 3)):
        whole = base64.b64encode(b"\0" * offset + raw).decode()
        middle = whole[begin : (offset + len(raw)) * 8 // 6]
        found |= {middle, middle.replace("+", "-").replace("/", "_")}
    return found


def mask(text: str, secrets: list[str]) -> str:
    """Put a mask in place of each secret."""
    for one in secrets:
        text = text.replace(one, MASK)
    return text


def sockets(tables: str = "/proc/net") -> list[tuple[str, str]]:
    """List what listens for TCP: address and port, and the socket's inode."""
    found = []
    for name in ("tcp", "tcp6"):
        try:
            rows = Path(tables, name).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            if fields[3] == _LISTENING:
                address, _, port = fields[1].partition(":")
                found.append((f"{_address(address)}:{int(port, 16)}", fields[9]))
    return found


def _address(digits: str) -> str:
    words = [bytes.fromhex(digits[at : at + 8])[::-1] for at in range(0, len(digits), 8)]
    if len(words) == 1:
        return ".".join(str(byte) for byte in words[0])
    raw = b"".join(words)
    if not any(raw):
        return "[::]"
    return "[" + ":".join(raw[at : at + 2].hex() for at in range(0, 16, 2)) + "]"


def listens() -> list[str]:
    """Say where the machine listens, and which program does."""
    owners: dict[str, str] = {}
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            target = str(link.readlink())
            if target.startswith("socket:["):
                owners[target[8:-1]] = (link.parents[1] / "comm").read_text().strip()
        except OSError:
            continue  # it has ended meanwhile
    found = {f"{place} ({owners.get(inode, 'unknown')})" for place, inode in sockets()}
    return sorted(found)


def ask(address: str, question: dict[str, Any]) -> str:
    """Ask the machine's own service: the status, and the answer's first bytes."""
    scheme, port, path = question["scheme"], int(question["port"]), str(question["path"])
    where = f"{scheme}://{address}:{port}{path}"
    try:
        if scheme == "https":
            anybody = ssl._create_unverified_context()  # noqa: S323 - as the balancer takes it
            connection: Any = http.client.HTTPSConnection(
                address, port, timeout=_ANSWER, context=anybody
            )
        else:
            connection = http.client.HTTPConnection(address, port, timeout=_ANSWER)
        connection.request("GET", path, headers={"Connection": "close"})
        answer = connection.getresponse()
        body = answer.read(_READ).decode("utf-8", "replace")
        return f"{where}: HTTP {answer.status} {answer.reason}: {body}"
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"{where}: {type(error).__name__}: {error}"


def units() -> list[str]:
    """Name the services that Slipway gave their settings."""
    found = Path("/etc/systemd/system").glob("*.d/50-slipway.conf")
    return sorted(one.parent.name[:-2] for one in found)


def start(*command: str) -> Any:
    """Start a command; what it writes is read later."""
    try:
        return subprocess.Popen(  # noqa: S603 - these are commands of ours alone
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
    except OSError as error:
        return f"{command[0]}: {error}"


def read(process: Any, until: float) -> str:
    """Return what a command wrote."""
    if isinstance(process, str):
        return process
    try:
        output, _ = process.communicate(timeout=max(0.1, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        output = process.communicate()[0] + b"\n(it did not end in time)"
    return str(output.decode("utf-8", "replace"))


def look(address: str, questions: list[dict[str, Any]]) -> dict[str, Any]:
    """Look at everything at once."""
    until = time.monotonic() + _COMMAND
    named = units()
    of = [word for name in named for word in ("-u", name)]
    log = ("journalctl", "--no-pager", "-o", "short-iso")
    started = {
        "status": start(
            "systemctl", "status", "--no-pager", "--full", "-n", "0", *named, _READS_PARAMETERS
        ),
        "journal": start(*log, "-n", str(_LINES), *of) if of else "no service of Slipway's is here",
        "parameters": start(*log, "-n", "20", "-u", _READS_PARAMETERS),
        "cloud_init": start("tail", "-n", "40", _CLOUD_INIT) if Path(_CLOUD_INIT).exists() else "",
    }
    answers: list[str] = []
    askers = [
        threading.Thread(target=lambda one=one: answers.append(ask(address, one)), daemon=True)
        for one in questions
    ]
    for asker in askers:
        asker.start()
    ports = listens()
    texts: dict[str, Any] = {
        name: read(process, until).rstrip("\n").split("\n") for name, process in started.items()
    }
    for asker in askers:
        asker.join(max(0.0, until + _ALL - _COMMAND - time.monotonic()))
    if len(answers) < len(questions):
        answers.append(f"no whole answer came within {_ALL:.0f} s")
    return {**texts, "listens": ports, "own_answers": list(answers)}


def report(found: dict[str, Any], secrets: list[str]) -> dict[str, list[str]]:
    """Mask, and then cut."""
    told = {}
    for name, lines in found.items():
        # Some secrets have line breaks, so lines are masked together.
        whole = mask("\n".join(lines), secrets)
        told[name] = [one[:_LINE] for one in whole.split("\n")[-_LINES:]]
    answers = [mask(one, secrets) for one in found["own_answers"]]
    # A port may be a secret's value by chance; what a program calls itself is its own.
    places = [one.partition(" ") for one in found.get("listens", ())]
    told["listens"] = [f"{place} {mask(name, secrets)}" for place, _, name in places]
    return {**told, "own_answers": [" ".join(one[:_BYTES].split()) for one in answers]}


def pack(told: dict[str, list[str]]) -> str:
    """Return it short enough; of the longest text the beginning goes first."""
    while True:
        data = base64.b64encode(zlib.compress(json.dumps(told).encode(), 9)).decode()
        if len(data) <= _MOST_OUTPUT:
            return data
        longest = max(told, key=lambda name: sum(map(len, told[name])))
        lines = told[longest]
        told = {**told, longest: lines[len(lines) // 2 :] if len(lines) > 1 else []}


def main(argument: str) -> None:
    """Look, and print."""
    asked = json.loads(base64.b64decode(argument))
    secrets_file = Path(asked.get("secrets") or _SECRETS)
    try:
        # Carriage returns are part of a value.
        with secrets_file.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            values = secret_values(file.read())
    except FileNotFoundError:
        values = []  # without the file the service did not start, so it wrote nothing
    print(pack(report(look(asked["address"], asked["questions"]), forms(values))))


if __name__ == "__main__":
    main(sys.argv[1])
