"""What is tried on the stack: pushes and swaps go well while its parts die, one after the other."""
