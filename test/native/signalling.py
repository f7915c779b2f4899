"""The relay's JSON-RPC over WebSocket, as a native client speaks it (docs/PROTOCOL.md)."""

import asyncio
import itertools
import json

import websockets

PUBLISHER, SUBSCRIBER = 0, 1


def report(**event):
    """Tells the test, one JSON text a line."""
    print(json.dumps(event), flush=True)


class Signalling:
    """One connection. What the relay says unasked goes to `on_notification(method, params)`."""

    def __init__(self, socket, on_notification):
        self._socket = socket
        self._on_notification = on_notification
        self._ids = itertools.count(1)
        self._replies = {}
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def dial(cls, url, on_notification):
        socket = await websockets.connect(url, subprotocols=["sfu-relay.v1"], max_size=None)
        return cls(socket, on_notification)

    async def request(self, method, params):
        reply = asyncio.get_running_loop().create_future()
        number = next(self._ids)
        self._replies[number] = reply
        await self._send({"id": number, "method": method, "params": params})
        return await reply

    async def notify(self, method, params):
        await self._send({"method": method, "params": params})

    async def close(self):
        await self._socket.close()

    async def _send(self, message):
        await self._socket.send(json.dumps({"jsonrpc": "2.0", **message}))

    async def _read(self):
        try:
            async for text in self._socket:
                self._take(json.loads(text))
        except websockets.ConnectionClosed:
            pass
        report(event="closed", code=self._socket.close_code)

    def _take(self, message):
        if "method" in message:
            self._on_notification(message["method"], message.get("params"))
            return
        error = message.get("error")
        reply = self._replies.pop(message.get("id"), None)
        if reply is None:
            report(event="refused", error=error)
        elif error:
            report(event="refused", error=error)
            reply.set_exception(RuntimeError(error["message"]))
        else:
            reply.set_result(message["result"])
