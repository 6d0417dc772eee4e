"""A request to the Django view in a process of its own, which tells the memory it took: PATH FILE (of the body)."""

import json
import sys
import time
from pathlib import Path
from wsgiref.util import setup_testing_defaults

KEY = "a-key-that-nobody-else-has"


def peak_bytes() -> int:
    """The kernel's high-water mark of this process; ru_maxrss would remember the process that started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def main(url: str, file: str) -> None:
    """Post what is in the file; get, when that is nothing."""
    from buildserver.wsgi import application  # noqa: PLC0415 - counted: all that a server has loaded

    start, begin, status = peak_bytes(), time.process_time(), list[str]()
    path, _, query = url.partition("?")
    with Path(file).open("rb") as body:
        environ = {
            "REQUEST_METHOD": "POST" if (size := Path(file).stat().st_size) else "GET",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "HTTP_HOST": "testserver",
            "HTTP_X_API_KEY": KEY,
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(size),
            "wsgi.input": body,
        }
        setup_testing_defaults(environ)
        answer = application(environ, lambda line, headers: status.extend((line, json.dumps(headers))))
        answer_bytes = sum(map(len, answer))
        answer.close()
    headers = dict(json.loads(status[1]))
    told = {"status": int(status[0][:3]), "gap_eur": float(headers.get("X-Plan-Gap-Eur", 0))}
    told |= {"start_bytes": start, "peak_bytes": peak_bytes(), "answer_bytes": answer_bytes}
    sys.stdout.write(json.dumps({**told, "s": time.process_time() - begin}))


if __name__ == "__main__":
    main(*sys.argv[1:])
