"""What the end of a write tells the cache."""

import pytest
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError

from kvstore.cache.base import CacheAway
from kvstore.cache.none import Nothing
from kvstore.keys import Path


class Recorder(Nothing):
    """What was told of writes."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def begin(self, paths: object) -> None:
        self.told.append(paths)

    def end(self, write: object, *, known: bool) -> None:
        self.told.append(known)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def test_a_write_that_went_well_is_known(recorder: Recorder) -> None:
    with recorder.changing([Path("default/a")]):
        recorder.told.append("committed")
    assert recorder.told == [["default/a"], "committed", True]


@pytest.mark.parametrize("fault", [LookupError, ValueError, CacheAway])
def test_a_write_that_was_given_up_is_known(recorder: Recorder, fault: type[Exception]) -> None:
    with pytest.raises(fault), recorder.changing(None):
        raise fault
    assert recorder.told == [None, True]


@pytest.mark.parametrize(
    "fault",
    [DatabaseError, OperationalError, InterfaceError, IntegrityError, KeyboardInterrupt, SystemExit, GeneratorExit],
)
def test_a_write_that_ended_with_the_database_or_the_thread_is_not_known(
    recorder: Recorder, fault: type[BaseException]
) -> None:
    with pytest.raises(fault), recorder.changing(None):
        raise fault
    assert recorder.told == [None, False]


def test_a_write_that_could_not_begin_does_not_end(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_paths: object) -> None:
        raise CacheAway("not now")

    monkeypatch.setattr(recorder, "begin", refuse)
    with pytest.raises(CacheAway, match=r"^not now$"), recorder.changing(None):
        raise AssertionError("it began")
    assert recorder.told == []
    monkeypatch.undo()
    with recorder.changing(None):
        pass
    assert recorder.told == [None, True]
