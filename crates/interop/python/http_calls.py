"""JSON over HTTP: from a call to a request, and from a response to what came of it. How both travel is the library's."""
import itertools
import json
from urllib.parse import urlencode

from answers import Cannot, Failed
from tagged import from_tagged, to_tagged


def encode(value):
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise Cannot(f"JSON: {error}") from None


def request_of(call):
    """Verb, path, headers and body: `POST /call/METHOD`, or what the method says itself, as `GET /call/add`."""
    verb, _, path = call["method"].rpartition(" ")
    headers = dict(call.get("metadata", {}))
    given = from_tagged(call["named"] if "named" in call else call["arguments"])
    if verb == "GET":
        return verb, f"{path}?{urlencode(given)}", headers, None
    return verb or "POST", path if verb else f"/call/{path}", {"content-type": "application/json", **headers}, encode(given)


def items_of(content_type, lines):
    """The items of a stream: one a line, or one an event."""
    event = None
    for line in (line.decode() for line in lines):
        if content_type == "application/x-ndjson":
            item = json.loads(line)
            if isinstance(item, dict) and "error" in item:
                raise failure(None, item)
            yield item
        elif line.startswith("event: "):
            event = line.removeprefix("event: ")
        elif line.startswith("data: ") and event == "error":
            raise failure(None, json.loads(line.removeprefix("data: ")))
        elif line.startswith("data: ") and event is None:
            yield json.loads(line.removeprefix("data: "))


def failure(status, content):
    error = content["error"]
    return Failed(error["message"], status, error["kind"]) if isinstance(error, dict) else Failed(error, status)


def answer_of(call, status, content_type, lines):
    """What came of a call; `lines` are those of the body, without their ends."""
    content_type = content_type.partition(";")[0]
    if status >= 400:
        raise failure(status, json.loads(b"".join(lines)))
    if not call.get("stream"):
        return "value", to_tagged(json.loads(b"\n".join(lines)))
    return "items", [to_tagged(item) for item in itertools.islice(items_of(content_type, lines), call.get("take"))]
