"""The Airflow DAG that starts one run per new commit, for all projects."""

from include.delivery.commits_dag import commits_dag

commits = commits_dag()
