"""Calls both services by grpcio, with what reflection says of them: beside_tonic.py ADDRESS."""

import sys

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

channel = grpc.insecure_channel(sys.argv[1])
pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))


def call(service, name, **fields):
    method = pool.FindServiceByName(service).methods_by_name[name]
    request, answer = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
    callable = channel.unary_unary(f"/{service}/{name}", request.SerializeToString, answer.FromString)
    return callable(request(**fields), timeout=10)


print("elapsed", call("clock.Clock", "Elapsed").seconds > 0)
print("half", call("Methods", "half", value=2.5).value)
