"""Docker's failures, as Slipway's."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import docker.errors
import requests.exceptions
import urllib3.exceptions

from slipway.exceptions import ContainerEngineError
from slipway.model.container import ContainerRefused, NoSuchThing

if TYPE_CHECKING:
    from collections.abc import Iterator


_BAD_REQUEST = 400


# What the engine says of a container, in place of itself, and what to do about it.
_REFUSALS = {
    r"unable to find (user|group)": "is this user in the image's /etc/passwd? A number needs none",
    r"working directory .* absolute path": "begin `working_dir` with `/`",
    r"mount path must be absolute": "begin the path of the volume with `/`",
    r"destination can't be": "mount the volume at another path",
    r"is not (a )?directory": "a file of the image is at this path; choose another one",
    r"[Mm]inimum memory": "raise the limit of memory",
    r"invalid (volume|mount|specification)|bad format for": "correct this line of the step",
    r"gathering device information": "the worker has no such device",
    r"environment variable name": "correct the name of the variable",
    r"error during container init": "",
}


def _refusal(error: docker.errors.APIError) -> ContainerRefused | None:
    """Tell the engine's refusal of what it was asked for from its own failures."""
    said = str(error.explanation or error)
    known = next((advice for what, advice in _REFUSALS.items() if re.search(what, said)), None)
    if error.status_code != _BAD_REQUEST and known is None:
        return None
    return ContainerRefused(f"the container engine refuses it: {said}", advice=known or "")


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn whatever the Docker SDK raises into one of ours.

    :param doing: what was tried, to follow ``cannot``.
    :raises NoSuchThing: when the engine answers 404.
    :raises ContainerRefused: when no container can be as this one was asked to be.
    :raises ContainerEngineError: for everything else.
    """
    try:
        yield
    except docker.errors.NotFound as error:
        msg = f"cannot {doing}: {error.explanation or error}"
        raise NoSuchThing(msg) from error
    except docker.errors.APIError as error:
        if refused := _refusal(error):
            raise refused from error
        msg = f"cannot {doing}: {error.explanation or error}"
        raise ContainerEngineError(msg) from error
    except (
        docker.errors.DockerException,
        requests.exceptions.RequestException,
        urllib3.exceptions.HTTPError,
        OSError,
    ) as error:
        msg = f"cannot {doing}: the container engine does not answer ({error})"
        raise ContainerEngineError(msg, advice="is dockerd running and reachable?") from error


def is_read_timeout(error: requests.exceptions.RequestException) -> bool:
    """Tell "nothing came in time" from "the connection broke".

    requests names the first by one class while it waits for headers and by another while it
    waits for the body.
    """
    if isinstance(error, requests.exceptions.ReadTimeout):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(cause, urllib3.exceptions.ReadTimeoutError)
