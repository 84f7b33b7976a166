"""What the tasks of a run wait for; they change nothing."""
