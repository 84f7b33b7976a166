"""A builder that is up before it is known what to install."""

from __future__ import annotations

import io
import json
import re
import subprocess
import tarfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from slipway.exceptions import ContainerEngineError
from slipway.hooks.tools import awaited
from slipway.hooks.tools.awaited import Awaited, can_wait
from slipway.hooks.tools.recipes import LAYERS, recipe
from slipway.tasks.images import awaited_package

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[4]


class Builder:
    """Whatever is unpacked where a builder waits."""

    def __init__(self, *refusals: Exception) -> None:
        self.files: dict[str, bytes] = {}
        self.told = threading.Event()
        self._refusals = list(refusals)

    def put(self, packed: bytes) -> None:
        if self._refusals:
            raise self._refusals.pop()
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            for member in archive:
                content = archive.extractfile(member)
                assert content
                self.files[member.name] = content.read()
        self.told.set()


def _find(answer: Any) -> Callable[[threading.Event], Any]:
    def find(_: threading.Event) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return find


def test_the_word_comes_behind_all_that_it_is_about() -> None:
    builder = Builder()
    with Awaited(_find({"a": 1}), print) as waiting:
        waiting.begin(builder.put)
        assert builder.told.wait(10)
    assert list(builder.files.items()) == [("variables.json", b'{"a": 1}'), ("begin", b"yes\n")]
    assert waiting.error is None


def test_where_nothing_is_found_the_builder_is_told_so() -> None:
    builder = Builder()
    with Awaited(_find(ValueError("none")), print) as waiting:
        waiting.begin(builder.put)
        assert builder.told.wait(10)
    assert builder.files == {"begin": b"no\n"}
    assert isinstance(waiting.error, ValueError)


def test_an_engine_that_is_away_for_a_moment_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(awaited, "_AGAIN", 0.0)
    builder, said = Builder(ContainerEngineError("away"), ValueError("no tar")), list[str]()
    with Awaited(_find({}), said.append) as waiting:
        waiting.begin(builder.put)
        assert builder.told.wait(10)
    assert len(said) == 2
    assert builder.files["begin"] == b"yes\n"


def test_a_builder_that_died_is_what_the_bake_died_of() -> None:
    """Whoever looked for the package says then that nobody waits for it, which is no reason."""
    builder = Builder()

    def find(over: threading.Event) -> Any:
        assert over.wait(10)
        msg = "nobody waits"
        raise ValueError(msg)

    with Awaited(find, print) as waiting:
        waiting.begin(builder.put)
    assert waiting.error is None
    assert not builder.files


def test_a_builder_that_never_came_is_told_nothing() -> None:
    with Awaited(_find({}), print) as waiting:
        pass
    assert waiting.error is None


@pytest.mark.parametrize("layer", LAYERS)
def test_our_own_recipes_have_their_builder_wait(layer: str) -> None:
    assert can_wait(recipe(ROOT, layer))


def test_a_recipe_from_elsewhere_may_not() -> None:
    files = recipe(ROOT, "app")
    other = {name: content for name, content in files.items() if not name.startswith("packer/")}
    assert not can_wait({**other, "packer/machine.pkr.hcl": b"build {}"})


def _script(folder: Path) -> str:
    """Return what Packer has the worker run, in a folder of the test's own."""
    text = (ROOT / "packer" / "machine.pkr.hcl").read_text()
    (inline,) = re.findall(r"inline = \[\n(.*?)\n    \]", text, re.DOTALL)
    lines = [json.loads(line.strip().rstrip(",")) for line in inline.splitlines()]
    return "\n".join(lines).replace("/work", str(folder))


@pytest.mark.parametrize(("word", "code"), [("yes\n", 0), ("no\n", 1), ("yesterday\n", 1)])
def test_packer_goes_on_by_the_word_alone(tmp_path: Path, word: str, code: int) -> None:
    waiting = subprocess.Popen(["sh", "-c", _script(tmp_path)])
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(0.5)
    (tmp_path / "begin").write_text(word)
    assert waiting.wait(10) == code


def test_packer_does_not_wait_for_ever_for_somebody_who_died(tmp_path: Path) -> None:
    script = _script(tmp_path)
    assert 0.2 * int(re.findall(r"-lt (\d+)", script)[0]) > awaited_package._LONGEST
    soon = re.sub(r"-lt \d+", "-lt 3", script)
    assert subprocess.run(["sh", "-c", soon], timeout=10, check=False).returncode == 1
