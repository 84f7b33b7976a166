"""Shows repositories that cannot be read at the top of Airflow's UI, where import errors of a dag
stand, until they can.

What is wrong was noted by the watcher, in the artifact store; nobody is asked here.
"""

from airflow.sdk import get_parsing_context

from slipway.tasks.watching.standing import raise_for_troubles

if get_parsing_context().dag_id is None:
    raise_for_troubles()
