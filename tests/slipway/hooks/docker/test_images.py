"""Who may use which image, and that nobody changes what a name means to others."""

from __future__ import annotations

import pytest

from slipway.exceptions import ImageRefused, ImageUnavailable
from slipway.hooks.docker.image_origin import PULLED
from slipway.hooks.docker.images import Images, PullProgress
from slipway.hooks.docker.own_images import OwnImages
from slipway.model.container import PullPolicy
from tests.fakes.image_engine import ContainerdEngine, ImageEngine, digest_of
from tests.slipway.hooks.docker.images import engines
from tests.slipway.hooks.docker.images.engines import ALWAYS, BUILT, NEVER, ONCE, REFRESH, ensure

engine = engines.engine
A = {"username": "a", "password": "secret-of-a"}
B = {"username": "b", "password": "secret-of-b"}
PRIVATE = "r.example.com/a/private:1"


def test_a_company_may_keep_own_images_in_its_registry(engine: ImageEngine) -> None:
    engine.publish("r.example.com/ci/toolbox:1", "ours")
    image = engine.docker_pull("r.example.com/ci/toolbox:1")
    engine.images[image]["Config"]["Labels"] = BUILT
    engine.publish("slipway/toolbox:1", "a stranger's")
    own = OwnImages(registry="r.example.com/ci")
    images = Images(engine.client, installation="test", own=own)
    found = images.ensure("slipway/toolbox:1", ALWAYS, auth=None, progress=print)
    assert found.digest == f"r.example.com/ci/toolbox@{digest_of('ours')}"
    assert not any("slipway/toolbox" in name for name in engine.asked)
    # The operator's login, which the client has: no project's, and not nobody's.
    assert engine.client.inspect_distribution.call_args.args[1] is None


def test_a_digest_keeps_a_companys_registry_from_handing_out_another(engine: ImageEngine) -> None:
    engine.publish("r.example.com/ci/toolbox:1", "another")
    own = OwnImages(registry="r.example.com/ci", digests={"toolbox:1": digest_of("ours")})
    images = Images(engine.client, installation="test", own=own)
    with pytest.raises(ImageUnavailable):
        images.ensure("slipway/toolbox:1", ONCE, auth=None, progress=print)


def test_a_pull_by_one_project_does_not_change_what_another_uses(engine: ImageEngine) -> None:
    engine.publish("acme/shop:1", "old")
    engine.docker_pull("acme/shop:1")
    names = dict(engine.names)
    first = ensure(engine, "acme/shop:1")
    engine.publish("acme/shop:1", "new")
    new = ensure(engine, "acme/shop:1", ALWAYS, A)
    assert new.digest == f"docker.io/acme/shop@{digest_of('new')}"
    assert new.id != first.id
    assert ensure(engine, "acme/shop:1") == first
    assert {name: engine.names[name] for name in names} == names
    assert all("@sha256:" in name for name in engine.pulled)


def test_a_private_image_is_not_another_projects_for_the_asking(engine: ImageEngine) -> None:
    engine.publish(PRIVATE, "secret sauce", A)
    mine = ensure(engine, PRIVATE, auth=A)
    pinned = f"r.example.com/a/private@{digest_of('secret sauce')}"
    tagged = next(name for name in engine.names if name.startswith(PULLED))
    for name in (PRIVATE, pinned, mine.id, mine.id.removeprefix("sha256:"), mine.id[7:19], tagged):
        for policy in PullPolicy:
            for auth in (None, B, {**A, "password": "guessed"}):
                with pytest.raises((ImageUnavailable, ImageRefused)):
                    ensure(engine, name, policy, auth)
    engine.offline = True
    with pytest.raises(ImageUnavailable):
        ensure(engine, PRIVATE, REFRESH, B)


def test_who_pulled_an_image_finds_it_without_asking_again(engine: ImageEngine) -> None:
    engine.publish(PRIVATE, "secret sauce", A)
    mine = ensure(engine, PRIVATE, auth=A)
    engine.asked.clear()
    engine.offline = True
    assert ensure(engine, PRIVATE, auth=A) == mine
    assert engine.asked == []
    assert len(engine.pulled) == 1


def test_one_that_an_earlier_version_pulled_is_asked_for_and_not_pulled_again(
    engine: ImageEngine,
) -> None:
    engine.publish("python:3.11", "python")
    image = engine.docker_pull("python:3.11")
    assert ensure(engine, "python:3.11").id == image
    assert engine.pulled == []


def test_what_was_built_here_is_for_everybody_and_nobody_is_asked(engine: ImageEngine) -> None:
    image = engine.build("acme/base:1", "built")
    engine.offline = True
    for auth in (None, A):
        found = ensure(engine, "acme/base:1", auth=auth)
        assert (found.id, found.digest) == (image, "")
    assert engine.asked == []


