"""Faults injected for real: what a running service's clients see while its parts are killed."""
