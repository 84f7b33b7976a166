"""What a worker left that died, when the next try of its task ran beside another engine."""

from __future__ import annotations

import time
from typing import Any
from unittest import mock

import docker
import pytest

from slipway.exceptions import ContainerEngineError
from slipway.hooks.docker.cleanup import UNTIL
from slipway.hooks.docker.engine import ContainerEngine
from slipway.hooks.docker.leftovers import tidied
from slipway.model.container import ContainerSpec

DAY = 86400.0
_TASK = {"slipway.run": "3f2a1b7c9d", "slipway.dag": "shop", "slipway.task": "test"}


class Docker:
    """Containers and networks by their labels, as Docker's list calls filter them."""

    def __init__(self) -> None:
        self.containers: dict[str, dict[str, str]] = {}
        self.networks: dict[str, dict[str, str]] = {}
        self.client = mock.create_autospec(docker.APIClient, instance=True)
        self.client.containers.side_effect = lambda **asked: [
            {"Id": name, "State": "running", "Labels": labels}
            for name, labels in self._match(self.containers, asked["filters"])
        ]
        self.client.networks.side_effect = lambda **asked: [
            {"Id": name, "Name": name} for name, _ in self._match(self.networks, asked["filters"])
        ]
        self.client.volumes.return_value = {"Volumes": None}
        self.client.remove_container.side_effect = lambda name, **_: self.containers.pop(name)
        self.client.remove_network.side_effect = self.networks.pop

    def _match(self, things: Any, filters: Any) -> list[tuple[str, dict[str, str]]]:
        wanted = [one.partition("=") for one in filters["label"]]
        return [
            (name, labels)
            for name, labels in things.items()
            if all(k in labels and (not eq or labels[k] == v) for k, eq, v in wanted)
        ]


@pytest.fixture
def docker_() -> Docker:
    return Docker()


def _engine(docker_: Docker, installation: str = "ci") -> ContainerEngine:
    return ContainerEngine(docker_.client, installation=installation)


def _labels(until: float, **more: str) -> dict[str, str]:
    return {"slipway.installation": "ci", **_TASK, UNTIL: str(round(until)), **more}


def test_what_a_dead_worker_left_is_removed_with_its_network(docker_: Docker) -> None:
    docker_.containers["old"] = _labels(time.time() - 1)
    docker_.networks["old net"] = {"slipway.installation": "ci", **_TASK}
    said = list[str]()
    tidied(_engine(docker_), 60.0, said.append)
    assert not docker_.containers
    assert not docker_.networks
    assert said == ["removed 2 leftovers of tasks that went on beside another engine"]


def test_what_is_not_overdue_or_not_ours_stays(docker_: Docker) -> None:
    docker_.containers = {
        "in time": _labels(time.time() + 60),
        "another installation's": _labels(0, **{"slipway.installation": "other"}),
        "of before": {"slipway.installation": "ci", **_TASK},
        "no time": {**_labels(0), UNTIL: "soon"},
        "no task's": {"slipway.installation": "ci", UNTIL: "0", "slipway.kind": "metadata-guard"},
    }
    before = dict(docker_.containers)
    said = list[str]()
    tidied(_engine(docker_), 60.0, said.append)
    assert docker_.containers == before
    assert said == []


@pytest.mark.parametrize(("limit", "until"), [(60.0, DAY), (2 * DAY, 4 * DAY)])
def test_a_pipeline_that_may_take_days_is_given_them(
    docker_: Docker, limit: float, until: float
) -> None:
    docker_.client.create_host_config.return_value = {}
    docker_.client.create_container.return_value = {"Id": "new"}
    engine = tidied(_engine(docker_), limit, lambda _: None)
    before = time.time()
    engine.create(ContainerSpec(name="a", image="sha256:1", labels=_TASK))
    labels = docker_.client.create_container.call_args.kwargs["labels"]
    assert before + until - 1 <= int(labels[UNTIL]) <= time.time() + until + 1


def test_an_engine_that_does_not_answer_is_the_tasks_own_trouble(docker_: Docker) -> None:
    engine = mock.create_autospec(ContainerEngine, instance=True)
    engine.remove_overdue.side_effect = ContainerEngineError("away")
    assert tidied(engine, 60.0, lambda _: None) is engine


def test_what_cannot_be_removed_holds_up_no_pipeline(docker_: Docker) -> None:
    """A container whose removal is stuck stays so, and each pipeline finds it on its way."""
    for name in ("one", "two", "three", "other"):
        docker_.containers[name] = _labels(0, **{"slipway.task": name})

    def removing(name: str, **_: Any) -> None:
        if name != "other":
            answer = mock.Mock(status_code=409, reason="Conflict")
            msg = "removal is in progress"
            raise docker.errors.APIError(msg, response=answer)
        del docker_.containers[name]

    docker_.client.remove_container.side_effect = removing
    began = time.monotonic()
    tidied(_engine(docker_), 60.0, lambda _: None)
    assert time.monotonic() - began < 10
    assert "other" not in docker_.containers
