"""The images that hold tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.images.build import bring_up_to_date
from tests.include.images.containers import Containers

if TYPE_CHECKING:
    import docker

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("packer version", "Packer v1.6"),
        ("ansible-playbook --version", "core 2.14"),
        ("aptly version", "aptly version: 1.5"),
        ("goose --version", "goose version: v3.26.0"),
        ("nfpm --version", "2.48.0"),
        ("lintian --version", "Lintian v2.116"),
        ("gpg --version", "gpg (GnuPG) 2.2"),
        ("git --version", "git version"),
        ("ssh -V", "OpenSSH_9"),
        ("psql --version", "psql (PostgreSQL) 15"),
    ],
)
def test_the_toolbox_has_each_tool(containers: Containers, command: str, said: str) -> None:
    code, output = containers.run("slipway/toolbox:1", *command.split())
    assert (code, said in output) == (0, True), output


def test_goose_speaks_to_postgres_alone(containers: Containers) -> None:
    code, output = containers.run("slipway/toolbox:1", "goose", "sqlite3", "./x.db", "status")
    assert (code, "unknown driver" in output) == (1, True), output


def test_the_python_image_has_what_a_test_needs(containers: Containers) -> None:
    check = "import psycopg2, pytest, sys; assert sys.version_info[:2] == (3, 11)"
    assert containers.run("slipway/python:3.11", "python", "-c", check)[0] == 0


@pytest.mark.parametrize(
    ("image", "command", "said"),
    [
        ("slipway/go:1.23", "go version", "go version go1.23"),
        ("slipway/go:1.23", "go env GOTOOLCHAIN CGO_ENABLED GOPATH", "local\n0\n/go"),
        ("slipway/node:18", "node --version", "v18."),
        ("slipway/node:18", "npm --version", "9."),
        ("slipway/node:18", "node -p process.env.NODE_EXTRA_CA_CERTS", "/etc/ssl/certs/"),
    ],
)
def test_pipelines_in_other_languages_have_an_image(
    docker_client: docker.DockerClient, containers: Containers, image: str, command: str, said: str
) -> None:
    bring_up_to_date(docker_client, [image])
    code, output = containers.run(image, *command.split())
    assert (code, said in output) == (0, True), output


def test_haproxy_takes_the_configuration_it_is_given(containers: Containers) -> None:
    files = {"etc/haproxy/haproxy.cfg": b"defaults\n  mode http\nfrontend f\n  bind :80\n"}
    code, output = containers.run(
        "slipway/haproxy:2", "haproxy", "-c", "-f", "/etc/haproxy/haproxy.cfg", files=files
    )
    assert code == 0, output


@pytest.mark.parametrize("image", ["slipway/debian:12", "slipway/toolbox:1"])
def test_the_bundle_of_authorities_is_there(containers: Containers, image: str) -> None:
    count = 'grep -c BEGIN "$SSL_CERT_FILE"; test -r "$REQUESTS_CA_BUNDLE"'
    code, output = containers.run(image, "sh", "-ec", count)
    assert code == 0
    assert int(output) > 50
