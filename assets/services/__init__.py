"""Storing and fetching assets: the index and the store change together.

The order of a put: the bytes are staged, counted and verified; then, with the name's lock held, the object appears and
its row is written. So there is no row without an object. An object whose row a crash prevented is taken up by the
next put of the same bytes.
"""

from assets.services.checking import check_store
from assets.services.counting import count
from assets.services.fetching import UnknownAsset, find, find_version, read
from assets.services.having import have
from assets.services.lists import Page, every, page
from assets.services.provenance import NoProvenance, state, stated
from assets.services.putting import OCTETS, TEXT, About, Conflict, Put, copy, put, register
from assets.services.removing import Tagged, delete
from assets.services.tags import UnknownTag, find_tag, move_tag
from assets.services.uploading import (
    Closed,
    PartsMissing,
    UnknownUpload,
    abort,
    begin,
    find_upload,
    missing,
    part_bytes,
    part_url,
    take_part,
)
from assets.services.verifying import Failed, complete, raise_failed

__all__ = [
    "OCTETS",
    "TEXT",
    "About",
    "Closed",
    "Conflict",
    "Failed",
    "NoProvenance",
    "Page",
    "PartsMissing",
    "Put",
    "Tagged",
    "UnknownAsset",
    "UnknownTag",
    "UnknownUpload",
    "abort",
    "begin",
    "check_store",
    "complete",
    "copy",
    "count",
    "delete",
    "every",
    "find",
    "find_tag",
    "find_upload",
    "find_version",
    "have",
    "missing",
    "move_tag",
    "page",
    "part_bytes",
    "part_url",
    "put",
    "raise_failed",
    "read",
    "register",
    "state",
    "stated",
    "take_part",
]
