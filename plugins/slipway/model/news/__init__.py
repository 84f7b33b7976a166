"""News for people: what there is to tell of a project, and whom it is told."""
