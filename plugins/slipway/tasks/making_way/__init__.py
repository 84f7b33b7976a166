"""Where a run makes way: for a failure of its own, and for a newer commit."""
