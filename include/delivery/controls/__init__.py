"""Who may do what, and the DAG in which people hold, stop and reject."""
