"""Whether the store can be used."""

from assets import stores


def check_store() -> None:
    """Pass when the store can be read and written now; raises StoreAway, StoreFull, BadLocation."""
    stores.current().check()
