"""A running Airflow, asked over its REST API with a person's own token, from anywhere."""
