"""Build artifacts from any Python process: `from buildserver.builder import get_asset`, with nothing to set up before.

Where they are is said by ASSETS_URL, DATABASE_URL and the other variables, as for the server; BUILDSERVER_MOCK_S3=1
puts a mock of S3 with sample builds in their place.
"""

import io

from buildserver import standalone

S3_ASSET_BUCKET = "energyhub-assets"


class UnknownBuild(KeyError):
    """There is no asset of this build."""

    def __str__(self) -> str:
        """The sentence, which KeyError would put in quotes."""
        return str(self.args[0])


def list_assets() -> list[tuple[str, str | None]]:
    """Every build by name, in byte order, with its image: the text of UTF-8 assets up to 4 KiB, None for others."""
    ready()
    from assets import services  # noqa: PLC0415 - Django must be ready

    return [(asset.name, asset.image) for asset in services.every()]


def get_asset(build: str) -> str:
    """The text of a build's asset; raises UnknownBuild, and UnicodeDecodeError where it is no UTF-8 text."""
    return get_asset_bytes(build).decode()


def get_asset_bytes(build: str) -> bytes:
    """The bytes of a build's asset; raises UnknownBuild, assets.names.BadName, assets.stores.base.StoreAway."""
    ready()
    from assets import services  # noqa: PLC0415 - Django must be ready

    try:
        _, pieces = services.read(services.find(build))
    except services.UnknownAsset as fault:
        raise UnknownBuild(str(fault)) from None
    return b"".join(pieces)


def put_asset(build: str, image: str | bytes, *, replace: bool = False) -> str:
    """Store the text or the bytes as the build's asset, durably; returns their SHA-256 in hex.

    replace    whether other bytes that are there give way; otherwise they are an assets.services.Conflict
    raises     also assets.names.BadName, assets.stores.base.Tangled, StoreFull, StoreAway
    """
    ready()
    from assets import services  # noqa: PLC0415 - Django must be ready

    data, kind = (image.encode(), services.TEXT) if isinstance(image, str) else (image, services.OCTETS)
    about = services.About(content_type=kind)
    return services.put(build, io.BytesIO(data), size_bytes=len(data), replace=replace, about=about).asset.sha256


def ready() -> None:
    """Make Django ready if this process did not: with nothing but the assets, since the other apps take longer."""
    standalone.ready("assets")
