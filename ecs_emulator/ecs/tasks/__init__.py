"""How a task fares: its life from PROVISIONING to STOPPED, its fate, its target groups."""
