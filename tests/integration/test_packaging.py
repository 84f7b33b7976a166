"""Packages built by the real nfpm, published by the real aptly, installed by the real apt."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import docker
import pytest
from airflow.sdk.exceptions import AirflowFailException
from moto.server import ThreadedMotoServer

from include.demo.signing_key import make_signing_key
from slipway.exceptions import TransientError
from slipway.hooks.docker.engine import ContainerEngine
from slipway.model.container import ContainerSpec
from slipway.model.facts import Checkout, DebPackage, PublishedPackage, Release
from slipway.operators.build_deb import BuildDebOperator
from slipway.operators.publish_apt import PublishAptOperator
from slipway.tasks.naming import labels
from tests.fakes.git_server import Repository
from tests.lanes import own
from tests.slipway.operators.commit_runs import signed

pytestmark = pytest.mark.integration
GUESTBOOK = Path(__file__).resolve().parents[2] / "include" / "examples" / "guestbook"
BUCKET = "slipway-apt"
INSTALL = """
set -e
printf '%s\\n' "$KEY" > /etc/apt/keyrings/slipway.asc
echo "deb [signed-by=/etc/apt/keyrings/slipway.asc] $URL stable main" \
  > /etc/apt/sources.list.d/slipway.list
apt-get -q update
apt-get -q -y install --no-install-recommends "guestbook=$VERSION"
echo "installed=$(dpkg-query -W -f '${Version}' guestbook)"
"""


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[ContainerEngine]:
    installation = f"test-{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv("AIRFLOW__SLIPWAY__INSTALLATION", installation)
    engine = ContainerEngine(docker.APIClient(timeout=60), installation=installation)
    yield engine
    volumes = docker.from_env().volumes.list(
        filters={"label": f"slipway.installation={installation}"}
    )
    expected = len(volumes)  # aptly's own volume stays, and nothing else does
    assert expected <= 1
    assert engine.remove_labelled({}) == expected


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def repository_url(s3: str, engine: ContainerEngine, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty bucket of the test's own, and the connections that name it."""
    bucket = f"{BUCKET}-{engine.installation}"
    make: Any = boto3.client
    client = make(
        "s3",
        endpoint_url=s3,
        region_name="eu-west-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    client.create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    extra = {"endpoint_url": s3, "region_name": "eu-west-1"}
    aws = {"conn_type": "aws", "login": "a", "password": "b", "extra": extra}
    apt = {
        "conn_type": "generic",
        "host": f"{s3}/{bucket}",
        "password": make_signing_key(),
        "extra": {"bucket": bucket, "region": "eu-west-1", "acl": "public-read"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(aws))
    monkeypatch.setenv("AIRFLOW_CONN_SLIPWAY_APT", json.dumps(apt))
    return f"{s3}/{bucket}"


@pytest.fixture
def guestbook(repository: Repository) -> Repository:
    ignored = shutil.ignore_patterns("__pycache__", ".pytest_cache", ".mypy_cache")
    shutil.copytree(GUESTBOOK, repository.path, dirs_exist_ok=True, ignore=ignored)
    return repository


def context(task: str, release: str) -> Any:
    """A task's context: each release has a run of its own, which signs what its tasks return."""
    run_id = own(f"run of {release}")
    return {"ti": SimpleNamespace(dag_id="guestbook", task_id=task, run_id=run_id)}


def build(repository: Repository, sha: str, version: str, **more: Any) -> DebPackage:
    checkout = Checkout(
        release=Release(project="guestbook", sha=sha, version=version),
        repository=repository.url,
        ref="main",
        branch="main",
        message="",
        author_name="",
        author_email="",
        committed_at=1_700_000_060,
    )
    fields: dict[str, Any] = {
        "package": "guestbook",
        "nfpm_file": "packaging/nfpm.yaml",
        "unit": "guestbook.service",
    }
    operator = BuildDebOperator(
        task_id="build_deb",
        checkout=checkout.to_json(),
        repository=repository.source,
        **(fields | more),
    )
    run = signed(context("build_deb", version), checkout=checkout)
    return DebPackage.from_json(operator.execute(run))


def publish(deb: DebPackage, task: str = "publish_apt") -> PublishedPackage:
    operator = PublishAptOperator(task_id=task, deb=deb.to_json())
    run = signed(context(task, deb.version), build_deb=deb)
    return PublishedPackage.from_json(operator.execute(run))


def published(url: str, architecture: str = "amd64") -> dict[str, str]:
    """Read the index as apt would: version -> sha256; each package's bytes are checked."""
    with urllib.request.urlopen(
        f"{url}/dists/stable/main/binary-{architecture}/Packages"
    ) as answer:
        index = answer.read().decode()
    found: dict[str, str] = {}
    for stanza in filter(None, index.split("\n\n")):
        fields = dict(re.findall(r"^(\S+): (.*)$", stanza, re.MULTILINE))
        with urllib.request.urlopen(f"{url}/{fields['Filename']}") as answer:
            assert hashlib.sha256(answer.read()).hexdigest() == fields["SHA256"]
        found[fields["Version"]] = fields["SHA256"]
    return found


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


def test_the_same_version_with_other_content_is_refused(
    engine: ContainerEngine,
    guestbook: Repository,
    tmp_path: Path,
    repository_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW__SLIPWAY__ARTIFACTS", (tmp_path / "a").as_uri())
    first = build(guestbook, guestbook.commit("A guestbook"), "1.0.0")
    publish(first)
    monkeypatch.setenv("AIRFLOW__SLIPWAY__ARTIFACTS", (tmp_path / "b").as_uri())
    other = guestbook.commit("Other words", guestbook__welcome_dot_txt="Hello")
    second = build(guestbook, other, "1.0.0")
    assert first.sha256 != second.sha256
    with pytest.raises(AirflowFailException, match="published before with other content"):
        publish(second)
    assert published(repository_url) == {"1.0.0": first.sha256}


def test_many_at_once_are_all_there(
    engine: ContainerEngine, guestbook: Repository, artifacts: Path, repository_url: str
) -> None:
    sha = guestbook.commit("A guestbook")
    debs = [build(guestbook, sha, f"1.0.{n}") for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(publish, debs, [f"publish_{deb.version}" for deb in debs]))
    assert published(repository_url) == {deb.version: deb.sha256 for deb in debs}


@pytest.mark.parametrize("first", [True, False])
def test_a_publication_killed_anywhere_is_finished_by_the_next(
    engine: ContainerEngine,
    guestbook: Repository,
    artifacts: Path,
    repository_url: str,
    first: bool,
) -> None:
    sha = guestbook.commit("A guestbook")
    debs = [build(guestbook, sha, f"1.0.{n}") for n in range(7)]
    there = {} if first else {debs[0].version: debs[0].sha256}
    if there:
        publish(debs[0])
    killed = 0
    for number, deb in enumerate(debs[1:]):
        timer = threading.Timer(0.3 + 0.15 * number, _kill, [engine, deb.version])
        timer.start()
        try:
            publish(deb)
        except TransientError:
            killed += 1
        timer.join()
        publish(deb)
        there[deb.version] = deb.sha256
        assert published(repository_url) == there
    assert killed, "no publication was caught while it ran"


def _kill(engine: ContainerEngine, release: str) -> None:
    engine.remove_labelled(labels(context("publish_apt", release)))
