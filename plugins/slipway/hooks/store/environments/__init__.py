"""What runs where, as it was seen last, and what came before: written by those who change it."""
