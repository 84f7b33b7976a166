"""``healthy.py NAME``: ends with 0 if that part of Airflow works in this container.

It runs in the image every few seconds, so it loads none of Airflow, which takes seconds.
"""

from __future__ import annotations

import json
import socket
import sys
import urllib.request
from pathlib import Path

SECRETS = Path("/run/secrets")
# Part -> the kind of job that beats in Airflow's database as long as it works.
JOBS = {
    "scheduler": "SchedulerJob",
    "dag-processor": "DagProcessorJob",
    "triggerer": "TriggererJob",
}
# Seconds without a beat; they come every five.
SILENT = 30
_BEATS = """
SELECT count(*) FROM job WHERE job_type = %s AND hostname = %s AND state = 'running'
AND latest_heartbeat > now() - make_interval(secs => %s)
"""


def main(part: str) -> bool:
    """Say whether a part works.

    :param part: ``api-server``, ``worker``, or one of :data:`JOBS`.
    """
    if part == "api-server":
        return answers()
    return takes_orders() if part == "worker" else beats(JOBS[part])


def answers() -> bool:
    """Say whether the API server answers, and its database with it."""
    url = "http://localhost:8080/api/v2/monitor/health"
    with urllib.request.urlopen(url, timeout=8) as answer:
        return bool(json.load(answer)["metadatabase"]["status"] == "healthy")


def beats(job: str) -> bool:
    """Say whether this container's job has told of itself lately.

    :param job: its kind, as Airflow calls it.
    """
    import psycopg2

    url = (SECRETS / "sql_alchemy_conn").read_text().strip().replace("+psycopg2", "", 1)
    connection = psycopg2.connect(url, connect_timeout=5)
    try:
        with connection.cursor() as cursor:
            cursor.execute(_BEATS, (job, socket.gethostname(), SILENT))
            return bool(cursor.fetchone()[0])
    finally:
        connection.close()


def takes_orders() -> bool:
    """Say whether this container's worker answers over the broker."""
    from celery import Celery

    with Celery(broker=(SECRETS / "broker_url").read_text().strip()) as app:
        me = f"celery@{socket.gethostname()}"
        return bool(app.control.inspect(destination=[me], timeout=5).ping())


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1]) else 1)
