import ipaddress
import re
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from buildserver import env

PROJECT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("read", "raw", "message"),
    [
        (lambda: env.whole("PORT", 1, 0, 65535), "80x", "PORT: '80x' is not a whole number from 0 to 65535"),
        (lambda: env.whole("PORT", 1, 0, 65535), "65536", "PORT: '65536' is not a whole number from 0 to 65535"),
        (lambda: env.whole("PORT", 1, 0, 65535), "9" * 5000, "PORT: '999"),
        (lambda: env.whole("PORT", 1, 0, 65535), "٣", "PORT: '٣' is not"),
        (lambda: env.decimal("BUDGET", 2, 0, 10), "nan", "BUDGET: 'nan' is not a number from 0 to 10"),
        (lambda: env.decimal("BUDGET", 2, 0, 10), "two", "BUDGET: 'two' is not a number from 0 to 10"),
        (lambda: env.flag("DEBUG"), "perhaps", "DEBUG: 'perhaps' is neither true nor false"),
        (lambda: env.choice("WIND", "a", ["a", "b"]), "c", "WIND: 'c' is none of a, b"),
        (lambda: env.rate("RATE", "1/s"), "600", "RATE: '600' is not like 600/min (s, min, h, day) or none"),
        (lambda: env.rate("RATE", "1/s"), "0/min", "RATE: '0/min' is not like"),
        (lambda: env.networks("PROXIES"), "10.0.0.0/8,x", "PROXIES: 'x' does not appear to be"),
        (lambda: env.database("DATABASE_URL", ""), "postgres://u:pw@h/n", "DATABASE_URL: 'postgres' is not sqlite:///path"),
        (lambda: env.database("DATABASE_URL", ""), "sqlite:///", "DATABASE_URL: 'sqlite' is not"),
        (lambda: env.database("DATABASE_URL", ""), "var/db", "DATABASE_URL: 'var/db' is not"),
    ],
)  # fmt: skip
def test_refuses_a_wrong_value_by_the_variables_name(
    read: object, raw: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(message.partition(":")[0], raw)
    with pytest.raises(ImproperlyConfigured) as refused:
        read()  # type: ignore[operator]
    assert str(refused.value).startswith(message)
    assert "pw" not in str(refused.value)


def test_an_empty_variable_is_an_absent_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PORT", "DEBUG", "RATE", "HOSTS"):
        monkeypatch.setenv(name, " ")
    assert (env.whole("PORT", 7), env.flag("DEBUG", default=True), env.rate("RATE", "none"), env.listed("HOSTS")) == (
        7, True, None, [],
    )  # fmt: skip


def test_reads_each_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, raw in {"W": "12", "D": "0.5", "F": "Yes", "L": " a, b,", "R": "5/h", "N": "10.1.2.3, fd00::/8"}.items():
        monkeypatch.setenv(name, raw)
    assert (env.whole("W", 0), env.decimal("D", 0, 0, 1), env.flag("F"), env.listed("L")) == (12, 0.5, True, ["a", "b"])
    assert env.rate("R", "none") == (5, 3600)
    assert env.networks("N") == [ipaddress.ip_network("10.1.2.3/32"), ipaddress.ip_network("fd00::/8")]


def test_a_relative_sqlite_path_is_below_home_and_an_absolute_one_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert env.database("DATABASE_URL", "sqlite:///var/db.sqlite3")["NAME"] == str(env.HOME / "var" / "db.sqlite3")
    monkeypatch.setenv("DATABASE_URL", "sqlite:////srv/db.sqlite3")
    assert env.database("DATABASE_URL", "")["NAME"] == "/srv/db.sqlite3"


def test_reads_a_mysql_url_with_its_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://builder:p%40ss%2F@db:3307/records")
    read = env.database("DATABASE_URL", "")
    values = [read[name] for name in ("USER", "PASSWORD", "HOST", "PORT", "NAME")]
    assert values == ["builder", "p@ss/", "db", 3307, "records"]


def test_home_is_the_variable_else_the_checkout_else_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BUILDSERVER_HOME", str(tmp_path))
    assert env.find_home() == tmp_path
    monkeypatch.delenv("BUILDSERVER_HOME")
    assert env.find_home() == PROJECT
    monkeypatch.setattr(env, "__file__", str(tmp_path / "site-packages" / "buildserver" / "env.py"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert env.find_home() == tmp_path / ".buildserver"


def test_env_example_lists_every_variable_that_the_code_reads() -> None:
    read = set()
    for file in (PROJECT / "buildserver").rglob("*.py"):
        read |= set(re.findall(r'env\.[a-z]+\(\s*"([A-Z_0-9]+)"', file.read_text()))
    read |= {"BUILDSERVER_URL", "BUILDSERVER_KEY"}
    read -= {"BUILDSERVER_HOME"}  # says where the file is
    listed = set(re.findall(r"^#([A-Z_0-9]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE))
    assert read == listed
