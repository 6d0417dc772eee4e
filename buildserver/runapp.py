"""Set up on first use, then serve: makes `.venv`, installs what changed, and hands over to `builder serve`.

Runs under whatever Python there is, old ones included, with the standard library alone: no newer syntax, no package.

    runapp [--setup] [--venv DIR] [--python EXE] [--with SET]... [options of `builder serve`]

--setup         only set up
--venv DIR      the virtual environment, `.venv` by default
--python EXE    the Python to make it with, the newest suitable one by default
--with SET      also install requirements/SET.txt (`dev`, `mysql`)
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SUITABLE = [(3, 13), (3, 12), (3, 11)]
WINDOWS = os.name == "nt"
PROBE = "import sys; print('%d.%d.%d' % sys.version_info[:3]); import venv, ensurepip; print('venv')"
HOW_TO_GET = (
    "Install one (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python@3.13; "
    "Windows: winget install Python.Python.3.13) and start again."
)


def fail(sentence):
    """Say what is wrong and what to do, and end."""
    sys.stderr.write("runapp: " + sentence + "\n")
    sys.exit(1)


def say(sentence):
    """Tell what takes a while."""
    sys.stderr.write(sentence + "\n")
    sys.stderr.flush()


def candidates():
    """Commands that may be a Python, as argument lists."""
    if WINDOWS:
        for version in SUITABLE:
            yield ["py", "-%d.%d" % version]
    folders = os.environ.get("PATH", "").split(os.pathsep)
    for folder in list(folders):
        # pyenv's shims answer for the chosen version only; all the others are beside them.
        if os.path.basename(folder) == "shims":
            versions = os.path.join(os.path.dirname(folder), "versions")
            names = sorted(os.listdir(versions)) if os.path.isdir(versions) else []
            folders += [os.path.join(versions, name, "bin") for name in names]
    for name in ["python%d.%d" % version for version in SUITABLE] + ["python3", "python"]:
        for folder in folders:
            found = shutil.which(name, path=folder)
            if found:
                yield [found]
    yield [sys.executable]


def probe(command):
    """The version of a Python and whether it can make environments, or None when it does not run."""
    try:
        answer = subprocess.run(
            command + ["-I", "-c", PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60, check=False
        ).stdout.decode("utf-8", "replace")
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.match(r"(\d+)\.(\d+)\.(\d+)", answer)
    return (tuple(map(int, version.groups())), "venv" in answer) if version else None


def newest_python():
    """The command of the newest suitable Python; ends with a sentence when there is none."""
    seen, without_venv = {}, {}
    for command in candidates():
        found = probe(command)
        if found is None:
            continue
        version, has_venv = found
        (seen if has_venv else without_venv).setdefault(version, command)
    suitable = [version for version in seen if version[:2] in SUITABLE]
    if suitable:
        return seen[max(suitable)]
    lacking = [version for version in without_venv if version[:2] in SUITABLE]
    if lacking:
        name = "python%d.%d" % max(lacking)[:2]
        fail("%s has no venv module. Install it (Debian, Ubuntu: apt install %s-venv) and start again." % (name, name))
    others = ", ".join("%d.%d.%d" % version for version in sorted(set(seen) | set(without_venv)))
    return fail("Python 3.11, 3.12 or 3.13 is needed and only %s was found. %s" % (others or "none", HOW_TO_GET))


def python_of(venv):
    """The environment's Python."""
    return os.path.join(venv, "Scripts" if WINDOWS else "bin", "python.exe" if WINDOWS else "python")


def works(venv):
    """Whether the environment has a suitable Python that runs, with pip."""
    try:
        check = "import sys, pip; sys.exit(sys.version_info[:2] not in %r)" % (SUITABLE,)
        return subprocess.call([python_of(venv), "-c", check], stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def make(venv, python):
    """Make the environment, anew when one is there that does not work."""
    command = [python] if python else newest_python()
    say("Making %s with %s" % (os.path.relpath(venv), command[-1]))
    if subprocess.call(command + ["-m", "venv", "--clear", venv]) != 0:
        fail("the environment could not be made; the lines above say why.")


def wanted(sets):
    """What must be installed: a line a set with the hash of its requirements, and the project's own metadata."""
    lines = []
    for name, file in [(name, os.path.join("requirements", name + ".txt")) for name in sets] + [("", "pyproject.toml")]:
        try:
            with open(os.path.join(ROOT, file), "rb") as content:
                lines.append("%s %s" % (name, hashlib.sha256(content.read()).hexdigest()))
        except OSError as fault:
            fail("%s cannot be read: %s" % (file, fault))
    return lines


def install(venv, sets):
    """Install what changed since the last time; sets that were installed before are kept up to date too."""
    stamp = os.path.join(venv, "installed.txt")
    try:
        with open(stamp) as content:
            present = content.read().splitlines()
    except OSError:
        present = []
    before = [line.split(" ")[0] for line in present if not line.startswith(" ")]
    sets = ["base"] + sorted(set(sets + before) - {"base"})
    lines = wanted(sets)
    if present == lines:
        return
    say("Installing %s, which takes about half a minute" % ", ".join("requirements/%s.txt" % name for name in sets))
    files = [argument for name in sets for argument in ("-r", os.path.join(ROOT, "requirements", name + ".txt"))]
    pip = [python_of(venv), "-m", "pip", "--disable-pip-version-check", "--no-cache-dir", "-q", "install"]
    # The files name every package with what it needs; an older pip would look beside them for what they pin.
    pinned = ["--no-deps", "--require-hashes"]
    own = ["--no-deps", "--no-build-isolation", "--no-index", "-e", ROOT]
    quiet = dict(os.environ, PYTHONWARNINGS="ignore")  # setuptools warns of every editable installation
    if subprocess.call(pip + pinned + files) != 0 or subprocess.call(pip + own, env=quiet) != 0:
        fail("the packages could not be installed; the lines above say why. When that is mended, start again.")
    with open(stamp, "w") as content:
        content.write("\n".join(lines) + "\n")


def one_at_a_time():
    """Wait for another set-up of this checkout; the lock ends with this process."""
    try:
        import fcntl  # noqa: PLC0415 - not on Windows
    except ImportError:
        return None
    lock = os.open(ROOT, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def set_up(venv, python, sets):
    """The environment as the requirements want it; returns its Python."""
    lock = one_at_a_time()
    try:
        if not works(venv):
            make(venv, python)
        install(venv, sets)
    finally:
        if lock is not None:
            os.close(lock)
    return python_of(venv)


def take(arguments, name):
    """The values of an option, taken out of the arguments."""
    values = []
    while name in arguments:
        index = arguments.index(name)
        if index + 1 == len(arguments):
            fail("%s needs a value." % name)
        values.append(arguments[index + 1])
        del arguments[index : index + 2]
    return values


def main(arguments):
    """Set up, then become the server."""
    venv = os.path.abspath((take(arguments, "--venv") or [os.path.join(ROOT, ".venv")])[-1])
    python = (take(arguments, "--python") or [None])[-1]
    sets = take(arguments, "--with")
    executable = set_up(venv, python, sets)
    if "--setup" in arguments:
        return 0
    command = [executable, "-P", "-m", "buildserver.cli", "serve", "--prepare"] + arguments
    if not WINDOWS:
        os.execv(executable, command)
    try:
        return subprocess.call(command)
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
