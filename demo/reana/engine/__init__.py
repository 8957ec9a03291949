"""Runs workflows: a supervisor in the service, a keeper process beside each running command."""
