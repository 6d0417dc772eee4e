import re

import pytest

from assets import locations
from assets.locations import Bucket, Directory


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("var/assets", Directory("var/assets")),
        ("/srv/assets/", Directory("/srv/assets")),
        ("file:///srv/assets", Directory("/srv/assets")),
        ("file://localhost/srv/build%20s", Directory("/srv/build s")),
        ("s3://builds", Bucket("builds")),
        ("s3://builds/", Bucket("builds")),
        ("s3://builds?region=eu-west-1&prefix=/ci/main/", Bucket("builds", region="eu-west-1", prefix="ci/main/")),
        ("s3://builds?endpoint_url=http://127.0.0.1:9000/", Bucket("builds", "http://127.0.0.1:9000")),
    ],
)
def test_reads_a_store_s_address(url: str, location: Directory | Bucket) -> None:
    assert locations.read(url) == location


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "the path of the directory is empty; var/assets would be one"),
        ("/", "the path of the directory is empty"),
        ("file://host/srv", "a directory is written as a path, or as file:///absolute/path"),
        ("gs://builds", "gs:// is no store; there are a path, file:///absolute/path and s3://bucket"),
        ("s3://", "after s3:// comes the name of a bucket, 3 to 255 of A-Z a-z 0-9 . _ -"),
        ("s3://[builds", "it is no URL: Invalid IPv6 URL"),
        (
            "s3://hidden@builds",
            "credentials are not part of the URL; give them the AWS way",
        ),
        ("s3://builds/ci", "after the bucket comes nothing but ?endpoint_url=&region=&prefix="),
        ("s3://builds?endpoint=x&acl=y", "acl, endpoint: after the ? come only endpoint_url, region, prefix"),
        ("s3://builds?endpoint_url=127.0.0.1", "endpoint_url is http://host:port or https://host:port"),
        (
            "s3://builds?endpoint_url=http://me@host",
            "endpoint_url is http://host:port or https://host:port",
        ),
    ],
)
def test_says_what_is_wrong_with_an_address(url: str, message: str) -> None:
    with pytest.raises(locations.BadLocation, match=re.escape(message)):
        locations.read(url)


def test_rows_belong_to_one_store() -> None:
    urls = ["a", "b", "/a", "s3://one", "s3://two", "s3://one?prefix=a", "s3://one?endpoint_url=http://h"]
    assert len({locations.read(url).identity for url in urls}) == len(urls)


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ("/srv/assets", "file:///srv/assets/"),
        ("s3://builds?region=us-east-1", "s3://builds"),
        ("s3://builds?prefix=ci", "s3://builds?prefix=/ci/"),
    ],
)
def test_two_ways_to_write_a_store_are_one_store(one: str, same: str) -> None:
    assert locations.read(one).identity == locations.read(same).identity


def test_an_identity_fits_its_column() -> None:
    assert len(locations.read("/" + "ü" * 500).identity) == len("sha256:") + 64
    assert locations.read("/" + "u" * 254).identity == "/" + "u" * 254


@pytest.mark.parametrize(
    ("endpoint", "is_aws"),
    [
        ("", True),
        ("https://s3.eu-west-1.amazonaws.com", True),
        ("http://127.0.0.1:9000", False),
        ("https://notamazonaws.com", False),
    ],
)
def test_knows_amazon_s_own_service(endpoint: str, *, is_aws: bool) -> None:
    assert Bucket("builds", endpoint).is_aws is is_aws
