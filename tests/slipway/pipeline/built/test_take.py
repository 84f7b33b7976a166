"""What a pipeline built, taken out of a workspace that may hold anything."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.exceptions import BuiltFilesMissing, BuiltFilesRefused, NothingRan, SlipwayError
from slipway.pipeline.built import tree
from slipway.pipeline.built.take import Taking
from tests.slipway.pipeline.runtime.workspaces import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "src").mkdir()
    return Workspace(tmp_path / "src")


def taken(workspace: Workspace, *paths: str) -> list[tarfile.TarInfo]:
    file = io.BytesIO()
    taking = Taking(pipeline="default", paths=paths, file=file, built_at=17)
    taking.take(workspace.read)
    assert taking.outcome().size == len(file.getvalue())
    file.seek(0)
    with tarfile.open(fileobj=file) as archive:
        return archive.getmembers()


def names(members: list[tarfile.TarInfo]) -> list[str]:
    return [member.name for member in members]


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


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("dist/passwd", "/etc/passwd"),
        ("dist/up", "../.."),
        ("dist/up", "../../etc/shadow"),
        ("top", "../x"),
        ("dist/own", "/drone/src/dist/x"),  # right there, and nowhere else
        ("dist/through", "here/../../x"),  # `here` may be a link itself
        ("dist/line", "a\nb"),
    ],
)
def test_a_link_that_leaves_the_workspace_is_refused_by_name(
    workspace: Workspace, link: str, target: str
) -> None:
    workspace.write("dist/x")
    workspace.link(link, target)
    with pytest.raises(BuiltFilesRefused, match=f"{link} is a link to .*leads out"):
        taken(workspace, "dist", "top" if link == "top" else "dist")


@pytest.mark.parametrize("target", ["x", "../bin/x", "deep/x", "./x", "../dist/missing"])
def test_a_link_within_the_workspace_is_kept_as_it_is(workspace: Workspace, target: str) -> None:
    workspace.write("dist/x")
    workspace.link("dist/link", target)
    assert taken(workspace, "dist")[1].linkname == target


def test_a_path_through_a_link_is_not_followed_out_of_the_workspace(
    workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "passwd").write_text("root")
    workspace.link("dist", str(tmp_path / "etc"))
    for path in ("dist/passwd", "dist/**/x", "dist/*"):
        with pytest.raises(SlipwayError, match="dist is a link to"):
            taken(workspace, path)


def test_a_pipe_is_refused_and_so_is_a_name_that_is_no_text(workspace: Workspace) -> None:
    workspace.write("dist/x")
    os.mkfifo(workspace.root / "dist" / "queue")
    (workspace.root / "dist" / os.fsdecode(b"caf\xe9")).write_text("x")
    (workspace.root / "dist" / "two\nlines").write_text("x")
    with pytest.raises(BuiltFilesRefused) as caught:
        taken(workspace, "dist")
    for words in ("queue is a device or a pipe", "caf\ufffd has a name", "two\ufffdlines has a"):
        assert words in str(caught.value)


def test_what_is_not_taken_may_be_anything(workspace: Workspace) -> None:
    workspace.write("dist/x.js")
    os.mkfifo(workspace.root / "dist" / "queue")
    workspace.link("dist/out", "/etc")
    assert names(taken(workspace, "dist/*.js")) == ["dist", "dist/x.js"]


def test_a_device_from_the_engine_is_refused() -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        entry = tarfile.TarInfo("disk")
        entry.type, entry.devmajor, entry.devminor = tarfile.BLKTYPE, 8, 0
        archive.addfile(entry)
    taking = Taking(pipeline="p", paths=("disk",), file=io.BytesIO(), built_at=0)
    with pytest.raises(BuiltFilesRefused, match="disk is a device"):
        taking.take(lambda _: iter([data.getvalue()]))


@pytest.mark.parametrize("name", ["dist/../../etc/cron.d/x", "dist//x", "dist/./x", "/etc/x"])
def test_a_name_that_climbs_is_never_written(name: str) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("dist/fine"))
        archive.addfile(tarfile.TarInfo(name))
    file = io.BytesIO()
    taking = Taking(pipeline="p", paths=("dist",), file=file, built_at=0)
    taking.attempt(lambda _: iter([data.getvalue()]))
    file.seek(0)
    assert b"etc" not in file.read()


def test_a_hard_link_stays_one_and_has_content_where_its_other_name_is_not_taken(
    workspace: Workspace,
) -> None:
    workspace.write("dist/a.map", "same")
    os.link(workspace.root / "dist" / "a.map", workspace.root / "dist" / "b.js")
    both = taken(workspace, "dist")
    assert (both[2].type, both[2].linkname) == (tarfile.LNKTYPE, "dist/a.map")
    alone = taken(workspace, "dist/*.js")
    assert [(m.name, m.type, m.size) for m in alone[1:]] == [("dist/b.js", tarfile.REGTYPE, 4)]


@pytest.mark.parametrize("target", ["/etc/shadow", "../../etc/shadow", "dist/../../x"])
def test_a_hard_link_out_of_the_workspace_is_refused(target: str) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        entry = tarfile.TarInfo("x")
        entry.type, entry.linkname = tarfile.LNKTYPE, target
        archive.addfile(entry)
    taking = Taking(pipeline="p", paths=("x",), file=io.BytesIO(), built_at=0)
    with pytest.raises(BuiltFilesRefused, match=r"x is a hard link to .*, out of the workspace"):
        taking.take(lambda _: iter([data.getvalue()]))


def test_a_large_file_behind_a_hard_link_is_whole(workspace: Workspace) -> None:
    workspace.write("dist/a.map", "0123456789" * 500_000)
    os.link(workspace.root / "dist" / "a.map", workspace.root / "dist" / "b.js")
    file = io.BytesIO()
    taking = Taking(pipeline="p", paths=("dist/*.js",), file=file, built_at=0)
    taking.take(workspace.read)
    assert file.getvalue().count(b"0123456789") == 500_000


def test_a_hard_link_that_goes_away_meanwhile_is_not_passed_over(workspace: Workspace) -> None:
    workspace.write("dist/a.map", "same")
    os.link(workspace.root / "dist" / "a.map", workspace.root / "dist" / "b.js")

    asked: list[str] = []

    def read(path: str) -> Iterator[bytes]:
        asked.append(path)
        if asked.count("dist") == 3:  # what is it; what is in it; and once more
            (workspace.root / "dist" / "a.map").unlink()
            (workspace.root / "dist" / "b.js").unlink()
        return workspace.read(path)

    taking = Taking(pipeline="p", paths=("dist/*.js",), file=io.BytesIO(), built_at=0)
    with pytest.raises(BuiltFilesRefused, match=r"dist/b\.js was changed while it was taken"):
        taking.take(read)


def test_the_engine_is_asked_once_for_all_hard_links_of_what_is_not_taken(
    workspace: Workspace,
) -> None:
    workspace.write("dist/a.map", "same")
    for number in range(300):
        workspace.write(f"dist/{number}/x.map", f"{number}")
        for name in ("x.js", "y.js"):
            os.link(
                workspace.root / "dist" / f"{number}" / "x.map",
                workspace.root / "dist" / f"{number}" / name,
            )
    asked: list[str] = []
    file = io.BytesIO()

    def read(path: str) -> Iterator[bytes]:
        asked.append(path)
        return workspace.read(path)

    taking = Taking(pipeline="p", paths=("dist/**/*.js",), file=file, built_at=0)
    taking.take(read)
    assert len(asked) <= 4
    file.seek(0)
    with tarfile.open(fileobj=file) as archive:
        for number in range(300):
            for name in ("x.js", "y.js"):
                content = archive.extractfile(f"dist/{number}/{name}")
                assert content is not None
                assert content.read() == b"%d" % number


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
