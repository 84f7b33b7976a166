from __future__ import annotations

import json

from slipway.model.proof_settings import OnBroken, ProofSettings, Question

URL = "postgres://rehearsal:s3@postgres:5432/live_1?sslmode=disable"


def test_a_service_finds_the_scratch_database_under_its_usual_names() -> None:
    found = ProofSettings(environment={"PORT": "80", "PGUSER": "own"}).variables(URL)
    assert found["DATABASE_URL"] == URL
    assert (found["PGHOST"], found["PGDATABASE"], found["PGPASSWORD"]) == (
        "postgres",
        "live_1",
        "s3",
    )
    assert (found["PORT"], found["PGUSER"]) == ("80", "own")


def test_a_service_that_calls_it_otherwise_is_told_so() -> None:
    stand_ins = {
        "JDBC": "jdbc:postgresql://{host}:{port}/{name}?user={user}",
        "JSON": '{"a": {}}',
        "DATABASE_URL": "none",
        "KEY": "x" * 32,
    }
    found = ProofSettings(stand_ins=stand_ins).variables(URL)
    assert found["JDBC"] == "jdbc:postgresql://postgres:5432/live_1?user=rehearsal"
    assert (found["JSON"], found["DATABASE_URL"]) == ('{"a": {}}', "none")


def test_settings_survive_a_dag_file() -> None:
    settings = ProofSettings(
        mode=OnBroken.WARN, questions=(Question(method="GET", path="/a"),), command="x"
    )
    assert ProofSettings.from_json(json.loads(json.dumps(settings.to_json()))) == settings
