from __future__ import annotations

from typing import Any
from unittest import mock

import docker
import docker.errors
import pytest

from slipway.exceptions import ImageUnavailable
from slipway.hooks.container_images import PullProgress, ensure
from slipway.hooks.container_spec import PullPolicy

HERE = {"Id": "sha256:1", "Config": {}}
GONE = docker.errors.NotFound("no such image")


def client(*, here: bool, events: list[Any]) -> Any:
    made = mock.create_autospec(docker.APIClient, instance=True)
    made.inspect_image.side_effect = None if here else [GONE, HERE]
    made.inspect_image.return_value = HERE
    made.pull.return_value = events
    return made


@pytest.mark.parametrize(
    ("policy", "here", "pulls"),
    [
        (PullPolicy.ALWAYS, True, 1),
        (PullPolicy.REFRESH, True, 1),
        (PullPolicy.IF_NOT_EXISTS, True, 0),
        (PullPolicy.IF_NOT_EXISTS, False, 1),
        (PullPolicy.NEVER, True, 0),
    ],
)
def test_policies(policy: PullPolicy, here: bool, pulls: int) -> None:
    made = client(here=here, events=[])
    assert ensure(made, "i", policy, auth={"username": "u"}, progress=print).id == "sha256:1"
    assert made.pull.call_count == pulls
    if pulls:
        assert made.pull.call_args.args == ("i:latest",)
        assert made.pull.call_args.kwargs["auth_config"] == {"username": "u"}


def test_an_image_that_is_here_will_do_when_the_registry_does_not_answer() -> None:
    said: list[str] = []
    made = client(here=True, events=[{"error": "no route to host"}])
    ensure(made, "i", PullPolicy.REFRESH, auth=None, progress=said.append)
    assert "the one that is here is used" in said[0]
    with pytest.raises(ImageUnavailable, match="no route to host"):
        ensure(made, "i", PullPolicy.ALWAYS, auth=None, progress=print)


def test_progress_is_told_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("slipway.hooks.container_images.time.monotonic", lambda: now[0])
    progress = PullProgress("img")
    layer = {"status": "Downloading", "id": "a"}
    event = {**layer, "progressDetail": {"current": 5 << 20, "total": 10 << 20}}
    assert progress.line({"status": "Pulling"}) == ""
    assert progress.line(event) == "img: 5 of 10 MiB"
    assert progress.line(event) == ""
    now[0] += 5
    assert progress.line({**event, "id": "b"}) == "img: 10 of 20 MiB"
