"""What the store refuses, each with what is there instead. A write that raises one of these has written nothing."""

from kvstore import keys
from kvstore.keys import Path


class Absent(LookupError):
    """There is no such key. `revision` is that of its last change, 0 where there was none."""

    def __init__(self, path: Path, revision: int) -> None:
        """What was looked for."""
        namespace, key = keys.split(path)
        super().__init__(f"there is no key {key} in the namespace {namespace}")
        self.revision = revision


class NoVersion(LookupError):
    """There is no such version of the key in its history, or none any more."""

    def __init__(self, path: Path, version: int, revision: int) -> None:
        """What was looked for; `revision` as in Absent."""
        namespace, key = keys.split(path)
        super().__init__(f"version {version} of the key {key} in the namespace {namespace} is not kept")
        self.revision = revision


class NoNamespace(LookupError):
    """Nothing was ever written to the namespace, or it was deleted."""

    def __init__(self, namespace: str, revision: int = 0) -> None:
        """What was looked for; `revision` is that of its end, 0 where there was none."""
        super().__init__(f"there is no namespace {namespace}")
        self.revision = revision


class VersionConflict(Exception):
    """The current version is not one that the write is for.

    `current` is 0 where the key is absent; `revision` as in Absent.
    """

    def __init__(self, wanted: str, current: int, revision: int) -> None:
        """What was asked for, in words, and what is there."""
        there = f"the current version is {current}" if current else "the key is absent, which is version 0"
        super().__init__(f"{there}, not {wanted}")
        self.current = current
        self.revision = revision


class QuotaExceeded(Exception):
    """The namespace would have more keys or bytes than its quota."""

    def __init__(self, namespace: str, what: str, wanted: int, limit: int) -> None:
        """How many of what."""
        super().__init__(f"the namespace {namespace} would have {wanted} {what}; its quota is {limit}")


class Forgotten(Exception):
    """Changes that were asked for are not kept any more. The list tells what is there now, at `revision` or later."""

    def __init__(self, namespace: str, since: int, forgotten: int, revision: int) -> None:
        """From where they were asked for, and up to where they are not kept; `revision` is the namespace's."""
        super().__init__(
            f"changes of the namespace {namespace} since revision {since} are not all kept: the log begins after "
            f"{forgotten}; read the list, and resume from its revision"
        )
        self.revision = revision


class AnswerTooLarge(Exception):
    """What is asked for at once has too many bytes."""

    def __init__(self, size_bytes: int, limit_bytes: int, *, kept: bool = False) -> None:
        """How many bytes of values, and how many are allowed; `kept`: of an answer that is to be kept."""
        what = f"the values asked for have {size_bytes} bytes; at most {limit_bytes} are given at once"
        of_answer = f"the answer has {size_bytes} bytes; with an Idempotency-Key at most {limit_bytes} are given"
        super().__init__(of_answer if kept else what)


class OtherRequest(Exception):
    """The Idempotency-Key was used for another request."""

    def __init__(self) -> None:
        """Nothing of the other one is told."""
        super().__init__("this Idempotency-Key was used for another body within the last 24 hours")


class Repeated(Exception):
    """A request with the same Idempotency-Key has been answered while this one was at work: nothing was written."""
