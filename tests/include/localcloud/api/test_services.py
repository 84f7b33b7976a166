"""Which of moto's services the cloud is, whoever asks and however."""

from __future__ import annotations

import io
from typing import Any

import pytest

from include.localcloud.api.application import CloudApplication
from include.localcloud.state import CloudState


def ask(
    service: str, path: str = "/", body: str = "", method: str = "POST", **headers: str
) -> tuple[str, bytes]:
    """Ask the whole cloud; an empty service leaves the request unsigned."""
    signed = {
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential=k/20260101/eu-west-1/{service}"
        "/aws4_request, SignedHeaders=host, Signature=0"
    }
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SCRIPT_NAME": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": "127.0.0.1",
        "wsgi.input": io.BytesIO(body.encode()),
        "wsgi.url_scheme": "http",
        **(signed if service else {}),
        **headers,
    }
    seen: list[str] = []
    application = CloudApplication(state=CloudState(region="eu-west-1"))
    answer = application(environ, lambda status, _headers: seen.append(status))
    return seen[0], b"".join(answer)


@pytest.mark.parametrize(
    ("service", "path"),
    [
        ("batch", "/v1/createcomputeenvironment"),
        ("lambda", "/2015-03-31/functions"),
        ("apigateway", "/restapis"),
        ("execute-api", "/@connections/x"),
        ("sns", "/"),
        ("firehose", "/"),
        ("events", "/"),
        ("eventbridge", "/"),
        ("ecs", "/"),
        ("codebuild", "/"),
        ("cloudformation", "/"),
        ("rds", "/"),
        ("BATCH", "/v1/submitjob"),
        ("moto_api", "/"),
        ("nowhere", "/"),
    ],
)
def test_a_service_that_would_run_something_on_the_host_is_refused(service: str, path: str) -> None:
    status, told = ask(service, path)
    assert status == "403 Forbidden"
    assert b"ec2" in told


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/moto-api/reset", ""),
        ("/moto-api/", ""),
        ("/latest/meta-data/iam", ""),
        ("/batch_eu-west-1/v1/submitjob", ""),
        ("/lambda_eu-west-1/2015-03-31/functions", ""),
        ("/eu-west-1_pool/.well-known/jwks.json", ""),
        ("/", "Version=2009-04-15&Action=Select"),
    ],
)
def test_an_unsigned_request_that_names_a_service_otherwise_is_refused(
    path: str, body: str
) -> None:
    assert ask("", path, body)[0] == "403 Forbidden"


@pytest.mark.parametrize("service", ["s3", "ec2"])
def test_a_signature_for_a_served_service_does_not_open_another(service: str) -> None:
    assert ask(service, "/moto-api/data.json", method="GET")[0] == "403 Forbidden"


@pytest.mark.parametrize(
    ("service", "call"),
    [
        ("ec2", "Action=DescribeRegions&Version=2016-11-15"),
        ("autoscaling", "Action=DescribeAutoScalingGroups&Version=2011-01-01"),
        ("elasticloadbalancing", "Action=DescribeLoadBalancers&Version=2012-06-01"),
        ("elasticloadbalancing", "Action=DescribeLoadBalancers&Version=2015-12-01"),
        ("iam", "Action=ListRoles&Version=2010-05-08"),
        ("sts", "Action=GetCallerIdentity&Version=2011-06-15"),
        ("monitoring", "Action=DescribeAlarms&Version=2010-08-01"),
    ],
)
def test_what_slipway_calls_is_answered(service: str, call: str) -> None:
    assert ask(service, body=call)[0].startswith("200")
