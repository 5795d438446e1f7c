"""An old client of docs/gateway.md: asks for a user over zerorpc, at the port that it is given."""
import sys

import zerorpc

port, id = sys.argv[1:]
client = zerorpc.Client(f"tcp://127.0.0.1:{port}")
try:
    print(client("UserService.GetUser", int(id))["name"])
except zerorpc.RemoteError as error:
    print(error.name, error.msg)
