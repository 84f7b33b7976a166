"""``fab new``: a project file, and what a repository still needs to be delivered."""
