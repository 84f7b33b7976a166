from __future__ import annotations

import time

import pytest

from slipway.exceptions import ImageRefused
from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.lint.image_rules import ImageRules
from slipway.pipeline.load import load
from slipway.pipeline.yaml.diagnostics import PipelineFileInvalid

DIGEST = "sha256:" + "a1" * 32


@pytest.mark.parametrize(
    ("pattern", "image", "allowed"),
    [
        ("python:3.*", "python:3.11", True),
        ("python:3.*", "docker.io/library/python:3.11", True),
        ("python:3.*", "python:2.7", False),
        ("python:3.*", "evil/python:3.11", False),
        ("python:3.*", "evil.org/python:3.11", False),
        ("python:3.*", "evil.org/library/python:3.11", False),
        # A tag beside a digest means nothing to Docker.
        ("python:3.*", f"python:3.11@{DIGEST}", False),
        ("python", f"python:3.11@{DIGEST}", True),
        (f"python@{DIGEST}", f"python@{DIGEST}", True),
        (f"python@{DIGEST}", "python:3.11", False),
        ("python", "python:2.7", True),
        ("acme/*", "acme/shop/api:1", True),
        ("acme/*", "acmeevil/shop", False),
        ("r.example.com/base/*", "r.example.com/base/go:1", True),
        ("r.example.com/base/*", "r.example.com.evil.org/base/go:1", False),
        ("r.example.com/base/*", "r.example.com:5000/base/go:1", False),
        ("r.example.com/base/*", "r.example.com/other/base/go:1", False),
        ("r.example.com:5000/*:1.*", "r.example.com:5000/a/b:1.2", True),
        ("*.example.com/ci-*", "r.example.com/ci-go", True),
        ("*.example.com/ci-*", "example.com.evil.org/ci-go", False),
        ("*", "python", True),
        ("*", "evil.org/python", False),
    ],
)
def test_a_pattern_means_what_it_looks_like(pattern: str, image: str, allowed: bool) -> None:
    assert (ImageRules(allowed=(pattern,)).refusal(image) == "") is allowed


@pytest.mark.parametrize(
    ("image", "allowed"),
    [
        ("r.example.com/a", True),
        ("R.Example.Com/a", True),
        ("python", False),
        ("r.example.com.evil.org/a", False),
        ("r.example.com:5000/a", False),
        ("evil.org/r.example.com/a", False),
        ("r.example.com@evil.org/a", False),
        (DIGEST, False),
    ],
)
def test_only_the_registries_that_are_named(image: str, allowed: bool) -> None:
    assert (ImageRules(registries=("r.example.com",)).refusal(image) == "") is allowed


def test_what_the_project_file_maps_is_allowed_and_nothing_said_is_everything() -> None:
    rules = ImageRules(registries=("r.example.com",), images={"python:3": "slipway/python:3.11"})
    assert rules.refusal("docker.io/library/python:3") == ""
    assert rules.refusal("slipway/python:3.11") != ""
    assert ImageRules().refusal("anything/at:all") == ""


def test_a_pattern_that_is_made_to_take_long_does_not() -> None:
    began = time.monotonic()
    rules = ImageRules(allowed=("a*" * 2000 + "b",))
    assert rules.refusal("a" * 200)
    assert time.monotonic() - began < 10


RULES = ImageRules(allowed=("python:3.*",))


def test_an_image_that_is_not_allowed_is_shown_where_it_stands() -> None:
    text = b"kind: pipeline\nsteps:\n- name: a\n  image: evil/miner:1\n"
    with pytest.raises(PipelineFileInvalid) as caught:
        load(text, file=".drone.yml", trusted=False, image_rules=RULES)
    shown = str(caught.value)
    assert ".drone.yml:4:10" in shown
    assert "docker.io/evil/miner:1 is not one of those that are allowed here" in shown
    assert "the project file allows python:3.*" in shown
    assert "  4 |   image: evil/miner:1" in shown


@pytest.mark.parametrize("kind", ["services", "steps"])
def test_an_image_that_a_variable_turns_into_another_is_refused(kind: str) -> None:
    steps = "" if kind == "steps" else "steps: [{name: b, image: 'python:3.11'}]\n"
    text = f"kind: pipeline\n{steps}{kind}:\n- name: a\n  image: ${{DRONE_BRANCH}}\n"
    file = load(text.encode(), file=".drone.yml", trusted=False, image_rules=RULES)
    build = Build(id="x", variables={"DRONE_BRANCH": "evil/miner:1"}, image_rules=RULES)
    with pytest.raises(ImageRefused, match=r"'a': the image docker\.io/evil/miner:1 is"):
        compile_file(file, build)
    good = Build(id="x", variables={"DRONE_BRANCH": "python:3.11"}, image_rules=RULES)
    assert compile_file(file, good)
