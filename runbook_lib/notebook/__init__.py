"""What a notebook shows: widgets, the board, tables."""
