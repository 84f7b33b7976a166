"""What a pipeline built and is to ship: named, found, taken."""
