"""The old service of docs/gateway.md: users, over zerorpc."""
import zerorpc


def get_user(id):
    """A user by its id."""
    if id <= 0:
        raise ValueError("id must be positive")
    return {"id": id, "name": "itxiaoshen"}


server = zerorpc.Server({"UserService.GetUser": get_user})
server.bind("tcp://127.0.0.1:4343")
print("LISTENING zerorpc 127.0.0.1:4343", flush=True)
server.run()
