"""The commands of `runbook`."""
