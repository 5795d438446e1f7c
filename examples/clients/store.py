"""Calls the store by four libraries, each of which knows nothing of manywire: store.py ADDRESS."""

import sys
import xmlrpc.client

import grpc
import jsonrpclib
import zerorpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

address = sys.argv[1]

xml = xmlrpc.client.ServerProxy(f"http://{address}/RPC2", allow_none=True)
print("xmlrpc.client", xml.Store.Put("xml", "1"), xml.Store.Get("xml"))

json = jsonrpclib.ServerProxy(f"http://{address}")
print("jsonrpclib", json.Store.Put(key="json", value="2"), json.Store.Get(key="json"))

zero = zerorpc.Client(f"tcp://{address}")
print("zerorpc", zero("Store.Put", "zero", "3"), zero("Store.Get", "zero"))

channel = grpc.insecure_channel(address)
pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
service = pool.FindServiceByName("Store")


def method(name, kind):
    described = service.methods_by_name[name]
    request, answer = GetMessageClass(described.input_type), GetMessageClass(described.output_type)
    callable = kind(f"/Store/{name}", request.SerializeToString, answer.FromString)
    return lambda **fields: callable(request(**fields), timeout=10)


put, get = method("Put", channel.unary_unary), method("Get", channel.unary_unary)
put(key="grpc", value="4")
print("grpcio", get(key="grpc").value)

# The first item says what the value is, and that whatever changes it from now on is seen.
watching = method("Watch", channel.unary_stream)(key="watched")
changes = zero("Store.Watch", "watched")
seen = [[next(watching).value], [next(changes)["value"]]]
for value in ("5", None):
    xml.Store.Put("watched", value)
    seen[0].append(next(watching).value)
    seen[1].append(next(changes)["value"])
print("grpcio watches", seen[0])
print("zerorpc watches", seen[1])
watching.cancel()
