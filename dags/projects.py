"""One Airflow DAG per project, and one per environment of each, from include/projects/*.yaml.

A task needs only its own DAG, so a worker builds only that one. Broken project files are shown
by broken_projects.py.
"""

from airflow.sdk import get_parsing_context

from include.delivery.commit_dag import build, dag_ids
from include.project.loader import load_projects

wanted = get_parsing_context().dag_id
for project in load_projects().projects.values():
    for dag_id in dag_ids(project):
        if wanted in (None, dag_id):
            globals()[dag_id] = build(project, dag_id)
