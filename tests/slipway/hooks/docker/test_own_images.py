from __future__ import annotations

import pytest

from slipway.exceptions import EnvironmentMisconfigured, ImageRefused
from slipway.hooks.docker.own_images import OwnImages, is_own, own_images
from slipway.model.image_name import ImageName

DIGEST = "sha256:" + "a1" * 32
TOOLBOX = ImageName.parse("slipway/toolbox:1")


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("slipway/toolbox:1", True),
        ("docker.io/slipway/toolbox:1", True),
        ("index.docker.io/slipway/toolbox", True),
        ("REGISTRY-1.docker.io/slipway/toolbox:1", True),
        (f"slipway/toolbox:1@{DIGEST}", True),
        ("slipway/anything/else", True),
        ("slipway", False),
        ("slipwayx/toolbox:1", False),
        ("r.example.com/slipway/toolbox:1", False),
        ("docker.io:443/slipway/toolbox:1", False),  # to Docker this is another name
    ],
)
def test_an_own_image_is_known_under_each_of_its_names(name: str, own: bool) -> None:
    assert is_own(ImageName.parse(name)) is own


def test_a_machines_image_is_nobodys_to_run() -> None:
    with pytest.raises(ImageRefused, match="image of a machine"):
        is_own(ImageName.parse("slipway-cloud/demo-1:ami-1"))


def test_without_a_registry_they_are_built_here() -> None:
    assert own_images("", "").source(TOOLBOX) is None


def test_a_companys_registry_has_them_by_digest_where_one_is_given() -> None:
    own = own_images("r.example.com:5000/ci/slipway", f"toolbox:1@{DIGEST}")
    assert str(own.source(TOOLBOX)) == f"r.example.com:5000/ci/slipway/toolbox@{DIGEST}"
    other = own.source(ImageName.parse("slipway/postgres:15"))
    assert str(other) == "r.example.com:5000/ci/slipway/postgres:15"
    assert str(OwnImages(registry="r.example.com/s").source(TOOLBOX)) == "r.example.com/s/toolbox:1"


@pytest.mark.parametrize(
    ("registry", "digests"),
    [
        ("https://r.example.com/x", ""),
        ("user@r.example.com/x", ""),
        ("r.example.com/x", "toolbox:1"),
        ("r.example.com/x", "toolbox:1@sha256:1"),
        # Names that anybody may have on Docker Hub.
        ("slipway", ""),
        ("docker.io/slipway", ""),
        ("index.docker.io/slipway/mirror", f"toolbox:1@{DIGEST}"),
    ],
)
def test_settings_that_cannot_be_read_are_told(registry: str, digests: str) -> None:
    with pytest.raises(EnvironmentMisconfigured, match="image_registry or image_digests"):
        own_images(registry, digests)


def test_several_digests_may_have_commas_between_them_as_other_settings_do() -> None:
    other = "sha256:" + "b2" * 32
    own = own_images("r.example.com/s", f"toolbox:1@{DIGEST}, postgres:15@{other}")
    assert own.digests == {"toolbox:1": DIGEST, "postgres:15": other}


def test_a_company_may_have_them_under_a_name_of_its_own_on_docker_hub() -> None:
    own = own_images("acme/slipway", "")
    assert str(own.source(TOOLBOX)) == "docker.io/acme/slipway/toolbox:1"
