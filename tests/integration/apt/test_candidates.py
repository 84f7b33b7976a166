"""The real aptly: candidates beside what has passed, and what becomes of them."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boto3
import docker
import pytest

from slipway.exceptions import ToolFailed
from slipway.hooks.apt import script
from slipway.hooks.apt.aptly import Aptly, _signed
from slipway.hooks.apt.bucket import AptBucket
from slipway.hooks.apt.candidates import of_candidates
from slipway.hooks.docker.engine import ContainerEngine
from tests.integration.apt import publishing, workers
from tests.integration.apt.publishing import make_deb, publish
from tests.integration.apt.workers import run

pytestmark = pytest.mark.integration
elsewhere = workers.elsewhere
engine, s3, repository_url, stable = (
    publishing.engine,
    publishing.s3,
    publishing.repository_url,
    publishing.aptly,
)
Make = Callable[[], Aptly]
FILE = "shop_1.0_all.deb"
AGE = "touch -d '3 hours ago' /aptly/candidates/db/slipway-candidates/*/*"


@pytest.fixture
def aptly(stable: Make) -> Make:
    def make() -> Aptly:
        real = stable()
        return replace(real, repository=of_candidates(real.repository))

    return make


def _offer(aptly: Aptly, text: str = "x", version: str = "1.0") -> None:
    content = io.BytesIO(make_deb("shop", version, text))
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


def test_a_candidate_is_none_of_what_machines_find(aptly: Make, stable: Make, s3: str) -> None:
    _offer(aptly())
    assert set(_found(aptly())) == {"shop_1.0_all"}
    assert AptBucket(stable().repository).signed() is None
    assert _pool(s3, stable()) == [f"pool/stable-candidate/s/shop/{FILE}"]
    signed = AptBucket(aptly().repository).signed() or ""
    # Served in the place of the real index, it has nothing that a machine's source asks for.
    assert "\nComponents: stable-candidate\n" in signed
    assert " main/" not in signed


def test_what_passes_is_published_of_the_same_bytes_as_ever(aptly: Make, stable: Make) -> None:
    _offer(aptly())
    stable().publish(FILE, io.BytesIO(make_deb("shop", "1.0")), lambda _: None)
    assert _found(stable()) == _found(aptly())


def test_another_candidate_of_a_version_takes_its_place_and_promises_nothing(
    aptly: Make, stable: Make
) -> None:
    _offer(aptly(), "first")
    before = _found(aptly())
    _offer(aptly(), "second")
    assert _found(aptly()).keys() == before.keys()
    assert _found(aptly()) != before
    stable().publish(FILE, io.BytesIO(make_deb("shop", "1.0", "first")), lambda _: None)
    assert _found(stable()) == before


def test_what_failed_goes_and_what_passed_stays(
    aptly: Make, stable: Make, engine: ContainerEngine, s3: str
) -> None:
    stable().publish(FILE, io.BytesIO(make_deb("shop", "1.0")), lambda _: None)
    _offer(aptly())
    _offer(aptly(), version="2.0+7~x")
    _volume(engine, AGE)
    assert aptly().renew(lambda _: None)
    assert _found(aptly()) == {}
    assert set(_found(stable())) == {"shop_1.0_all"}
    assert _pool(s3, stable()) == [f"pool/main/s/shop/{FILE}"]
    command = "ls /aptly/candidates/db/slipway-candidates/*; find /aptly/candidates/pool -type f"
    assert not _volume(engine, command).strip()
    # What passed may have to be published anew, in another bucket.
    assert _volume(engine, "find /aptly/pool -type f").strip().endswith(FILE)
    # And again, of nothing.
    assert aptly().renew(lambda _: None)
    _offer(aptly())
    assert set(_found(aptly())) == {"shop_1.0_all"}


def test_a_candidate_that_is_still_needed_stays(aptly: Make) -> None:
    _offer(aptly())
    assert aptly().renew(lambda _: None)
    assert set(_found(aptly())) == {"shop_1.0_all"}


def test_a_new_one_takes_old_ones_away(aptly: Make, engine: ContainerEngine) -> None:
    _offer(aptly())
    _volume(engine, AGE)
    _offer(aptly(), version="2.0")
    assert set(_found(aptly())) == {"shop_2.0_all"}


def test_each_engine_offers_beside_what_the_others_offered(
    aptly: Make, elsewhere: Make, stable: Make
) -> None:
    _offer(aptly())
    _offer(elsewhere(), version="2.0")
    publish(stable(), "cart", "1.0")
    _offer(aptly(), version="3.0")
    assert set(_found(aptly())) == {"shop_1.0_all", "shop_2.0_all", "shop_3.0_all"}
    assert set(_found(stable())) == {"cart_1.0_all"}


def test_what_failed_goes_wherever_housekeeping_runs(
    aptly: Make, elsewhere: Make, stable: Make, engine: ContainerEngine, s3: str
) -> None:
    _offer(aptly())
    _volume(engine, AGE)
    # The dates go along with what aptly knows.
    _offer(aptly(), version="2.0")
    _offer(elsewhere(), version="3.0")
    assert elsewhere().renew(lambda _: None)
    assert set(_found(aptly())) == {"shop_2.0_all", "shop_3.0_all"}
    assert len(_pool(s3, stable())) == 2
    # Nor does the engine know of it that it was offered from, which cleans up once a day.
    _volume(engine, "touch -d '2 days ago' /aptly/candidates/slipway.cleaned")
    _offer(aptly(), version="4.0")
    assert set(_found(aptly())) == {"shop_2.0_all", "shop_3.0_all", "shop_4.0_all"}
    left = _volume(engine, "find /aptly/candidates/pool -type f -printf '%f\\n'").splitlines()
    assert sorted(one.partition("_")[2] for one in left) == ["shop_2.0_all.deb", "shop_4.0_all.deb"]


def test_an_offer_that_was_killed_in_the_middle_is_in_nobodys_way(
    aptly: Make, elsewhere: Make, stable: Make
) -> None:
    _offer(elsewhere())
    dying = aptly()
    steps = script.PREPARE + script.CHECK + script.SWEEP + script.OFFER
    with AptBucket(dying.repository).lock(dying._owner).held(lambda _: None) as token:
        assert run(dying, steps, token, "shop", "2.0").exit_code == 0
    _offer(elsewhere(), version="3.0")
    publish(stable(), "cart", "1.0")
    assert set(_found(aptly())) == {"shop_1.0_all", "shop_3.0_all"}
    _offer(aptly(), version="2.0")  # its next try
    assert set(_found(aptly())) == {"shop_1.0_all", "shop_2.0_all", "shop_3.0_all"}


def test_who_was_taken_for_dead_offers_nothing(aptly: Make, elsewhere: Make) -> None:
    _offer(aptly())
    _offer(elsewhere(), version="2.0")
    before = _found(aptly())
    steps = script.PREPARE + script.CHECK + script.SWEEP + script.OFFER + script.PUBLISH
    ended = run(aptly(), steps, "its token of before", "shop", "3.0")
    with pytest.raises(ToolFailed, match="another worker publishes into"):
        _signed(ended, "shop_3.0_all.deb")
    assert _found(aptly()) == before
    _offer(aptly(), version="3.0")
    assert set(_found(aptly())) == {"shop_1.0_all", "shop_2.0_all", "shop_3.0_all"}
