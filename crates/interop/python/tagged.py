"""The cases' values as Python has them; the forms are described in src/bin/interop/tagged.rs."""
import datetime


def from_tagged(value):
    if isinstance(value, list):
        return [from_tagged(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (tag, content), = value.items()
        if tag in TAGS:
            return TAGS[tag](content)
    return {key: from_tagged(item) for key, item in value.items()}


TAGS = {
    "$int": int,
    "$float": float,
    "$bytes": bytes.fromhex,
    "$date": datetime.datetime.fromisoformat,
    "$pairs": lambda pairs: {from_tagged(key): from_tagged(value) for key, value in pairs},
}


def to_tagged(value):
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return {"$int": str(value)}
    if isinstance(value, float):
        return {"$float": repr(value)}
    if isinstance(value, (bytes, bytearray)):
        return {"$bytes": value.hex()}
    if isinstance(value, datetime.datetime):
        return {"$date": value.isoformat()}
    if isinstance(value, dict):
        if all(isinstance(key, str) and not key.startswith("$") for key in value):
            return {key: to_tagged(item) for key, item in value.items()}
        return {"$pairs": [[to_tagged(key), to_tagged(item)] for key, item in value.items()]}
    return [to_tagged(item) for item in value]


def plain(value):
    """A value as protobuf's JSON has it."""
    import base64
    import math

    value = from_tagged(value)

    def walk(value):
        if isinstance(value, dict):
            return {str(key): walk(item) for key, item in value.items()}
        if isinstance(value, list):
            return [walk(item) for item in value]
        if isinstance(value, bytes):
            return base64.b64encode(value).decode()
        if isinstance(value, float) and not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        return value

    return walk(value)
