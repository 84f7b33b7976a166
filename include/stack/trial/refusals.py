"""What the stack's Airflow refuses: whoever is not logged in, and whoever looks for its secrets."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import Any

import docker
import httpx

from include.stack import compose, paths
from include.stack.operations.installation import of_this_clone
from include.stack.trial.api import StackApi
from include.stack.trial.leftovers import client
from include.stack.trial.report import Result

# Where a login begins or ends, and what tells nothing but whether Airflow is well, and which.
PUBLIC = frozenset(
    {
        "GET /api/v2/monitor/health",
        "GET /api/v2/version",
        "GET /api/v2/auth/login",
        "GET /api/v2/auth/logout",
        "GET /auth/logout",
        "POST /auth/token",
        "POST /auth/token/cli",
    }
)
# Pages that are no part of the API's own description.
PAGES = (
    "/slipway/board/",
    "/slipway/board/e/guestbook/dev",
    "/auth/users/list/",
    "/auth/roles/list/",
    "/auth/users/add",
)
_LOGIN = re.compile(r"/(auth|api/v2/auth)/login")
_REFUSED = (401, 403)
# Shorter ones are found in anything.
_SHORTEST = 10
_PIECE = 8 << 20
_GREP = ("grep", "--text", "--only-matching", "--fixed-strings")
# Bytes, not characters.
_PLAIN = {"PATH": os.defpath, "LC_ALL": "C"}


def refusals(api: StackApi) -> list[Result]:
    """Try both.

    :param api: somebody who is logged in, and knows what there is to be asked.
    """
    return [_anonymous(api), _secrets()]


def _anonymous(api: StackApi) -> Result:
    """Ask for everything that there is without a login."""
    calls = sorted({*calls_of(api.description()), *(f"GET {page}" for page in PAGES)} - PUBLIC)
    result = Result(case="everything asked for without a login")
    with httpx.Client(base_url=paths.UI, timeout=30, trust_env=False) as stranger:
        for call in calls:
            method, _, path = call.partition(" ")
            answer = stranger.request(method, re.sub(r"\{[^}]*\}", "1", path))
            result.sent += 1
            if not is_refused(answer):
                result.failed += 1
                result.wrong.append(f"{call} answers {answer.status_code} to anybody")
    return result


def calls_of(description: Mapping[str, Any]) -> Iterator[str]:
    """Yield what an API knows, each as ``METHOD path``.

    :param description: in OpenAPI's form.
    """
    for path, methods in description["paths"].items():
        yield from (f"{method.upper()} {path}" for method in methods if method != "parameters")


def is_refused(answer: httpx.Response) -> bool:
    """Tell whether an answer is a no, or the way to the login."""
    if answer.is_redirect:
        return bool(_LOGIN.search(answer.headers["Location"]))
    return answer.status_code in _REFUSED


def _secrets() -> Result:
    """Look for each of the stack's secrets wherever others may look."""
    secrets = needles(paths.SECRETS)
    result = Result(case=f"{len(set(secrets.values()))} secrets looked for where others may look")
    for place, pieces in _places():
        result.sent += 1
        found = {secrets[one] for one in found_in(pieces, secrets)}
        if found:
            result.failed += 1
            result.wrong.append(f"{place} has {', '.join(sorted(found))}")
    return result


def needles(folder: Path) -> dict[bytes, str]:
    """Return what must not be found, plain and in base64, by the name of the secret.

    :param folder: of the secrets.
    """
    found: dict[bytes, str] = {}
    for file in sorted(folder.iterdir()):
        for name, secret in _values(file):
            if len(secret) >= _SHORTEST:
                found[secret.encode()] = name
                found[base64.b64encode(secret.encode()).rstrip(b"=")] = name
    return found


def _values(file: Path) -> Iterator[tuple[str, str]]:
    """Yield the secrets of a file: words of its own, or what is secret in a connection."""
    text = file.read_text().strip()
    if file.name == "connections.json":
        for name, one in json.loads(text).items():
            if password := one.get("password"):
                yield f"{name}'s password", password
    elif file.name == "variables.json":
        yield from json.loads(text).items()
    elif file.name == "redis.conf":
        yield file.name, text.partition(" ")[2]
    else:
        yield file.name, text


def _places() -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield where others may look, and what is to be seen there."""
    engine: Any = docker.from_env()
    images = set()
    for one in compose.containers():
        yield f"docker inspect {one.name}", [json.dumps(one.attrs).encode()]
        yield f"docker logs {one.name}", one.logs(stream=True, follow=False)
        # Those of machines hold what their application is told: only the stack's own are asked.
        if one.status == "running":
            with_environment = json.dumps(one.top(ps_args="axeww -o pid,args"))
            yield f"what the processes of {one.name} are told", [with_environment.encode()]
        images.add(one.image.id)
    for image in sorted(images):
        yield f"docker history {image}", [json.dumps(engine.api.history(image)).encode()]
    [airflow] = {one.image.id for one in compose.containers("worker")}
    yield f"the layers of {airflow}", engine.images.get(airflow).save(chunk_size=_PIECE)
    yield "docker-compose config", [of_this_clone().told("config").encode()]
    yield "the list of processes", [subprocess.check_output(["ps", "axww"])]  # noqa: S607
    s3 = client("s3")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=paths.LOGS):
        for one in page.get("Contents", ()):
            body = s3.get_object(Bucket=paths.LOGS, Key=one["Key"])["Body"]
            yield f"the log {one['Key']}", body.iter_chunks(_PIECE)


def found_in(pieces: Iterable[bytes], words: Iterable[bytes]) -> set[bytes]:
    """Return which words are in a stream; grep looks for all of them in one pass.

    :param pieces: of the stream, cut anywhere.
    :param words: none of which has a line break.
    """
    with NamedTemporaryFile() as wanted, TemporaryFile() as said:
        # On a command line they would be found by the next look at the list of processes.
        wanted.write(b"\n".join(words))
        wanted.flush()
        argv = [*_GREP, f"--file={wanted.name}"]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=said, env=_PLAIN) as grep:  # noqa: S603
            if grep.stdin is not None:
                for piece in pieces:
                    grep.stdin.write(piece)
        said.seek(0)
        return set(said.read().splitlines())
