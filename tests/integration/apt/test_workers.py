"""Workers that share no disk publish into one repository: each has a container engine of its own.

Two engines are two installations here, each with a volume of its own for aptly.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import docker
import pytest

from include.demo.signing_key import make_signing_key
from slipway.exceptions import EnvironmentMisconfigured, ToolFailed, VersionConflict
from slipway.hooks.apt import script
from slipway.hooks.apt.aptly import Aptly, _lines, _signed
from slipway.hooks.apt.bucket import AptBucket
from slipway.hooks.apt.connection import apt_repository
from slipway.hooks.docker.engine import ContainerEngine
from tests.integration.apt import test_repository
from tests.integration.apt.test_repository import _deb, _publish, _verified
from tests.integration.packages.packaging.guestbooks import published

pytestmark = pytest.mark.integration
aptly, engine, s3, repository_url, use_key = (
    test_repository.aptly,
    test_repository.engine,
    test_repository.s3,
    test_repository.repository_url,
    test_repository.use_key,
)
Make = Callable[[], Aptly]
_STEPS = script.PREPARE + script.CHECK + script.ADD


@pytest.fixture
def elsewhere(aptly: Make) -> Iterator[Make]:
    """Publishing from another machine."""
    installation = f"test-{uuid.uuid4().hex[:8]}"
    other = ContainerEngine(docker.APIClient(timeout=60), installation=installation)

    def make() -> Aptly:
        return replace(aptly(), engine=other, name=f"slipway-{installation}-aptly")

    yield make
    other.remove_labelled({})


def _names() -> list[str]:
    return AptBucket(apt_repository("slipway_apt")).index().names()


def _state(change: Callable[[Any, str, str], None]) -> None:
    bucket = AptBucket(apt_repository("slipway_apt"))
    change(bucket._store, bucket._repository.bucket, bucket._state)


def _run(aptly: Aptly, steps: str, token: str, name: str, version: str) -> Any:
    """Run a part of a publication, as a worker does that is killed in the middle."""
    bucket = AptBucket(aptly.repository)
    files = {script.PUBLISHED: _lines(bucket.index().names())}
    deb = io.BytesIO(_deb(name, version))
    file = f"{name}_{version}_all.deb"
    return aptly._run(steps, bucket, token, files, lambda _: None, {file: deb})


def test_each_machine_publishes_beside_what_the_others_published(
    aptly: Make, elsewhere: Make, engine: ContainerEngine, repository_url: str
) -> None:
    for make, version in ((aptly, "1.0"), (elsewhere, "2.0"), (aptly, "3.0"), (elsewhere, "4.0")):
        signed = _publish(make(), "shop", version)
    assert published(repository_url).keys() == {"1.0", "2.0", "3.0", "4.0"}
    _verified(engine, repository_url, signed.public_key)
    with pytest.raises(VersionConflict, match="published before with other content"):
        _publish(elsewhere(), "shop", "3.0", "other")
    _publish(elsewhere(), "shop", "1.0")  # the same once more
    assert published(repository_url).keys() == {"1.0", "2.0", "3.0", "4.0"}


def test_housekeeping_renews_on_whatever_machine_it_runs(
    aptly: Make, elsewhere: Make, repository_url: str
) -> None:
    _publish(aptly(), "shop", "1.0")
    assert elsewhere().renew(lambda _: None) is not None
    assert published(repository_url).keys() == {"1.0"}


def test_two_machines_that_publish_at_once_lose_nothing(
    aptly: Make, elsewhere: Make, repository_url: str
) -> None:
    places = [
        replace(make(), name=f"{make().name}-{n}") for n in range(2) for make in (aptly, elsewhere)
    ]
    jobs = [(place, f"shop-{number}") for number, place in enumerate(places)]
    with ThreadPoolExecutor(len(jobs)) as pool:
        list(pool.map(lambda job: _publish(job[0], job[1], "1.0"), jobs))
    assert _names() == [f"shop-{number}_1.0_all" for number in range(len(jobs))]


def test_a_publisher_that_was_killed_in_the_middle_is_in_nobodys_way(
    aptly: Make, elsewhere: Make, repository_url: str
) -> None:
    _publish(aptly(), "shop", "1.0")
    dying = aptly()
    lock = AptBucket(dying.repository).lock(dying._owner)
    grip = lock._take(lambda _: None)
    assert _run(dying, _STEPS, grip.record.token, "shop", "2.0").exit_code == 0
    # Nobody frees the lock; whoever comes next, elsewhere, finds it untouched for a minute, and
    # has not the bytes of what was being published.
    _publish(elsewhere(), "cart", "1.0")
    assert _names() == ["cart_1.0_all", "shop_1.0_all"]
    _publish(aptly(), "shop", "2.0")  # its next try
    assert _names() == ["cart_1.0_all", "shop_1.0_all", "shop_2.0_all"]


def test_a_publisher_that_was_taken_for_dead_shows_machines_nothing(
    aptly: Make, elsewhere: Make, repository_url: str
) -> None:
    """It slept while another one published, and wakes with what it knew before."""
    _publish(aptly(), "shop", "1.0")
    _publish(elsewhere(), "cart", "1.0")
    before = published(repository_url)
    ended = _run(aptly(), _STEPS + script.PUBLISH, "its token of before", "shop", "2.0")
    with pytest.raises(ToolFailed, match="another worker publishes into"):
        _signed(ended, "shop_2.0_all.deb")
    assert published(repository_url) == before
    _publish(aptly(), "shop", "2.0")  # its next try
    assert _names() == ["cart_1.0_all", "shop_1.0_all", "shop_2.0_all"]


def test_a_state_that_somebody_else_put_into_the_bucket_is_not_signed(
    aptly: Make, elsewhere: Make, repository_url: str
) -> None:
    _publish(aptly(), "shop", "1.0")
    _state(lambda store, bucket, key: store.put_object(Bucket=bucket, Key=key, Body=b"mine"))
    with pytest.raises(EnvironmentMisconfigured, match="not signed by the key"):
        _publish(elsewhere(), "shop", "2.0")
    assert published(repository_url).keys() == {"1.0"}


def test_a_new_key_believes_the_old_one_as_long_as_the_connection_has_both(
    aptly: Make,
    elsewhere: Make,
    use_key: Callable[[str], None],
    repository_url: str,
) -> None:
    first = _publish(aptly(), "shop", "1.0").public_key
    new = make_signing_key()
    use_key(new)
    with pytest.raises(EnvironmentMisconfigured, match="not signed by the key") as caught:
        _publish(elsewhere(), "shop", "2.0")
    assert "the old one's public part" in caught.value.advice
    use_key(f"{new}\n{first}")
    _publish(elsewhere(), "shop", "2.0")
    use_key(new)
    _publish(aptly(), "shop", "3.0")
    assert published(repository_url).keys() == {"1.0", "2.0", "3.0"}
