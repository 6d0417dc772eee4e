"""The same as over HTTP, within Django."""
