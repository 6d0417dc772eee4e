"""Versioned key/value records with expiry, over HTTP: a reusable Django app."""
