"""The schema of a release: rehearsed, brought to a database, and what is left of it later."""
