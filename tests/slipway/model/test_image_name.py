from __future__ import annotations

import time

import pytest

from slipway.exceptions import ImageRefused
from slipway.model.image_name import ImageName

DIGEST = "sha256:" + "a1" * 32


@pytest.mark.parametrize(
    ("written", "whole"),
    [
        ("python", "docker.io/library/python:latest"),
        ("python:3.11", "docker.io/library/python:3.11"),
        ("library/python", "docker.io/library/python:latest"),
        ("acme/shop", "docker.io/acme/shop:latest"),
        ("docker.io/python:3", "docker.io/library/python:3"),
        ("index.docker.io/library/python", "docker.io/library/python:latest"),
        ("registry-1.docker.io/acme/shop:1", "docker.io/acme/shop:1"),
        ("Index.Docker.IO/acme/shop:1", "docker.io/acme/shop:1"),
        ("localhost/a", "localhost/a:latest"),
        ("r.example.com:5000/a/b:1", "r.example.com:5000/a/b:1"),
        ("[::1]:5000/a", "[::1]:5000/a:latest"),
        (f"python:3.11@{DIGEST}", f"docker.io/library/python@{DIGEST}"),
        # An id, or the beginning of one, is looked up as the name that it also is.
        ("sha256:a1a1", "docker.io/library/sha256:a1a1"),
        ("a1a1a1", "docker.io/library/a1a1a1:latest"),
    ],
)
def test_a_name_is_written_out_as_docker_reads_it(written: str, whole: str) -> None:
    assert str(ImageName.parse(written)) == whole
    assert str(ImageName.parse(whole)) == whole


@pytest.mark.parametrize(
    "written",
    [
        "",
        ":",
        "/",
        "a:",
        "a@",
        "a b",
        "a\n",
        "Slipway/toolbox:1",
        "SLIPWAY/toolbox",
        "user@r.example.com/a",
        "http://r.example.com/a",
        "r.example.com:/a",
        "docker.io./a",
        "a//b",
        "a/../b",
        "../a",
        "-a",
        "r.example.com/",
        "a@sha256:1",
        f"a@{DIGEST}0",
        "a:b:c",
        "a1" * 32,
        "a" * 300,
        "r.example.com:port/a",
        "a:b@c@" + DIGEST,
        "ä",
        "a:\u202e1",
    ],
)
def test_what_is_no_name_is_refused(written: str) -> None:
    with pytest.raises(ImageRefused, match="not the name of an image"):
        ImageName.parse(written)


@pytest.mark.parametrize(
    "text", ["a-" * 500_000, "a_" * 500_000 + "!", "a" * 5_000_000, "/" * 10**6]
)
def test_a_name_that_is_made_to_take_long_does_not(text: str) -> None:
    began = time.monotonic()
    with pytest.raises(ImageRefused) as caught:
        ImageName.parse(text)
    assert time.monotonic() - began < 10
    assert len(caught.value.message) < 400
