"""An Airflow that belongs to the tests alone, and real git repositories."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests import lanes

# A busy machine is no defect of what is tested; endless tests have pytest's own limit.
settings.register_profile("slipway", deadline=None)
settings.load_profile("slipway")
# Before anything imports Airflow: it reads its configuration on import. The tests must neither
# see nor touch the configuration and database of an Airflow that lives on this machine.
for _name in [name for name in os.environ if name.startswith("AIRFLOW_")]:
    del os.environ[_name]
_HOME = tempfile.mkdtemp(prefix="slipway-tests-")
_ROOT = Path(__file__).resolve().parent.parent
os.environ |= {
    "AIRFLOW_HOME": _HOME,
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__DAGS_FOLDER": str(_ROOT / "dags"),
    "AIRFLOW__CORE__PLUGINS_FOLDER": str(_ROOT / "plugins"),
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    # Nobody answers there: no test tells the server of another Airflow anything.
    "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": "http://127.0.0.1:9/execution/",
    "AIRFLOW__SLIPWAY__ARTIFACTS": (Path(_HOME) / "artifacts").as_uri(),
    "AIRFLOW__SLIPWAY__GIT_MIRRORS": str(Path(_HOME) / "mirrors"),
    "AIRFLOW__SLIPWAY__RECIPES": str(_ROOT),
    "AIRFLOW__SLIPWAY__INSTALLATION": lanes.own("test"),
    "AIRFLOW_VAR_SLIPWAY_DATABASE": "7e57",
    "AIRFLOW_CONN_SLIPWAY_RECORDS": json.dumps({"conn_type": "generic", "password": "7e57" * 8}),
}

from tests.fakes.git_server import Repository, git_daemon  # noqa: E402 - after the configuration


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    lanes.longest_first(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> lanes.Lanes | None:
    """Give ``--dist loadgroup`` the groups of these tests."""
    return lanes.Lanes(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.fixture(scope="session")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    base = tmp_path_factory.mktemp("git")
    with git_daemon(base) as url:
        yield base, url


@pytest.fixture
def repository(daemon: tuple[Path, str], request: pytest.FixtureRequest) -> Repository:
    base, url = daemon
    name = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]
    return Repository(base / name, f"{url}/{name}")


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An artifact store of the test's own."""
    root = tmp_path / "artifacts"
    monkeypatch.setenv("AIRFLOW__SLIPWAY__ARTIFACTS", root.as_uri())
    return root
