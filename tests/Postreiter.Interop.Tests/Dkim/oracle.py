"""Answers for Debian's python3-dkim: one JSON object a line in, one a line out. The first line holds the keys."""

import base64
import json
import sys

try:
    import dkim
except ImportError:
    print("missing")
    sys.exit(0)

keys = {name: text.encode() for name, text in json.loads(sys.stdin.readline())["keys"].items()}


def find(name, timeout=5):
    name = name.decode() if isinstance(name, bytes) else name
    return keys.get(name.rstrip(".").lower())


def verify(task):
    message = base64.b64decode(task["message"])
    results = []
    for index in range(task["count"]):
        try:
            results.append(dkim.DKIM(message).verify(index, dnsfunc=find))
        except dkim.DKIMException as e:
            results.append(False)
    return {"results": results}


def sign(task):
    field = dkim.sign(
        base64.b64decode(task["message"]),
        task["selector"].encode(),
        task["domain"].encode(),
        task["key"].encode(),
        canonicalize=(task["header"].encode(), task["body"].encode()),
        signature_algorithm=task["algorithm"].encode(),
        include_headers=[n.encode() for n in task["fields"]],
        length=task["length"],
    )
    return {"fields": base64.b64encode(field).decode()}


def arc_verify(task):
    status, results, comment = dkim.arc_verify(base64.b64decode(task["message"]), dnsfunc=find)
    return {"status": (status or b"").decode(), "comment": str(comment)}


def arc_seal(task):
    message = base64.b64decode(task["message"])
    fields = dkim.arc_sign(
        message,
        task["selector"].encode(),
        task["domain"].encode(),
        task["key"].encode(),
        task["server"].encode(),
        include_headers=[n.encode() for n in task["fields"]],
    )
    return {"fields": base64.b64encode(b"".join(fields)).decode()}


def time(task):
    """Verifies one message again and again; seconds for one."""
    import timeit

    message = base64.b64decode(task["message"])
    assert dkim.verify(message, dnsfunc=find)
    return {"seconds": timeit.timeit(lambda: dkim.verify(message, dnsfunc=find), number=task["count"]) / task["count"]}


tasks = {"verify": verify, "sign": sign, "arc-verify": arc_verify, "arc-seal": arc_seal, "time": time}
# All is read before the first answer: who writes the tasks does not read meanwhile.
for task in [json.loads(line) for line in sys.stdin]:
    print(json.dumps(tasks[task["task"]](task)))
