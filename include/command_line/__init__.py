"""What people do from a shell."""
