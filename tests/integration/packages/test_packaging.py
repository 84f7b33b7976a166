"""Packages built by the real nfpm, published by the real aptly, installed by the real apt."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.model.container import ContainerSpec
from tests.integration.packages.packaging import guestbooks
from tests.integration.packages.packaging.guestbooks import build, publish, published

if TYPE_CHECKING:
    from pathlib import Path

    from slipway.hooks.docker.engine import ContainerEngine
    from tests.fakes.git_server import Repository

pytestmark = pytest.mark.integration
engine, guestbook, repository_url, s3 = (
    guestbooks.engine,
    guestbooks.guestbook,
    guestbooks.repository_url,
    guestbooks.s3,
)
INSTALL = """
set -e
printf '%s\\n' "$KEY" > /etc/apt/keyrings/slipway.asc
echo "deb [signed-by=/etc/apt/keyrings/slipway.asc] $URL stable main" \
  > /etc/apt/sources.list.d/slipway.list
apt-get -q update
apt-get -q -y install --no-install-recommends "guestbook=$VERSION"
echo "installed=$(dpkg-query -W -f '${Version}' guestbook)"
"""


def test_the_same_commit_gives_the_same_bytes(
    engine: ContainerEngine, guestbook: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha = guestbook.commit("A guestbook")
    built = []
    for worker in ("one", "two"):
        monkeypatch.setenv("AIRFLOW__SLIPWAY__ARTIFACTS", (tmp_path / worker).as_uri())
        built.append(build(guestbook, sha, "1.0.0+0.gabc"))
        time.sleep(1.1)  # a clock that took part would show: tar and ar count in seconds
    assert built[0] == built[1]
    assert built[0].artifact == "deb/guestbook/1.0.0+0.gabc/guestbook_1.0.0+0.gabc_all.deb"
    again = build(guestbook, sha, "1.0.0+0.gabc")
    assert (again.reused, again.sha256) == (True, built[0].sha256)


@pytest.mark.parametrize(
    ("more", "replace", "says"),
    [
        ({"package": "other"}, None, "builds 'guestbook'"),
        ({"unit": "other.service"}, None, "no unit other.service"),
        ({}, ("name: guestbook\n", "name: Guest_book\n"), "(?i)guest_book"),
        ({}, ("- src: packaging/copyright\n", "- src: packaging/nothing\n"), "nothing"),
        ({}, ("maintainer: Guestbook Team <guestbook@example.org>", "maintainer: x"), "lintian"),
        ({}, ("arch: all\n", "arch: x/../../../../out/evil\n"), "lintian does not read"),
    ],
)
def test_a_package_that_is_not_as_it_should_be(
    engine: ContainerEngine,
    guestbook: Repository,
    artifacts: Path,
    more: dict[str, str],
    replace: tuple[str, str] | None,
    says: str,
) -> None:
    if replace:
        file = guestbook.path / "packaging" / "nfpm.yaml"
        assert replace[0] in file.read_text()
        file.write_text(file.read_text().replace(*replace))
    sha = guestbook.commit("A guestbook")
    with pytest.raises(AirflowFailException, match=says):
        build(guestbook, sha, "1.0.0", **more)


def test_a_clean_machine_installs_any_version(
    engine: ContainerEngine,
    guestbook: Repository,
    artifacts: Path,
    repository_url: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    sha = guestbook.commit("A guestbook")
    debs = [build(guestbook, sha, f"1.0.0+{n}.gabc") for n in range(2)]
    facts = [publish(deb) for deb in debs]
    assert publish(debs[0]) == facts[0]  # what is there stays as it is
    assert published(repository_url) == {deb.version: deb.sha256 for deb in debs}
    assert "PUBLIC KEY" in facts[0].signing_key
    written = caplog.text + "".join(capfd.readouterr())
    assert "PRIVATE KEY" not in written + str(facts)
    lines: list[str] = []
    result = engine.run_tool(
        ContainerSpec(
            name=f"slipway-{engine.installation}-apt",
            image="slipway/debian:12",
            network="host",
            entrypoint=("sh",),
            argv=("-c", INSTALL),
            labels={"slipway.kind": "tool"},
            environment={
                "KEY": facts[0].signing_key,
                "URL": facts[0].repository_url,
                "VERSION": debs[0].version,
            },
        ),
        timeout=300,
        log=lines.append,
    )
    assert result.exit_code == 0, "\n".join(lines)
    assert lines[-1] == f"installed={debs[0].version}"  # the older one, where a newer is there


def test_machines_of_each_architecture_find_their_own(
    engine: ContainerEngine, guestbook: Repository, artifacts: Path, repository_url: str
) -> None:
    file = guestbook.path / "packaging" / "nfpm.yaml"
    text = file.read_text()
    file.write_text(text.replace("arch: all\n", "arch: ${ARCH}\n"))
    sha = guestbook.commit("A guestbook")
    deb = build(guestbook, sha, "1.0.0", architectures=("amd64", "arm64"))
    package = publish(deb)
    assert package.others == deb.others
    assert published(repository_url) == {"1.0.0": deb.sha256}
    assert published(repository_url, "arm64") == {"1.0.0": deb.others[0].sha256}
    file.write_text(text)
    sha = guestbook.commit("The same for all")
    every = build(guestbook, sha, "1.0.1", architectures=("amd64", "arm64"))
    publish(every)
    assert (every.architecture, every.others) == ("all", ())
    for one in ("amd64", "arm64"):
        assert published(repository_url, one)["1.0.1"] == every.sha256
