"""The Airflow DAG that starts one run per new commit, for all projects."""

from include.delivery.commits_dag import commits_dag
from include.project.loader import load_projects

commits = commits_dag(lambda: load_projects().projects.values())
