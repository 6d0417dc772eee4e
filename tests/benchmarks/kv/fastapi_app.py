"""The peer in FastAPI: the sqlite3 module, WAL and NORMAL, a connection a process. Runs in .venv-peers-kv alone.

BENCH_DATABASE is the file, BENCH_KEY the key.
"""

import hmac
import json
import os
import sqlite3
from typing import Any

from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response

READ = "SELECT value, version FROM record WHERE key = ?"
WRITE = """INSERT INTO record (key, value, version) VALUES (?, ?, 1)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = version + 1 RETURNING version"""


def connect() -> sqlite3.Connection:
    """As quick as it is safe to kill."""
    made = sqlite3.connect(os.environ["BENCH_DATABASE"], isolation_level=None, timeout=10)
    for setting in ("journal_mode=WAL", "synchronous=NORMAL", "mmap_size=268435456", "cache_size=-65536"):
        made.execute(f"PRAGMA {setting}")
    made.execute("CREATE TABLE IF NOT EXISTS record (key TEXT PRIMARY KEY, value BLOB, version INTEGER) WITHOUT ROWID")
    return made


async def has_key(x_api_key: str = Header("")) -> None:
    """X-API-Key is the key."""
    if not hmac.compare_digest(x_api_key.encode(), os.environ["BENCH_KEY"].encode()):
        raise HTTPException(401)


connection = connect()
app = FastAPI(dependencies=[Depends(has_key)])


@app.get("/get")
async def get(key: str) -> Response:
    """The value's bytes within their envelope."""
    found = connection.execute(READ, [key]).fetchone()
    if found is None:
        raise HTTPException(404)
    body = b'{"key":%s,"value":%s,"version":%d}' % (json.dumps(key).encode(), found[0], found[1])
    return Response(body, media_type="application/json")


@app.post("/save")
async def save(request: Request) -> dict[str, Any]:
    """Written before it is answered."""
    asked = json.loads(await request.body())
    version = connection.execute(WRITE, [asked["key"], json.dumps(asked["value"]).encode()]).fetchone()[0]
    return {"key": asked["key"], "version": version}
