from __future__ import annotations

from typing import Any

import pytest

from slipway.exceptions import CloudUnavailable
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.model.target import DeployTarget
from slipway.tasks.proof.live_releases import Serving, live_releases
from slipway.tasks.proof.live_service import NotStartable, stored_debs
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet.worlds import make_group, make_target
from tests.slipway.operators.releases import catalogue, make_record

pytestmark = pytest.mark.usefixtures("artifacts")
DEV, PROD = make_target(), make_target(environment="prod")


@pytest.fixture
def clouds() -> dict[str, FakeFleetCloud]:
    """The fleet of each environment."""
    return {"dev": FakeFleetCloud(), "prod": FakeFleetCloud()}


def look(clouds: Any, *targets: DeployTarget) -> Any:
    return both(live_releases(targets, lambda target: clouds[target.environment]))


def both(serving: Serving) -> Any:
    return serving.lives, serving.without


def test_what_serves_in_two_places_is_one_release(clouds: dict[str, FakeFleetCloud]) -> None:
    catalogue("1", "2")
    for cloud in clouds.values():
        cloud.groups["1"] = make_group("1")
    (live,), without = look(clouds, DEV, PROD)
    assert (live.version, live.environments, without) == ("1", ("dev", "prod"), ())
    clouds["dev"].groups["1"] = make_group("2")
    lives, _ = look(clouds, DEV, PROD)
    assert [(one.version, one.environments) for one in lives] == [("2", ("dev",)), ("1", ("prod",))]


def test_where_nothing_serves_there_is_nothing_to_prove(clouds: dict[str, FakeFleetCloud]) -> None:
    catalogue("1")
    clouds["dev"].groups["1"] = make_group(None)  # somebody's own
    lives, (dev, prod) = look(clouds, DEV, PROD)
    assert (lives, dev.outcome, prod.outcome) == ((), "not needed", "not needed")


def test_a_release_that_is_not_in_the_catalogue_is_told(clouds: dict[str, FakeFleetCloud]) -> None:
    clouds["dev"].groups["1"] = make_group("1")
    lives, (dev,) = look(clouds, DEV)
    assert (lives, dev.outcome, dev.version) == ((), "not possible", "1")
    assert "it is not in the catalogue: shop has no release '1'" in dev.said


def test_a_cloud_that_does_not_answer_is_no_failure_the_records_will_do() -> None:
    def refuse(_: DeployTarget) -> Any:
        msg = "AccessDenied"
        raise CloudUnavailable(msg)

    lives, (dev,) = both(live_releases([DEV], refuse))
    assert (lives, dev.outcome) == ((), "not possible")
    assert dev.said == "what serves cannot be seen: AccessDenied"
    catalogue("1")
    release = make_record("1").checkout.release
    DeploymentHistory(artifact_store()).record(release, "dev", run_id="r")
    (live,), _ = both(live_releases([DEV], refuse))
    assert live.version == "1"


def test_only_the_very_bytes_that_were_published_are_run() -> None:
    package = make_record("1").package
    store = artifact_store()
    store.put("deb/shop/1/shop_1_all.deb", b"others")
    with pytest.raises(NotStartable, match="its package shop is not in the artifact store"):
        stored_debs(store, package)
