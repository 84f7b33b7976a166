"""What people do wrong: a clear error, nothing lost, nothing left behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from slipway.hooks.store.artifacts import artifact_store
from slipway.model.facts import Json
from slipway.operators.checkout import CheckoutOperator
from slipway.operators.publish_apt import PublishAptOperator
from tests.e2e.steps import deb, pipeline, rehearsal
from tests.fakes.airflow_run import FakeTask
from tests.fakes.git_server import Repository
from tests.slipway.operators.commit_runs import signed

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

Run = Callable[..., Any]
Head = Callable[[], Json]


def test_an_unknown_ref(guestbook: Repository, run: Run) -> None:
    operator = CheckoutOperator(
        task_id="checkout",
        project="guestbook",
        repository=guestbook.source,
        ref="mian",
        branch="main",
    )
    with pytest.raises(AirflowFailException, match=r"no branch, tag or commit 'mian'(?s:.*)'main'"):
        run(operator)


def test_no_pipeline_file(guestbook: Repository, checkout: Head, run: Run) -> None:
    guestbook.git("rm", "--quiet", ".drone.yml")
    guestbook.commit("no pipeline")
    with pytest.raises(AirflowFailException, match=r"\.drone\.yml"):
        run(pipeline(checkout(), guestbook))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kind: [", r"\.drone\.yml"),
        ("kind: pipeline\ntype: docker\nname: x\nsteps:\n- name: a\n  imgae: b\n", "image"),
        (
            "kind: pipeline\nname: x\nsteps:\n- {name: a, image: b}\n- {name: a, image: c}\n",
            r"\.drone\.yml:5:10: a step or service is called `a` already",
        ),
    ],
)
def test_a_malformed_pipeline_file(
    guestbook: Repository, checkout: Head, run: Run, text: str, expected: str
) -> None:
    guestbook.commit("malformed", _dot_drone_dot_yml=text)
    with pytest.raises(AirflowFailException, match=expected):
        run(pipeline(checkout(), guestbook))


def test_a_pipeline_without_steps_makes_no_release(
    guestbook: Repository, checkout: Head, run: Run
) -> None:
    guestbook.commit("nothing to do", _dot_drone_dot_yml="kind: pipeline\nname: x\nsteps: []\n")
    with pytest.raises(AirflowSkipException, match="no step of the pipeline has run and passed"):
        run(pipeline(checkout(), guestbook))


def test_a_failing_test(guestbook: Repository, checkout: Head, run: Run) -> None:
    (guestbook.path / ".drone.yml").write_text(
        "kind: pipeline\ntype: docker\nname: x\nsteps:\n- name: unit\n  image: python:3.11\n"
        "  commands: [echo about to fail, exit 3]\n"
    )
    guestbook.commit("failing")
    with pytest.raises(AirflowFailException, match=r"unit(?s:.*)3(?s:.*)about to fail"):
        run(pipeline(checkout(), guestbook))


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("-- +goose Up\nCREATE TABEL x();\n-- +goose Down\nSELECT 1;\n", "00009_bad.sql"),
        ("-- +goose Up\nSELECT 1;\n-- +goose Down\nDROP TABLE nowhere;\n", "(?s:.*)down"),
    ],
)
def test_a_bad_migration(
    guestbook: Repository, checkout: Head, run: Run, sql: str, expected: str
) -> None:
    (guestbook.path / "migrations" / "00009_bad.sql").write_text(sql)
    guestbook.commit("bad migration")
    with pytest.raises(AirflowFailException, match=expected) as caught:
        run(rehearsal(checkout(), guestbook))
    assert "00009_bad.sql" in str(caught.value)


@pytest.mark.parametrize("name", ["Guest_Book", "other"])
def test_a_package_name_that_is_not_ours(
    guestbook: Repository, checkout: Head, run: Run, name: str
) -> None:
    file = guestbook.path / "packaging" / "nfpm.yaml"
    file.write_text(file.read_text().replace("name: guestbook", f"name: {name}", 1))
    guestbook.commit("renamed")
    with pytest.raises(AirflowFailException):
        run(deb(checkout(), guestbook))
    assert artifact_store().keys("deb/guestbook") == []


def test_a_version_published_with_other_content(
    guestbook: Repository, checkout: Head, run: Run, artifacts: Path
) -> None:
    built = run(deb(checkout(), guestbook))
    first = run(PublishAptOperator(task_id="publish_apt", deb=built))
    # The same version from another history: what a rebuilt repository could bring.
    guestbook.git("commit", "--quiet", "--amend", "-m", "rewritten")
    (guestbook.path / "guestbook" / "welcome.txt").write_text("other content\n")
    sha = guestbook.commit("other content")
    other = {**checkout(), "release": {**built["release"], "sha": sha}}
    operator = deb(other, guestbook)
    # In another run: in this one, the tasks remember what the others returned.
    task = FakeTask(dag_id="guestbook", run_id=f"later-{sha}", task_id="build_deb")
    later = signed(task.context, checkout=other)
    with pytest.raises(AirflowFailException, match="other content"):
        operator.execute(later)
    for key in artifact_store().keys(f"deb/guestbook/{built['version']}"):
        (artifacts / "deb" / "guestbook" / built["version"] / key).unlink()
    changed = deb(other, guestbook).execute(later)
    assert changed["sha256"] != built["sha256"]
    with pytest.raises(AirflowFailException, match="published before with other content"):
        PublishAptOperator(task_id="publish_apt", deb=changed).execute(
            replace(task, task_id="publish_apt").context
        )
    assert first["version"] == built["version"]
