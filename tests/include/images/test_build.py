"""What is built, what is left alone, and how a failure is told."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import create_autospec

import docker
import docker.errors
import pytest
from docker.models.images import ImageCollection

from include.images import base, build, builder, inputs
from include.images.build import bring_up_to_date, digests, main
from include.images.catalog import IMAGES, chosen
from slipway.exceptions import ContainerEngineError, ImageUnavailable

SETTINGS = inputs.Settings(base="archive", certificates=Path("/nowhere"))


def _client() -> Any:
    """Return a client whose parts refuse calls that the real ones would refuse."""
    client = create_autospec(docker.DockerClient, instance=True)
    client.api = create_autospec(docker.APIClient, instance=True)
    client.images = create_autospec(ImageCollection, instance=True)
    return client


class Engine:
    """Docker with some images and a builder that notes what it is asked for."""

    def __init__(self, labels: dict[str, str], events: list[dict[str, Any]] | None = None) -> None:
        self.labels, self.asked = labels, list[dict[str, Any]]()
        self.attrs: dict[str, Any] = {}
        self.client = _client()
        self.client.images.get.side_effect = self._get
        self.client.api.build.side_effect = self._build
        self.client.api.import_image_from_file.return_value = '{"status":"sha256:1"}'
        self.events = events or [{"stream": "Step 1/1 : FROM scratch\n"}]

    def _get(self, tag: str) -> Any:
        if tag not in self.labels:
            raise docker.errors.ImageNotFound(tag)
        return SimpleNamespace(labels={inputs.LABEL: self.labels[tag]}, attrs=self.attrs)

    def _build(self, **options: Any) -> list[dict[str, Any]]:
        self.asked.append(options)
        return self.events


@pytest.fixture(autouse=True)
def no_bootstrap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_bootstrap", lambda *_: None)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")


def _current() -> dict[str, str]:
    wanted = digests(chosen([]), SETTINGS)
    return {IMAGES[name].tag: digest for name, digest in wanted.items()}


def test_images_that_are_up_to_date_cost_nothing() -> None:
    engine = Engine(_current())
    assert bring_up_to_date(engine.client, settings=SETTINGS) == []
    engine.client.images.prune.assert_not_called()


def test_a_strangers_image_with_the_right_label_is_built_anew() -> None:
    engine = Engine(_current())
    engine.attrs = {"Id": "sha256:1", "RepoDigests": [f"slipway/python@sha256:{'1' * 64}"]}
    assert bring_up_to_date(engine.client, ["python"], settings=SETTINGS) == ["slipway/python:3.11"]
    engine.attrs["RepoTags"] = ["built.slipway.invalid/docker.io/slipway/python:3.11"]
    assert bring_up_to_date(engine.client, ["python"], settings=SETTINGS) == []


def test_missing_images_are_built_with_their_digest(capsys: pytest.CaptureFixture[str]) -> None:
    labels = _current()
    missing = labels.pop("slipway/python:3.11")
    engine = Engine(labels)
    assert bring_up_to_date(engine.client, settings=SETTINGS) == ["slipway/python:3.11"]
    (asked,) = engine.asked
    assert asked["labels"] == {"slipway.inputs": missing, "slipway.kind": "image"}
    assert asked["buildargs"].get("BASE") is None
    built = "built.slipway.invalid/docker.io/slipway/python"
    engine.client.api.tag.assert_called_once_with("slipway/python:3.11", built, "3.11", force=True)
    said = capsys.readouterr().out
    assert "slipway/debian:12: up to date\n" in said
    assert "slipway/python:3.11: building\n  Step 1/1 : FROM scratch\n" in said


def test_another_root_outdates_what_stands_on_it() -> None:
    engine = Engine(_current())
    other = inputs.Settings(base="archive", certificates=Path("/nowhere"), base_image="debian:12")
    built = bring_up_to_date(engine.client, ["haproxy"], settings=other)
    assert built == ["slipway/debian:12", "slipway/haproxy:2"]
    assert engine.asked[0]["buildargs"]["BASE"] == "slipway/base:bookworm"


def test_fresh_builds_what_is_up_to_date() -> None:
    engine = Engine(_current())
    built = bring_up_to_date(engine.client, ["debian"], settings=SETTINGS, fresh=True)
    assert built == ["slipway/debian:12"]


def test_a_failing_step_is_told_with_its_output() -> None:
    events = [
        {"stream": "Step 1/2 : RUN apt-get install nonsense\n"},
        {"stream": "E: Unable to locate package nonsense\n"},
        {"error": "returned a non-zero code: 100"},
    ]
    engine = Engine({}, events)
    with pytest.raises(ContainerEngineError, match=r"code: 100\n(.*\n)*.*locate package nonsense"):
        bring_up_to_date(engine.client, ["debian"], settings=SETTINGS)


def test_a_missing_mmdebstrap_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(ImageUnavailable, match="apt-get install mmdebstrap"):
        bring_up_to_date(Engine({}).client, ["debian"], settings=SETTINGS)


def test_a_registry_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    silent = _client()
    silent.images.get_registry_data.side_effect = docker.errors.APIError("no such host")
    monkeypatch.setattr(docker, "from_env", lambda **_: silent)
    said: list[str] = []
    auto, registry = inputs.Settings(base="auto"), inputs.Settings(base="registry")
    assert base.base(Engine({}).client, auto, "bookworm", said.append) == "slipway/base:bookworm"
    assert "no such host" in said[0]
    with pytest.raises(ImageUnavailable, match="SLIPWAY_BASE=archive"):
        base.base(Engine({}).client, registry, "bookworm", said.append)


def test_a_registry_that_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    answering = _client()
    monkeypatch.setattr(docker, "from_env", lambda **_: answering)
    engine = Engine({})
    for suite in ("bookworm", "trixie"):
        found = base.base(engine.client, inputs.Settings(), suite, lambda _: None)
        assert found == f"debian:{suite}-slim"
        answering.images.pull.assert_called_with(found)


def test_another_release_stands_on_a_root_of_its_own() -> None:
    engine = Engine({})
    built = bring_up_to_date(engine.client, ["machine-13"], settings=SETTINGS)
    assert built == ["slipway/debian:13", "slipway/machine:13"]
    root, machine = (asked["buildargs"] for asked in engine.asked)
    assert root["BASE"] == "slipway/base:trixie"
    assert machine["PARENT"] == "slipway/debian:13"


def test_a_bootstrap_that_fails_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.undo()
    fake = tmp_path / "mmdebstrap"
    fake.write_text("#!/bin/sh\necho 'E: no route to mirror' >&2\nexit 25\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(ImageUnavailable, match="no route to mirror"):
        base.base(Engine({}).client, SETTINGS, "bookworm", lambda _: None)


def test_the_command_line_tells_an_unknown_image(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("include.images.build._engine", lambda: Engine({}).client)
    assert main(["tolbox"]) == 1
    assert "choose from debian" in capsys.readouterr().err


def test_an_image_of_other_inputs_is_not_current() -> None:
    engine = Engine({"slipway/debian:12": "old"})
    assert builder.is_current(engine.client, IMAGES["debian"], "old")
    assert not builder.is_current(engine.client, IMAGES["debian"], "new")
    assert not builder.is_current(engine.client, IMAGES["python"], "old")


def test_another_user_of_this_machine_has_no_file_truncated_by_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The names that can be guessed lead to a file of the builder's."""
    victim, everybodys, home = (tmp_path / name for name in ("victim", "tmp", "home"))
    victim.write_text("kept")
    everybodys.mkdir()
    monkeypatch.setenv("TMPDIR", str(everybodys))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv("HOME", str(home))
    (everybodys / f"slipway-images-{os.getuid()}.lock").symlink_to(victim)
    with build._one_at_a_time():
        assert victim.read_text() == "kept"
        assert [path.name for path in home.rglob("*.lock")] == ["images.lock"]
    (home / ".cache/slipway/images.lock").unlink()
    (home / ".cache/slipway/images.lock").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic link"), build._one_at_a_time():
        pass
    assert victim.read_text() == "kept"
