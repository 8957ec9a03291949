"""The REST edge: parses calls, asks the services, answers in REANA's shapes."""
