def check_store() -> None:
    """Placeholder."""
