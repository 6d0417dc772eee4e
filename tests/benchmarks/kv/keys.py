"""500,000 keys beside 1,000: a page of 100 at depth by cursor, and GETs of any of them.

The keys are copied in SQL from one that was saved, before the server that is measured starts.
"""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from tests.benchmarks.kv import first
from tests.benchmarks.kv.dialects import PSK, SAVE_GET, Request, key_of, value_of
from tests.benchmarks.kv.farm import Backend, Farm, Server
from tests.benchmarks.kv.load import Load, Wrong, ask, connected
from tests.benchmarks.kv.rounds import SAMPLE, Cell, How, Keys, Row, Tell, measured, refusal
from tests.benchmarks.kv.variants import BY_NAME, DEFAULTS, home_of_ours, name_of

PAGE = 100
STEP = 1000  # of the walk to where pages are measured
LIST = "/api/v1/namespaces/default/keys"
STAMP = "fille"
SQLITE = """
WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n + 1 < {count})
INSERT INTO kvstore_record ({columns}) SELECT {values} FROM kvstore_record, number WHERE path = 'default/k0'
"""
MARIADB = """
INSERT INTO kvstore_record ({columns})
SELECT {values} FROM kvstore_record, (SELECT seq AS n FROM seq_1_to_{last}) AS number WHERE path = 'default/k0'
"""
# The value of key number n.
BEFORE, AFTER = value_of(0, STAMP).split("000000")
IN_SQLITE = {"path": "'default/k' || n", "value": f"CAST(printf('{BEFORE}%06d{AFTER}', n) AS BLOB)"}
IN_MARIADB = {"path": "CONCAT('default/k', n)", "value": f"CONCAT('{BEFORE}', LPAD(n, 6, '0'), '{AFTER}')"}


def keys(databases: Sequence[str], counts: Sequence[int], farm: Farm, how: How, tell: Tell) -> list[Row]:
    """Rows of GETs and pages, by the database and the number of keys."""
    cells, refused = [], []
    for database in databases:
        for count in counts:
            name = f"{database}, {count:,} keys"
            if need := BY_NAME[name_of(DEFAULTS[database])].missing():
                refused += [refusal(name, what, f"{need} is missing") for what in ("GET", "page")]
                continue
            tell(f"filling: {name}")
            server = serve(name, database, count, farm)
            cells.append(Keys(name, server, SAVE_GET, count, farm.directory("requests")).get())
            try:
                cells.append(pages(name, server, count, farm))
            except Wrong as fault:
                refused.append(refusal(name, "page", str(fault)))
    return measured(cells, how, tell) + refused


def serve(name: str, database: str, count: int, farm: Farm) -> Server:
    """gunicorn as it is by default, over so many keys."""
    served = DEFAULTS[database]
    home, kept = home_of_ours(farm, name), served.database_of(farm, name)
    command = [sys.executable, "-W", "ignore", "-m", first.__name__, key_of(0), value_of(0, STAMP)]
    subprocess.run(command, env=served.environment(farm, name, home, kept), check=True)
    if kept is None:
        fill_sqlite(home / "var" / "db.sqlite3", count)
    else:
        fill_mariadb(kept, count, farm)
    return served.serve(farm, name, home, kept)


def copied(columns: Sequence[str], made: Mapping[str, str]) -> dict[str, str]:
    """What an INSERT of copies says: the columns, and what is in them."""
    return {"columns": ", ".join(columns), "values": ", ".join(made.get(name, name) for name in columns)}


def fill_sqlite(file: Path, count: int) -> None:
    """In a process of its own: ours."""
    with closing(sqlite3.connect(file)) as connection, connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(kvstore_record)")]
        connection.execute(SQLITE.format(count=count, **copied(columns, IN_SQLITE)))


def fill_mariadb(kept: Backend, count: int, farm: Farm) -> None:
    """By a connection of our own."""
    with farm.mariadb_cursor(kept) as cursor:
        cursor.execute("SHOW COLUMNS FROM kvstore_record")
        columns = [row[0] for row in cursor.fetchall()]
        cursor.execute(MARIADB.format(last=count - 1, **copied(columns, IN_MARIADB)))


def pages(name: str, server: Server, count: int, farm: Farm) -> Cell:
    """Pages around the middle, each by a cursor that a reader got who walked there. Raises Wrong."""
    ordered = sorted(map(key_of, range(count)))
    step = min(STEP, count // 10)
    places: dict[int, str] = {}
    at, path = 0, f"{LIST}?limit={step}"
    with connected(server.port) as connection:
        while at < count * 3 // 4:
            found = json.loads(ask(connection, "GET", PSK, Request(path)))
            if [item["key"] for item in found["items"]] != ordered[at : at + step] or not found["next"]:
                raise Wrong(f"{path} does not list the {step} keys from {ordered[at]}")
            at, path = at + step, f"{LIST}?limit={step}&cursor={found['next']}"
            if at >= count // 4:
                places[at] = f"{LIST}?limit={PAGE}&cursor={found['next']}"

    def check(_: int) -> None:
        with connected(server.port) as connection:
            for at, path in list(places.items())[:SAMPLE]:
                found = json.loads(ask(connection, "GET", PSK, Request(path)))
                if [item["key"] for item in found["items"]] != ordered[at : at + PAGE]:
                    raise Wrong(f"{path} does not list the {PAGE} keys from {ordered[at]}")

    load = Load.of(server.port, "GET", PSK, map(Request, places.values()), farm.directory("requests") / "pages")
    return Cell(name, "page", server, lambda _: load, check)
