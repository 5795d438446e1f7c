"""Python's xmlrpc.client."""
import sys
import xmlrpc.client

from answers import Cannot, Failed, answer_each
from tagged import from_tagged, to_tagged

_, address = sys.argv[1:]
server = xmlrpc.client.ServerProxy(f"http://{address}/RPC2", allow_none=True, use_builtin_types=True)


def multicall(calls):
    many = xmlrpc.client.MultiCall(server)
    for one in calls:
        getattr(many, one["methodName"])(*one["params"])
    return [[result] for result in many()]


def make(call):
    arguments = tuple(from_tagged(call["arguments"]))
    try:
        xmlrpc.client.dumps(arguments, call["method"], allow_none=True)
    except (OverflowError, TypeError) as error:
        raise Cannot(f"xmlrpc.client: {error}") from None
    try:
        if call["method"] == "system.multicall":
            return "value", to_tagged(multicall(*arguments))
        return "value", to_tagged(getattr(server, call["method"])(*arguments))
    except xmlrpc.client.Fault as fault:
        raise Failed(fault.faultString, fault.faultCode) from None


answer_each(make)
