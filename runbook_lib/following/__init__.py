"""Following deployments: one by asking or by being told, many at once; what comes next, when."""
