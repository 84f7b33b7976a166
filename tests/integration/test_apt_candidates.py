"""The real aptly: candidates beside what has passed, and what becomes of them."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boto3
import docker
import pytest

from slipway.hooks.apt.aptly import Aptly
from slipway.hooks.apt.bucket import AptBucket
from slipway.hooks.apt.candidates import of_candidates
from slipway.hooks.docker.engine import ContainerEngine
from tests.integration import test_apt_repository
from tests.integration.test_apt_repository import _deb

pytestmark = pytest.mark.integration
engine, s3, repository_url, stable = (
    test_apt_repository.engine,
    test_apt_repository.s3,
    test_apt_repository.repository_url,
    test_apt_repository.aptly,
)
FILE = "shop_1.0_all.deb"
AGE = "touch -d '3 hours ago' /aptly/slipway-candidates/*/*"


@pytest.fixture
def aptly(stable: Callable[[], Aptly]) -> Callable[[], Aptly]:
    def make() -> Aptly:
        real = stable()
        return replace(real, repository=of_candidates(real.repository))

    return make


def _offer(aptly: Aptly, text: str = "x", version: str = "1.0") -> None:
    content = io.BytesIO(_deb("shop", version, text))
    aptly.offer(f"shop_{version}_all.deb", content, lambda _: None)


def _found(aptly: Aptly) -> dict[str, str]:
    return dict(AptBucket(aptly.repository).index().packages.get("amd64", {}))


def _pool(s3: str, aptly: Aptly) -> list[str]:
    make: Any = boto3.client
    client = make(
        "s3",
        endpoint_url=s3,
        region_name="eu-west-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    found = client.list_objects_v2(Bucket=aptly.repository.bucket, Prefix="pool/")
    return [one["Key"] for one in found.get("Contents", ())]


def _volume(engine: ContainerEngine, command: str) -> str:
    client: Any = docker.from_env()
    volumes = {f"slipway-aptly-{engine.installation}": {"bind": "/aptly"}}
    argv = ["sh", "-ec", command]
    said: bytes = client.containers.run(
        "slipway/toolbox:1", argv, remove=True, network_mode="none", volumes=volumes
    )
    client.close()
    return said.decode()


def test_a_candidate_is_none_of_what_machines_find(
    aptly: Callable[[], Aptly], stable: Callable[[], Aptly], s3: str
) -> None:
    _offer(aptly())
    assert set(_found(aptly())) == {"shop_1.0_all"}
    assert AptBucket(stable().repository).signed() is None
    assert _pool(s3, stable()) == [f"pool/candidate/s/shop/{FILE}"]
    signed = AptBucket(aptly().repository).signed() or ""
    # Served in the place of the real index, it has nothing that a machine's source asks for.
    assert "\nComponents: candidate\n" in signed
    assert " main/" not in signed


def test_what_passes_is_published_of_the_same_bytes_as_ever(
    aptly: Callable[[], Aptly], stable: Callable[[], Aptly]
) -> None:
    _offer(aptly())
    stable().publish(FILE, io.BytesIO(_deb("shop", "1.0")), lambda _: None)
    assert _found(stable()) == _found(aptly())


def test_another_candidate_of_a_version_takes_its_place_and_promises_nothing(
    aptly: Callable[[], Aptly], stable: Callable[[], Aptly]
) -> None:
    _offer(aptly(), "first")
    before = _found(aptly())
    _offer(aptly(), "second")
    assert _found(aptly()).keys() == before.keys()
    assert _found(aptly()) != before
    stable().publish(FILE, io.BytesIO(_deb("shop", "1.0", "first")), lambda _: None)
    assert _found(stable()) == before


def test_what_failed_goes_and_what_passed_stays(
    aptly: Callable[[], Aptly], stable: Callable[[], Aptly], engine: ContainerEngine, s3: str
) -> None:
    _offer(aptly())
    _offer(aptly(), version="2.0+7~x")
    stable().publish(FILE, io.BytesIO(_deb("shop", "1.0")), lambda _: None)
    _volume(engine, AGE)
    assert aptly().renew(lambda _: None)
    assert _found(aptly()) == {}
    assert set(_found(stable())) == {"shop_1.0_all"}
    assert _pool(s3, stable()) == [f"pool/main/s/shop/{FILE}"]
    left = _volume(engine, "ls /aptly/slipway-candidates/*; find /aptly/pool -type f").splitlines()
    assert len(left) == 1
    assert left[0].endswith(FILE)
    # And again, of nothing.
    assert aptly().renew(lambda _: None)
    _offer(aptly())
    assert set(_found(aptly())) == {"shop_1.0_all"}


def test_a_candidate_that_is_still_needed_stays(aptly: Callable[[], Aptly]) -> None:
    _offer(aptly())
    assert aptly().renew(lambda _: None)
    assert set(_found(aptly())) == {"shop_1.0_all"}


def test_a_new_one_takes_old_ones_away(aptly: Callable[[], Aptly], engine: ContainerEngine) -> None:
    _offer(aptly())
    _volume(engine, AGE)
    _offer(aptly(), version="2.0")
    assert set(_found(aptly())) == {"shop_2.0_all"}
