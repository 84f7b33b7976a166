"""Shows broken project files at the top of Airflow's UI, where import errors of a dag stand.

An exception in projects.py would take every project's DAGs away; here it takes none.
"""

from airflow.sdk import get_parsing_context

from include.project.loader import load_projects

if get_parsing_context().dag_id is None:
    load_projects().raise_for_errors()
