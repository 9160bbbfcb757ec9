"""Who may what: identity policies, resource policies, and the gate before every call."""
