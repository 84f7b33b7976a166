"""The Airflow DAG that looks at what projects need around them (`fab check`)."""

from include.delivery.doctor.check_dag import check_dag

check_projects = check_dag()
