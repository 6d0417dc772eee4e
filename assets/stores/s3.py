"""Objects in a bucket of S3, or of what speaks like it. The only module that imports boto3.

django-storages gives the settings and the session. Bytes go through one low-level client a process: all threads may
use it, and each resource of boto3 would cost as much again.
"""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from types import SimpleNamespace
from typing import Any, Literal

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from storages.backends.s3 import S3Storage

from assets import names
from assets.conf import conf
from assets.locations import Bucket
from assets.stores.base import (
    AssetStore,
    Changed,
    NoObject,
    Opened,
    Piece,
    StoreAway,
    StoreFault,
    StoreFull,
    Stray,
    Taken,
)

logger = logging.getLogger(__name__)
PART_BYTES = 8 * 2**20
MAX_PARTS = 10_000
COPY_BYTES = 5 * 2**30  # what S3 copies in one call
OCTETS = "application/octet-stream"
PRESIGNED_S = 300
MISSING = ("NoSuchKey", "NoSuchUpload", "NotFound", "404")
PRECONDITION = ("PreconditionFailed", "412")
FULL = ("QuotaExceeded", "InsufficientStorage", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded")

_clients: dict[Bucket, Any] = {}
_clients_lock = threading.Lock()


def forget_clients() -> None:
    """Make new clients from here on: connections are not shared with a forked child."""
    _clients.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget_clients)


@contextmanager
def translated(doing: str, precondition: type[StoreFault] = StoreAway) -> Iterator[None]:
    """Faults of S3 as NoObject, StoreFull or StoreAway, a failed precondition as the given one."""
    try:
        yield
    except ClientError as fault:
        code = str(fault.response.get("Error", {}).get("Code"))
        kinds = {**dict.fromkeys(MISSING, NoObject), **dict.fromkeys(FULL, StoreFull)}
        kinds |= dict.fromkeys(PRECONDITION, precondition)
        raise kinds.get(code, StoreAway)(f"{doing}: {fault}") from fault
    except BotoCoreError as fault:
        raise StoreAway(f"{doing}: {fault}") from fault


def config_of(bucket: Bucket) -> Config:
    """Signature v4, and the checksums of AWS only with AWS: others answer ranges and uploads with faults."""
    checksums: Literal["when_supported", "when_required"] = "when_supported" if bucket.is_aws else "when_required"
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": "auto" if bucket.is_aws else "path"},
        request_checksum_calculation=checksums,
        response_checksum_validation=checksums,
        max_pool_connections=32,
        connect_timeout=5,
        read_timeout=30,
        retries={"mode": "standard", "total_max_attempts": 3},
    )


