"""Git LFS: pointers found, objects fetched."""
