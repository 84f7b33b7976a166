from __future__ import annotations

import pytest

from slipway.exceptions import EnvironmentMisconfigured
from slipway.hooks.tools.tool_secrets import aws_credentials, postgres_password


def test_an_accounts_keys_go_into_a_file_and_its_settings_stay() -> None:
    given = aws_credentials(
        {
            "AWS_ACCESS_KEY_ID": "AKIA",
            "AWS_SECRET_ACCESS_KEY": "s3cret",
            "AWS_SESSION_TOKEN": "t0k",
            "AWS_REGION": "eu-west-1",
        }
    )
    assert given.environment == {
        "AWS_REGION": "eu-west-1",
        "AWS_SHARED_CREDENTIALS_FILE": "/run/secrets/aws-credentials",
    }
    assert given.files["aws-credentials"] == (
        "[default]\naws_access_key_id = AKIA\naws_secret_access_key = s3cret\n"
        "aws_session_token = t0k\n"
    )
    assert "s3cret" not in repr(given)


@pytest.mark.parametrize(
    ("url", "plain", "line"),
    [
        (
            "postgres://u:p%3Aw%5C@db:5432/x?sslmode=require",
            "postgres://u@db:5432/x?sslmode=require",
            "*:*:*:*:p\\:w\\\\\n",
        ),
        ("postgres://u%40x:p%40%2F@[::1]:5432/x", "postgres://u%40x@[::1]:5432/x", "*:*:*:*:p@/\n"),
        ("postgres://u: x@db/x", "postgres://u@db/x", "*:*:*:*: x\n"),
    ],
)
def test_a_password_leaves_the_url(url: str, plain: str, line: str) -> None:
    found, given = postgres_password(url)
    assert found == plain
    assert given.environment == {"PGPASSFILE": "/run/secrets/pgpass"}
    assert given.files == {"pgpass": line}


def test_a_url_without_a_password_is_left_as_it_is() -> None:
    found, given = postgres_password("postgres://u@db:5432/x")
    assert (found, given.files) == ("postgres://u@db:5432/x", {})


@pytest.mark.parametrize("password", ["a%20", "a%0Ab", "a%0D", "a%00b", "a%C2%A0"])
def test_a_password_that_the_file_cannot_hold_is_told_and_not_shown(password: str) -> None:
    with pytest.raises(EnvironmentMisconfigured, match="ends with a blank") as caught:
        postgres_password(f"postgres://u:{password}@db/x")
    assert password not in str(caught.value)


@pytest.mark.parametrize("login", ["u:p@", "u@"])
def test_libpq_trusts_whom_goose_trusts_where_certificates_are_verified(login: str) -> None:
    """Without it libpq looks for a file of authorities that no container has."""
    authorities = "/etc/ssl/certs/ca-certificates.crt"
    _, given = postgres_password(f"postgres://{login}db/x?sslmode=verify-full")
    assert given.environment["PGSSLROOTCERT"] == authorities
    _, given = postgres_password(f"postgres://{login}db/x?sslmode=require")
    assert "PGSSLROOTCERT" not in given.environment
