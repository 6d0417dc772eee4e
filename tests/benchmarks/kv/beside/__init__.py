"""The project as it is, with plain views beside its own: what they cost is what DRF and the store do not."""
