"""Says what runs where, for the board and the shell: as those who change it know it."""
