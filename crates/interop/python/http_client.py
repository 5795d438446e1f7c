"""Python's http.client: JSON over HTTP, and the adder."""
import http.client
import sys

from answers import answer_each
from http_calls import answer_of, request_of

_, address = sys.argv[1:]


def make(call):
    verb, path, headers, body = request_of(call)
    connection = http.client.HTTPConnection(address)
    try:
        connection.request(verb, path, body, headers)
        response = connection.getresponse()
        lines = (line.rstrip(b"\r\n") for line in response)
        return answer_of(call, response.status, response.getheader("content-type", ""), lines)
    finally:
        connection.close()


answer_each(make)
