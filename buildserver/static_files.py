"""Static files under names that change with their content, compressed."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class Collected(CompressedManifestStaticFilesStorage):
    """A page without a style is better than none: what was not collected keeps its plain name."""

    manifest_strict = False

    def stored_name(self, name: str) -> str:
        """The name with the hash, or without it."""
        try:
            return str(super().stored_name(name))
        except ValueError:
            return name
