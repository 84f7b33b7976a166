"""Which images there are, and in which order they are built."""

from __future__ import annotations

import re

import pytest

from include.images import inputs
from include.images.catalog import IMAGES, Image, chosen
from slipway.exceptions import ImageUnavailable


def test_what_slipway_needs_is_chosen_when_none_is_named() -> None:
    left_out = {"go", "node", "debian-13", "machine-13", "redis"}
    assert {image.name for image in chosen([])} == IMAGES.keys() - left_out
    assert [image.name for image in chosen(["go", "node"])] == ["debian", "go", "node"]
    assert [image.name for image in chosen(["machine-13"])] == ["debian-13", "machine-13"]


def test_an_image_brings_its_parent_first() -> None:
    assert [image.name for image in chosen(["toolbox"])] == ["debian", "toolbox"]
    assert [image.name for image in chosen(["slipway/python:3.11"])] == ["debian", "python"]
    assert [image.name for image in chosen(["debian"])] == ["debian"]


def test_an_unknown_image_is_named_with_the_known_ones() -> None:
    with pytest.raises(ImageUnavailable, match="'tolbox'") as raised:
        chosen(["tolbox"])
    assert "toolbox" in raised.value.advice


@pytest.mark.parametrize("image", IMAGES.values(), ids=lambda image: image.name)
def test_a_dockerfile_is_built_from_the_parent_it_declares(image: Image) -> None:
    dockerfile = (image.folder / "Dockerfile").read_text()
    given = dict(re.findall(r"^ARG (PARENT)=(\S+)", dockerfile, re.MULTILINE))
    given |= inputs.build_arguments(image, inputs.Settings())
    bases = [
        given["PARENT"] if base == "${PARENT}" else base
        for base in re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)
    ]
    expected = IMAGES[image.parent].tag if image.parent else "${BASE}"
    assert set(bases) == {expected}


def test_what_third_parties_publish_is_compared_with_its_sum() -> None:
    """A package that is swapped on its index does not get into the toolbox."""
    folder = IMAGES["toolbox"].folder
    dockerfile = (folder / "Dockerfile").read_text().replace("\\\n", "")
    installs = [line for line in dockerfile.splitlines() if "pip install" in line]
    assert installs
    assert all("--require-hashes" in install for install in installs)
    assert "GOSUMDB=sum.golang.org GONOSUMDB= GOPRIVATE= GOINSECURE= GOFLAGS= " in dockerfile
    assert (folder / "nfpm.txt").read_text().count("--hash=sha256:") >= 2
