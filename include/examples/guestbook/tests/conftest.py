"""A database for each test, in the server that ``DATABASE_URL`` names."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection

from guestbook.pool import Pool
from guestbook.store import Store
from tests import goose

# Seconds for a database that is started together with the tests.
START = 30


def _server() -> Connection:
    deadline = time.monotonic() + START
    while True:
        try:
            connection = psycopg2.connect(os.environ["DATABASE_URL"], connect_timeout=3)
            break
        except psycopg2.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
    connection.autocommit = True
    return connection


@pytest.fixture
def empty_url() -> Iterator[str]:
    """Make an empty database; return its URL."""
    name = f"test_{uuid.uuid4().hex}"
    server = _server()
    with server.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    yield urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    with server.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    server.close()


@pytest.fixture
def url(empty_url: str) -> str:
    """Make a database with the present schema; return its URL."""
    connection = psycopg2.connect(empty_url)
    goose.up(connection)
    connection.close()
    return empty_url


@pytest.fixture
def other(url: str) -> Iterator[Connection]:
    """Return a second connection: somebody else, who looks at the same database."""
    connection = psycopg2.connect(url)
    yield connection
    connection.close()


@pytest.fixture
def pool(url: str) -> Iterator[Pool]:
    """Return a pool of four connections."""
    pool = Pool(url, 4)
    yield pool
    pool.close()


@pytest.fixture
def store(pool: Pool) -> Store:
    """Return a store on that pool."""
    return Store(pool)
