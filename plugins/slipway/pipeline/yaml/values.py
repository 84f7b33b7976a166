"""The small things that pipeline files hold: secrets by name, sizes, ports, words.

Each is an annotated type for the models. A wrong one raises ``ValueError`` in words for people.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainValidator

# As Docker reads sizes: powers of 1024, whether written k, kb or kib.
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgtp]?)(?:i?b)?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_PORT = re.compile(r"(?:(\d+):)?(\d+)(?:/(tcp|udp))?", re.IGNORECASE)
CLONE = "clone"
PULLS = ("default", "always", "if-not-exists", "never")
FAILURES = ("fail", "ignore", "fast")
_FAILURES = {"fail": "fail", "ignore": "ignore", "fast": "fast", "fail-fast": "fast",
             "fast-fail": "fast"}  # fmt: skip


def reads_scripts(shell: str) -> bool:
    """Tell whether a program reads scripts the way a Unix shell does."""
    return not re.search(r"powershell|pwsh|cmd(\.exe)?$", shell, re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FromSecret:
    """A value that only the run knows.

    :param name: of the secret.
    """

    name: str


def as_value(data: Any) -> str | FromSecret:
    """Read an environment variable's value: text, or ``from_secret: NAME``."""
    if data is None:
        return ""
    if isinstance(data, str):
        return str(data)
    if secret := _from_secret(data):
        return secret
    if isinstance(data, dict):
        return as_value(data.get("value"))
    msg = "a variable is text, or `from_secret: NAME`"
    raise ValueError(msg)


def as_parameter(data: Any) -> Any:
    """Read a plugin's setting: anything, or ``from_secret: NAME``."""
    return _from_secret(data) or data


def as_bytes(data: Any) -> int:
    """Read a size: ``512m``, ``1GiB``, a number of bytes."""
    match = _SIZE.fullmatch(str(data).strip())
    if match is None:
        msg = f"{str(data)!r} is not a size; write it like 512m or 1g"
        raise ValueError(msg)
    return int(float(match[1]) * 1024 ** _POWERS[match[2].lower()])


def as_port(data: Any) -> Any:
    """Read a port: ``80``, ``8080:80``, ``53/udp`` or a mapping."""
    if not isinstance(data, str):
        return data
    match = _PORT.fullmatch(data)
    if match is None:
        msg = f"{data!r} is not a port; write it like 80 or 8080:80"
        raise ValueError(msg)
    return {"port": match[2], "host": match[1] or "0", "protocol": match[3] or "tcp"}


def as_pull(data: Any) -> str:
    """Read when to pull; ``true`` is how earlier forms wrote ``always``.

    Another word stays as it was written, and means the default.
    """
    word = str(data).lower()
    return {"true": "always", "false": "default"}.get(word, word)


def as_failure(data: Any) -> str:
    """Read what a failure means; another word stays as it was written, and means ``fail``."""
    return _FAILURES.get(str(data), str(data))


def as_line(data: Any) -> Any:
    """Read a text of a list: nothing is an empty one."""
    return "" if data is None else data


def _from_secret(data: Any) -> FromSecret | None:
    if not isinstance(data, dict) or "from_secret" not in data:
        return None
    name = data["from_secret"]
    if not isinstance(name, str) or not name.strip():
        msg = "`from_secret` takes the name of one secret"
        raise ValueError(msg)
    return FromSecret(str(name))


Text = Annotated[str, Field(min_length=1)]
Line = Annotated[str, BeforeValidator(as_line)]
Value = Annotated[str | FromSecret, PlainValidator(as_value)]
Parameter = Annotated[Any, PlainValidator(as_parameter)]
Bytes = Annotated[int, BeforeValidator(as_bytes)]
PullWord = Annotated[str, BeforeValidator(as_pull)]
FailureWord = Annotated[str, BeforeValidator(as_failure)]