class S3Store(AssetStore, S3Storage):
    """A bucket in which each object has exactly its name, after the prefix where one is configured."""

    tangles = False
    presigns = True

    def __init__(self, bucket: Bucket) -> None:
        """Nothing is asked of the bucket yet."""
        self.place = bucket
        self.prefix_bytes = len(bucket.prefix.encode())
        super().__init__(
            bucket_name=bucket.name,
            location=bucket.prefix,
            endpoint_url=bucket.endpoint_url or None,
            region_name=bucket.region or None,
            client_config=config_of(bucket),
            querystring_expire=PRESIGNED_S,
            default_acl=None,
        )

    @property
    def client(self) -> Any:
        """The process's client of this bucket."""
        with _clients_lock:
            if self.place not in _clients:
                _clients[self.place] = self._create_session().client(
                    "s3", region_name=self.region_name, endpoint_url=self.endpoint_url, config=self.client_config
                )
            return _clients[self.place]

    @property
    def connection(self) -> Any:
        """What S3Storage takes for a resource of boto3, of which it needs the client."""
        return SimpleNamespace(meta=SimpleNamespace(client=self.client))

    def at(self, name: str) -> dict[str, str]:
        """The parameters that name the object."""
        return {"Bucket": self.place.name, "Key": self.place.prefix + name}

    @contextmanager
    def stage(self, name: str, *, content_type: str, size_bytes: int | None = None) -> Iterator["StagedObject"]:
        """In memory up to 8 MiB, beyond that as parts of an upload that is aborted unless it is completed."""
        expected = size_bytes if size_bytes is not None else conf.max_bytes
        staged = StagedObject(self, self.at(name), content_type, max(PART_BYTES, -(-expected // MAX_PARTS)))
        try:
            yield staged
        finally:
            staged.abort()

    @contextmanager
    def stage_copy(
        self, source: str, stamp: str, name: str, *, content_type: str, size_bytes: int
    ) -> Iterator["StagedCopy"]:
        """Nothing is done before it is published."""
        yield StagedCopy(self, source, stamp, name, content_type, size_bytes)

    @contextmanager
    def stage_move(
        self, source: str, stamp: str, name: str, *, content_type: str, size_bytes: int
    ) -> Iterator["StagedCopy"]:
        """S3 moves nothing: the one is copied, and the other stays until its upload is dropped."""
        with self.stage_copy(source, stamp, name, content_type=content_type, size_bytes=size_bytes) as staged:
            yield staged

    def begin_parts(self, upload: str, content_type: str) -> str:
        """An upload of S3, under a name that is no asset's."""
        with translated("the upload cannot be begun"):
            begun = self.client.create_multipart_upload(**self.at(names.whole(upload)), ContentType=content_type)
        token: str = begun["UploadId"]
        return token

    def part_url(self, upload: str, token: str, number: int, expires_s: int) -> str:
        """It is worth nothing once the parts are joined or dropped."""
        asked = {**self.at(names.whole(upload)), "UploadId": token, "PartNumber": number}
        signed: str = self.client.generate_presigned_url("upload_part", asked, expires_s)
        return signed

    def part_sizes(self, upload: str, token: str) -> dict[int, int]:
        """As S3 lists them."""
        return {part["PartNumber"]: part["Size"] for part in self._parts(upload, token)}

    def join(self, upload: str, token: str) -> None:
        """By completing S3's upload."""
        whole = self.at(names.whole(upload))
        parts = [{name: part[name] for name in ("PartNumber", "ETag")} for part in self._parts(upload, token)]
        if not parts:
            if self.head(names.whole(upload)) is None:
                raise NoObject(f"there is no part of {upload}")
            return
        with translated("the parts cannot be joined"):
            self.client.complete_multipart_upload(**whole, UploadId=token, MultipartUpload={"Parts": parts})

    def drop_parts(self, upload: str, token: str) -> None:
        """By aborting S3's upload, if it is there."""
        with suppress(NoObject), translated("the parts cannot be removed"):
            self.client.abort_multipart_upload(**self.at(names.whole(upload)), UploadId=token)
        self.remove(names.whole(upload))

    def _parts(self, upload: str, token: str) -> list[Any]:
        """None where S3 knows no such upload, or no more."""
        asked = {**self.at(names.whole(upload)), "UploadId": token}
        try:
            with translated("the parts cannot be listed"):
                pages = list(self.client.get_paginator("list_parts").paginate(**asked))
        except NoObject:
            return []
        return [part for page in pages for part in page.get("Parts", ())]

    def strays(self) -> Iterator[Stray]:
        """Uploads of S3 that are neither completed nor aborted, and wholes that were not copied."""
        asked = {"Bucket": self.place.name, "Prefix": self.place.prefix}
        with translated("the uploads cannot be listed"):
            for page in self.client.get_paginator("list_multipart_uploads").paginate(**asked):
                for entry in page.get("Uploads", ()):
                    name = entry["Key"][len(self.place.prefix) :]
                    yield Stray(name, entry["UploadId"], names.upload_of(name), entry["Initiated"].timestamp())
        for name, written_s in self.own_names("uploads"):
            yield Stray(name, "", names.upload_of(name), written_s)

    def drop_stray(self, stray: Stray) -> None:
        """Abort the upload, or remove the object."""
        if not stray.token:
            self.remove(stray.name)
            return
        with suppress(NoObject), translated("the upload cannot be aborted"):
            self.client.abort_multipart_upload(**self.at(stray.name), UploadId=stray.token)

    def keep(self, name: str, stamp: str, sha256: str, size_bytes: int) -> str:
        """A copy, which S3 makes."""
        kept = names.kept(sha256)
        if (there := self.stamp(kept)) is not None:
            return there
        with self.stage_copy(name, stamp, kept, content_type=OCTETS, size_bytes=size_bytes) as staged:
            return staged.publish(replace=True)

    def head(self, name: str) -> Any:
        """What S3 says of the object, or None where there is none."""
        try:
            with translated("the object cannot be looked at"):
                return self.client.head_object(**self.at(name))
        except NoObject:
            return None

    def stamp(self, name: str) -> str | None:
        """Its ETag."""
        found = self.head(name)
        return found["ETag"] if found else None

    def read(self, name: str, stamp: str, start: int, stop: int) -> Piece:
        """Straight from the connection."""
        part = {"Range": f"bytes={start}-{stop - 1}"} if stop > start else {}
        with translated("the object cannot be read", precondition=Changed):
            found = self.client.get_object(**self.at(name), IfMatch=stamp, **part)
        return Piece(Stream(found["Body"]), stop - start)

    def whole(self, name: str) -> Opened:
        """Straight from the connection."""
        with translated("the object cannot be read"):
            found = self.client.get_object(**self.at(name))
        return Opened(Stream(found["Body"]), found["ETag"], found["ContentLength"])

    def remove(self, name: str) -> None:
        """S3 says the same whether it was there or not."""
        with translated("the object cannot be removed"):
            self.client.delete_object(**self.at(name))

    def all_objects(self) -> Iterator[tuple[str, str]]:
        """Every key below the prefix."""
        found = ((entry["Key"][len(self.place.prefix) :], entry["ETag"]) for entry in self._entries(""))
        return ((name, stamp) for name, stamp in found if not name.startswith(f"{names.RESERVED}/"))

    def own_names(self, folder: str) -> Iterator[tuple[str, float]]:
        """Every key in there."""
        for entry in self._entries(f"{names.RESERVED}/{folder}/"):
            yield entry["Key"][len(self.place.prefix) :], entry["LastModified"].timestamp()

    def _entries(self, prefix: str) -> Iterator[Any]:
        asked = {"Bucket": self.place.name, "Prefix": self.place.prefix + prefix}
        with translated("the bucket cannot be listed"):
            for page in self.client.get_paginator("list_objects_v2").paginate(**asked):
                yield from page.get("Contents", ())

    def check(self) -> None:
        """The bucket is there and may be used."""
        try:
            with translated("the bucket cannot be used"):
                self.client.head_bucket(Bucket=self.place.name)
        except NoObject as fault:
            raise StoreAway(str(fault)) from fault

    # Django's storage API, where S3Storage would go through a resource or change a backslash in a name.

    def exists(self, name: str) -> bool:
        """Whether there is an object."""
        return self.head(name) is not None

    def size(self, name: str) -> int:
        """In bytes; raises FileNotFoundError."""
        return int(self._found(name)["ContentLength"])

    def get_modified_time(self, name: str) -> datetime:
        """When it was stored; raises FileNotFoundError."""
        moment: datetime = self._found(name)["LastModified"]
        return moment

    def url(
        self, name: str | None, parameters: Any = None, expire: int | None = None, http_method: str | None = None
    ) -> str:
        """A URL that anyone may read the object with for `expire` seconds, 300 by default."""
        asked = {**self.at(name or ""), **(parameters or {})}
        signed: str = self.client.generate_presigned_url("get_object", asked, expire or PRESIGNED_S, http_method)
        return signed

    def _found(self, name: str) -> Any:
        """What S3 says of the object; raises FileNotFoundError."""
        if (found := self.head(name)) is None:
            raise FileNotFoundError(f"there is no object {name!r}")
        return found


class StagedCopy:
    """An object that S3 is to copy. Parts of one that is too large for a single call are an upload with no name yet."""

    def __init__(self, store: S3Store, source: str, stamp: str, name: str, content_type: str, size_bytes: int) -> None:
        """From `source`, of this ETag and size."""
        self._store, self._client, self._size_bytes = store, store.client, size_bytes
        self._source, self._stamp, self._name = source, stamp, name
        self._at, self._kind = store.at(name), {"ContentType": content_type}
        self._from = {"CopySource": store.at(source), "CopySourceIfMatch": stamp}

    def write(self, data: bytes) -> None:
        """There is nothing to write."""
        raise NotImplementedError("the bytes are those of another object")

    def publish(self, *, replace: bool) -> str:
        """What not every S3 takes for a condition of a copy is asked before; who writes the name holds its lock."""
        if not replace and self._store.head(self._name):
            raise Taken(f"there is an object {self._name!r}")
        found = self._store.stamp(self._source)
        if found is None:
            raise NoObject(f"there is no object {self._source!r}")
        if found != self._stamp:
            raise Changed(f"the object {self._source!r} is not the one that was meant")
        with translated("the object cannot be copied", precondition=Changed):
            return self._whole() if self._size_bytes <= COPY_BYTES else self._in_parts()

    def _whole(self) -> str:
        copied = self._client.copy_object(**self._at, **self._from, **self._kind, MetadataDirective="REPLACE")
        stamp: str = copied["CopyObjectResult"]["ETag"]
        return stamp

    def _in_parts(self) -> str:
        upload = {**self._at, "UploadId": self._client.create_multipart_upload(**self._at, **self._kind)["UploadId"]}
        try:
            parts = []
            for number, start in enumerate(range(0, self._size_bytes, COPY_BYTES), 1):
                part = f"bytes={start}-{min(start + COPY_BYTES, self._size_bytes) - 1}"
                sent = self._client.upload_part_copy(**upload, **self._from, PartNumber=number, CopySourceRange=part)
                parts.append({"PartNumber": number, "ETag": sent["CopyPartResult"]["ETag"]})
            done = self._client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
        except BaseException:
            with suppress(ClientError, BotoCoreError):
                self._client.abort_multipart_upload(**upload)
            raise
        stamp: str = done["ETag"]
        return stamp


class Stream:
    """The body of an answer of S3, its faults translated."""

    def __init__(self, body: Any) -> None:
        """Nothing is read yet."""
        self._body = body

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        with translated("the object cannot be read on"):
            data: bytes = self._body.read(None if size < 0 else size)
            return data

    def close(self) -> None:
        """Give up the connection, or give it back when all was read."""
        self._body.close()


class StagedObject:
    """Up to a part in memory, the parts before it in an upload that has no name yet."""

    def __init__(self, store: S3Store, at: dict[str, str], content_type: str, part_bytes: int) -> None:
        """The type is given in any case: from the name S3Storage would guess an encoding too, and browsers undo it."""
        self._client = store.client
        self._at, self._type, self._part_bytes = at, {"ContentType": content_type}, part_bytes
        self._buffer, self._filled = bytearray(), 0  # it grows once, and each part is filled into it
        self._upload = ""
        self._parts: list[dict[str, Any]] = []

    def write(self, data: bytes) -> None:
        """Into memory, which is emptied when it is full and more comes."""
        view = memoryview(data)
        while view:
            if self._filled == self._part_bytes:
                self._send_part()
            taken = min(len(view), self._part_bytes - self._filled)
            self._buffer[self._filled : self._filled + taken] = view[:taken]
            self._filled += taken
            view = view[taken:]

    def publish(self, *, replace: bool) -> str:
        """In one call: what fits in memory as an object, parts by completing their upload."""
        condition = {} if replace else {"IfNoneMatch": "*"}
        del self._buffer[self._filled :]
        if self._upload:
            self._send_part()
        with translated("the object cannot be stored", precondition=Taken):
            if not self._upload:
                stored = self._client.put_object(**self._at, Body=self._buffer, **self._type, **condition)
            else:
                done = {"UploadId": self._upload, "MultipartUpload": {"Parts": self._parts}}
                stored = self._client.complete_multipart_upload(**self._at, **done, **condition)
                self._upload = ""
        stamp: str = stored["ETag"]
        return stamp

    def abort(self) -> None:
        """Drop the parts that were not made an object."""
        if not self._upload:
            return
        try:
            with translated("the upload cannot be aborted"):
                self._client.abort_multipart_upload(**self._at, UploadId=self._upload)
        except StoreFault as fault:
            logger.warning("parts of an upload are left", extra={"key": self._at["Key"], "fault": str(fault)})

    def _send_part(self) -> None:
        """Send what is in memory as the next part."""
        with translated("the upload cannot go on"):
            if not self._upload:
                self._upload = self._client.create_multipart_upload(**self._at, **self._type)["UploadId"]
            part = {"UploadId": self._upload, "PartNumber": len(self._parts) + 1}
            sent = self._client.upload_part(**self._at, **part, Body=self._buffer)
        self._parts.append({"PartNumber": part["PartNumber"], "ETag": sent["ETag"]})
        self._filled = 0
