"""docker-compose.yaml beside the embedded cloud, on this machine (docs/stack.md)."""
