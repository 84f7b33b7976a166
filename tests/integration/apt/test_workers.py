"""Workers that share no disk publish into one repository: each has a container engine of its own.

Two engines are two installations here, each with a volume of its own for aptly.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from include.demo.signing_key import make_signing_key
from slipway.exceptions import EnvironmentMisconfigured, ToolFailed, VersionConflict
from slipway.hooks.apt import script
from slipway.hooks.apt.aptly import _signed
from slipway.hooks.apt.bucket import AptBucket
from slipway.hooks.apt.connection import apt_repository
from slipway.hooks.docker.engine import ContainerEngine
from tests.integration.apt import publishing, workers
from tests.integration.apt.publishing import publish, verified
from tests.integration.apt.workers import Make, run
from tests.integration.packages.packaging.guestbooks import published

pytestmark = pytest.mark.integration
aptly, engine, s3, repository_url, use_key = (
    publishing.aptly,
    publishing.engine,
    publishing.s3,
    publishing.repository_url,
    publishing.use_key,
)
elsewhere = workers.elsewhere
_STEPS = script.PREPARE + script.CHECK + script.ADD


def _names() -> list[str]:
    return AptBucket(apt_repository("slipway_apt")).index().names()


def _state(change: Callable[[Any, str, str], None]) -> None:
    bucket = AptBucket(apt_repository("slipway_apt"))
    change(bucket._store, bucket._repository.bucket, bucket._state)


def test_each_machine_publishes_beside_what_the_others_published(
    aptly: Make, elsewhere: Make, engine: ContainerEngine, repository_url: str
) -> None:
    for make, version in ((aptly, "1.0"), (elsewhere, "2.0"), (aptly, "3.0"), (elsewhere, "4.0")):
        signed = publish(make(), "shop", version)
    assert published(repository_url).keys() == {"1.0", "2.0", "3.0", "4.0"}
    verified(engine, repository_url, signed.public_key)
    with pytest.raises(VersionConflict, match="published before with other content"):
        publish(elsewhere(), "shop", "3.0", "other")
    publish(elsewhere(), "shop", "1.0")  # the same once more
    assert published(repository_url).keys() == {"1.0", "2.0", "3.0", "4.0"}


def test_housekeeping_renews_on_whatever_machine_it_runs(
    aptly: Make, elsewhere: Make, repository_url: str
) -> None:
    publish(aptly(), "shop", "1.0")
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
        list(pool.map(lambda job: publish(job[0], job[1], "1.0"), jobs))
    assert _names() == [f"shop-{number}_1.0_all" for number in range(len(jobs))]


def test_a_publisher_that_was_killed_in_the_middle_is_in_nobodys_way(
    aptly: Make, elsewhere: Make, repository_url: str
) -> None:
    publish(aptly(), "shop", "1.0")
    dying = aptly()
    lock = AptBucket(dying.repository).lock(dying._owner)
    grip = lock._take(lambda _: None)
    assert run(dying, _STEPS, grip.record.token, "shop", "2.0").exit_code == 0
    # Nobody frees the lock; whoever comes next, elsewhere, finds it untouched for a minute, and
    # has not the bytes of what was being published.
    publish(elsewhere(), "cart", "1.0")
    assert _names() == ["cart_1.0_all", "shop_1.0_all"]
    publish(aptly(), "shop", "2.0")  # its next try
    assert _names() == ["cart_1.0_all", "shop_1.0_all", "shop_2.0_all"]


def test_a_publisher_that_was_taken_for_dead_shows_machines_nothing(
    aptly: Make, elsewhere: Make, repository_url: str
) -> None:
    """It slept while another one published, and wakes with what it knew before."""
    publish(aptly(), "shop", "1.0")
    publish(elsewhere(), "cart", "1.0")
    before = published(repository_url)
    ended = run(aptly(), _STEPS + script.PUBLISH, "its token of before", "shop", "2.0")
    with pytest.raises(ToolFailed, match="another worker publishes into"):
        _signed(ended, "shop_2.0_all.deb")
    assert published(repository_url) == before
    publish(aptly(), "shop", "2.0")  # its next try
    assert _names() == ["cart_1.0_all", "shop_1.0_all", "shop_2.0_all"]


def test_a_state_that_somebody_else_put_into_the_bucket_is_not_signed(
    aptly: Make, elsewhere: Make, repository_url: str
) -> None:
    publish(aptly(), "shop", "1.0")
    _state(lambda store, bucket, key: store.put_object(Bucket=bucket, Key=key, Body=b"mine"))
    with pytest.raises(EnvironmentMisconfigured, match="not signed by the key"):
        publish(elsewhere(), "shop", "2.0")
    assert published(repository_url).keys() == {"1.0"}


def test_a_new_key_believes_the_old_one_as_long_as_the_connection_has_both(
    aptly: Make,
    elsewhere: Make,
    use_key: Callable[[str], None],
    repository_url: str,
) -> None:
    first = publish(aptly(), "shop", "1.0").public_key
    new = make_signing_key()
    use_key(new)
    with pytest.raises(EnvironmentMisconfigured, match="not signed by the key") as caught:
        publish(elsewhere(), "shop", "2.0")
    assert "the old one's public part" in caught.value.advice
    use_key(f"{new}\n{first}")
    publish(elsewhere(), "shop", "2.0")
    use_key(new)
    publish(aptly(), "shop", "3.0")
    assert published(repository_url).keys() == {"1.0", "2.0", "3.0"}
