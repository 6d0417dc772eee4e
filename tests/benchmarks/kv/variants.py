"""What is compared: ours in its settings, the textbook's, plain views in our stack, and other stores."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests import services
from tests.benchmarks import runs
from tests.benchmarks.kv import dialects
from tests.benchmarks.kv.dialects import KEY, Dialect, Request
from tests.benchmarks.kv.farm import Backend, Farm, Server
from tests.benchmarks.kv.load import ask, connected
from tests.benchmarks.kv.postgres import programs
from tests.live import PROJECT, environment

PEERS = PROJECT / ".venv-peers-kv" / "bin" / "python"
HERE = "tests.benchmarks.kv"
BESIDE = f"{HERE}.beside.settings"
WORKERS, THREADS = 2, 8
GUNICORN = [sys.executable, "-P", "-m", "gunicorn", "--bind", "127.0.0.1:{port}", "--workers", str(WORKERS)]
GTHREAD = ["--worker-class", "gthread", "--threads", str(THREADS), "--keep-alive", "75"]
SECRET = "of-a-benchmark-that-serves-nobody-but-itself-once"  # pragma: allowlist secret


@dataclass(frozen=True)
class Variant:
    """A server to compare, and how it is spoken to.

    needs  programs, modules (`python:` before them) and packages of the peers' environment (`peers:`)
    note   what a reader of the figures must know
    quick  whether it is among the few of a quick run
    fill   how its keys come to be, where a write of its dialect wants them there
    """

    name: str
    start: Callable[[Farm, str], Server]
    dialect: Dialect
    needs: Sequence[str] = ()
    note: str = ""
    quick: bool = False
    fill: Dialect | None = None

    def missing(self) -> str | None:
        """What is not there of what it needs, or None."""
        return next((need for need in self.needs if not is_there(need)), None)

    def running(self, farm: Farm) -> Server:
        """It, started once."""
        return farm.once(self.name, lambda: self.start(farm, self.name))


def is_there(need: str) -> bool:
    """Whether a program, module or package is installed."""
    kind, colon, name = need.rpartition(":")
    if not colon:
        return (programs() if name == "postgres" else shutil.which(name, path=services.SBIN)) is not None
    if kind == "peers":
        return name in runs.versions(PEERS)
    found = subprocess.run([sys.executable, "-c", f"import {name}"], capture_output=True, check=False)
    return found.returncode == 0


def plain_environment(home: Path, **variables: str) -> dict[str, str]:
    """That of a fresh user; what is measured is not traced for coverage."""
    found = environment(home, PYTHONPATH=str(PROJECT), **variables)
    return {name: value for name, value in found.items() if not name.startswith("COVERAGE_")}


# --- ours -----------------------------------------------------------------------------------------------------------

DATABASES = ("sqlite", "MariaDB")
MARIADB = ("mariadbd", "mariadb", "mariadb-install-db", "python:MySQLdb")


@dataclass(frozen=True)
class Ours:
    """How ours is served. `settings`: the module of Django's, the project's own where empty."""

    server: str
    database: str = "sqlite"
    cache: str = "shm"
    synchronous: str = "FULL"
    log_level: str = ""
    settings: str = ""

    @property
    def needs(self) -> tuple[str, ...]:
        """What it needs beside the project."""
        redis = ("redis-server",) if self.cache == "redis" else ()
        return (*(MARIADB if self.database == "MariaDB" else ()), *redis)

    def start(self, farm: Farm, name: str) -> Server:
        """As a user starts it: `builder serve`."""
        return self.serve(farm, name, home_of_ours(farm, name), self.database_of(farm, name))

    def database_of(self, farm: Farm, name: str) -> Backend | None:
        """A database of its own, where it is none in its home."""
        return farm.database(name) if self.database == "MariaDB" else None

    def serve(self, farm: Farm, name: str, home: Path, database: Backend | None) -> Server:
        """Start it on what is in its home and its database."""
        redis = [farm.redis(name)] if self.cache == "redis" else []
        behind = [*([database] if database else []), *redis]
        command = [sys.executable, "-P", "-m", "buildserver.cli", "serve", "--prepare"]
        return farm.start(name, command, self.environment(farm, name, home, database), cwd=home, behind=behind)

    def environment(self, farm: Farm, name: str, home: Path, database: Backend | None) -> dict[str, str]:
        """All that it is told; what is empty is left to its defaults."""
        variables = {
            "DATABASE_URL": database.url if database else "",
            "CACHE_URL": farm.redis(name).url if self.cache == "redis" else f"{self.cache}://",
            "KVSTORE_SYNCHRONOUS": self.synchronous,
            "LOG_LEVEL": self.log_level,
            "DJANGO_SETTINGS_MODULE": self.settings or "buildserver.settings",
            "WEB_SERVER": self.server,
            "WEB_WORKERS": str(WORKERS),
            "WEB_THREADS": str(THREADS),
            "OPEN_RATE": "none",
            "PRESHARED_KEYS": f"benchmark:{KEY}",
            "SECRET_KEY": SECRET,
            "PORT": "{port}",
        }
        return plain_environment(home, **{name: value for name, value in variables.items() if value})


def home_of_ours(farm: Farm, name: str) -> Path:
    """A new home, with the static files that a first start would collect, which are the same for all."""
    home = farm.directory(name)
    shutil.copytree(farm.once("static files", lambda: collected(farm)), home / "var" / "static", copy_function=os.link)
    return home


def collected(farm: Farm) -> Path:
    """The static files."""
    home = farm.directory("collected")
    variables = {"DJANGO_SETTINGS_MODULE": "buildserver.settings", "SECRET_KEY": SECRET}
    code = "import django; django.setup(); from buildserver import prepare; prepare.collect_static()"
    subprocess.run([sys.executable, "-c", code], env=plain_environment(home, **variables), check=True)
    return home / "var" / "static"


# --- Django's others ------------------------------------------------------------------------------------------------


def textbook(workers: Sequence[str], database: str, farm: Farm, name: str) -> Server:
    """The textbook's, its tables made and its keys there: a PUT of it replaces only."""
    home, behind = farm.directory(name), []
    variables = {"TEXTBOOK_HOME": str(home), "TEXTBOOK_KEY": KEY, "DJANGO_SETTINGS_MODULE": f"{HERE}.textbook.settings"}
    if database == "MariaDB":
        behind = [farm.database(name)]
        variables["DATABASE_URL"] = behind[0].url
    made = plain_environment(home, **variables)
    subprocess.run([sys.executable, "-m", "django", "migrate", "--run-syncdb", "-v0"], env=made, check=True)
    subprocess.run([sys.executable, "-m", f"{HERE}.textbook.fill"], env=made, check=True)
    command = [*GUNICORN, *workers, f"{HERE}.textbook.wsgi"]
    return farm.start(name, command, made, behind=behind)


