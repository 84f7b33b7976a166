"""What of a fleet that others made passes on to its successor, and what is lost."""
