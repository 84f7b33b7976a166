"""Runs that a shell starts, finds, follows and answers, at Airflow's own server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from include.cli.server import order
from include.cli.server.approve import REJECT
from include.cli.server.client import AirflowServer
from include.cli.server.follow import follow
from include.cli.server.runs import Run, find_run, run_of, tasks_of
from tests.fakes.airflow_database import runs_of
from tests.include.cli.server.airflow import House, Shell, ask, set_states, write_log
from tests.include.cli.server.conftest import DAG

EVIL = "it is \x1b[31mred\x1b[0m \x1b]0;owned\x07 and \u202eback\rover"


def start(airflow: House, **conf: Any) -> tuple[Shell, str]:
    """Start a run as Ann does."""
    ann = airflow.shell("ann")
    assert order.order(ann.desk(), ann.login, DAG, conf, to_the_end=False) == 0
    return ann, list(runs_of(DAG))[-1]


def test_a_run_is_started_in_the_name_of_whose_token_it_is(airflow: House) -> None:
    ann, run_id = start(airflow, version="previous")
    assert runs_of(DAG) == {run_id: {"version": "previous"}}
    assert run_id.startswith("shell__")
    assert find_run(ann.server, "shop", "prod").by == "ann"
    assert f"{DAG}: started {run_id}\n  http://testserver/dags/{DAG}/runs/shell__" in ann.said


@pytest.mark.parametrize(
    ("dag_id", "said"),
    [
        ("shop.prd", "did you mean shop prod?"),
        ("prod.shop", "did you mean shop prod?"),
        ("a/../b", "there is no run"),
    ],
)
def test_a_name_that_is_not_there_starts_nothing(airflow: House, dag_id: str, said: str) -> None:
    ann = airflow.shell("ann")
    assert order.order(ann.desk(), ann.login, dag_id, {}) == 2
    assert said in ann.err.getvalue()
    assert runs_of(DAG) == {}


def test_a_viewer_starts_nothing(airflow: House) -> None:
    vic = airflow.shell("vic", "VIEWER")
    assert order.order(vic.desk(), vic.login, DAG, {}) == 2
    assert "you may not do this" in vic.err.getvalue()
    assert runs_of(DAG) == {}


def test_a_run_is_found_by_each_name_that_it_has(airflow: House) -> None:
    ann, _ = start(airflow)
    _, newest = start(airflow)
    page = ann.server.page("dags", DAG, "runs", newest)
    for words in (("shop",), ("shop", "prod"), (DAG,), (newest,), (f"{DAG}/{newest}",), (page,)):
        assert find_run(ann.server, *words).run_id == newest, words


@pytest.mark.parametrize(
    "words", ["nothing", "shop.prod/nothing", "%", "shell__", "http://x/y", "../../x", "shell__%"]
)
def test_what_is_no_run_is_told(airflow: House, words: str) -> None:
    ann, _ = start(airflow)
    assert order.follow_run(ann.desk(), ann.login, words) == 2
    assert "what to do" in ann.err.getvalue()


def test_a_run_that_fails_is_told_with_its_reason_and_the_end_of_its_log(
    airflow: House, logs: Path
) -> None:
    ann, run_id = start(airflow)
    set_states(DAG, run_id, "failed", plan="failed", bake_image="upstream_failed")
    lines = [f"line {number}" for number in range(100)]
    reason = "the base image is not there\n  what to do: bake it"
    error = {
        "event": "Task failed with exception",
        "level": "error",
        "error_detail": [{"exc_type": "PersonsMistake", "exc_value": reason}],
    }
    write_log(logs, DAG, run_id, "plan", *lines, EVIL, error)
    assert order.follow_run(ann.desk(), ann.login, "shop", "prod") == 1
    assert "plan: failed, 2.0 s\n" in ann.said
    assert "plan failed:\n  the base image is not there\n    what to do: bake it\n" in ann.said
    assert "  | line 99\n" in ann.said
    assert "line 70" not in ann.said
    assert "it is red <U+001B>]0;owned<U+0007> and <U+202E>back" in ann.said
    assert "\x1b" not in ann.said
    assert "\r" not in ann.said
    assert ann.said.endswith(f"{DAG}: failed\n")
    assert "upstream_failed" not in ann.said


def test_the_end_of_a_run_is_there_for_programs(airflow: House, logs: Path) -> None:
    _, run_id = start(airflow)
    set_states(DAG, run_id, "success", plan="success")
    bob = airflow.shell("bob")
    assert order.follow_run(bob.desk(as_json=True), bob.login, run_id) == 0
    found = bob.found()
    assert (found["run"]["state"], found["failures"]) == ("success", [])
    assert {"plan": "success"}.items() <= {t["task_id"]: t["state"] for t in found["tasks"]}.items()
    assert "plan: success" in bob.err.getvalue()


def test_a_run_is_followed_to_its_end_while_it_goes_on(airflow: House) -> None:
    ann, run_id = start(airflow)
    told: list[str] = []
    states = iter(
        [
            ("running", {"plan": "running"}),
            ("running", {"plan": "success", "approve": "awaiting_input"}),
            ("running", {"approve": "success", "bake_image": "up_for_retry"}),
            ("success", {"bake_image": "success"}),
        ]
    )

    def sleep(_: float) -> None:
        state, tasks = next(states)
        set_states(DAG, run_id, state, **tasks)

    ended = follow(ann.server, Run(dag_id=DAG, run_id=run_id, state=""), told.append, sleep=sleep)
    assert ended.code == 0
    said = [line.split("  ", 2)[2] for line in told]
    assert said == [
        "plan: begins",
        "plan: success, 2.0 s",
        "approve: waits for a person; answer with `fab approve shop prod`",
        "approve: success, 2.0 s",
        "bake_image: failed, and is tried again",
        "bake_image: success, 2.0 s",
    ]


def test_who_stops_looking_stops_nothing(airflow: House, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, run_id = start(airflow)

    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(order, "follow", stop)
    assert order.follow_run(ann.desk(), ann.login, run_id) == 130
    assert f"the run goes on; `fab follow {DAG}/{run_id}` looks on" in ann.said
    assert run_of(ann.server, find_run(ann.server, run_id)).state == "queued"


def test_logs_are_those_of_the_tasks_that_are_meant(airflow: House, logs: Path) -> None:
    ann, run_id = start(airflow)
    set_states(DAG, run_id, "success", plan="success", swap_migrate="success")
    write_log(logs, DAG, run_id, "plan", "the plan", "::group::more", "within", "::endgroup::")
    write_log(logs, DAG, run_id, "swap.migrate", EVIL, "é è" * 5)
    for words in ("swap", "migrate", "swap.migrate"):
        bob = airflow.shell("bob")
        assert order.tell_logs(bob.desk(), bob.login, "shop", "prod", task=words) == 0
        assert "== swap.migrate: success\nit is red" in bob.said
        assert "the plan" not in bob.said
        assert "\x1b" not in bob.said
    assert order.tell_logs(ann.desk(), ann.login, run_id) == 0
    assert "== plan: success\nthe plan\n== more\nwithin\n==" in ann.said
    assert "Log message source details" not in ann.said
    cat = airflow.shell("cat")
    assert order.tell_logs(cat.desk(as_json=True), cat.login, run_id, task="plan") == 0
    assert cat.found()["tasks"][0]["log"][0]["event"] == "the plan"
    dan = airflow.shell("dan")
    assert order.tell_logs(dan.desk(), dan.login, run_id, task="plam") == 2
    assert "did you mean plan?" in dan.err.getvalue()


def test_new_lines_of_a_log_are_told_once(airflow: House, logs: Path) -> None:
    ann, run_id = start(airflow)
    set_states(DAG, run_id, "running", plan="running")
    write_log(logs, DAG, run_id, "plan", "one")
    told: list[str] = []
    steps = iter([("running", ["two"]), ("running", []), ("success", ["three"])])

    def sleep(_: float) -> None:
        state, lines = next(steps)
        write_log(logs, DAG, run_id, "plan", *lines)
        if state == "success":
            set_states(DAG, run_id, state, plan=state)

    run = Run(dag_id=DAG, run_id=run_id, state="")
    assert follow(ann.server, run, told.append, log_of="", sleep=sleep).code == 0
    assert [one for one in told if one in ("== plan", "one", "two", "three")] == [
        "== plan",
        "one",
        "two",
        "three",
    ]


def test_a_plan_is_shown_and_answered_in_the_name_of_whose_token_it_is(airflow: House) -> None:
    _, run_id = start(airflow)
    body = "- adds `2` commits\n- \x1b[2Jgone"
    ask(DAG, run_id, "Deploy shop 1.0+2 to prod?", body)
    bob = airflow.shell("bob")
    given: dict[str, Any] = {"why": "it is tested", "ask": lambda _: "y\n"}
    assert order.answer_question(bob.desk(), bob.login, "shop", "prod", **given) == 0
    assert bob.said.startswith("Deploy shop 1.0+2 to prod?\n  - adds `2` commits\n  - gone\n")
    assert "approved by bob" in bob.said
    cat = airflow.shell("cat")
    assert order.answer_question(cat.desk(), cat.login, "shop") == 2
    assert "nothing of shop waits for an answer" in cat.err.getvalue()
    task = next(one for one in tasks_of(cat.server, find_run(cat.server, run_id)))
    assert task.state != "awaiting_input"


def test_a_no_is_kept_with_its_reason_for_programs(airflow: House) -> None:
    _, run_id = start(airflow)
    ask(DAG, run_id, "Deploy shop 1.0+2 to prod?")
    bob = airflow.shell("bob")
    given: dict[str, Any] = {"why": "not today", "choice": REJECT}
    assert order.answer_question(bob.desk(as_json=True), bob.login, "shop", **given) == 0
    found = bob.found()
    assert (found["answer"], found["by"], found["why"]) == ("Reject", "bob", "not today")


def test_who_does_not_mean_it_has_answered_nothing(airflow: House) -> None:
    _, run_id = start(airflow)
    ask(DAG, run_id, "Deploy shop 1.0+2 to prod?")
    bob = airflow.shell("bob")
    assert order.answer_question(bob.desk(), bob.login, "shop", ask=lambda _: "\n") == 1
    assert order.answer_question(bob.desk(), bob.login, "shop") == 0


def test_a_question_that_is_put_to_others_is_theirs(airflow: House) -> None:
    _, run_id = start(airflow)
    ask(DAG, run_id, "Deploy shop 1.0+2 to prod?", assigned="carl")
    bob = airflow.shell("bob")
    assert order.answer_question(bob.desk(), bob.login, "shop") == 2
    assert "the question is put to carl" in bob.err.getvalue()
    carl = airflow.shell("carl")
    assert order.answer_question(carl.desk(), carl.login, "shop") == 0


def test_two_questions_are_told_apart_by_their_runs(airflow: House) -> None:
    _, first = start(airflow)
    _, second = start(airflow)
    for one in (first, second):
        ask(DAG, one, f"Deploy shop of {one} to prod?")
    bob = airflow.shell("bob")
    assert order.answer_question(bob.desk(), bob.login, "shop", "prod") == 2
    assert f"--run {second}" in bob.err.getvalue()
    assert order.answer_question(bob.desk(), bob.login, "shop", run=second) == 0
    assert "approved by bob" in bob.said


def test_of_several_answers_the_first_counts(airflow: House) -> None:
    _, run_id = start(airflow)
    ask(DAG, run_id, "Deploy shop 1.0+2 to prod?")
    people = [airflow.shell(name) for name in ("bob", "cat", "dan")]
    codes = [order.answer_question(one.desk(), one.login, "shop") for one in people]
    assert codes == [0, 2, 2]


def test_a_viewer_answers_nothing(airflow: House) -> None:
    _, run_id = start(airflow)
    ask(DAG, run_id, "Deploy shop 1.0+2 to prod?")
    vic = airflow.shell("vic", "VIEWER")
    assert order.answer_question(vic.desk(), vic.login, "shop") == 2
    assert "you may not do this" in vic.err.getvalue()


def test_a_restart_of_the_server_ends_no_following(airflow: House) -> None:
    ann, run_id = start(airflow)
    set_states(DAG, run_id, "success", plan="success")
    real, away = airflow.client.request, iter([True, True, False])

    class Restarting:
        def __getattr__(self, name: str) -> Any:
            return getattr(airflow.client, name)

        def request(self, *args: Any, **kwargs: Any) -> Any:
            import httpx

            if next(away, False):
                msg = "refused"
                raise httpx.ConnectError(msg)
            return real(*args, **kwargs)

    http: Any = Restarting()
    server = AirflowServer(http=http, address=ann.login, sleep=lambda _: None)
    run = Run(dag_id=DAG, run_id=run_id, state="")
    assert follow(server, run, lambda _: None).code == 0
