"""The real aptly and gpg: what counts as published, and for how long."""

from __future__ import annotations

import gzip
import io
import json
import os
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.exceptions import EnvironmentMisconfigured, ToolFailed, VersionConflict
from slipway.hooks.apt.aptly import Aptly, Signed
from slipway.hooks.apt.bucket import AptBucket, ReleaseFile, read_release
from slipway.hooks.apt.connection import apt_repository
from slipway.hooks.aws.connection import account
from slipway.hooks.docker.engine import ContainerEngine
from slipway.hooks.tars import pack
from slipway.model.container import ContainerSpec
from slipway.model.deb_version import without_epoch
from slipway.operators.housekeeping.renew_apt import RenewAptReleaseOperator
from tests.docker_output import output_of
from tests.fakes.airflow_run import FakeTask
from tests.integration.packages.packaging import guestbooks
from tests.integration.packages.packaging.guestbooks import published
from tests.lanes import own

pytestmark = pytest.mark.integration
engine, s3, repository_url = (
    guestbooks.engine,
    guestbooks.s3,
    guestbooks.repository_url,
)
MAKE_KEY = """
export GNUPGHOME=/dev/shm/gnupg; mkdir -m 700 $GNUPGHOME
gpg --batch --quiet --passphrase "$1" --pinentry-mode loopback --faked-system-time "$2"! \
  --quick-generate-key 'Test <test@localhost>' ed25519 "$3" "$4"
gpg --batch --armor --passphrase "$1" --pinentry-mode loopback "$5"
"""
VERIFY = """
export GNUPGHOME=/dev/shm/gnupg; mkdir -m 700 $GNUPGHOME
gpg --batch --quiet --import key.asc
gpg --batch --verify InRelease && gpg --batch --verify Release.gpg Release
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


def _deb(name: str, version: str, text: str = "x", architecture: str = "all") -> bytes:
    """Build a package by hand: an ar of a format's number and two tars."""
    control = (
        f"Package: {name}\nVersion: {version}\nArchitecture: {architecture}\n"
        f"Maintainer: A <a@b.example>\nDescription: {text}\n"
    )
    parts = {
        "debian-binary": b"2.0\n",
        "control.tar.gz": _tar({"control": control}),
        "data.tar.gz": _tar({}),
    }
    packed = b"!<arch>\n"
    for part, content in parts.items():
        packed += f"{part:16}{0:<12}{0:<6}{0:<6}{'100644':8}{len(content):<10}`\n".encode()
        packed += content + b"\n" * (len(content) % 2)
    return packed


def _tar(files: dict[str, str]) -> bytes:
    return gzip.compress(pack({name: text.encode() for name, text in files.items()}), mtime=0)


@pytest.fixture
def aptly(engine: ContainerEngine, repository_url: str) -> Callable[[], Aptly]:
    def make() -> Aptly:
        repository = apt_repository("slipway_apt")
        return Aptly(
            engine=engine,
            repository=repository,
            labels={},
            account=account(repository.aws_conn_id, repository.region, "s3"),
            name=f"slipway-{engine.installation}-aptly",
        )

    return make


def _publish(aptly: Aptly, name: str, version: str, text: str = "x") -> Signed:
    file = f"{name}_{without_epoch(version)}_all.deb"
    return aptly.publish(file, io.BytesIO(_deb(name, version, text)), lambda _: None)


@pytest.fixture
def use_key(monkeypatch: pytest.MonkeyPatch, repository_url: str) -> Callable[[str], None]:
    def use(key: str) -> None:
        connection = json.loads(os.environ["AIRFLOW_CONN_SLIPWAY_APT"])
        changed = json.dumps({**connection, "password": key})
        monkeypatch.setenv("AIRFLOW_CONN_SLIPWAY_APT", changed)

    return use


def _get(url: str, file: str) -> bytes:
    with urllib.request.urlopen(f"{url}/dists/stable/{file}") as answer:
        found: bytes = answer.read()
        return found


