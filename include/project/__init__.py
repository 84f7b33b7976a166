"""The project file as people write it: read, checked, explained. No Airflow."""
