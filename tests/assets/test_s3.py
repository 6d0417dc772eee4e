"""What only S3 does, and what only happens to it. moto checks no signature and no digest: the app's own sha256 does."""

import os
import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from assets import stores
from assets.locations import Bucket
from assets.stores import s3
from assets.stores.base import StoreAway, StoreFull, Taken
from assets.stores.s3 import PART_BYTES, S3Store, config_of
from tests.assets.conftest import BUCKET
from tests.assets.test_stores import add, leftovers

AT = {"Bucket": BUCKET, "Key": "ci/a"}


@pytest.fixture
def store(bucket: S3Store) -> S3Store:
    return bucket


def refuse(code: str, status: int = 400) -> Any:
    """A method of the client that answers with this error."""

    def method(**_parameters: Any) -> None:
        answer = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
        raise ClientError(answer, "Operation")  # type: ignore[arg-type]

    return method


@pytest.mark.parametrize("name", ["x.tar.gz", "x.tgz", "x.svgz", "x.log.gz", "x.br", "x"])
def test_an_object_has_the_type_given_and_no_encoding_guessed_from_its_name(store: S3Store, name: str) -> None:
    for size in (1, PART_BYTES + 1):
        add(store, name, b"." * size, replace=True)
        found = store.client.head_object(Bucket=BUCKET, Key=f"ci/{name}")
        assert (found["ContentType"], found.get("ContentEncoding")) == ("text/plain", None)


def test_above_8_mib_comes_in_parts(store: S3Store) -> None:
    for size, parts in ((PART_BYTES, None), (PART_BYTES + 1, 2), (2 * PART_BYTES, 2), (2 * PART_BYTES + 1, 3)):
        stamp = add(store, "a", b"." * size, replace=True)
        assert stamp.endswith(f'-{parts}"') if parts else "-" not in stamp


def test_the_parts_of_a_huge_object_are_larger_so_that_they_are_few_enough(store: S3Store) -> None:
    with store.stage("a", content_type="text/plain", size_bytes=2**40) as staged:
        assert staged._part_bytes * 10_000 >= 2**40


@pytest.mark.parametrize("operation", ["create_multipart_upload", "upload_part", "complete_multipart_upload"])
def test_an_upload_that_fails_is_aborted(store: S3Store, monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    monkeypatch.setattr(store.client, operation, refuse("InternalError", 500))
    with pytest.raises(StoreAway, match="InternalError"):
        add(store, "a", b"." * (PART_BYTES + 1))
    assert (list(store.all_names()), leftovers(store)) == ([], [])


def test_an_upload_that_cannot_be_aborted_is_logged(
    store: S3Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(store.client, "complete_multipart_upload", refuse("PreconditionFailed"))
    monkeypatch.setattr(store.client, "abort_multipart_upload", refuse("InternalError"))
    with pytest.raises(Taken):
        add(store, "a", b"." * (PART_BYTES + 1))
    assert [record.message for record in caplog.records] == ["parts of an upload are left"]


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("AccessDenied", StoreAway),
        ("NoSuchBucket", StoreAway),
        ("SlowDown", StoreAway),
        ("QuotaExceeded", StoreFull),
        ("PreconditionFailed", Taken),
    ],
)
def test_says_what_s3_refused(
    store: S3Store, monkeypatch: pytest.MonkeyPatch, code: str, fault: type[Exception]
) -> None:
    monkeypatch.setattr(store.client, "put_object", refuse(code))
    with pytest.raises(fault, match=f"the object cannot be stored: .*{code}"):
        add(store, "a", b".")


def test_a_bucket_that_is_missing_is_away(store: S3Store) -> None:
    store.client.delete_bucket(Bucket=BUCKET)
    for use in (store.check, lambda: store.whole("a"), lambda: add(store, "a", b"."), lambda: list(store.all_names())):
        with pytest.raises(StoreAway):
            use()


def test_a_server_that_is_gone_is_away(store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(**_parameters: Any) -> None:
        raise EndpointConnectionError(endpoint_url="http://s3.invalid")

    monkeypatch.setattr(store.client, "head_bucket", gone)
    with pytest.raises(StoreAway, match="the bucket cannot be used: Could not connect"):
        store.check()


def test_a_connection_that_breaks_while_it_is_read_is_away(store: S3Store) -> None:
    pieces = store.read("a", add(store, "a", b"." * 10), 0, 10)

    class Broken:
        def read(self, _size: int) -> bytes:
            raise EndpointConnectionError(endpoint_url="http://s3.invalid")

        def close(self) -> None: ...

    pieces._stream._body.close()  # type: ignore[attr-defined]
    pieces._stream._body = Broken()  # type: ignore[attr-defined]
    with pytest.raises(StoreAway, match="the object cannot be read on"):
        next(pieces)


def test_all_threads_use_one_client_and_a_forked_child_makes_its_own(store: S3Store) -> None:
    clients: list[Any] = []
    threads = [threading.Thread(target=lambda: clients.append(store.client)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {id(client) for client in clients} == {id(store.client)} == {id(store.connection.meta.client)}
    s3.forget_clients()
    assert store.client is not clients[0]


def test_a_presigned_url_has_a_signature_of_version_4_and_the_headers_asked_for(store: S3Store) -> None:
    url = store.url("a\\b/c", parameters={"ResponseContentType": "text/plain"})
    assert url.startswith(f"https://{BUCKET}.s3.amazonaws.com/ci/a%5Cb/c?")
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url
    assert "X-Amz-Expires=300" in url
    assert "response-content-type=text%2Fplain" in url


@pytest.mark.parametrize(
    ("endpoint", "style", "checksums"),
    [("", "auto", "when_supported"), ("http://127.0.0.1:9", "path", "when_required")],
)
def test_others_than_amazon_get_plain_paths_and_no_checksums_of_amazon_s(
    endpoint: str, style: str, checksums: str
) -> None:
    config: Any = config_of(Bucket("builds", endpoint))
    assert (config.signature_version, config.s3["addressing_style"]) == ("s3v4", style)
    assert (config.request_checksum_calculation, config.response_checksum_validation) == (checksums, checksums)


def test_a_name_counts_its_prefix(store: S3Store) -> None:
    assert store.prefix_bytes == len("ci/")
    assert stores.current() is store


def test_no_credentials_are_looked_for_before_they_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    S3Store(Bucket("builds"))
