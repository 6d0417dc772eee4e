"""Build artifacts by name, in a directory or in S3, with an index of what is there."""
