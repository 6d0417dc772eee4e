"""A cache of one process (memory://), for scripts and functions that are the only ones to write meanwhile.

It is the shared one with stamps that nobody shares: two of them are what any cache per process is, wrong.
"""

from kvstore.cache.shared import Shared
from kvstore.cache.stamps import Stamps


class Local(Shared):
    """Coherent among the threads of this process."""

    def __init__(self, max_bytes: int, linger_s: float) -> None:
        """Empty."""
        super().__init__(lambda: Stamps(None, linger_s), max_bytes)
