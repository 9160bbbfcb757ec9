"""An Amazon ECS whose deployment circuit breaker really trips, behind the ordinary AWS endpoint."""
