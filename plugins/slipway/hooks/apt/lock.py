"""One publication at a time: a lock that lies in the bucket, beside what it guards.

Workers share neither a disk nor a container engine, only the bucket. S3 writes an object on the
condition that it is still the one that was read, so of two who take the lock one is refused. Its
holder touches it every few seconds; one that was not touched for a minute, by the clock of whoever
waits, belongs to a worker that is gone. Nobody compares clocks. Whoever held it until then is
refused from that moment on: directly before anything is signed, the lock is looked at again.
"""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from slipway.exceptions import ToolFailed
from slipway.hooks.aws.errors import translate_errors
from slipway.metrics.catalogue import PUBLISH_WAIT
from slipway.metrics.emit import timed
from slipway.model.text.inert import visible

_log = logging.getLogger(__name__)
# Seconds: that somebody waits, after which an untouched lock is nobody's, between two touches.
WAIT, STALE, TOUCH = 300.0, 60.0, 10.0
# Seconds between two looks of whoever waits: never the same, so that not all of them look at once.
_LOOK = (0.1, 0.4)
# S3's words for "somebody was quicker"; the second while another one's write is under way.
_QUICKER = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")


@dataclass(frozen=True, kw_only=True, slots=True)
class LockRecord:
    """Who publishes.

    :param owner: for people to read; empty when it is free.
    :param generation: counts up at each change of hands.
    :param token: of one grip alone; empty when it is free.
    :param touched: how often since then.
    """

    owner: str
    generation: int
    token: str
    touched: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """The lock as it lies there.

    :param by_hand: somebody wrote it, to keep everybody away.
    """

    etag: str
    record: LockRecord
    by_hand: bool = False


def nobody_asks(owner: str) -> None:
    """Be told whose turn it is, and tell nobody.

    :param owner: who publishes; empty for whoever is told.
    """


class RepositoryLock:
    """The lock on one repository's bucket.

    The same owner takes it again at each try, also from a try that only seemed to be dead.

    :param store: a boto3 client of S3.
    :param bucket: where it lies.
    :param key: under which.
    :param owner: who asks: a task of a run, the same at each try.
    :param wait: seconds until whoever waits gives up.
    :param stale: seconds after which a lock that nobody touches is taken over.
    :param touch: seconds between two touches.
    """

    def __init__(
        self,
        store: Any,
        *,
        bucket: str,
        key: str,
        owner: str,
        wait: float = WAIT,
        stale: float = STALE,
        touch: float = TOUCH,
    ) -> None:
        self._store = store
        self._place = {"Bucket": bucket, "Key": key}
        self._owner = owner
        self._wait, self._stale, self._touch = wait, stale, touch

    @contextmanager
    def held(
        self, log: Callable[[str], None], waits: Callable[[str], None] = nobody_asks
    ) -> Iterator[str]:
        """Hold it as long as the block lasts; yields the token that its record has meanwhile.

        :param log: is told whom it waits for.
        :param waits: likewise, by the owner's name alone; and nobody's, once it has it.
        :raises ToolFailed: when others have it for too long.
        :raises CloudUnavailable: when the bucket does not answer.
        """
        with timed(PUBLISH_WAIT):
            mine = self._take(log, waits)
        ended = threading.Event()
        keeper = _Keeper(self, mine, ended, self._touch)
        keeper.start()
        try:
            yield mine.record.token
        finally:
            ended.set()
            keeper.join()
            self._free(keeper.mine)

    def _take(
        self, log: Callable[[str], None], waits: Callable[[str], None] = nobody_asks
    ) -> _Found:
        until = time.monotonic() + self._wait
        patience = _Patience(self._stale)
        told = ""
        while True:
            found = translate_errors(self.read)()
            if _is_free(found) or self._is_ours(found) or patience.is_over(found):
                if mine := self._grip(found):
                    if told:
                        waits("")
                    return mine
                continue
            owner = found.record.owner if found else ""
            if owner != told:
                log(f"waits for {visible(owner)}, who publishes")
                told = owner
                waits(owner)
            if time.monotonic() >= until:
                raise _busy(found, self._wait, self._place)
            time.sleep(random.uniform(*_LOOK))  # noqa: S311

    def _is_ours(self, found: _Found | None) -> bool:
        return found is not None and found.record.owner == self._owner

    @translate_errors
    def _grip(self, over: _Found | None) -> _Found | None:
        generation = over.record.generation + 1 if over else 1
        mine = LockRecord(owner=self._owner, generation=generation, token=uuid4().hex)
        return self.write(mine, over=over)

    def _free(self, mine: _Found | None) -> None:
        """Free it; when it is no longer ours, nothing happens."""
        if mine is None:
            return
        free = LockRecord(owner="", generation=mine.record.generation, token="")
        try:
            self.write(free, over=mine)
        except (BotoCoreError, ClientError) as error:
            # What was done is done; the next one waits until it is stale.
            _log.warning("the lock of the apt repository was not freed: %s", error)

    def read(self) -> _Found | None:
        """Read it; None where nobody took it yet."""
        try:
            found = self._store.get_object(**self._place)
        except self._store.exceptions.NoSuchKey:
            return None
        return _read(found["ETag"], found["Body"].read())

    def write(self, record: LockRecord, *, over: _Found | None) -> _Found | None:
        """Write it in place of what was read; None when somebody was quicker."""
        condition = {"IfMatch": over.etag} if over else {"IfNoneMatch": "*"}
        body = json.dumps(asdict(record)).encode()
        try:
            put = self._store.put_object(**self._place, Body=body, **condition)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _QUICKER:
                raise
            # Or our own first try arrived, and its answer did not.
            found = self.read()
            return found if found and record.token and found.record == record else None
        return _Found(etag=put["ETag"], record=record)


