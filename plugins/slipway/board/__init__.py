"""The pages on which people see what runs where, and put a release there, or back."""
