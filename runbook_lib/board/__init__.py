"""The board that follows a deployment, and its pace."""
