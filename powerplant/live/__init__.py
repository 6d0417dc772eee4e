"""Plans as they are computed, for everyone who watches, whichever process computed them.

A view calls `publish` for each plan. One thread a process (`hub`) hands what was published to a carrier (`carriers`)
while somebody watches in any process, and gives what it reads back from there to the watchers of its own (`watcher`),
each of which is one answer that lasts (`stream`). Where the carrier is away plans are not shown, and made all the same.
"""

from powerplant.live.exchanges import MAX_BYTES
from powerplant.live.hub import HUB

__all__ = ["MAX_BYTES", "publish"]


def publish(request: object, answer: object, size_bytes: int) -> None:
    """Show a plan to those who watch. Returns at once, whatever happens.

    request, answer  decoded JSON, which nobody changes any more
    size_bytes       of the request's body; above 1 MiB the event says only how large it was
    """
    HUB.publish(request, answer, size_bytes)
