"""What the process under test is told. The runner knows no Airflow: only the process does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from slipway.model.facts import Json

# What became of the process: anything else is a crash that nobody planned.
DONE, FAILED, TRY_AGAIN = 0, 10, 11
SECRET = "wJalrXUtnFEMI-never-in-a-log"


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What the process is to do.

    :param endpoint: URL of the cloud's API.
    :param target: :class:`slipway.model.target.DeployTarget` as JSON.
    :param steps: of :data:`tests.faults.worker.STEPS`, in this order.
    :param owner: of the lease.
    :param folder: where ``log`` and ``steps`` are written; the last step begun is the last line.
    """

    endpoint: str
    target: Json
    image_id: str
    version: str
    steps: tuple[str, ...]
    owner: str
    folder: Path
