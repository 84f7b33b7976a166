"""The note that Airflow's lists show beside a run, in its database.

For the API server's process alone.
"""

from __future__ import annotations


def write_note(dag_id: str, run_id: str, note: str) -> bool:
    """Note something of a run, in place of what Slipway noted before.

    What a person wrote there stays.

    :param dag_id: of the run.
    :param run_id: of the run.
    :param note: in Markdown, of a thousand characters at most.
    :returns: False where there is no such run.
    """
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    wanted = select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)
    with create_session() as session:
        run = session.scalar(wanted)
        if run is None:
            return False
        known = run.dag_run_note
        if known is None:
            run.note = note
        elif not known.user_id:
            known.content = note
    return True
