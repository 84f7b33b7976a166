"""Containers for these tests."""

from tests.include.images.fixtures import containers, docker_client

__all__ = ["containers", "docker_client"]