def _verified(engine: ContainerEngine, url: str, key: str) -> list[str]:
    """Check both signatures as gpg does."""
    lines: list[str] = []
    names = ("InRelease", "Release", "Release.gpg")
    files = {name: _get(url, name) for name in names} | {"key.asc": key.encode()}
    spec = ContainerSpec(
        name=f"slipway-{engine.installation}-verify",
        image="slipway/toolbox:1",
        network="none",
        entrypoint=("sh",),
        argv=("-ec", VERIFY),
        labels={"slipway.kind": "tool"},
        working_dir="/work",
    )
    result = engine.run_tool(
        spec, files=pack(files), files_at="/work", timeout=60, log=lines.append
    )
    assert result.exit_code == 0, lines
    return lines


def _release(url: str) -> ReleaseFile:
    found = read_release(_get(url, "InRelease").decode())
    assert found
    return found


NAMES = ("conflict-resolver", "added-value", "unable-to", "already-added", "error", "conflict")


def test_a_package_may_be_called_like_a_word_of_aptlys(
    aptly: Callable[[], Aptly], repository_url: str
) -> None:
    for name in NAMES:
        for _ in range(2):  # a killed try is repeated
            _publish(aptly(), name, "1.0~conflict.added")
    assert set(published(repository_url)) == {"1.0~conflict.added"}
    index = _get(repository_url, "main/binary-amd64/Packages").decode()
    assert [name for name in NAMES if f"Package: {name}\n" not in index] == []
    _publish(aptly(), "epoch", "1:1.0")
    for name, version in [("epoch", "1:1.0"), *((name, "1.0~conflict.added") for name in NAMES)]:
        with pytest.raises(VersionConflict, match="published before with other content"):
            _publish(aptly(), name, version, "other")


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
        signed = _publish(aptly(), "shop", version)
    assert signed.warning is None
    found = _release(repository_url)
    assert found.valid_until
    assert timedelta(days=29) < found.valid_until - before <= timedelta(days=30, minutes=5)
    assert found == read_release(_get(repository_url, "Release").decode())
    _verified(engine, repository_url, signed.public_key)


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
    signed = _publish(aptly(), "shop", "1.0")
    assert renew() is False  # it is fresh
    bucket = AptBucket(apt_repository("slipway_apt"))
    old = _get(repository_url, "InRelease")
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
    _verified(engine, repository_url, signed.public_key)
    monkeypatch.setattr(ReleaseFile, "due", lambda *_: True)
    assert renew() is True


def test_an_engine_that_does_not_hold_the_repository_leaves_it_alone(
    aptly: Callable[[], Aptly], repository_url: str
) -> None:
    assert aptly().renew(lambda _: None) is None


def test_an_expired_key_is_refused_at_once_with_advice(
    aptly: Callable[[], Aptly], use_key: Callable[[str], None], repository_url: str
) -> None:
    _publish(aptly(), "shop", "1.0")
    use_key(_key(begins=datetime(2020, 1, 1, tzinfo=UTC), lives="1y"))
    with pytest.raises(EnvironmentMisconfigured, match=r"expired on 20(20|21)-") as caught:
        _publish(aptly(), "shop", "2.0")
    assert "gpg --quick-set-expire" in caught.value.advice
    assert published(repository_url).keys() == {"1.0"}


def test_housekeeping_does_not_try_an_expired_key_again(
    aptly: Callable[[], Aptly], use_key: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    _publish(aptly(), "shop", "1.0")
    use_key(_key(begins=datetime(2020, 1, 1, tzinfo=UTC), lives="1y"))
    monkeypatch.setattr(ReleaseFile, "due", lambda *_: True)
    operator = RenewAptReleaseOperator(task_id="renew_apt_release")
    with pytest.raises(AirflowFailException, match="expired on"):
        operator.execute(FakeTask(dag_id="housekeeping", run_id=own("nightly")).context)


def test_a_keys_end_is_said_weeks_before(
    aptly: Callable[[], Aptly], use_key: Callable[[str], None]
) -> None:
    use_key(_key(begins=datetime.now(UTC) - timedelta(days=1), lives="20d"))
    warning = _publish(aptly(), "shop", "1.0").warning
    assert warning
    assert "expires in 18 days" in warning