class _Keeper(threading.Thread):
    """Touches the lock until the work is done, or somebody else has it.

    :param mine: the lock as it was taken; None afterwards, when it is lost.
    """

    def __init__(
        self, lock: RepositoryLock, mine: _Found, ended: threading.Event, pause: float
    ) -> None:
        super().__init__(name="slipway-apt-lock", daemon=True)
        self.mine: _Found | None = mine
        self._lock, self._ended, self._pause = lock, ended, pause

    def run(self) -> None:
        while self.mine is not None and not self._ended.wait(self._pause):
            record = replace(self.mine.record, touched=self.mine.record.touched + 1)
            try:
                self.mine = self._lock.write(record, over=self.mine)
            except Exception as error:
                # It must not end: the next touch may help.
                _log.warning("the lock of the apt repository was not touched: %s", error)


class _Patience:
    """Watches a lock that somebody else has.

    :param stale: seconds for which it has to stay as it is.
    """

    def __init__(self, stale: float) -> None:
        self._stale = stale
        self._seen, self._since = "", 0.0

    def is_over(self, found: _Found | None) -> bool:
        now = time.monotonic()
        if found is None or found.etag != self._seen:
            self._seen, self._since = found.etag if found else "", now
        return found is not None and not found.by_hand and now - self._since >= self._stale


def _is_free(found: _Found | None) -> bool:
    return found is None or not (found.record.owner or found.by_hand)


def _read(etag: str, body: bytes) -> _Found:
    try:
        raw = json.loads(body)
        record = LockRecord(
            owner=str(raw["owner"]),
            generation=int(raw["generation"]),
            token=str(raw["token"]),
            touched=int(raw.get("touched", 0)),
        )
    except (ValueError, KeyError, TypeError):
        text = body.decode(errors="replace").strip() or "somebody"
        by_hand = LockRecord(owner=text, generation=0, token="")
        return _Found(etag=etag, record=by_hand, by_hand=True)
    return _Found(etag=etag, record=record)


def _busy(found: _Found | None, wait: float, place: dict[str, str]) -> ToolFailed:
    owner = visible(found.record.owner) if found else "somebody"
    msg = f"others publish since {wait:.0f} s; {owner} does now"
    advice = "nothing: the task tries again by itself"
    if found and found.by_hand:
        advice = f"somebody wrote that into {place['Key']} in the bucket {place['Bucket']} by hand"
        advice += ": delete it to let publications go on"
    return ToolFailed(msg, advice=advice)
