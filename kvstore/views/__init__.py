"""The HTTP API: each view reads, makes one call to the store, and answers."""
