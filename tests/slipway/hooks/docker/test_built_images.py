"""Own images have one door: no worker takes one from whoever publishes under its name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from slipway.exceptions import ImageUnavailable
from slipway.hooks.docker.built_images import built_image
from slipway.hooks.docker.images import Images
from slipway.hooks.docker.own_images import LABEL, OwnImages
from slipway.model.container import PullPolicy
from tests.fakes.image_engine import ImageEngine, digest_of

ROOT = Path(__file__).resolve().parents[4]
# What makes a container of an id that the door gave out, or of a machine's own image.
_STARTS = {
    "plugins/slipway/hooks/docker/engine.py",
    "plugins/slipway/hooks/docker/images.py",
    "include/localcloud/engine.py",
    "include/localcloud/compute/cgroups.py",
    "include/demo/signing_key.py",
    # Debian's own image; and what a docstring says of names.
    "include/images/catalog.py",
    "include/images/base.py",
}
_START = re.compile(
    r"\.(create_container|containers\.(run|create)|pull)\(|\bdocker(\", \"| )(run|pull)\b"
)


def test_nothing_else_starts_containers_or_pulls() -> None:
    """Whoever adds one: ask for the image's id where these do, and name the file here."""
    sources = [
        path
        for folder in ("plugins", "include", "dags")
        for path in (ROOT / folder).rglob("*.py")
        if "include/examples" not in str(path)
    ]
    found = {str(path.relative_to(ROOT)) for path in sources if _START.search(path.read_text())}
    assert found <= _STARTS


@pytest.mark.parametrize("pull", list(PullPolicy))
def test_a_worker_without_the_toolbox_asks_no_public_registry(pull: PullPolicy) -> None:
    engine = ImageEngine()
    engine.publish("slipway/toolbox:1", "a stranger's")
    images = Images(engine.client, installation="ci")
    with pytest.raises(ImageUnavailable, match="never taken from a public registry") as caught:
        images.ensure("slipway/toolbox:1", pull, auth=None, progress=lambda _: None)
    assert engine.asked == engine.pulled == []
    assert "include.images.build slipway/toolbox:1" in caught.value.advice
    assert "image_registry" in caught.value.advice


def test_two_workers_have_the_same_toolbox_from_the_companys_registry() -> None:
    name, content = "r.example.com/slipway/toolbox", "the company's"
    own = OwnImages(registry="r.example.com/slipway", digests={"toolbox:1": digest_of(content)})
    found = []
    for _ in range(2):
        engine = ImageEngine()
        engine.publish(f"{name}:1", "somebody moved the tag")
        engine.publish(f"{name}@{digest_of(content)}", content)
        engine.keep("the.build:1", content, {LABEL: "inputs"})
        images = Images(engine.client, installation="ci", own=own)
        facts = images.ensure(
            "slipway/toolbox:1", PullPolicy.IF_NOT_EXISTS, auth=None, progress=lambda _: None
        )
        found.append(facts.id)
    assert found == [engine.id_of(content)] * 2


def test_the_embedded_cloud_takes_no_strangers_image_either() -> None:
    engine = ImageEngine()
    engine.publish("slipway/machine:12", "a stranger's")
    with pytest.raises(ImageUnavailable, match="never taken from a public registry"):
        built_image(engine.client, "slipway/machine:12")
    made = engine.build("slipway/machine:12", "ours")
    assert built_image(engine.client, "slipway/machine:12") == made
    assert engine.pulled == []
