"""One thread a process between the plans, the carrier and the watchers; none until the first plan or watcher."""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable
from weakref import WeakSet

from powerplant.live import carriers
from powerplant.live.carriers import Carrier
from powerplant.live.exchanges import Exchange, encode, event_of, exchange_of
from powerplant.live.watcher import Watcher

PACE_S = 0.1  # between two looks at the carrier
RETRY_S = 1.0  # after a fault of the carrier
OPEN_TIMEOUT_S = 10.0
TELL_S = 60.0  # between two lines about lost plans
MAX_PLANS = 256  # waiting for the thread
MAX_BYTES = 4 * 2**20  # of their bodies
logger = logging.getLogger(__name__)


class Away(Exception):
    """The carrier cannot be reached, so nothing would reach a watcher."""


class Hub:
    """Plans go in by `publish`, come back from the carrier with those of other processes, and go to the watchers."""

    def __init__(self, make_carrier: Callable[[], Carrier] = carriers.current) -> None:
        """`make_carrier` is called in the thread."""
        self._make_carrier = make_carrier
        self.reset()

    def reset(self) -> None:
        """Begin anew, in a process that was forked: neither thread nor watchers came with it."""
        self._changed = threading.Condition(threading.Lock())  # held for a few instructions only
        self._plans: list[Exchange] = []
        self._bytes = 0
        self._lost = 0
        self._told_at = float("-inf")
        self._watchers: WeakSet[Watcher] = WeakSet()  # one whose answer was never sent goes by itself
        self._carrier: Carrier | None = None
        self._thread: threading.Thread | None = None
        self._failing = False

    def publish(self, request: object, answer: object, size_bytes: int) -> None:
        """Queue for those who watch, or drop: it never waits and never raises."""
        try:
            exchange = exchange_of(request, answer, size_bytes)
            with self._changed:
                if len(self._plans) >= MAX_PLANS or self._bytes + exchange.held_bytes > MAX_BYTES:
                    self._lost += 1
                    return
                self._wake()
                self._plans.append(exchange)
                self._bytes += exchange.held_bytes
        except Exception:  # noqa: BLE001 - whatever it is, the plan was made and must be answered
            self._lost += 1

    def watch(self) -> Watcher:
        """A watcher that every plan of any process reaches that is asked for after this; raises Away."""
        watcher = Watcher()
        with self._changed:
            self._watchers.add(watcher)
            self._wake()
        if not watcher.opened(OPEN_TIMEOUT_S):
            self.leave(watcher)
            raise Away("plans cannot be watched now: what carries them between the workers is away")
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Forget it."""
        with self._changed:
            self._watchers.discard(watcher)

    def _wake(self) -> None:
        """Start the thread, or wake it where it waits for the first plan or watcher."""
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="live-plans", daemon=True)
            thread.start()
            self._thread = thread
        self._changed.notify()

    def _run(self) -> None:
        """Rest while there is nothing to do; else a round now and then."""
        while True:
            with self._changed:
                while not (self._plans or self._watchers or (self._carrier and self._carrier.watching)):
                    self._changed.wait()
            time.sleep(PACE_S if self._round() else RETRY_S)

    def _round(self) -> bool:
        """Carry what was published, deliver what came; False where the carrier failed, which is told once."""
        with self._changed:
            plans, self._plans, self._bytes = self._plans, [], 0
            watchers = list(self._watchers)
        try:
            self._carry(plans, watchers)
        except Exception as fault:  # noqa: BLE001 - databases and Redis fail in many ways, and none may end the thread
            self._fail(fault, len(plans), watchers)
        else:
            if self._failing:
                logger.info("live plans are carried again")
            self._failing = False
        self._tell()
        return not self._failing

    def _carry(self, plans: list[Exchange], watchers: list[Watcher]) -> None:
        """Write the plans if anybody watches anywhere; give the watchers what was written."""
        if self._carrier is None:
            self._carrier = self._make_carrier()
        if watchers:
            self._carrier.watch()
            for watcher in watchers:
                watcher.open()
        else:
            self._carrier.unwatch()
        if plans and (watchers or self._carrier.watched()):
            self._carrier.write(self._texts(plans))
        for text in self._carrier.read() if watchers else ():
            event = event_of(text)
            for watcher in watchers:
                if not watcher.offer(event):
                    self.leave(watcher)

    def _texts(self, plans: list[Exchange]) -> list[bytes]:
        """Their JSON. One that cannot be written so is lost, and not the others with it."""
        texts = []
        for plan in plans:
            try:
                texts.append(encode(plan))
            except (TypeError, ValueError, RecursionError):
                self._lost += 1
        return texts

    def _fail(self, fault: Exception, plans: int, watchers: list[Watcher]) -> None:
        """Let go of the carrier's connection. Those who just came are refused, the others wait for it to return."""
        if not self._failing:
            logger.error("live plans are not carried", extra={"fault": repr(fault)})
        self._failing = True
        self._lost += plans
        if self._carrier is not None:
            with contextlib.suppress(Exception):
                self._carrier.close()
        for watcher in watchers:
            if not watcher.opened(0):
                watcher.end()

    def _tell(self) -> None:
        """How many plans no watcher will see, at most once a minute."""
        now = time.monotonic()
        if self._lost and now - self._told_at >= TELL_S:
            logger.warning("plans were not shown to watchers", extra={"plans": self._lost})
            self._lost, self._told_at = 0, now


HUB = Hub()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=HUB.reset)
