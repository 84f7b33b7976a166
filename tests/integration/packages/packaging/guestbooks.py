"""The guestbook's packages, built and published."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import urllib.request
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import docker
import pytest
from moto.server import ThreadedMotoServer

from include.demo.signing_key import make_signing_key
from slipway.hooks.docker.engine import ContainerEngine
from slipway.model.facts import Checkout, DebPackage, PublishedPackage, Release
from slipway.operators.build_deb import BuildDebOperator
from slipway.operators.publish_apt import PublishAptOperator
from tests.lanes import own
from tests.slipway.operators.commit_runs import signed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.git_server import Repository

GUESTBOOK = Path(__file__).resolve().parents[4] / "include" / "examples" / "guestbook"
BUCKET = "slipway-apt"


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
