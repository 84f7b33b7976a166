"""Docker's failures, as Slipway's."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import docker.errors
import requests.exceptions
import urllib3.exceptions

from slipway.exceptions import ContainerEngineError

if TYPE_CHECKING:
    from collections.abc import Iterator


class NoSuchThing(ContainerEngineError):
    """The engine has no such container, image, path, network or volume."""


class CannotStart(ContainerEngineError):
    """A container's program does not exist in its image, or may not be run."""


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn whatever the Docker SDK raises into one of ours.

    :param doing: what was tried, to follow ``cannot``.
    :raises NoSuchThing: when the engine answers 404.
    :raises ContainerEngineError: for everything else.
    """
    try:
        yield
    except docker.errors.NotFound as error:
        msg = f"cannot {doing}: {error.explanation or error}"
        raise NoSuchThing(msg) from error
    except docker.errors.APIError as error:
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
