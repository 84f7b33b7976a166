from __future__ import annotations

import json

from slipway.model.event import Event, EventKind
from slipway.model.facts import Checkout, Deployment, Release, StepReport, TestReport

RELEASE = Release(project="shop", sha="a" * 40, version="1.4.0+42.gaaaaaaa")


def test_facts_survive_json() -> None:
    report = TestReport(
        release=RELEASE,
        seconds=1.5,
        steps=(StepReport(name="a", image="b", state="passed", seconds=1.0, exit_code=0),),
    )
    deployment = Deployment(
        release=RELEASE,
        environment="dev",
        server_group="g",
        launch_template="t",
        image_id="ami-1",
        instance_ids=("i-1", "i-2"),
    )
    for fact in (report, deployment):
        assert type(fact).from_json(json.loads(json.dumps(fact.to_json()))) == fact


def test_a_newer_writer_does_not_stop_an_older_reader() -> None:
    data = {**RELEASE.to_json(), "added_later": 1}
    assert Release.from_json(data) == RELEASE


def test_optional_facts_may_be_absent() -> None:
    data = Checkout(
        release=RELEASE,
        repository="u",
        ref="main",
        branch="main",
        message="m",
        author_name="a",
        author_email="e",
        committed_at=1,
    ).to_json()
    del data["parent"]
    assert Checkout.from_json(data).parent is None


def test_a_slug_fits_every_resource_name() -> None:
    assert RELEASE.slug == "1.4.0-42.gaaaaaaa"


def test_what_started_a_run_travels_with_the_checkout() -> None:
    checkout = Checkout(
        release=RELEASE,
        repository="u",
        ref="v1",
        branch="main",
        message="m",
        author_name="a",
        author_email="e",
        committed_at=1,
        event=Event.of_tag("v1", by="ada"),
        position=7,
    )
    found = Checkout.from_json(json.loads(json.dumps(checkout.to_json())))
    assert found == checkout
    assert found.event is not None
    assert found.event.kind is EventKind.TAG
    assert found.event.tag == "v1"
    assert type(checkout.to_json()["event"]["kind"]) is str


def test_a_checkout_from_before_there_were_events_is_read() -> None:
    data = Checkout(
        release=RELEASE,
        repository="u",
        ref="main",
        branch="main",
        message="m",
        author_name="a",
        author_email="e",
        committed_at=1,
    ).to_json()
    del data["event"], data["position"]
    found = Checkout.from_json(data)
    assert (found.event, found.position) == (None, None)
