"""A bounded pool of database connections that outlives the database's restarts."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

T = TypeVar("T")
# Seconds: a request that waits longer than these is better told so.
_CONNECT_TIMEOUT = 3
_BUSY_TIMEOUT = 3
_STATEMENT_TIMEOUT = 5


class DatabaseUnavailable(Exception):
    """The database does not answer, or all connections are busy."""


class Pool:
    """Hands out connections to one thread each; opens none before it is needed.

    :param url: libpq URL.
    :param size: connections, at most.
    """

    def __init__(self, url: str, size: int) -> None:
        self._url = url
        self._free = threading.BoundedSemaphore(size)
        # Last in, first out: what was used last is least likely to have gone stale.
        self._idle: queue.LifoQueue[Connection] = queue.LifoQueue()

    def transaction(self, work: Callable[[Cursor], T]) -> T:
        """Run ``work`` in one transaction, commit, and return its answer.

        A connection that breaks before the commit is replaced once: nothing has happened yet,
        so the work may run again. After that nobody knows, and the caller is told.

        :raises DatabaseUnavailable: when the database cannot be reached.
        """
        if not self._free.acquire(timeout=_BUSY_TIMEOUT):
            raise DatabaseUnavailable("all connections are busy")
        try:
            try:
                return self._once(self._take(), work)
            except _Stale:
                return self._once(self._open(), work)
        except (_Stale, psycopg2.OperationalError, psycopg2.InterfaceError) as problem:
            raise DatabaseUnavailable(str(problem).strip()) from problem
        finally:
            self._free.release()

    def close(self) -> None:
        """Close the connections that nobody is using."""
        while not self._idle.empty():
            self._idle.get_nowait().close()

    def _take(self) -> Connection:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            return self._open()

    def _open(self) -> Connection:
        return psycopg2.connect(
            self._url,
            connect_timeout=_CONNECT_TIMEOUT,
            options=f"-c statement_timeout={_STATEMENT_TIMEOUT}s",
            application_name="guestbook",
        )

    def _once(self, connection: Connection, work: Callable[[Cursor], T]) -> T:
        try:
            with connection.cursor() as cursor:
                answer = work(cursor)
        except BaseException as problem:
            lost = bool(connection.closed)
            connection.close()
            if lost:
                raise _Stale(str(problem).strip()) from problem
            raise
        try:
            connection.commit()
        except BaseException:
            connection.close()
            raise
        self._idle.put(connection)
        return answer


class _Stale(Exception):
    """The server closed the connection before anything was committed."""
