"""What passes from the machines' network to the API."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from moto.ssm.models import ssm_backends

from include.localcloud.api.application import CloudApplication
from include.localcloud.compute.machine_gateway import for_machines
from include.localcloud.state import CloudState

GATEWAY = "10.213.0.2"
CALL = "AmazonSSM.GetParametersByPath"
SIGNED = (
    "AWS4-HMAC-SHA256 Credential=slipway/20260101/eu-west-1/ssm/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=abc"
)


def asking(body: Any = None, **changed: str) -> dict[str, Any]:
    """Return a machine's request for its parameters, with changes."""
    sent = body if isinstance(body, bytes) else json.dumps(body or {"Path": "/slipway/a"}).encode()
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SCRIPT_NAME": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": "application/x-amz-json-1.1",
        "CONTENT_LENGTH": str(len(sent)),
        "HTTP_HOST": GATEWAY,
        "HTTP_AUTHORIZATION": SIGNED,
        "HTTP_X_AMZ_TARGET": CALL,
        "wsgi.input": io.BytesIO(sent),
        "wsgi.url_scheme": "http",
        **changed,
    }


def fetching(path: str = "/slipway-apt/pool/a_1.0+b_amd64.deb", **changed: str) -> dict[str, Any]:
    """Return apt's request for a file, with changes."""
    environ = asking(REQUEST_METHOD="GET", PATH_INFO=path)
    del environ["HTTP_AUTHORIZATION"], environ["HTTP_X_AMZ_TARGET"]
    return environ | changed


def passed(environ: dict[str, Any]) -> dict[str, Any] | None:
    """Return the request that arrives behind the door, or nothing where it was refused."""
    seen: list[dict[str, Any]] = []
    told: list[str] = []

    def cloud(arrived: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        seen.append(arrived)
        start("200 OK", [])
        return [b""]

    list(for_machines(cloud, address=GATEWAY)(environ, lambda status, _: told.append(status)))
    assert told == (["200 OK"] if seen else ["403 Forbidden"])
    return seen[0] if seen else None


def test_a_machine_reads_its_parameters() -> None:
    arrived = passed(asking())
    assert arrived is not None
    assert (arrived["HTTP_HOST"], arrived["HTTP_X_AMZ_TARGET"]) == ("127.0.0.1", CALL)
    assert json.loads(arrived["wsgi.input"].read()) == {"Path": "/slipway/a"}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_apt_reads_its_repository(method: str) -> None:
    arrived = passed(fetching(REQUEST_METHOD=method, HTTP_RANGE="bytes=5-"))
    assert arrived is not None
    assert arrived["HTTP_RANGE"] == "bytes=5-"
    assert arrived["REQUEST_URI"] == "/slipway-apt/pool/a_1.0%2Bb_amd64.deb"


@pytest.mark.parametrize("host", ["rebound.example", "127.0.0.1", "10.213.0.2.evil.example", ""])
def test_a_page_whose_name_resolves_to_the_gateway_is_refused(host: str) -> None:
    assert passed(asking(HTTP_HOST=host)) is None
    assert passed(fetching(HTTP_HOST=host)) is None


@pytest.mark.parametrize("header", ["HTTP_ORIGIN", "HTTP_SEC_FETCH_SITE"])
def test_a_page_is_refused_by_the_gateways_own_name_too(header: str) -> None:
    assert passed(asking(**{header: "x"})) is None
    assert passed(fetching(**{header: "x"})) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"HTTP_AUTHORIZATION": ""},
        {"HTTP_AUTHORIZATION": "Basic ssm/aws4_request"},
        {"HTTP_AUTHORIZATION": SIGNED.replace("ssm", "batch")},
        {"HTTP_AUTHORIZATION": SIGNED.replace("slipway", "slipway/1/r/batch/aws4_request,")},
        {"HTTP_X_AMZ_TARGET": "AmazonSSM.PutParameter"},
        {"HTTP_X_AMZ_TARGET": f"{CALL},{CALL}"},
        {"HTTP_X_AMZ_TARGET": ""},
        {"QUERY_STRING": "Action=PutParameter"},
        {"PATH_INFO": "//"},
        {"REQUEST_METHOD": "GET"},
        {"REQUEST_METHOD": "PUT"},
        {"CONTENT_LENGTH": "99999999"},
    ],
)
def test_an_application_that_asks_for_anything_else_is_refused(changed: dict[str, str]) -> None:
    assert passed(asking(**changed)) is None


@pytest.mark.parametrize("body", [b"Action=PutParameter&Name=x", b"[1]", b"", b"[" * 60000])
def test_a_body_that_is_no_request_for_parameters_is_refused(body: bytes) -> None:
    assert passed(asking(body)) is None


@pytest.mark.parametrize(
    ("path", "changed"),
    [
        ("/other-bucket/x", {}),
        ("/slipway-apt", {}),
        ("/slipway-apt/", {}),
        ("/slipway-apt/../other/x", {}),
        ("/slipway-apt/./x", {}),
        ("/slipway-apt//x", {}),
        ("/", {}),
        ("/moto-api/reset", {}),
        ("/slipway-apt/x", {"QUERY_STRING": "policy"}),
        ("/slipway-apt/x", {"REQUEST_METHOD": "PUT"}),
        ("/slipway-apt/x", {"REQUEST_METHOD": "DELETE"}),
        ("/slipway-apt/x", {"REQUEST_METHOD": "POST"}),
        ("/slipway-apt-prod/x", {}),
    ],
)
def test_an_application_gets_at_no_more_of_the_buckets(path: str, changed: dict[str, str]) -> None:
    assert passed(fetching(path, **changed)) is None


def test_a_signature_does_not_make_a_download_another_services_request() -> None:
    arrived = passed(fetching(HTTP_AUTHORIZATION=SIGNED.replace("ssm", "ec2"), HTTP_ACTION="x"))
    assert arrived is not None
    assert {"HTTP_AUTHORIZATION", "HTTP_ACTION"}.isdisjoint(arrived)


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        ({"Path": "/a&Action=PutParameter&b="}, {}),
        ({"Path": "/a", "&Action=PutParameter&b": "="}, {}),
        ({"Path": "/a"}, {"HTTP_ACTION": "PutParameter"}),
        ({"Path": "/a"}, {"CONTENT_TYPE": "application/x-www-form-urlencoded"}),
        ({"Path": "/a", "Action": "PutParameter"}, {}),
    ],
)
def test_another_calls_name_hidden_in_a_request_for_parameters_is_not_heard(
    body: dict[str, str], changed: dict[str, str]
) -> None:
    """moto looks for it in the address, the body and the headers."""
    put = {"Name": "/smuggled", "Value": "v", "Type": "String", "Overwrite": True}
    cloud = CloudApplication(state=CloudState(region="eu-west-1"))
    told: list[str] = []
    door = for_machines(cloud, address=GATEWAY)
    answer = door(asking(put | body, **changed), lambda status, _: told.append(status))
    assert (told, json.loads(b"".join(answer))["Parameters"]) == (["200 OK"], [])
    assert ssm_backends["123456789012"]["eu-west-1"].get_parameters(["/smuggled"]) == {}
