"""What is tested before it is delivered: found, and let in."""
