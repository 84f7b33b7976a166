"""Reads a machine's secrets from Parameter Store into a file that systemd gives the service.

Everything below /slipway/<project>/<environment>/ becomes a variable named for the last part of
its path. The file is in memory (/run) and root's alone; no image ever holds it.

What cannot become a variable stops the machine's service, and the journal says which parameter
it is, never what it holds: a service must not start without a setting that somebody gave it.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import botocore.exceptions
import botocore.session

# Seconds. A machine's role and routes may come a moment after the machine.
PATIENCE = 90
# systemd drops other names, and prints them with their values while it does (systemd.exec(5)).
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


# systemd drops values with these as well, and prints them: half a character of UTF-16, and what
# Unicode says will never be one (U+FDD0 to U+FDEF, and the last two of each plane).
NO_CHARACTER = re.compile(
    "[\ud800-\udfff\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
    + "]"
)


class Unusable(Exception):
    """A parameter cannot become a variable; the message has its path, and not its value."""


def parameters() -> Iterator[tuple[str, str]]:
    """Yield path and value of each parameter of this machine's environment."""
    path = f"/slipway/{os.environ['SLIPWAY_PROJECT']}/{os.environ['SLIPWAY_ENVIRONMENT']}/"
    client = botocore.session.get_session().create_client(
        "ssm",
        region_name=os.environ["AWS_REGION"],
        # Debian's botocore is older than this variable.
        endpoint_url=os.environ.get("AWS_ENDPOINT_URL"),
    )
    pages = client.get_paginator("get_parameters_by_path").paginate(
        Path=path, Recursive=True, WithDecryption=True
    )
    for page in pages:
        for parameter in page["Parameters"]:
            yield parameter["Name"], parameter["Value"]


def patient_parameters() -> list[tuple[str, str]]:
    """Read them all, and try again while the API is not there yet."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return sorted(parameters())
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
            if time.monotonic() > deadline:
                raise
            print(f"Parameter Store does not answer yet: {error}", file=sys.stderr)
            time.sleep(1)


def variables(found: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return name -> value.

    :raises Unusable: when a parameter has no usable name or value, or two have the same name.
    """
    wrong: list[str] = []
    paths: dict[str, list[str]] = {}
    for path, value in found:
        name = path.rpartition("/")[2]
        if not NAME.fullmatch(name):
            wrong.append(f"{path}: {name!r} is no name of a variable (letters, digits and _)")
        if "\0" in value:
            wrong.append(f"{path}: the value holds a zero byte, which no variable can")
        if NO_CHARACTER.search(value):
            wrong.append(f"{path}: the value holds what is no character, which systemd refuses")
        paths.setdefault(name, []).append(path)
    for name, same in sorted(paths.items()):
        if len(same) > 1:
            wrong.append(f"{' and '.join(same)} would both be {name}")
    if wrong:
        raise Unusable("\n".join(wrong))
    return {path.rpartition("/")[2]: value for path, value in found}


def line(name: str, value: str) -> str:
    """Return a variable as a line of an EnvironmentFile.

    Between double quotes systemd keeps everything as it is, line breaks and tabs too, but these
    four, which a backslash saves; any other backslash is one.
    """
    quoted = re.sub(r'[\\"`$]', r"\\\g<0>", value)
    return f'{name}="{quoted}"\n'


def main(target: str) -> None:
    """Write the file at once: a service must never see half of it."""
    lines = [line(name, value) for name, value in variables(patient_parameters()).items()]
    partial = f"{target}.partial"
    with open(
        partial,
        "w",
        encoding="utf-8",
        newline="",
        opener=lambda path, flags: os.open(path, flags, 0o600),
    ) as file:
        file.writelines(lines)
    Path(partial).replace(target)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except Unusable as error:
        sys.exit(f"This machine's parameters cannot be used:\n{error}")
