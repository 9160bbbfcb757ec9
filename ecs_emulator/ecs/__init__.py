"""The scheduler of Amazon ECS: what a service wants next, how tasks fare, which failures count."""
