"""What runs where, said in a shell: for people, and as JSON for programs."""
