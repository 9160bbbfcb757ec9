"""What became of a deployment, and whether a drill has shown what it is to show."""