def test_a_stranger_who_publishes_the_name_of_a_local_build_is_not_asked(
    engine: ImageEngine,
) -> None:
    image = engine.build("acme/base:latest", "built")
    engine.publish("acme/base:latest", "a stranger's")
    assert ensure(engine, "acme/base", REFRESH).id == image
    assert engine.asked == []
    # Whoever writes `pull: always` asks for the registry's.
    assert ensure(engine, "acme/base", ALWAYS).id != image
    assert ensure(engine, "acme/base", REFRESH).id == image


def test_the_workers_own_logins_are_not_a_projects(engine: ImageEngine) -> None:
    """The SDK would look into the worker's ~/.docker/config.json, were nothing handed to it."""
    engine.publish("python:3.11", "python")
    ensure(engine, "python:3.11")
    assert engine.client.inspect_distribution.call_args.args[1] == {}
    assert engine.client.pull.call_args.kwargs["auth_config"] == {}
    images = Images(engine.client, installation="exec", client_logins=True)
    images.ensure("python:3.11", ALWAYS, auth=None, progress=print)
    assert engine.client.inspect_distribution.call_args.args[1] is None


def test_an_image_that_is_here_will_do_when_the_registry_does_not_answer(
    engine: ImageEngine,
) -> None:
    engine.publish("acme/shop:latest", "one")
    first = ensure(engine, "acme/shop", REFRESH)
    engine.publish("acme/shop:latest", "two")
    second = ensure(engine, "acme/shop", REFRESH)
    assert first.id != second.id
    engine.offline = True
    said: list[str] = []
    images = Images(engine.client, installation="test")
    assert images.ensure("acme/shop", REFRESH, auth=None, progress=said.append) == second
    assert "the one that is here is used" in said[0]
    with pytest.raises(ImageUnavailable, match=r"image acme/shop is neither here nor.*no route"):
        ensure(engine, "acme/shop", ALWAYS)


def test_one_that_may_not_be_pulled_is_not(engine: ImageEngine) -> None:
    engine.publish("python:3.11", "python")
    with pytest.raises(ImageUnavailable, match="may not be pulled"):
        ensure(engine, "python:3.11", NEVER)
    assert engine.asked == []


def test_a_login_is_not_told_by_the_name_of_what_it_pulled(engine: ImageEngine) -> None:
    engine.publish(PRIVATE, "secret sauce", A)
    ensure(engine, PRIVATE, auth=A)
    assert not any("secret-of-a" in name for name in engine.names)


def test_progress_is_told_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("slipway.hooks.docker.images.time.monotonic", lambda: now[0])
    progress = PullProgress("img")
    layer = {"status": "Downloading", "id": "a"}
    event = {**layer, "progressDetail": {"current": 5 << 20, "total": 10 << 20}}
    assert progress.line({"status": "Pulling"}) == ""
    assert progress.line(event) == "img: 5 of 10 MiB"
    assert progress.line(event) == ""
    now[0] += 5
    assert progress.line({**event, "id": "b"}) == "img: 10 of 20 MiB"


@pytest.mark.parametrize("policy", list(PullPolicy))
def test_a_private_image_that_somebody_pulled_past_slipway_is_nobodys(
    engine: ImageEngine, policy: PullPolicy
) -> None:
    engine.publish(PRIVATE, "secret sauce", A)
    engine.docker_pull(PRIVATE)
    for name in (PRIVATE, f"r.example.com/a/private@{digest_of('secret sauce')}"):
        for auth in (None, B):
            with pytest.raises(ImageUnavailable):
                ensure(engine, name, policy, auth)


def test_an_image_that_was_pulled_for_one_login_is_not_built_by_another_name(
    engine: ImageEngine,
) -> None:
    engine.publish(PRIVATE, "secret sauce", A)
    mine = ensure(engine, PRIVATE, auth=A)
    engine.names["docker.io/acme/copy:1"] = mine.id
    with pytest.raises(ImageUnavailable):
        ensure(engine, "acme/copy:1")


@pytest.mark.parametrize("name", ["slipway/toolbox:1", "company/tests:1", "r.example.com:5000/x:1"])
def test_where_containerd_keeps_the_images_those_built_here_say_so(name: str) -> None:
    engine = ContainerdEngine()
    image = engine.keep(name, "ours", BUILT)
    with pytest.raises(ImageUnavailable) as caught:
        ensure(engine, name)
    if not name.startswith("slipway/"):
        told = caught.value.advice.split("`docker tag ")[1].rstrip("`").split()
        assert engine.names[told[0]] == image
        engine.names[told[1]] = image
    else:
        engine.build(name, "ours", BUILT)
    assert ensure(engine, name).id == image
    assert engine.pulled == []
