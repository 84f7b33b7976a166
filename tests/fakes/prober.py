"""Asks no machine: each answers as a test has it, and nobody does by default."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from slipway.model.cloud.answer import TIMEOUT, Answer
from slipway.model.cloud.health_check import ANY_SUCCESS, Scheme


def _silence(addresses: list[str], **_: object) -> list[Answer]:
    return [_silent(address) for address in addresses]


def _silent(address: str, **_: object) -> Answer:
    return Answer(address=address, healthy=False, said="ConnectTimeout")


@dataclass
class FakeProber:
    """Stands in for :mod:`slipway.hooks.http_probe`.

    :param machines: what machines answer, by their addresses and the question.
    :param page: what a page answers, by its URL and the status that is wanted.
    """

    machines: Callable[..., list[Answer]] = _silence
    page: Callable[..., Answer] = _silent

    def probe(
        self,
        addresses: list[str],
        *,
        port: int,
        path: str,
        scheme: Scheme = Scheme.HTTP,
        status: str = ANY_SUCCESS,
        timeout: float = TIMEOUT,
    ) -> list[Answer]:
        return self.machines(
            addresses, port=port, path=path, scheme=scheme, status=status, timeout=timeout
        )

    def probe_url(self, url: str, *, status: int) -> Answer:
        return self.page(url, status=status)
