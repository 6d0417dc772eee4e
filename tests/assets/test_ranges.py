import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets import ranges

DATA = b"0123456789"


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-0", b"0"),
        ("bytes=2-4", b"234"),
        ("bytes=7-", b"789"),
        ("bytes=7-100", b"789"),
        ("bytes=-3", b"789"),
        ("bytes=-100", DATA),
        ("bytes = 1 - 2", b"12"),
    ],
)
def test_gives_the_bytes_of_one_range(header: str, part: bytes) -> None:
    found = ranges.read(header, len(DATA))
    assert found is not None
    assert (DATA[slice(*found)], found[1] - found[0]) == (part, len(part))


@pytest.mark.parametrize("header", ["", "bytes=-", "bytes=4-2", "bytes=0-1,3-4", "lines=1-2", "bytes=a-b", "bytes=--1"])
def test_gives_everything_for_what_is_no_single_range(header: str) -> None:
    assert ranges.read(header, len(DATA)) is None


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=10-", 10), ("bytes=10-12", 10), ("bytes=0-", 0), ("bytes=-0", 10)]
)
def test_refuses_a_range_outside_of_the_bytes(header: str, size: int) -> None:
    with pytest.raises(ranges.Unsatisfiable, match=f"the range lies outside the {size} bytes there are"):
        ranges.read(header, size)


NUMBER = st.none() | st.integers(0, 25)


@given(NUMBER, NUMBER, st.integers(0, 20))
def test_never_leaves_the_bytes(first: int | None, last: int | None, size: int) -> None:
    header = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    try:
        found = ranges.read(header, size)
    except ranges.Unsatisfiable:
        return
    assert found is None or 0 <= found[0] < found[1] <= size
