"""The small things that pipeline files hold: secrets by name, sizes, ports, words.

Each is an annotated type for the models. A wrong one raises ``ValueError`` in words for people.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainValidator
from pydantic_core import PydanticUseDefault

# As Docker reads sizes: powers of 1024, whether written k, ki, kb or kib.
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kmgtp]?)i?b?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
# Numbers as YAML has them, which are bytes whatever their form.
_WHOLE = re.compile(r"[-+]?(0x[0-9a-f_]+|0b[01_]+|0o?[0-7_]+|[0-9][0-9_]*)", re.IGNORECASE)
_FLOAT = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[-+]?[0-9]{1,3})?", re.IGNORECASE)
_MOST_BYTES = (1 << 63) - 1
# Thousandths of a core: as a whole number, as Kubernetes writes them, and as cores.
_MILLI, _CORES = re.compile(r"([0-9]{1,9})m?"), re.compile(r"[0-9]{0,6}\.[0-9]{1,9}")
# Perhaps an address or a port of the host, then the container's.
_PORT = re.compile(
    r"(?:(?:\[[0-9a-f:]+\]|[0-9]+(?:\.[0-9]+){3}):)?(?:([0-9]{1,5})?:)?([0-9]{1,5})(?:/(tcp|udp))?",
    re.IGNORECASE,
)
_HIGHEST_PORT = 65535
CLONE = "clone"
PULLS = ("default", "always", "if-not-exists", "never")
FAILURES = ("fail", "ignore", "fast")
_FAILURES = {
    "fail": "fail",
    "ignore": "ignore",
    "fast": "fast",
    "fail-fast": "fast",
    "fast-fail": "fast",
}


def reads_scripts(shell: str) -> bool:
    """Tell whether a program reads scripts the way a Unix shell does."""
    return not re.search(r"powershell|pwsh|cmd(\.exe)?$", shell, re.IGNORECASE)


def normal_path(path: str) -> str:
    """Return an absolute path without what means nothing: two slashes at its beginning, too."""
    return posixpath.normpath("/" + path.lstrip("/"))


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
    """Read a size: ``512m``, ``1GiB``, ``1Gi``, a number of bytes; -1 is no limit."""
    text = str(data).strip()
    match = _SIZE.fullmatch(text)
    try:
        if _WHOLE.fullmatch(text):
            size = _whole(text)
        elif match is not None:
            size = int(float(match[1]) * 1024 ** _POWERS[match[2].lower()])
        elif _FLOAT.fullmatch(text):
            size = int(float(text))
        else:
            raise _not_a_size(data)
    except OverflowError as error:
        raise _not_a_size(data) from error
    if size > _MOST_BYTES:
        raise _not_a_size(data)
    return max(size, -1)


def _whole(text: str) -> int:
    plain = text.replace("_", "")
    octal = re.fullmatch(r"([-+]?)0([0-7]+)", plain)
    return int(octal[1] + octal[2], 8) if octal else int(plain, 0)


def _not_a_size(data: Any) -> ValueError:
    return ValueError(f"{str(data)!r} is not a size; write it like 512m or 1g")


def as_cpu(data: Any) -> int:
    """Read thousandths of a core: ``500``, ``500m``, ``0.5``."""
    if isinstance(data, str):
        if match := _MILLI.fullmatch(data):
            return int(match[1])
        if _CORES.fullmatch(data):
            return int(float(data) * 1000)
    msg = f"{str(data)!r} is no amount of compute; write it like 500"
    raise ValueError(msg)


def read_port(data: Any) -> dict[str, str] | None:
    """Read a port: ``80``, ``8080:80``, ``127.0.0.1:8080:80``, ``53/udp`` or a mapping.

    :returns: what the model takes; None where it is no port.
    """
    if isinstance(data, dict):
        words = [str(data.get("host") or "0"), str(data.get("port") or "0")]
        data = f"{':'.join(words)}/{data.get('protocol') or 'tcp'}"
    match = _PORT.fullmatch(data) if isinstance(data, str) else None
    if match is None:
        return None
    host, port = match[1] or "0", match[2]
    if not 0 < int(port) <= _HIGHEST_PORT or int(host) > _HIGHEST_PORT:
        return None
    return {"port": str(int(port)), "host": str(int(host)), "protocol": match[3] or "tcp"}


def as_pull(data: Any) -> str:
    """Read when to pull; ``true`` is how earlier forms wrote ``always``.

    Another word stays as it was written, and means the default.
    """
    word = str(data).lower()
    return {"true": "always", "false": "default", "": "default"}.get(word, word)


def as_failure(data: Any) -> str:
    """Read what a failure means; another word stays as it was written, and means ``fail``."""
    return _FAILURES.get(str(data), str(data) or "fail")


def as_line(data: Any) -> Any:
    """Read a text of a list: nothing is an empty one."""
    return "" if data is None else data


def as_default(data: Any) -> Any:
    """Read an empty text as what stands where nothing does, as Go has it."""
    if data == "":
        raise PydanticUseDefault
    return data


def _from_secret(data: Any) -> FromSecret | None:
    name = data.get("from_secret") if isinstance(data, dict) else None
    if name is None or name == "":
        return None
    if not isinstance(name, str) or not name.strip():
        msg = "`from_secret` takes the name of one secret"
        raise ValueError(msg)
    return FromSecret(str(name))


Text = Annotated[str, Field(min_length=1)]
# Text that has a default: empty is as good as not there.
OptionalText = Annotated[str, BeforeValidator(as_default)]
Line = Annotated[str, BeforeValidator(as_line)]
Value = Annotated[str | FromSecret, PlainValidator(as_value)]
Parameter = Annotated[Any, PlainValidator(as_parameter)]
Bytes = Annotated[int, BeforeValidator(as_bytes)]
PullWord = Annotated[str, BeforeValidator(as_pull)]
FailureWord = Annotated[str, BeforeValidator(as_failure)]
