"""Publishes and watches with aiortc: python aiortc_client.py <url> <room> <user>"""

import asyncio
import sys

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, VideoStreamTrack
from aiortc.sdp import candidate_from_sdp

from signalling import PUBLISHER, SUBSCRIBER, Signalling, report


async def count(track):
    """Decodes a track, and reports how far it has come."""
    frames = 0
    try:
        while True:
            await track.recv()
            frames += 1
            if frames % 10 == 1:
                report(event="frames", kind=track.kind, track=track.id, frames=frames)
    except MediaStreamError:
        report(event="ended", kind=track.kind, track=track.id)


class Client:
    def __init__(self):
        self.publisher = RTCPeerConnection()
        self.subscriber = RTCPeerConnection()
        self.subscriber.on("track", lambda track: asyncio.create_task(count(track)))
        # The negotiation of either connection, one message after the other.
        self.turns = {PUBLISHER: asyncio.Queue(), SUBSCRIBER: asyncio.Queue()}
        self.signalling = None

    async def run(self, url, room, user):
        self.signalling = await Signalling.dial(url, self.notified)
        self.publisher.addTrack(AudioStreamTrack())
        self.publisher.addTrack(VideoStreamTrack())
        await self.publisher.setLocalDescription(await self.publisher.createOffer())
        offer = {"type": "offer", "sdp": self.publisher.localDescription.sdp}
        report(event="offer", sdp=offer["sdp"])
        answer = await self.signalling.request("join", {"sid": room, "uid": user, "offer": offer})
        await self.publisher.setRemoteDescription(RTCSessionDescription(sdp=answer["sdp"], type="answer"))
        report(event="joined")
        await asyncio.gather(self.take(PUBLISHER, self.publisher), self.take(SUBSCRIBER, self.subscriber))

    def notified(self, method, params):
        if method == "trickle":
            self.turns[params["target"]].put_nowait((method, params["candidate"]))
        elif method == "offer":
            self.turns[SUBSCRIBER].put_nowait((method, params))

    async def take(self, target, connection):
        while True:
            method, params = await self.turns[target].get()
            if method == "offer":
                await self.answer(params)
            elif params["candidate"]:
                candidate = candidate_from_sdp(params["candidate"].removeprefix("candidate:"))
                candidate.sdpMid, candidate.sdpMLineIndex = params["sdpMid"], params["sdpMLineIndex"]
                await connection.addIceCandidate(candidate)

    async def answer(self, offer):
        await self.subscriber.setRemoteDescription(RTCSessionDescription(**offer))
        await self.subscriber.setLocalDescription(await self.subscriber.createAnswer())
        answer = {"type": "answer", "sdp": self.subscriber.localDescription.sdp}
        report(event="answer", sdp=answer["sdp"])
        await self.signalling.notify("answer", {"desc": answer})


asyncio.run(Client().run(*sys.argv[1:4]))
