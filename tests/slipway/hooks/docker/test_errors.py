from __future__ import annotations

import docker.errors
import pytest
import requests
import requests.exceptions

from slipway.exceptions import ContainerEngineError
from slipway.hooks.docker.errors import is_read_timeout, translated
from slipway.model.container import NoSuchThing


def answer(status: int) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    return response


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (docker.errors.NotFound("x", answer(404), "No such container"), NoSuchThing, "No such"),
        (docker.errors.ImageNotFound("x", answer(404), "no image"), NoSuchThing, "no image"),
        (docker.errors.APIError("x", answer(500), "disk full"), ContainerEngineError, "disk full"),
        (docker.errors.DockerException("odd"), ContainerEngineError, "does not answer"),
        (requests.exceptions.ConnectionError("refused"), ContainerEngineError, "does not answer"),
        (ConnectionResetError(), ContainerEngineError, "does not answer"),
    ],
)
def test_each_failure_of_the_sdk_becomes_ours(
    error: Exception, kind: type[Exception], says: str
) -> None:
    with pytest.raises(kind, match=f"^cannot do it: .*{says}") as caught, translated("do it"):
        raise error
    assert type(caught.value) is kind


def test_our_own_exceptions_and_bugs_pass_through() -> None:
    for error in (ContainerEngineError("x"), ValueError("bug")):
        with pytest.raises(type(error)) as caught, translated("do it"):
            raise error
        assert caught.value is error


def test_a_broken_connection_is_no_read_timeout() -> None:
    assert is_read_timeout(requests.exceptions.ReadTimeout())
    assert not is_read_timeout(requests.exceptions.ConnectionError("reset by peer"))
