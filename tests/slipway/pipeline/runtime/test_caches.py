"""A run begins with what earlier ones kept, and keeps what it was the first to make."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any
from unittest import mock

import pytest

from slipway.exceptions import ContainerEngineError
from slipway.pipeline.runtime.inputs import Given
from tests.fakes.container_engine import FakeEngine, Play
from tests.slipway.pipeline.runtime.runner.cases import Case, steps

MODULES = "/drone/src/node_modules"


@dataclass
class FakeShelf:
    """Keeps tars in memory."""

    paths: tuple[str, ...] = ("node_modules",)
    kept: dict[tuple[str, str], bytes] = field(default_factory=dict)
    spoiled: list[str] = field(default_factory=list)

    def find(self, pipeline: str, path: str) -> IO[bytes] | None:
        found = self.kept.get((pipeline, path))
        return None if found is None else io.BytesIO(found)

    def keep(self, pipeline: str, path: str, tar: Iterator[bytes]) -> None:
        self.kept[pipeline, path] = b"".join(tar)

    def spoil(self, pipeline: str, path: str) -> None:
        self.spoiled.append(path)
        self.kept.pop((pipeline, path), None)


def run(shelf: FakeShelf, text: str, **plays: Play) -> Case:
    case = Case(text, plays, trusted=True, given=Given(caches=shelf))
    case.run()
    return case


def leaving(*paths: str, **more: Any) -> Play:
    return Play(leaves={path: b"modules" for path in paths}, **more)


def test_what_the_steps_made_is_kept_once_all_have_passed() -> None:
    shelf = FakeShelf()
    run(shelf, steps(install="", unit=""), install=leaving(MODULES))
    assert shelf.kept == {("default", "node_modules"): b"modules"}


def test_it_is_there_before_the_sources_and_nothing_is_kept_again() -> None:
    shelf = FakeShelf(kept={("default", "node_modules"): b"modules"})
    with mock.patch.object(FakeEngine, "put_tar", autospec=True) as put:
        case = run(shelf, steps(install=""), install=leaving(MODULES))
    assert [call.args[2] for call in put.call_args_list] == ["/drone/src", "/drone/src"]
    assert put.call_args_list[1].args[3] == b"the sources"
    assert any("cache node_modules: restored in" in line for line in case.log)
    assert shelf.kept == {("default", "node_modules"): b"modules"}


@pytest.mark.parametrize("play", [{"exit_code": 1}, {"no_program": True}])
def test_a_run_that_fails_keeps_nothing(play: dict[str, Any]) -> None:
    shelf = FakeShelf()
    run(shelf, steps(install="", unit=""), install=leaving(MODULES), unit=Play(**play))
    assert shelf.kept == {}


def test_what_no_step_made_is_said_and_the_run_passes() -> None:
    shelf = FakeShelf()
    case = run(shelf, steps(unit=""))
    assert any("cache node_modules: no step made it" in line for line in case.log)
    assert shelf.kept == {}


def test_a_workspace_that_cannot_be_read_is_said_and_the_run_passes() -> None:
    def broken(*_: object) -> Iterator[bytes]:
        msg = "the engine hangs up"
        raise ContainerEngineError(msg)
        yield b""

    with mock.patch.object(FakeEngine, "tar_stream", broken):
        case = run(FakeShelf(), steps(unit=""))
    assert any("not kept, it could not be read: the engine hangs up" in one for one in case.log)


def test_what_cannot_be_unpacked_is_forgotten_so_that_the_next_try_goes_without() -> None:
    shelf = FakeShelf(kept={("default", "node_modules"): b"no tar"})

    def refusing(*_: object) -> None:
        msg = "that is no tar"
        raise ContainerEngineError(msg)

    case = Case(steps(unit=""), given=Given(caches=shelf))
    with mock.patch.object(FakeEngine, "put_tar", refusing), pytest.raises(ContainerEngineError):
        case.run()
    assert (shelf.spoiled, shelf.kept) == (["node_modules"], {})


OUTSIDE = """
volumes:
- {name: mods, temp: {}}
- {name: fast, temp: {medium: memory}}
steps:
- {name: lint, image: i}
- {name: unit, image: i, volumes: [{name: mods, path: /go/pkg/mod}, {name: fast, path: /fast}]}
"""


def test_a_folder_outside_the_workspace_is_one_that_a_step_mounts_a_volume_at() -> None:
    shelf = FakeShelf(paths=("/go/pkg/mod",))
    run(shelf, OUTSIDE, unit=leaving("/go/pkg/mod"))
    assert shelf.kept == {("default", "/go/pkg/mod"): b"modules"}
    with mock.patch.object(FakeEngine, "put_tar", autospec=True) as put:
        case = run(shelf, OUTSIDE, unit=leaving("/go/pkg/mod"))
    containers = {spec.labels["slipway.step"] for spec in case.engine.specs}
    assert containers == {"lint", "unit"}
    assert "/go/pkg" in [call.args[2] for call in put.call_args_list]


@pytest.mark.parametrize("path", ["/root/.cache", "/fast", "/go", "/go/pkg/mod/x"])
def test_a_folder_that_ends_with_its_step_is_said_with_what_to_do(path: str) -> None:
    shelf = FakeShelf(paths=(path,))
    case = run(shelf, OUTSIDE, unit=leaving(path))
    assert any(f"cache {path}: no step mounts a temp volume there" in one for one in case.log)
    assert shelf.kept == {}


def test_steps_that_wait_for_a_failure_are_not_begun_for_it() -> None:
    text = steps(tell="when: {status: [failure]}", unit="")
    case = run(FakeShelf(), text, unit=leaving(MODULES))
    assert [spec.labels["slipway.step"] for spec in case.engine.specs] == ["unit"]
