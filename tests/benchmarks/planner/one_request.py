"""A request to the Django view in a process of its own, which tells the memory it took: PATH FILE (of the body)."""

import json
import sys
import time
from pathlib import Path

KEY = "a-key-that-nobody-else-has"


def peak_bytes() -> int:
    """The kernel's high-water mark of this process; ru_maxrss would remember the process that started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def main(path: str, file: str) -> None:
    """Post what is in the file; get, when that is nothing."""
    from django.test import Client  # noqa: PLC0415 - counted

    from buildserver.wsgi import application  # noqa: F401, PLC0415 - loads all that a server has loaded

    start = peak_bytes()
    sent, begin = Path(file).read_bytes(), time.process_time()
    client = Client(headers={"X-API-Key": KEY})
    answer = client.post(path, sent, content_type="application/json") if sent else client.get(path)
    told = {"status": answer.status_code, "gap_eur": float(answer.headers.get("X-Plan-Gap-Eur", 0))}
    told |= {"start_bytes": start, "peak_bytes": peak_bytes(), "answer_bytes": len(answer.content)}
    sys.stdout.write(json.dumps({**told, "s": time.process_time() - begin}))


if __name__ == "__main__":
    main(*sys.argv[1:])
