"""A channel of Redis, for workers on several hosts. Redis itself knows who listens, and keeps nothing."""

import socket
from collections.abc import Sequence
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

TIMEOUT_S = 2
# A subscriber says nothing, so the kernel asks whether the other side is still there. (Not every system has all three.)
KEEPALIVE_S = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}


class Channel:
    """Publish and subscribe. What is published while the connection is lost is lost with it."""

    def __init__(self, url: str) -> None:
        """Connect when first used. Channels are the same in all databases of a Redis, hence the number in the name."""
        self._redis = redis.Redis.from_url(
            url,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            socket_keepalive=True,
            socket_keepalive_options={
                getattr(socket, name): value for name, value in KEEPALIVE_S.items() if hasattr(socket, name)
            },
            retry=Retry(NoBackoff(), 1),
        )
        self._name = f"powerplant:live:{self._redis.get_connection_kwargs().get('db', 0)}"
        self._subscription: Any = None

    @property
    def watching(self) -> bool:
        """Between `watch` and `unwatch`."""
        return self._subscription is not None

    def watched(self) -> bool:
        """Whether anybody listens."""
        return any(count for _, count in self._redis.pubsub_numsub(self._name))

    def write(self, texts: Sequence[bytes]) -> None:
        """Publish them."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for text in texts:
                pipeline.publish(self._name, text)
            pipeline.execute()

    def watch(self) -> None:
        """Listen, once Redis has said so."""
        if self._subscription is None:
            self._subscription = self._redis.pubsub()  # type: ignore[no-untyped-call]
            self._subscription.subscribe(self._name)
            if self._subscription.get_message(timeout=TIMEOUT_S) is None:
                raise redis.TimeoutError("Redis did not confirm the subscription")

    def read(self) -> list[bytes]:
        """What was published since."""
        texts = []
        while self._subscription.connection.can_read(timeout=0):
            message = self._subscription.get_message(timeout=TIMEOUT_S)  # for the rest of a long one
            if message is not None and message["type"] == "message":
                texts.append(message["data"])
        return texts

    def unwatch(self) -> None:
        """Listen no more."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            subscription.close()

    def close(self) -> None:
        """Let go of the connections."""
        self.unwatch()
        self._redis.close()
