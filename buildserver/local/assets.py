"""The assets of this machine."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Any

from buildserver import standalone
from buildserver.remote.http import BAD_REQUEST, CONFLICT, NOT_FOUND, Refused, Unreachable


class Assets:
    """The store and the index that the variables name."""

    def __init__(self) -> None:
        """Set Django up, once a process; raises Unreachable where the index cannot be opened or made."""
        from django.db import DatabaseError  # noqa: PLC0415 - Django is for work on this machine only

        try:
            standalone.ready("assets")
        except (OSError, DatabaseError) as fault:
            raise Unreachable(f"the index of the assets cannot be opened: {fault}") from None

    def put(
        self,
        build: str,
        data: IO[bytes],
        size: int | None,
        *,
        replace: bool,
        labels: Mapping[str, str],
        sha256: str = "",
    ) -> dict[str, Any]:
        """Store bytes, of a SHA-256 that may be unknown: `{"build", "sha256", "size"}`."""
        from assets import digests, services  # noqa: PLC0415 - Django must be ready

        with told():
            about = services.About(labels=labels, may_read=None)
            said = digests.claims({"X-Checksum-Sha256": sha256} if sha256 else {})
            asset = services.put(build, data, size_bytes=size, said=said, replace=replace, about=about).asset
        return {"build": asset.name, "sha256": asset.sha256, "size": asset.size}

    def get(self, build: str) -> Iterator[bytes]:
        """The bytes of an asset."""
        from assets import services  # noqa: PLC0415 - Django must be ready

        with told():
            yield from services.read(services.find(build))[1]

    def have(self, asked: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
        """Names by what is there of the bytes with this SHA-256: `present`, `conflict`, `missing`."""
        from assets import services  # noqa: PLC0415 - Django must be ready

        with told():
            return services.have(asked, None)

    def get_tagged(self, tag: str) -> Iterator[bytes]:
        """The bytes of the asset that the tag stands on."""
        from assets import services  # noqa: PLC0415 - Django must be ready

        with told():
            yield from services.read(services.find_tag(tag).asset)[1]

    def delete(self, build: str) -> None:
        """Delete an asset and what it had before."""
        from assets import services  # noqa: PLC0415 - Django must be ready

        with told():
            services.delete(build)

    def tag(self, tag: str, build: str) -> dict[str, Any]:
        """Have the tag stand on the asset: `{"tag", "asset", "sha256", "size"}`."""
        from assets import services  # noqa: PLC0415 - Django must be ready

        with told():
            asset = services.move_tag(tag, build)[0].asset
        return {"tag": tag, "asset": asset.name, "sha256": asset.sha256, "size": asset.size}

    def list(self, prefix: str) -> Iterator[dict[str, Any]]:
        """All assets below a prefix, by name."""
        from assets import services  # noqa: PLC0415 - Django must be ready

        with told():
            for asset in services.every(prefix):
                yield {"build": asset.name, "image": asset.image, "size": asset.size, "sha256": asset.sha256}


@contextmanager
def told() -> Iterator[None]:
    """The faults of the app as those that a server would answer."""
    from django.db import DatabaseError  # noqa: PLC0415 - Django must be ready

    from assets import digests, intake, labels, locks, names, services  # noqa: PLC0415
    from assets.stores import base  # noqa: PLC0415

    try:
        yield
    except (services.UnknownAsset, services.UnknownTag) as fault:
        raise Refused(NOT_FOUND, str(fault)) from None
    except (services.Conflict, services.Tagged, base.Tangled) as fault:
        raise Refused(CONFLICT, str(fault)) from None
    except (names.BadName, labels.BadLabel, labels.BadTag) as fault:
        raise Refused(BAD_REQUEST, str(fault)) from None
    except (intake.TooLarge, intake.CutShort, digests.DigestMismatch, base.StoreFull, locks.Busy) as fault:
        raise Refused(BAD_REQUEST, str(fault)) from None
    except base.StoreFault as fault:
        raise Unreachable(f"the store is away: {fault}") from None
    except DatabaseError as fault:
        raise Unreachable(f"the database is away: {fault}") from None
