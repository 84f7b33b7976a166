"""What a pipeline built, taken out of a workspace that may hold anything."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

import pytest

from slipway.exceptions import BuiltFilesMissing, BuiltFilesRefused, NothingRan
from slipway.pipeline.built import tree
from slipway.pipeline.built.take import Taking
from tests.slipway.pipeline.built.take import workspaces
from tests.slipway.pipeline.built.take.workspaces import names, taken
from tests.slipway.pipeline.runtime.workspaces import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

workspace = workspaces.workspace


def digest(workspace: Workspace, *paths: str) -> str:
    taking = Taking(pipeline="default", paths=paths, file=io.BytesIO(), built_at=17)
    taking.take(workspace.read)
    return taking.outcome().sha256


def test_files_come_with_their_modes_folders_and_links_and_one_time(workspace: Workspace) -> None:
    workspace.write("bin/shop", mode=0o755)
    workspace.write("web/dist/css/a.css", mode=0o600)
    workspace.link("web/dist/current", "css/a.css")
    workspace.write("web/src/secret.ts")
    members = taken(workspace, "bin/shop", "web/dist/**")
    assert names(members) == [
        "bin",
        "bin/shop",
        "web",
        "web/dist",
        "web/dist/css",
        "web/dist/css/a.css",
        "web/dist/current",
    ]
    shop, css, link = members[1], members[5], members[6]
    assert (shop.mode, css.mode, link.linkname) == (0o755, 0o600, "css/a.css")
    assert {(m.mtime, m.uid, m.uname) for m in members} == {(17, 0, "root")}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("dist", ["dist/a.js", "dist/deep/b.js", "dist/deep/c.map"]),
        ("dist/", ["dist/a.js", "dist/deep/b.js", "dist/deep/c.map"]),
        ("./dist/**", ["dist/a.js", "dist/deep/b.js", "dist/deep/c.map"]),
        ("dist/*", ["dist/a.js", "dist/deep/b.js", "dist/deep/c.map"]),
        ("dist/*.js", ["dist/a.js"]),
        ("**/*.js", ["dist/a.js", "dist/deep/b.js"]),
        ("d*/{deep,none}", ["dist/deep/b.js", "dist/deep/c.map"]),
        ("dist/[ab].js", ["dist/a.js"]),
    ],
)
def test_a_pattern_stays_within_a_part_and_a_folder_stands_for_all_that_is_in_it(
    workspace: Workspace, path: str, expected: list[str]
) -> None:
    for name in ("dist/a.js", "dist/deep/b.js", "dist/deep/c.map", "distant/z", "notes"):
        workspace.write(name)
    found = [member.name for member in taken(workspace, path) if not member.isdir()]
    assert found == expected


def test_paths_that_overlap_take_each_file_once_and_are_all_found(workspace: Workspace) -> None:
    workspace.write("dist/bin/shop")
    workspace.write("dist/z")
    found = names(taken(workspace, "dist", "dist/bin/*", "dist/bin/shop", "**/z"))
    assert sorted(found) == ["dist", "dist/bin", "dist/bin/shop", "dist/z"]


def test_the_same_files_give_the_same_bytes_whoever_made_them_when(
    workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "two" / "src").mkdir(parents=True)
    other = Workspace(tmp_path / "two" / "src")
    for name in ("b/y", "b/x", "a"):
        workspace.write(name)
    for name in ("a", "b/x", "b/y"):
        os.utime(other.write(name), (1, 1))
    assert digest(workspace, "b/**", "a") == digest(other, "b/**", "a")
    other.write("b/x", mode=0o755)
    assert digest(workspace, "b/**", "a") != digest(other, "b/**", "a")


def test_what_is_not_there_is_named_with_what_is(workspace: Workspace) -> None:
    workspace.write("cmd/shop/shop")
    workspace.write("web/build/index.html")
    workspace.write("web/package.json")
    with pytest.raises(BuiltFilesMissing) as caught:
        taken(workspace, "bin/shop", "web/dist/**", "web/package.json")
    text = str(caught.value)
    assert "bin/shop: nothing is there; there is cmd/, web/; did you mean cmd/shop/shop?" in text
    assert "web/dist/**: nothing is there; in web there is build/, package.json" in text
    assert "package.json:" not in text


@pytest.mark.parametrize(
    ("there", "wanted", "meant"),
    [
        ("packaging/shop.service", "bin/shop", ""),
        ("shop.go", "bin/shop", ""),
        ("src/shop.ts", "dist/shop.js", ""),
        ("bin/shopp", "bin/shop", "bin/shopp"),
        ("build/shop.js", "dist/shop.js", "build/shop.js"),
        ("dist/shop-1.whl", "dst/shop*.whl", "dist/shop-1.whl"),
    ],
)
def test_a_file_that_is_only_called_after_the_project_is_not_what_was_meant(
    workspace: Workspace, there: str, wanted: str, meant: str
) -> None:
    workspace.write(there)
    with pytest.raises(BuiltFilesMissing) as caught:
        taken(workspace, wanted)
    assert (f"did you mean {meant}?" in str(caught.value)) == bool(meant)
    assert ("did you mean" in str(caught.value)) == bool(meant)


def test_the_history_is_never_taken_along(workspace: Workspace) -> None:
    workspace.write(".git/config")
    workspace.write("x/.gitkeep")
    assert names(taken(workspace, "**/*")) == ["x", "x/.gitkeep"]


def test_of_many_that_are_missing_only_the_first_are_looked_for(workspace: Workspace) -> None:
    looked: list[str] = []

    def read(path: str) -> Iterator[bytes]:
        looked.append(path)
        return workspace.read(path)

    taking = Taking(
        pipeline="p", paths=[f"bin/{n}" for n in range(40)], file=io.BytesIO(), built_at=0
    )
    with pytest.raises(BuiltFilesMissing, match="bin/39: nothing is there"):
        taking.take(read)
    assert looked.count("") <= 10


def test_an_empty_folder_is_not_what_was_built(workspace: Workspace) -> None:
    (workspace.root / "dist").mkdir()
    with pytest.raises(BuiltFilesMissing, match="in dist there is nothing"):
        taken(workspace, "dist/**")


def test_a_file_in_place_of_a_folder_is_named_as_missing(workspace: Workspace) -> None:
    workspace.write("dist", "a file")
    with pytest.raises(BuiltFilesMissing, match="dist/x: nothing is there; there is dist"):
        taken(workspace, "dist/x")


def test_more_than_the_limit_is_refused_before_it_is_read(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (workspace.write("dist/zeros")).open("wb") as file:
        file.truncate(3 << 20)
    monkeypatch.setattr(tree, "MOST_SIZE", 2 << 20)
    with pytest.raises(BuiltFilesRefused, match=r"larger than 2 MiB \(at dist/zeros\)"):
        taken(workspace, "dist")
    monkeypatch.setattr(tree, "_MOST_READ", 1 << 20)
    with pytest.raises(BuiltFilesRefused, match="below dist is larger than 1 MiB"):
        taken(workspace, "dist/*.js")


@pytest.mark.parametrize(
    ("limit", "value", "says"),
    [
        ("MOST_FILES", 5, "more than 5 files"),
        ("_MOST_SEEN", 5, "more than 5 files below dist"),
        ("_ALL_NAMES", 40, "paths of what"),
        ("_LONGEST", 8, "path of more than 8 characters"),
    ],
)
def test_each_limit_is_named(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, says: str
) -> None:
    for number in range(10):
        workspace.write(f"dist/file-{number}")
    monkeypatch.setattr(tree, limit, value)
    with pytest.raises(BuiltFilesRefused, match=says):
        taken(workspace, "dist")


def test_a_pipeline_that_was_not_asked_built_nothing() -> None:
    taking = Taking(pipeline="build", paths=("a",), file=io.BytesIO(), built_at=0)
    with pytest.raises(NothingRan, match="no step of build, which builds"):
        taking.outcome()
