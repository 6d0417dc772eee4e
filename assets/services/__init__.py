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
from assets.services.putting import OCTETS, TEXT, About, Conflict, Put, copy, put, register
from assets.services.removing import Tagged, delete
from assets.services.tags import UnknownTag, find_tag, move_tag

__all__ = [
    "OCTETS",
    "TEXT",
    "About",
    "Conflict",
    "Page",
    "Put",
    "Tagged",
    "UnknownAsset",
    "UnknownTag",
    "check_store",
    "copy",
    "count",
    "delete",
    "every",
    "find",
    "find_tag",
    "find_version",
    "have",
    "move_tag",
    "page",
    "put",
    "read",
    "register",
]
