"""What ``fab`` does at a shell, with a working copy or with a running Airflow."""
