"""The service's methods as a Python program would write them."""
import time


def add(a, b):
    return a + b


def subtract(x, y):
    return abs(x - y)


def multiply(x, y):
    return x * y


def divide(x, y):
    return x / y


def power(x, y):
    return x**y


def echo(value):
    return value


def sleep(ms):
    time.sleep(ms / 1000)
    return ms


def hello(name):
    return "Hello," + name


def listinfo(message):
    return "get info : " + message


def strftime(format):
    return time.strftime(format)


def streaming_range(fr, to, step):
    return range(fr, to, step)
