"""The store in force, by ASSETS_URL. Only what it needs is imported: boto3 takes longer than a small put."""

from functools import lru_cache
from pathlib import Path

from assets.conf import conf
from assets.locations import Bucket, Directory
from assets.stores.base import AssetStore


def current() -> AssetStore:
    """The store that ASSETS_URL names; raises BadLocation."""
    conf.prepare()
    return store_of(conf.location, conf.home)


@lru_cache(maxsize=16)
def store_of(location: Directory | Bucket, home: Path) -> AssetStore:
    """The store of a location, made once."""
    if isinstance(location, Bucket):
        from assets.stores.s3 import S3Store  # noqa: PLC0415 - only where it is used

        return S3Store(location)
    from assets.stores.directory import DirectoryStore  # noqa: PLC0415

    return DirectoryStore((home / Path(location.path).expanduser()).absolute())
