"""The plans of the labs, beyond the walk."""
