"""A server, over HTTP with the standard library alone, since `builder` must start at once."""
