"""What a notebook shows: widgets, tables."""
