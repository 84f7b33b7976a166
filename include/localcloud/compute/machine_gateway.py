"""What machines may ask of the API: their parameters, and the apt repository's files.

Every deployed application can send requests to the gateway, and so can a page that somebody looks
at on this host. moto reads a call's name and its parameters from wherever it finds some: address,
headers, body. So a request that may pass is not handed on but written anew.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from include.localcloud.api.browser_guard import Application, from_a_page
from include.localcloud.api.refusal import refuse
from include.localcloud.settings import APT_BUCKET

_CALL = "AmazonSSM.GetParametersByPath"
_JSON = "application/x-amz-json-1.1"
_SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=[\w.+-]+/[0-9]{8}/([a-z0-9-]+)/ssm/aws4_request, ?.*", re.ASCII
)
_MOST_BYTES = 65536
# Of the server's own: what a request is read with, and where the answer goes.
_KEPT = (
    "SERVER_NAME",
    "SERVER_PORT",
    "SERVER_PROTOCOL",
    "wsgi.version",
    "wsgi.url_scheme",
    "wsgi.errors",
    "wsgi.multithread",
    "wsgi.multiprocess",
    "wsgi.run_once",
    "wsgi.file_wrapper",
    "wsgi.input_terminated",
)
_OF_A_DOWNLOAD = ("HTTP_RANGE", "HTTP_IF_RANGE", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_NONE_MATCH")


def for_machines(application: Application, *, address: str) -> Application:
    """Return the application behind a door through which only machines' requests pass.

    :param application: WSGI application.
    :param address: the gateway's own, by which machines call it; a page's name may lead here too.
    """
    hosts = {address, f"{address}:80"}

    def door(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        passing = None
        if environ.get("HTTP_HOST") in hosts and not from_a_page(environ):
            passing = _parameters(environ) or _package(environ)
        if passing is not None:
            return application(passing, start_response)
        message = "machines get their parameters and the apt repository here, and nothing else"
        return refuse(start_response, message)

    return door


def _parameters(environ: dict[str, Any]) -> dict[str, Any] | None:
    """Return a signed GetParametersByPath, or nothing where it is none."""
    signed = _SIGNED.fullmatch(str(environ.get("HTTP_AUTHORIZATION", "")))
    asked = (environ["REQUEST_METHOD"], environ.get("PATH_INFO"), environ.get("HTTP_X_AMZ_TARGET"))
    if signed is None or asked != ("POST", "/", _CALL) or environ.get("QUERY_STRING"):
        return None
    body = _body(environ)
    if body is None:
        return None
    scope = f"Credential=machine/20000101/{signed[1]}/ssm/aws4_request"
    return _request(environ, "POST", "/", body) | {
        "CONTENT_TYPE": _JSON,
        "HTTP_X_AMZ_TARGET": _CALL,
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
    }


def _body(environ: dict[str, Any]) -> bytes | None:
    length = str(environ.get("CONTENT_LENGTH") or "0")
    if not length.isdecimal() or int(length) > _MOST_BYTES:
        return None
    try:
        asked = json.loads(environ["wsgi.input"].read(int(length)))
    except (ValueError, RecursionError):
        return None
    if not isinstance(asked, dict):
        return None
    # moto reads a body as a form as well, in which only an ampersand begins another field.
    return json.dumps(asked).replace("&", "\\u0026").encode()


def _package(environ: dict[str, Any]) -> dict[str, Any] | None:
    """Return an unsigned download from the apt repository, or nothing where it is none."""
    method, path = environ["REQUEST_METHOD"], str(environ.get("PATH_INFO", ""))
    upwards = {"", ".", ".."}.intersection(path.split("/")[1:])
    if method not in ("GET", "HEAD") or environ.get("QUERY_STRING") or upwards:
        return None
    if not path.startswith(f"/{APT_BUCKET}/"):
        return None
    kept = {name: environ[name] for name in _OF_A_DOWNLOAD if name in environ}
    return _request(environ, method, path, b"") | kept


def _request(environ: dict[str, Any], method: str, path: str, body: bytes) -> dict[str, Any]:
    # Host: moto takes a bucket's name from any other than loopback's.
    return {name: environ[name] for name in _KEPT if name in environ} | {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "REQUEST_URI": quote(path.encode("latin-1")),
        "QUERY_STRING": "",
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1",
        "wsgi.input": io.BytesIO(body),
    }
