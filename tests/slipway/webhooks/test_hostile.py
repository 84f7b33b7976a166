"""The hostile cases, each at each host's door: no run, nothing executed, nothing logged as it came.

A door is the plugin's own application in front of Airflow's database and a real repository, so what
is not refused goes all the way.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from include.delivery.commit_dag import build
from include.delivery.commits_dag import commits_dag
from include.project.loader import PROJECTS, load_project
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.notes.hooks import last_hook
from slipway.plugin import Webhooks
from slipway.webhooks import limits
from slipway.webhooks.limits import LARGEST
from tests.fakes.airflow_database import airflow_database, runs_of, store_dag
from tests.fakes.git_server import Repository
from tests.slipway.webhooks.deliveries import (
    OTHER_SECRET,
    PUSHES,
    SECRET,
    Delivery,
    bitbucket_cloud,
    bitbucket_server,
    cloud_change,
    cloud_push,
    digest,
    gitea,
    github,
    gitlab,
    ref_push,
    server_push,
)

DOORS = sorted(PUSHES)
# What a delivery is turned into, and what it is answered.
_Case = tuple[Callable[[str], Delivery], int]


def good(host: str) -> Delivery:
    return PUSHES[host][0](SECRET)


def signature(host: str, body: bytes) -> str:
    """Return what a host would prove a body with."""
    if host == "gitlab":
        return SECRET.decode()
    return ("" if host == "gitea" else "sha256=") + digest(SECRET, body)


def proven(host: str, value: str | None) -> Delivery:
    return good(host).with_header(PUSHES[host][1], value)


def of_body(host: str, body: bytes) -> Delivery:
    """Return a body that is signed as it should be."""
    signed = proven(host, signature(host, body))
    return Delivery(headers=signed.headers, body=body)


def changed(host: str) -> Delivery:
    """Change one byte; GitLab, whose token signs no body, is given a byte of its token instead."""
    delivery = good(host)
    if host == "gitlab":
        return proven(host, SECRET.decode()[:-1] + "g")
    return Delivery(headers=delivery.headers, body=delivery.body.replace(b"main", b"maim"))


def sha1(host: str) -> Delivery:
    made = digest(SECRET, good(host).body, "sha1")
    return proven(host, f"sha1={made}" if "sha256" in good(host).headers[PUSHES[host][1]] else made)


def upper(host: str) -> Delivery:
    value = good(host).headers[PUSHES[host][1]]
    return proven(host, value[:-64] + value[-64:].upper() if host != "gitlab" else value.upper())


def unknown(host: str) -> Delivery:
    names = {
        "bitbucket_cloud": "x-event-key",
        "bitbucket_server": "x-event-key",
        "github": "x-github-event",
        "gitlab": "x-gitlab-event",
        "gitea": "x-gitea-event",
    }
    return good(host).with_header(names[host], "repo:$(touch x)\u202e".encode().decode("latin-1"))


CASES: dict[str, _Case] = {
    "signature missing": (lambda host: proven(host, None), 401),
    "signature wrong": (lambda host: PUSHES[host][0](b"guessed-guessed-guessed-guessed!"), 401),
    "signature sha1": (sha1, 401),
    "signature upper case": (upper, 401),
    "signature truncated": (
        lambda host: proven(host, good(host).headers[PUSHES[host][1]][:-1]),
        401,
    ),
    "signature of another repository": (lambda host: PUSHES[host][0](OTHER_SECRET), 401),
    "body changed by one byte": (changed, 401),
    "oversized": (lambda host: of_body(host, b" " * (LARGEST + 1)), 413),
    "malformed JSON": (lambda host: of_body(host, b'{"push": $(touch x)'), 400),
    "wrong content type": (lambda host: good(host).with_header("content-type", "text/plain"), 415),
    "unknown event": (unknown, 200),
}
# Of each door: these, and a delivery that is replayed.
COUNT = 11

NAMES = [
    "a/refs/heads/main",
    "a;touch x",
    "$(touch x)",
    "--upload-pack=touch x",
    "../../etc",
    "a\nWARNING forged",
    "n" * 4096,
    "{{ 7*7 }}",
    "\u202eniam",
    "<sha>",
    "<tag>",
]


@pytest.fixture(scope="module", autouse=True)
def database() -> Iterator[None]:
    with airflow_database():
        yield


@pytest.fixture
def name(
    repository: Repository, artifacts: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> str:
    """A project whose repository has one commit that nobody was told of."""
    monkeypatch.setattr(limits, "BURST", 1000)
    # Whatever would be executed leaves its mark here.
    monkeypatch.chdir(tmp_path)
    repository.commit(readme="one")
    repository.git("tag", "v1.4.0")
    name = f"p-{Path(repository.url).name}"
    found = load_project(PROJECTS / "guestbook.yaml")
    off = {"statuses": False, "pull_requests": None}
    changes = {"url": repository.url, "webhook": "hostile_webhook", **off}
    at = found.repository.model_copy(update=changes)
    store_dag(build(found.model_copy(update={"name": name, "repository": at}), name))
    store_dag(commits_dag(lambda: []))
    connection = {"conn_type": "generic", "password": SECRET.decode()}
    monkeypatch.setenv("AIRFLOW_CONN_HOSTILE_WEBHOOK", json.dumps(connection))
    return name


@pytest.fixture
def client() -> Iterator[TestClient]:
    server = FastAPI()
    server.mount("/slipway/hooks", Webhooks())
    with TestClient(server) as found:
        yield found


def post(client: TestClient, name: str, delivery: Delivery) -> int:
    headers = {key: value.encode("latin-1", "replace") for key, value in delivery.headers.items()}
    url = f"/slipway/hooks/{name}"
    return int(client.post(url, content=delivery.body, headers=headers).status_code)


def nothing_ran(folder: Path) -> bool:
    return not any(path.name in ("x", "forged") for path in folder.rglob("*"))


def test_the_table_is_whole() -> None:
    assert len(CASES) == COUNT
    assert len(DOORS) == 5


@pytest.mark.parametrize("host", DOORS)
def test_nothing_of_the_table_makes_a_run(
    client: TestClient, name: str, host: str, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    answers = {}
    with caplog.at_level(logging.DEBUG):
        for kind, (made, _) in CASES.items():
            answers[kind] = post(client, name, made(host))
    assert answers == {kind: status for kind, (_, status) in CASES.items()}
    # Nobody looked at the repository, or it would be noted.
    assert last_hook(artifact_store(), name) is None
    assert runs_of(name) == {}
    assert nothing_ran(tmp_path)
    ours = [one.getMessage() for one in caplog.records if one.name.startswith("slipway")]
    for said in ours:
        assert said.isprintable(), said
        assert "touch" not in said
    for hidden in (SECRET.decode(), OTHER_SECRET.decode(), good(host).headers[PUSHES[host][1]]):
        assert hidden not in caplog.text


@pytest.mark.parametrize("host", DOORS)
def test_what_is_replayed_is_one_run(
    client: TestClient, repository: Repository, name: str, host: str
) -> None:
    for _ in range(5):
        assert post(client, name, good(host)) == 202
    _settled(name)
    assert list(runs_of(name)) == [f"commit__{repository.git('rev-parse', 'HEAD')}"]


def pushes_of(host: str, branch: str) -> Delivery:
    ref = f"refs/heads/{branch}"
    made: dict[str, Callable[[], Delivery]] = {
        "bitbucket_cloud": lambda: bitbucket_cloud("repo:push", cloud_push(cloud_change(branch))),
        "bitbucket_server": lambda: bitbucket_server("repo:refs_changed", server_push(ref)),
        "github": lambda: github("push", ref_push(ref)),
        "gitlab": lambda: gitlab("Push Hook", ref_push(ref)),
        "gitea": lambda: gitea("push", ref_push(ref)),
    }
    return made[host]()


@pytest.mark.parametrize("host", DOORS)
def test_a_hostile_name_of_a_branch_is_text_in_one_line_and_its_commits_are_nobodys(
    client: TestClient,
    repository: Repository,
    name: str,
    host: str,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    head = repository.git("rev-parse", "HEAD")
    names = [{"<sha>": head, "<tag>": "v1.4.0"}.get(one, one) for one in NAMES]
    _branches(repository, names)
    with caplog.at_level(logging.INFO, "slipway"):
        for one in names:
            assert post(client, name, pushes_of(host, one)) == 202
        _settled(name)
    # The commit of main, and none of the branches'.
    assert list(runs_of(name)) == [f"commit__{head}"]
    assert runs_of(name)[f"commit__{head}"] == {"ref": head}
    assert nothing_ran(tmp_path)
    told = [one.getMessage() for one in caplog.records if one.name == "slipway.webhooks.app"]
    assert len(told) == len(names)
    for line in told:
        assert line.isprintable()
        assert len(line) < 250


def _branches(repository: Repository, names: list[str]) -> None:
    """Make the branches that git has names for, each with a commit of its own."""
    for one in names:
        ref = f"refs/heads/{one}"
        try:
            repository.git("check-ref-format", ref)
            sha = repository.git("commit-tree", "-m", one[:40], "HEAD^{tree}", "-p", "HEAD")
            repository.git("update-ref", ref, sha)
        except Exception:  # git has no such names; hosts may say them all the same
            continue


def _settled(name: str) -> None:
    """Wait until the last look has ended."""
    deadline = time.monotonic() + 60
    seen = -1.0
    while time.monotonic() < deadline:
        hook = last_hook(artifact_store(), name)
        now = hook.at.timestamp() if hook is not None else -1.0
        if now >= 0 and now == seen:
            return
        seen = now
        time.sleep(0.7)
    msg = "nobody looked at the repository"
    raise AssertionError(msg)
