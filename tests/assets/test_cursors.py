import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets import cursors

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT)
def test_leads_back_to_the_name_it_was_made_of(name: str) -> None:
    cursor = cursors.after(name)
    assert re.fullmatch(r"[A-Za-z0-9_-]*", cursor)
    assert cursors.read(cursor) == name


@given(st.from_regex(cursors.PATTERN, fullmatch=True))
def test_whatever_looks_like_a_cursor_is_a_place(cursor: str) -> None:
    cursors.read(cursor.strip("\n"))


@pytest.mark.parametrize("cursor", ["a", "abcde", "ab=", "ab\n", "a/bc", "ä"])
def test_refuses_what_was_never_given_as_one(cursor: str) -> None:
    with pytest.raises(cursors.BadCursor, match=f"the cursor of {len(cursor)} characters is not one that `next` gave"):
        cursors.read(cursor)
