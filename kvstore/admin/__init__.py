"""Namespaces, records, their log and kept answers in the admin, in its users' permissions.

Everything is written through the store, so that caches, log, counts and quotas are right, and over the version that was
looked at, so that nobody's change is lost.
"""

from kvstore.admin import log, namespaces, records

__all__ = ["log", "namespaces", "records"]
