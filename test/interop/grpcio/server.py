"""Speaks rtc.RTC/Signal by grpcio as far as the interop suite needs it: see test/ion/grpc-server."""
import signal
import sys
import threading
import time
from concurrent import futures

import grpc

JOINED = b"\x0a\x13\x08\x01\x1a\x0f\x12\x06answer\x1a\x05v=0\r\n"
options = dict(argument.split("=", 1) for argument in sys.argv[1:])


def trickle(text):
    init = text.encode()
    return b"\x1a" + bytes([len(init) + 2]) + b"\x12" + bytes([len(init)]) + init


def handle(requests, context):
    time.sleep(float(options.get("silence", 0)))
    for message in requests:
        if message[:1] == b"\x0a":
            yield JOINED
            continue
        words = message[4:].split(b" ") if message[:1] == b"\x1a" else [b""]
        if words[0] == b"end":
            code = next(code for code in grpc.StatusCode if code.value[0] == int(words[1]))
            context.abort(code, "as wished: ä")
        elif words[0] == b"headers":
            context.set_trailing_metadata([(f"x-large-{n}", "x" * 1000) for n in range(int(words[1]))])
            return
        elif words[0] == b"metadata":
            yield trickle(dict(context.invocation_metadata()).get("authorization", ""))
        else:
            yield message


class Handlers(grpc.GenericRpcHandler):
    def service(self, details):
        if details.method == "/rtc.RTC/Signal":
            return grpc.stream_stream_rpc_method_handler(handle)
        return None


channel_options = [
    ("grpc.max_metadata_size", 1 << 20),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", int(options.get("min-ping-ms", 1))),
    ("grpc.http2.max_ping_strikes", 2 if "min-ping-ms" in options else 0),
]
if "max-streams" in options:
    channel_options.append(("grpc.max_concurrent_streams", int(options["max-streams"])))
if "max-age-ms" in options:
    channel_options.append(("grpc.max_connection_age_ms", int(options["max-age-ms"])))
server = grpc.server(futures.ThreadPoolExecutor(max_workers=300), options=channel_options)
server.add_generic_rpc_handlers((Handlers(),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(f"listening on 127.0.0.1:{port}", flush=True)
stopped = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stopped.set())
stopped.wait()
server.stop(0)
import os

os._exit(0)
