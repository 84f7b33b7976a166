"""Texts that would be something else than text on a page, and who reads the page."""

from __future__ import annotations

import dataclasses
from html.parser import HTMLParser

from slipway.hooks.airflow_progress import Live, OpenQuestion, RunUnderWay, TaskState
from slipway.hooks.store.image_records import ImageRecord
from slipway.hooks.store.releases import ReleaseRecord
from slipway.model.board.by_hand import ByHand, HandChange
from slipway.model.board.deployment import CommitLine, DeploymentRecord
from slipway.model.board.snapshot import (
    ApprovalWanted,
    EnvironmentSnapshot,
    Freeze,
    Hold,
    IllRelease,
    Machines,
    ProjectSnapshot,
    Serving,
    Standby,
    UnderWay,
)
from slipway.model.board.waiting import WaitFacts
from slipway.model.facts.outcome import Outcome
from slipway.model.facts.report import StepReport, TestCounts
from slipway.policies.waiting import for_another_deployment
from tests.slipway.board.boards import Office, deployment, office, record, snapshot
from tests.slipway.board.people import Airflow, Model
from tests.slipway.operators.releases import make_proposal

# Each of them would do something in one place of a page or another.
EVIL = {
    "an element": "<img src=x onerror=alert(1)>",
    "the end of an attribute": '" onmouseover="alert(1)" x="',
    "the end of another": "' autofocus onfocus='alert(1)",
    "the end of a script": "</script><script>alert(1)</script>",
    "the end of a title": "</title></textarea></style><svg onload=alert(1)>",
    "an address that runs": "javascript:alert(1)",
    "a template": "{{ 7731 * 7 }}{% for x in y %}${7731*7}",
    "a comment": "<!-- --><!doctype html>",
    "turned around": "safe\u202egnp.exe\u2066",
    "not to be seen": "a\u200b\u0000\u001b[31mb\r\nSet-Cookie: a=b",
    "a path": "../../../../etc/passwd?x=#y%2e%2e/",
    "an entity": "&lt;b&gt;&quot;&#x3c;",
}


_KNOWN_SCRIPT = "/slipway/board/static/board.js"


def _seen(evil: str, commit: CommitLine) -> EnvironmentSnapshot:
    serving = Serving(
        version=evil,
        commit=commit,
        since=1.0,
        asked_by=evil,
        approved_by=evil,
        why=evil,
        replaced=evil,
        dag_id=evil,
        run_id=evil,
    )
    return snapshot(
        "shop",
        "prod",
        serving=serving,
        machines=Machines(healthy=1, wanted=2),
        standbys=(Standby(version=evil, until=9),),
        newer=3,
        under_way=UnderWay(version=evil, commit=commit, step=evil, run_id=evil, asked_by=evil),
        hold=Hold(by=evil, why=evil),
        freeze=Freeze(why=evil, until=9.0),
        approval=ApprovalWanted(version=evil, dag_id=evil, run_id=evil, asked_by=evil),
        ill=IllRelease(version=evil, at=1.0, why=evil, machines=(evil,), reason=evil),
        by_hand=ByHand(group=evil, since=1, changes=(HandChange(what=evil, was=evil, now=evil),)),
    )


def _made(evil: str) -> list[ReleaseRecord]:
    made = record("1.0+1", subject=f"{evil}\n\n{evil}")
    checkout = dataclasses.replace(
        made.checkout,
        author_name=evil,
        branch=evil,
        tag=evil,
        repository=evil,
        release=dataclasses.replace(made.checkout.release, sha="b" * 40),
    )
    step = StepReport(name=evil, image=evil, state="passed", seconds=1.0, note=evil)
    assert made.tests
    assert made.schema
    tests = dataclasses.replace(made.tests, steps=(step,), counts=TestCounts(tests=1, failures=1))
    schema = dataclasses.replace(made.schema, applied=(evil,))
    package = dataclasses.replace(made.package, name=evil, version=evil, component=evil)
    plain = dataclasses.replace(
        made, checkout=checkout, tests=tests, schema=schema, package=package
    )
    named = dataclasses.replace(
        plain,
        checkout=dataclasses.replace(
            checkout, release=dataclasses.replace(checkout.release, version=evil)
        ),
    )
    return [named, plain]


def _past(evil: str, commit: CommitLine) -> list[DeploymentRecord]:
    return [
        deployment(
            evil,
            "1.0+1",
            commit=commit,
            asked_by=evil,
            approved_by=evil,
            why=evil,
            failure=evil,
            outcome=Outcome.ROLLED_BACK,
            run_id=evil,
            dag_id=evil,
        ),
        deployment("1.0+1", evil, run_id=evil),
    ]


def _live(evil: str) -> Live:
    question = OpenQuestion(
        dag_id="shop.prod", run_id=evil, task_id="approve", subject=evil, options=(evil,), since=1.0
    )
    run = RunUnderWay(
        dag_id="shop.prod",
        run_id=evil,
        state="running",
        since=1.0,
        by=evil,
        version=evil,
        step=evil,
        step_state="running",
        step_since=1.0,
        facts=WaitFacts(run_state="running", state="running", told=for_another_deployment(evil, 1)),
    )
    return Live(runs={"shop.prod": [run]}, questions={"shop.prod": [question]})


def poisoned(evil: str) -> Office:
    """Put a text into every place where a stranger's may stand."""
    commit = CommitLine(sha="a" * 40, subject=evil, author=evil, at=1)
    proposal = make_proposal(
        "1.0+1", environment="prod", lines=(evil, evil), replaces=evil, started_by=evil
    )
    image = ImageRecord(image_id=evil, name=evil, owner=evil, region=evil)
    model = Model(
        snapshots={
            "shop": ProjectSnapshot(
                project="shop", environments=(_seen(evil, commit),), problem=evil
            ),
            "other": ProjectSnapshot(project="other", environments=(snapshot("other", "x"),)),
        },
        records=_made(evil),
        past={"shop/prod": _past(evil, commit)},
        proposals={evil: proposal},
        baked=[image],
        back=evil,
    )
    states = [TaskState(task_id=evil, state=evil, began=1.0, ended=2.0)]
    return office(
        model, Airflow(under_way=_live(evil), states=states, reasons={("shop.prod", evil): evil})
    )


class Reader(HTMLParser):
    """Reads a page as a browser does, and notes all that could do something."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("img", "svg", "iframe", "object", "base", "style", "script", "b") and any(
            name.startswith("on") for name in given
        ):
            self.found.append(tag)
        if tag == "script" and given.get("src") != _KNOWN_SCRIPT:
            self.found.append("script")
        if tag == "img" and given.get("src") != "/slipway/board/static/icon.svg":
            self.found.append("img")
        for name, value in given.items():
            self._attribute(name, value or "")

    def _attribute(self, name: str, value: str) -> None:
        if name.startswith("on") or name in ("style", "srcdoc", "autofocus"):
            self.found.append(name)
        if name in ("href", "src", "action", "formaction") and not value.startswith("/"):
            self.found.append(f"{name}={value}")
        if name in ("href", "src", "action") and ("/../" in value or "#" in value):
            self.found.append(f"{name}={value}")

    def handle_comment(self, data: str) -> None:
        self.found.append("comment")
