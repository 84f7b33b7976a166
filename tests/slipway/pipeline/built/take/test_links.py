"""Links of both kinds, devices and pipes lead nowhere out of the workspace."""

from __future__ import annotations

import io
import os
import tarfile
from typing import TYPE_CHECKING

import pytest

from slipway.exceptions import BuiltFilesRefused, SlipwayError
from slipway.pipeline.built.take import Taking
from tests.slipway.pipeline.built.take import workspaces
from tests.slipway.pipeline.built.take.workspaces import names, taken

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.slipway.pipeline.runtime.workspaces import Workspace

workspace = workspaces.workspace


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
