"""What runs where, as the board, the shell and the pages say it: nouns, JSON in and JSON out."""