def pong(server: str, farm: Farm, name: str) -> Server:
    """A WSGI application that says pong and nothing else."""
    granian = [str(Path(sys.executable).with_name("granian")), "--interface", "wsgi", "--port", "{port}", "--no-ws"]
    granian += ["--http", "1", "--workers", str(WORKERS), "--blocking-threads", str(THREADS), "--log-level", "error"]
    command = [*GUNICORN, *GTHREAD] if server == "gunicorn" else granian
    return farm.start(name, [*command, f"{HERE}.pong:application"], plain_environment(farm.directory(name)))


# --- others ---------------------------------------------------------------------------------------------------------


def of_peers(home: Path, **variables: str) -> dict[str, str]:
    """The environment of a program in .venv-peers-kv."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONWARNINGS": "ignore", **variables}


def kinto(backend: str, farm: Farm, name: str) -> Server:
    """Kinto with the bucket and collection that the keys are in. Its memory is not shared between processes."""
    home, folder = farm.directory(name), Path(__file__).parent
    behind = [farm.postgres] if backend == "PostgreSQL" else []
    made = of_peers(home, BENCH_POSTGRES=behind[0].url if behind else "", PYTHONPATH=str(farm.directory("kinto-app")))
    shutil.copy(folder / "kinto_app.py", made["PYTHONPATH"])
    if behind:
        subprocess.run([PEERS, "-m", "kinto_app"], env=made, check=True, capture_output=True)
    workers = ["--workers", str(WORKERS if behind else 1), *GTHREAD]
    command = [str(PEERS), "-P", "-m", "gunicorn", "--bind", "127.0.0.1:{port}", *workers, "kinto_app"]
    server = farm.start(name, command, made, behind=behind)
    with connected(server.port) as connection:
        for path in ("/v1/buckets/bench", "/v1/buckets/bench/collections/kv"):
            ask(connection, "PUT", dialects.BASIC, Request(path, json.dumps({"data": {}})), (200, 201))
    return server


def fastapi(farm: Farm, name: str) -> Server:
    """FastAPI on uvicorn."""
    home = farm.directory(name)
    made = of_peers(home, BENCH_DATABASE=str(home / "db.sqlite3"), BENCH_KEY=KEY)
    shutil.copy(Path(__file__).with_name("fastapi_app.py"), home)
    command = [str(PEERS), "-m", "uvicorn", "--host", "127.0.0.1", "--port", "{port}", "--workers", str(WORKERS)]
    return farm.start(name, [*command, "--no-access-log", "fastapi_app:app"], made, cwd=home)


def etcd(farm: Farm, name: str) -> Server:
    """etcd, of one member, with its gateway to JSON."""
    home, peer = farm.directory(name), services.free_port()
    urls = {"client": "http://127.0.0.1:{port}", "peer": f"http://127.0.0.1:{peer}"}
    command = ["etcd", "--data-dir", str(home / "data"), "--log-level", "error", "--name", "bench"]
    command += ["--initial-cluster", f"bench={urls['peer']}"]
    for kind, url in urls.items():
        command += [f"--listen-{kind}-urls", url]
    command += ["--advertise-client-urls", urls["client"], "--initial-advertise-peer-urls", urls["peer"]]
    return farm.start(name, command, {"PATH": os.environ["PATH"]})


def webdis(farm: Farm, name: str) -> Server:
    """webdis before Redis, which keeps nothing on disk."""
    home, redis = farm.directory(name), farm.redis(name)
    config, port = home / "webdis.json", services.free_port()
    redis_port, _, number = redis.url.rpartition(":")[2].partition("/")
    settings = {"redis_host": "127.0.0.1", "redis_port": int(redis_port), "http_host": "127.0.0.1", "http_port": port}
    settings |= {
        "threads": WORKERS,
        "daemonize": False,
        "database": int(number),
        "verbosity": 0,
        "logfile": str(home / "log"),
    }
    config.write_text(json.dumps(settings))
    return farm.start(name, ["webdis", str(config)], {"PATH": os.environ["PATH"]}, behind=[redis], port=port)


# --- all of them ----------------------------------------------------------------------------------------------------


def name_of(served: Ours) -> str:
    """How a variant of ours is called."""
    mode = f" {served.synchronous}" if served.database == "sqlite" else ""
    level = f", LOG_LEVEL {served.log_level}" if served.log_level else ""
    return f"ours, {served.server}, {served.database}{mode}, cache {served.cache}{level}"


def ours(served: Ours) -> Variant:
    """A variant of ours."""
    return Variant(name_of(served), served.start, dialects.SAVE_GET, served.needs, quick=served in QUICK)


SERVED = [
    *(
        Ours(server, "sqlite", cache, synchronous, level)
        for server in ("gunicorn", "granian")
        for cache, synchronous, level in (
            ("shm", "FULL", ""),
            ("none", "FULL", ""),
            ("shm", "NORMAL", ""),
            ("shm", "FULL", "WARNING"),
        )
    ),
    *(Ours(server, "MariaDB", cache) for server in ("gunicorn", "granian") for cache in ("none", "shm")),
    *(Ours("gunicorn", database, "redis") for database in DATABASES),
]
DEFAULTS = {"sqlite": Ours("gunicorn"), "MariaDB": Ours("gunicorn", "MariaDB", "none")}
QUICK = (Ours("gunicorn"), Ours("granian", "MariaDB", "shm"))
KINTO = ("peers:kinto", "peers:gunicorn")
BARE_FASTAPI = "FastAPI, sqlite3 module NORMAL, uvicorn"
TEXTBOOK = "textbook, gunicorn, sqlite"
KINTO_MEMORY = "Kinto, memory"
ETCD = "etcd's gateway"


def plain(server: str) -> Variant:
    """The plain view on our server, in our stack."""
    served = Ours(server, cache="none", settings=BESIDE)
    name, quick = f"plain view, {server}, sqlite FULL", server == "gunicorn"
    return Variant(name, served.start, dialects.PLAIN, quick=quick, fill=dialects.SAVE_GET)


VARIANTS = [
    *map(ours, SERVED),
    *(plain(server) for server in ("gunicorn", "granian")),
    Variant(TEXTBOOK, partial(textbook, GTHREAD, "sqlite"), dialects.TEXTBOOK, quick=True),
    Variant("textbook, gunicorn sync, sqlite", partial(textbook, [], "sqlite"), dialects.TEXTBOOK),
    Variant("textbook, gunicorn, MariaDB", partial(textbook, GTHREAD, "MariaDB"), dialects.TEXTBOOK, MARIADB),
    Variant(KINTO_MEMORY, partial(kinto, "memory"), dialects.KINTO, KINTO, "one process; not durable"),
    Variant("Kinto, PostgreSQL", partial(kinto, "PostgreSQL"), dialects.KINTO, (*KINTO, "postgres")),
    Variant(ETCD, etcd, dialects.ETCD, ("etcd",), "checks no key; durable"),
    Variant(BARE_FASTAPI, fastapi, dialects.FASTAPI, ("peers:fastapi", "peers:uvicorn")),
    Variant("webdis, Redis", webdis, dialects.WEBDIS, ("webdis", "redis-server"), "checks no key; not durable"),
]
BY_NAME = {variant.name: variant for variant in VARIANTS}

# How each of the programs tells its version.
PROGRAMS = {
    "MariaDB": ("mariadbd", "--version", r"Ver (\S+?)-"),
    "Redis": ("redis-server", "--version", r"v=(\S+)"),
    "PostgreSQL": ("postgres", "--version", r"(\d+\.\d+)"),
    "etcd": ("etcd", "--version", r"etcd Version: (\S+)"),
    "wrk": ("wrk", "-v", r"wrk (?:debian/)?([^\s-]+)"),
}


def programs_told() -> dict[str, str]:
    """The versions of the programs that are installed."""
    found = {}
    for name, (program, option, pattern) in PROGRAMS.items():
        where = programs() if program == "postgres" else None
        file = str(where / program) if where else shutil.which(program, path=services.SBIN)
        if file:
            told = subprocess.run([file, option], capture_output=True, text=True, check=False)
            if match := re.search(pattern, told.stdout + told.stderr):
                found[name] = match[1]
    return found
