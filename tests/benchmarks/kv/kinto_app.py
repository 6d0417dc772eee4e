"""The peer Kinto, for gunicorn. Runs in .venv-peers-kv alone.

BENCH_POSTGRES is a URL, empty for its memory; called as a script, it makes the tables there.
"""

import os

import kinto
from kinto.core.scripts import migrate

POSTGRES = os.environ.get("BENCH_POSTGRES", "")
KINDS = ("storage", "cache", "permission")
SETTINGS = {
    "kinto.bucket_create_principals": "system.Authenticated",
    "kinto.userid_hmac_secret": "of-a-benchmark-that-serves-nobody-but-itself",  # pragma: allowlist secret
    "multiauth.policies": "basicauth",
    **{f"kinto.{kind}_backend": f"kinto.core.{kind}.{'postgresql' if POSTGRES else 'memory'}" for kind in KINDS},
    **{f"kinto.{kind}_url": POSTGRES for kind in KINDS if POSTGRES},
}

if __name__ == "__main__":
    migrate({"registry": kinto.main({"command": "migrate"}, **SETTINGS).registry})
else:
    application = kinto.main({}, **SETTINGS)
