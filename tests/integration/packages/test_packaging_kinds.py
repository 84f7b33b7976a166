"""Epochs, revisions and linked units, as the real nfpm packs them and lintian looks at them."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.hooks.docker.engine import ContainerEngine
from tests.fakes.git_server import Repository
from tests.integration.packages.packaging import guestbooks
from tests.integration.packages.packaging.guestbooks import build

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("artifacts", "engine")]
engine, guestbook = guestbooks.engine, guestbooks.guestbook
VERSION = "1.0.0+4.gabc"
SYSTEM = "/lib/systemd/system"
UNIT = """\
- src: packaging/guestbook.service
  dst: /lib/systemd/system/guestbook.service
  file_info: {mode: 0644}
"""
MAINTAINER = "maintainer: Guestbook Team <guestbook@example.org>\n"


def _describe(
    repository: Repository, more: str = "", *, unit: str = UNIT, maintainer: str = MAINTAINER
) -> str:
    """Commit the example with other lines in its packaging file."""
    file = repository.path / "packaging" / "nfpm.yaml"
    text = file.read_text()
    for old, new in ((UNIT, unit), (MAINTAINER, maintainer)):
        assert old in text
        text = text.replace(old, new)
    file.write_text(text + more)
    return repository.commit("A guestbook")


@pytest.mark.parametrize(
    ("more", "version", "file"),
    [
        ('epoch: "2"\n', f"2:{VERSION}", f"guestbook_{VERSION}_all.deb"),
        ('epoch: 1\nrelease: "3"\n', f"1:{VERSION}-3", f"guestbook_{VERSION}-3_all.deb"),
    ],
)
def test_an_epoch_and_a_revision_are_packed(
    engine: ContainerEngine, guestbook: Repository, more: str, version: str, file: str
) -> None:
    deb = build(guestbook, _describe(guestbook, more), VERSION)
    assert (deb.version, deb.artifact.rpartition("/")[2]) == (version, file)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("prerelease: rc1\n", r"gabc~rc1, the release is.*remove prerelease.*: `prerelease: rc1`"),
        ("version_metadata: git\n", r"remove version_metadata.*: `version_metadata: git`"),
        ("epoch: x\n", "cannot be read:.*an epoch is a number"),
        ('release: "1-2"\n', r"gabc-1-2, the release is.*`release: 1\.2` .*: `release: \"1-2\"`"),
        ("release: 1_1\n", r"cannot be read:.*`release: 1\.1` .*: `release: 1_1`"),
        ("release: 1:1\n", r"cannot be read:.*`release: 1\.1` .*: `release: 1:1`"),
        ("release: x/y\n", r"cannot build .*`release: x\.y` .*: `release: x/y`"),
        (
            "release: 1_1\nepoch: -1\nprerelease: rc1\nversion_metadata: git\n",
            r"`epoch: -1`.*`release: 1\.1`.*remove prerelease.*remove version_metadata",
        ),
    ],
)
def test_what_changes_the_version_otherwise_is_named(
    engine: ContainerEngine, guestbook: Repository, more: str, said: str
) -> None:
    sha = _describe(guestbook, more)
    with pytest.raises(AirflowFailException, match=f"(?s){said}"):
        build(guestbook, sha, VERSION)


@pytest.mark.parametrize(
    "version", ["version: v${VERSION}", "", "version: ${SEMVER}", "version: ${VERSION:-1.0}"]
)
def test_a_version_that_is_not_the_releases_is_named_with_its_line(
    engine: ContainerEngine, guestbook: Repository, version: str
) -> None:
    file = guestbook.path / "packaging" / "nfpm.yaml"
    right = "version: ${VERSION}\n"
    assert right in file.read_text()
    file.write_text(file.read_text().replace(right, f"{version}\n"))
    with pytest.raises(AirflowFailException) as refused:
        build(guestbook, guestbook.commit("A guestbook"), VERSION)
    assert "write `version: ${VERSION}` (packaging/nfpm.yaml" in str(refused.value)
    assert f": `{version}`)" in str(refused.value) or not version


def test_a_name_in_capitals_is_the_first_thing_that_is_said(
    engine: ContainerEngine, guestbook: Repository, caplog: pytest.LogCaptureFixture
) -> None:
    file = guestbook.path / "packaging" / "nfpm.yaml"
    file.write_text(file.read_text().replace("name: guestbook\n", "name: Guestbook\n"))
    with pytest.raises(AirflowFailException) as refused:
        build(guestbook, guestbook.commit("A guestbook"), VERSION)
    assert "builds 'Guestbook', the project file says 'guestbook'" in str(refused.value)
    assert "write `name: guestbook` (packaging/nfpm.yaml, line" in str(refused.value)
    assert "bad-package-name" not in caplog.text + str(refused.value)


def test_another_name_is_said_before_what_lintian_has_against_it(
    engine: ContainerEngine, guestbook: Repository
) -> None:
    sha = _describe(guestbook, unit=UNIT, maintainer="maintainer: x\n")
    with pytest.raises(AirflowFailException, match="lintian finds errors"):
        build(guestbook, sha, VERSION)
    with pytest.raises(AirflowFailException) as refused:
        build(guestbook, sha, VERSION, package="other")
    assert "builds 'guestbook', the project file says 'other'" in str(refused.value)
    assert "lintian" not in str(refused.value)


@pytest.mark.parametrize(
    ("unit", "contents"),
    [
        (
            "alias.service",
            f"{UNIT}- {{src: guestbook.service, type: symlink, dst: {SYSTEM}/alias.service}}\n",
        ),
        (
            "guestbook.service",
            UNIT.replace(SYSTEM, "/usr/share/guestbook")
            + "- {src: /usr/share/guestbook/guestbook.service, type: symlink, "
            f"dst: {SYSTEM}/guestbook.service}}\n",
        ),
        ("guestbook@1.service", UNIT.replace(f"{SYSTEM}/guestbook", f"{SYSTEM}/guestbook@")),
    ],
)
def test_a_unit_may_be_a_link_or_an_instance(
    engine: ContainerEngine, guestbook: Repository, unit: str, contents: str
) -> None:
    sha = _describe(guestbook, unit=contents)
    assert build(guestbook, sha, VERSION, unit=unit).version == VERSION


def test_a_unit_that_leads_nowhere_is_refused(
    engine: ContainerEngine, guestbook: Repository
) -> None:
    link = f"- {{src: /opt/guestbook.service, type: symlink, dst: {SYSTEM}/guestbook.service}}\n"
    sha = _describe(guestbook, unit=link)
    with pytest.raises(AirflowFailException, match=r"is a link to /opt/guestbook\.service"):
        build(guestbook, sha, VERSION)
