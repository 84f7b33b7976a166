"""The real aptly and gpg: what counts as published, and for how long."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.exceptions import EnvironmentMisconfigured, ToolFailed, VersionConflict
from slipway.hooks.apt.aptly import Aptly
from slipway.hooks.apt.bucket import AptBucket, ReleaseFile, read_release
from slipway.hooks.apt.connection import apt_repository
from slipway.hooks.docker.engine import ContainerEngine
from slipway.operators.housekeeping.renew_apt import RenewAptReleaseOperator
from tests.docker_output import output_of
from tests.fakes.airflow_run import FakeTask
from tests.integration.apt import publishing
from tests.integration.apt.publishing import get, publish, verified
from tests.integration.packages.packaging.guestbooks import published
from tests.lanes import own

pytestmark = pytest.mark.integration
aptly, engine, s3, repository_url, use_key = (
    publishing.aptly,
    publishing.engine,
    publishing.s3,
    publishing.repository_url,
    publishing.use_key,
)
MAKE_KEY = """
export GNUPGHOME=/dev/shm/gnupg; mkdir -m 700 $GNUPGHOME
gpg --batch --quiet --passphrase "$1" --pinentry-mode loopback --faked-system-time "$2"! \
  --quick-generate-key 'Test <test@localhost>' ed25519 "$3" "$4"
gpg --batch --armor --passphrase "$1" --pinentry-mode loopback "$5"
"""


def _key(
    *,
    begins: datetime,
    lives: str,
    passphrase: str = "",
    can: str = "sign",
    export: str = "--export-secret-keys",
) -> str:
    argv = ["sh", "-ec", MAKE_KEY, "sh", passphrase, f"{begins:%Y%m%dT%H%M%S}", can, lives, export]
    _, key, _ = output_of("slipway/toolbox:1", argv, network_mode="none")
    return key.decode()


def _release(url: str) -> ReleaseFile:
    found = read_release(get(url, "InRelease").decode())
    assert found
    return found


NAMES = ("conflict-resolver", "added-value", "unable-to", "already-added", "error", "conflict")


def test_a_package_may_be_called_like_a_word_of_aptlys(
    aptly: Callable[[], Aptly], repository_url: str
) -> None:
    for name in NAMES:
        for _ in range(2):  # a killed try is repeated
            publish(aptly(), name, "1.0~conflict.added")
    assert set(published(repository_url)) == {"1.0~conflict.added"}
    index = get(repository_url, "main/binary-amd64/Packages").decode()
    assert [name for name in NAMES if f"Package: {name}\n" not in index] == []
    publish(aptly(), "epoch", "1:1.0")
    for name, version in [("epoch", "1:1.0"), *((name, "1.0~conflict.added") for name in NAMES)]:
        with pytest.raises(VersionConflict, match="published before with other content"):
            publish(aptly(), name, version, "other")


@pytest.mark.parametrize("name", ["added", "conflict-in-package", "already"])
def test_a_package_that_cannot_be_read_is_not_taken_for_published(
    aptly: Callable[[], Aptly], name: str
) -> None:
    with pytest.raises(ToolFailed, match="aptly failed with exit code 1"):
        aptly().publish(f"{name}_1.0_all.deb", io.BytesIO(b"no package"), lambda _: None)


def test_whatever_is_signed_says_how_long_it_counts(
    aptly: Callable[[], Aptly], engine: ContainerEngine, repository_url: str
) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    for version in ("1.0", "2.0"):
        signed = publish(aptly(), "shop", version)
    assert signed.warning is None
    found = _release(repository_url)
    assert found.valid_until
    assert timedelta(days=29) < found.valid_until - before <= timedelta(days=30, minutes=5)
    assert found == read_release(get(repository_url, "Release").decode())
    verified(engine, repository_url, signed.public_key)


@pytest.mark.usefixtures("artifacts")
def test_housekeeping_renews_what_an_earlier_version_published(
    aptly: Callable[[], Aptly],
    engine: ContainerEngine,
    repository_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    operator = RenewAptReleaseOperator(task_id="renew_apt_release")

    def renew() -> bool:
        task = FakeTask(dag_id="housekeeping", run_id=own("nightly"))
        done: bool = operator.execute(task.context)
        return done

    assert renew() is False  # nothing is published yet
    signed = publish(aptly(), "shop", "1.0")
    assert renew() is False  # it is fresh
    bucket = AptBucket(apt_repository("slipway_apt"))
    old = get(repository_url, "InRelease")
    kept = [line for line in old.splitlines(keepends=True) if not line.startswith(b"Valid-Until")]
    bucket._store.put_object(
        Bucket=apt_repository("slipway_apt").bucket,
        Key="dists/stable/InRelease",
        Body=b"".join(kept),
        ACL="public-read",
    )
    assert renew() is True
    assert _release(repository_url).valid_until
    assert published(repository_url).keys() == {"1.0"}
    verified(engine, repository_url, signed.public_key)
    monkeypatch.setattr(ReleaseFile, "due", lambda *_: True)
    assert renew() is True


def test_an_engine_that_does_not_hold_the_repository_leaves_it_alone(
    aptly: Callable[[], Aptly], repository_url: str
) -> None:
    assert aptly().renew(lambda _: None) is None


def test_an_expired_key_is_refused_at_once_with_advice(
    aptly: Callable[[], Aptly], use_key: Callable[[str], None], repository_url: str
) -> None:
    publish(aptly(), "shop", "1.0")
    use_key(_key(begins=datetime(2020, 1, 1, tzinfo=UTC), lives="1y"))
    with pytest.raises(EnvironmentMisconfigured, match=r"expired on 20(20|21)-") as caught:
        publish(aptly(), "shop", "2.0")
    assert "gpg --quick-set-expire" in caught.value.advice
    assert published(repository_url).keys() == {"1.0"}


def test_housekeeping_does_not_try_an_expired_key_again(
    aptly: Callable[[], Aptly], use_key: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(aptly(), "shop", "1.0")
    use_key(_key(begins=datetime(2020, 1, 1, tzinfo=UTC), lives="1y"))
    monkeypatch.setattr(ReleaseFile, "due", lambda *_: True)
    operator = RenewAptReleaseOperator(task_id="renew_apt_release")
    with pytest.raises(AirflowFailException, match="expired on"):
        operator.execute(FakeTask(dag_id="housekeeping", run_id=own("nightly")).context)


def test_a_keys_end_is_said_weeks_before(
    aptly: Callable[[], Aptly], use_key: Callable[[str], None]
) -> None:
    use_key(_key(begins=datetime.now(UTC) - timedelta(days=1), lives="20d"))
    warning = publish(aptly(), "shop", "1.0").warning
    assert warning
    assert "expires in 18 days" in warning
