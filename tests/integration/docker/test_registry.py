"""Images from a registry, on real Docker: who gets what, and that no name moves."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import docker
import pytest

from slipway.exceptions import ImageUnavailable
from slipway.hooks.docker.engine import ContainerEngine
from slipway.hooks.docker.image_origin import PULLED
from slipway.model.container import PullPolicy
from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.load import load
from slipway.pipeline.runtime.inputs import Given
from slipway.pipeline.runtime.log_groups import LogGroups
from slipway.pipeline.runtime.result import PipelineResult
from slipway.pipeline.runtime.runner import Runner
from tests.fakes.registry import Registry, registry

pytestmark = pytest.mark.integration
A, B = ("alice", "secret-of-a"), ("bob", "secret-of-b")


@pytest.fixture
def served() -> Iterator[Registry]:
    with registry({"a": A, "b": B}) as found:
        yield found


@pytest.fixture
def engine(served: Registry) -> Iterator[ContainerEngine]:
    installation = f"test-{uuid.uuid4().hex[:8]}"
    yield ContainerEngine(docker.APIClient(timeout=60), installation=installation)
    forget(served)


def forget(served: Registry) -> None:
    """Remove what came from a registry, with all names of it."""
    client = docker.APIClient()
    for image in client.images():
        if any(served.address in name for name in image["RepoDigests"] or []):
            client.remove_image(image["Id"], force=True)


def login(person: tuple[str, str]) -> dict[str, str]:
    return {"username": person[0], "password": person[1]}


def config(served: Registry, person: tuple[str, str]) -> str:
    return json.dumps({"auths": {served.address: login(person)}})


def ensure(engine: ContainerEngine, name: str, **options: Any) -> Any:
    return engine.ensure_image(name, progress=print, **options)


def test_a_private_image_that_one_project_pulled_is_not_anothers(
    engine: ContainerEngine, served: Registry
) -> None:
    digest = served.publish("a/private:1", {"data": b"secret sauce"})
    name = f"{served.address}/a/private:1"
    mine = ensure(engine, name, auth=login(A))
    assert mine.digest == f"{served.address}/a/private@{digest}"
    for asked in (name, mine.digest, mine.id, mine.id[7:19]):
        for auth in (None, login(B), {**login(A), "password": "guessed"}):
            with pytest.raises((ImageUnavailable, Exception)) as caught:
                ensure(engine, asked, auth=auth)
            assert type(caught.value).__name__ in ("ImageUnavailable", "ImageRefused")
    served.requests.clear()
    assert ensure(engine, name, auth=login(A)) == mine
    assert served.requests == []  # once is enough for whoever has the right


@pytest.fixture
def public() -> Iterator[Registry]:
    with registry({}) as found:
        yield found
        forget(found)


def test_a_pull_does_not_change_what_others_run(engine: ContainerEngine, public: Registry) -> None:
    client: Any = docker.APIClient()
    name = f"{public.address}/pub/tool"
    public.publish("pub/tool:1", {"data": b"old"})
    old = ensure(engine, f"{name}:1")
    client.tag(old.id, name, "1")  # as `docker pull` would have left it, with its digest
    new_digest = public.publish("pub/tool:1", {"data": b"new"})
    other = ContainerEngine(client, installation=f"{engine.installation}-other")
    new = ensure(other, f"{name}:1", pull=PullPolicy.ALWAYS)
    assert new.digest == f"{name}@{new_digest}"
    assert new.id != old.id
    assert client.inspect_image(f"{name}:1")["Id"] == old.id
    assert ensure(engine, f"{name}:1").id == old.id
    assert ensure(engine, f"{name}:1", pull=PullPolicy.REFRESH).id == new.id


def run(
    engine: ContainerEngine,
    text: str,
    *,
    registries: tuple[str, ...] = (),
    secrets: Mapping[str, str] | None = None,
) -> PipelineResult:
    file = load(f"kind: pipeline\n{text}".encode(), file=".drone.yml", trusted=False)
    name = f"slipway-{engine.installation}"
    (spec,) = compile_file(file, Build(id=name, labels={"slipway.run": "r"})).pipelines
    given = Given(registries=registries, secrets=secrets or {})
    try:
        return Runner(engine, spec, output=LogGroups(print), timeout=60, given=given).run(None)
    finally:
        assert engine.remove_labelled({}) == 0


def refusal(result: PipelineResult) -> str:
    """Return why the only step was not started."""
    (step,) = result.steps
    assert (step.state, step.digest) == ("failed", "")
    assert step.note.startswith("not started: ")
    return step.note


def test_a_step_that_pulls_the_toolbox_over_the_local_one(engine: ContainerEngine) -> None:
    client: Any = docker.APIClient()
    before = client.inspect_image("slipway/toolbox:1")["Id"]
    aliases = (
        "slipway/toolbox:1",
        "docker.io/slipway/toolbox:1",
        "index.docker.io/slipway/toolbox:1",
    )
    for number, alias in enumerate(aliases):
        step = f"- {{name: s{number}, image: '{alias}', pull: always, commands: [goose -version]}}"
        result = run(engine, f"steps:\n{step}")
        assert [(one.state, one.digest) for one in result.steps] == [("passed", before)]
    assert client.inspect_image("slipway/toolbox:1")["Id"] == before
    nowhere = run(engine, "steps: [{name: a, image: 'slipway/nowhere:1', pull: always}]")
    assert "never taken from a public registry" in refusal(nowhere)


def test_one_projects_login_does_not_serve_another(
    engine: ContainerEngine, served: Registry
) -> None:
    served.publish("a/private:1", {"data": b"secret sauce"})
    step = f"steps: [{{name: a, image: '{served.address}/a/private:1', failure: ignore}}]"
    text = f"image_pull_secrets: [login]\n{step}"
    assert "neither here nor can it be pulled" in refusal(run(engine, step))
    refusal(run(engine, text, secrets={"login": config(served, B)}))
    for result in (
        run(engine, text, secrets={"login": config(served, A)}),
        run(engine, step, registries=(config(served, A),)),
    ):
        assert f"/a/private@{served.tags['a/private:1']}" in result.steps[0].digest
    refusal(run(engine, step))  # although it is here now


def test_names_of_logins_are_no_images(engine: ContainerEngine, served: Registry) -> None:
    served.publish("a/private:1", {"data": b"secret sauce"})
    mine = ensure(engine, f"{served.address}/a/private:1", auth=login(A))
    client: Any = docker.APIClient()
    tags = client.inspect_image(mine.id)["RepoTags"]
    (kept,) = [tag for tag in tags if tag.startswith(PULLED)]
    assert A[1] not in kept
    refused = run(engine, f"steps: [{{name: a, image: '{kept}'}}]")
    assert "is no image of a registry" in refusal(refused)
