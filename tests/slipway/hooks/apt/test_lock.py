"""Whose turn it is to publish, among workers that share nothing but the bucket."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from slipway.exceptions import EnvironmentMisconfigured, ToolFailed
from slipway.hooks.apt.lock import RepositoryLock, _Patience

BUCKET, KEY = "apt", ".slipway/lock.json"
Make = Callable[..., RepositoryLock]


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with mock_aws():
        client: Any = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


@pytest.fixture
def lock(s3: Any) -> Make:
    def make(owner: str, **more: Any) -> RepositoryLock:
        return RepositoryLock(s3, bucket=BUCKET, key=KEY, owner=owner, **more)

    return make


def _record(s3: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read())
    return found


def _silent(line: str) -> None:
    del line


def _killed(lock: RepositoryLock) -> None:
    """Take the lock as a worker does that is killed before it can touch or free it."""
    assert lock._take(_silent)


def test_publishers_on_many_machines_take_turns(lock: Make, s3: Any) -> None:
    inside, most, done = [0], [0], list[str]()

    def publish(owner: str) -> None:
        with lock(owner).held(_silent):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.01)
            done.append(owner)
            inside[0] -= 1

    owners = [f"worker-{number}" for number in range(6)]
    with ThreadPoolExecutor(len(owners)) as pool:
        list(pool.map(publish, owners))
    assert most == [1]
    assert sorted(done) == owners
    assert (_record(s3)["owner"], _record(s3)["generation"]) == ("", 6)


def test_the_lock_of_a_killed_worker_is_taken_over(lock: Make) -> None:
    _killed(lock("dead"))
    told = list[str]()
    with lock("next", stale=0.5).held(told.append) as token:
        assert token
    assert told == ["waits for dead, who publishes"]


def test_a_slow_publisher_that_lives_keeps_it(
    lock: Make, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    patience = _Patience(60.0)
    waiting = lock("hasty")
    with lock("slow", touch=0.05).held(_silent):
        seen = waiting.read()
        assert not patience.is_over(seen)
        until = time.monotonic() + 60.0
        while _record(s3)["touched"] == 0 and time.monotonic() < until:
            time.sleep(0.05)
        monkeypatch.setattr("slipway.hooks.apt.lock.time.monotonic", lambda: clock[0])
        # By the waiter's clock an hour passed, and the lock was touched meanwhile.
        clock[0] += 3600.0
        assert not patience.is_over(waiting.read())
        monkeypatch.undo()
    assert seen
    assert seen.record.touched == 0


def test_a_task_that_is_tried_again_waits_for_nobody(lock: Make) -> None:
    """Its first try was killed together with its worker."""
    _killed(lock("run/publish_apt"))
    told = list[str]()
    with lock("run/publish_apt").held(told.append):
        assert not told


def test_whoever_lost_it_is_not_taken_for_its_holder(lock: Make, s3: Any) -> None:
    with lock("sleeper", touch=0.05).held(_silent) as token:
        new = lock("next", stale=0.0)._take(_silent)
        assert new.record.token != token
        time.sleep(0.2)  # the sleeper wakes, and wants to touch it
        assert _record(s3)["token"] == new.record.token
    # ... and to free it.
    assert _record(s3)["token"] == new.record.token


def test_a_lost_answer_does_not_lose_the_lock(
    lock: Make, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """botocore repeats what had arrived already, and is told that somebody was quicker."""
    put = s3.put_object

    def twice(**asked: Any) -> Any:
        put(**asked)
        return put(**asked)

    monkeypatch.setattr(s3, "put_object", twice)
    with lock("worker").held(_silent) as token:
        assert _record(s3)["token"] == token
    assert _record(s3)["owner"] == ""


def test_a_person_keeps_everybody_away(lock: Make, s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"moving the bucket, ask Ann")
    with pytest.raises(ToolFailed, match="moving the bucket, ask Ann does now") as caught:
        lock("worker", wait=0.5, stale=0.1)._take(_silent)
    assert KEY in caught.value.advice
    assert "delete it" in caught.value.advice
    s3.delete_object(Bucket=BUCKET, Key=KEY)
    with lock("worker").held(_silent):
        pass


def test_a_lock_of_a_later_version_is_understood(lock: Make, s3: Any) -> None:
    record = {"owner": "", "generation": 4, "token": "", "more": "of tomorrow"}
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=json.dumps(record).encode())
    with lock("worker").held(_silent):
        assert _record(s3)["generation"] == 5


def test_it_is_freed_when_the_work_fails(lock: Make, s3: Any) -> None:
    def fail() -> None:
        with lock("worker").held(_silent):
            int("no number")

    with pytest.raises(ValueError, match="no number"):
        fail()
    assert _record(s3)["owner"] == ""
    assert not [one for one in threading.enumerate() if one.name == "slipway-apt-lock"]


def test_a_bucket_that_may_not_be_written_is_said(
    lock: Make, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> Any:
        said = {"Error": {"Code": "AccessDenied", "Message": "no"}}
        raise ClientError(said, "PutObject")  # type: ignore[arg-type]

    monkeypatch.setattr(s3, "put_object", refuse)
    with (
        pytest.raises(EnvironmentMisconfigured, match="PutObject was refused: AccessDenied"),
        lock("worker").held(_silent),
    ):
        pass


def test_what_somebody_wrote_into_the_lock_is_one_line_of_the_log(lock: Make, s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"closed\n::endgroup::\x1b[2J")
    said = list[str]()
    with pytest.raises(ToolFailed) as caught, lock("me", wait=0.0).held(said.append):
        pass
    for text in (*said, str(caught.value)):
        assert "\n" not in text.partition("advice")[0].partition("; ")[0]
        assert "\x1b" not in text
