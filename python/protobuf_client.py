#!/usr/bin/env python3
"""A first protobuf message, without any server: pip install protobuf, then run this."""
import argparse
import sys

try:
    from pb import hello_pb2
except ImportError as error:
    sys.exit(f"{error}: pip install -r python/requirements-test.txt, in a virtual environment")

argparse.ArgumentParser(description=__doc__).parse_args()
hello = hello_pb2.Hello(name="itxiaoshen", age=18)
hello.hobbies.append("reading")
hello.hobbies.extend(["music", "编程"])

data = hello.SerializeToString()
print(f"{len(data)} bytes: {data.hex(' ')}")
print(f"  {data[0]:02x} is field {data[0] >> 3}, wire type {data[0] & 7}; {data[1]} bytes follow: {data[2:2 + data[1]]}")

back = hello_pb2.Hello()
back.ParseFromString(data)
print(f"parsed back: name={back.name} age={back.age} hobbies={list(back.hobbies)}")
assert back == hello
