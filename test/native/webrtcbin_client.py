"""Publishes and watches with GStreamer's webrtcbin: python3 webrtcbin_client.py <url> <room> <user>"""

import asyncio
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import Gst, GstSdp, GstWebRTC  # noqa: E402

from signalling import PUBLISHER, SUBSCRIBER, Signalling, report  # noqa: E402

OFFER, ANSWER = GstWebRTC.WebRTCSDPType.OFFER, GstWebRTC.WebRTCSDPType.ANSWER
SENDER = """
webrtcbin name=webrtc bundle-policy=max-bundle
videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=15/1 ! vp8enc deadline=1 keyframe-max-dist=15
  ! rtpvp8pay pt=96 ! application/x-rtp,media=video,encoding-name=VP8,payload=96 ! webrtc.
audiotestsrc is-live=true ! audioconvert ! audioresample ! opusenc
  ! rtpopuspay pt=111 ! application/x-rtp,media=audio,encoding-name=OPUS,payload=111 ! webrtc.
"""
RECEIVER = "pipeline. ( webrtcbin name=webrtc bundle-policy=max-bundle )"
DECODERS = {"VP8": "rtpvp8depay ! vp8dec", "OPUS": "rtpopusdepay ! opusdec"}


class Connection:
    """One peer connection. GStreamer calls from threads of its own; all else happens in the loop."""

    def __init__(self, target, pipeline, client):
        self.target = target
        self.client = client
        self.loop = asyncio.get_running_loop()
        self.pipeline = pipeline
        self.webrtc = pipeline.get_by_name("webrtc")
        self.webrtc.connect("on-ice-candidate", self.on_candidate)
        self.held = []

    async def ask(self, signal, *args):
        """The text of the description that a signal of webrtcbin's promises, or None."""
        reply = self.loop.create_future()

        def settle(promise, *_):
            # Read here: the description is gone with the promise.
            answer = promise.get_reply()
            kind = signal.removeprefix("create-")
            text = answer.get_value(kind).sdp.as_text() if answer and answer.has_field(kind) else None
            self.loop.call_soon_threadsafe(reply.set_result, text)

        self.webrtc.emit(signal, *args, Gst.Promise.new_with_change_func(settle, None))
        return await reply

    async def describe(self, side, kind, sdp):
        _, message = GstSdp.SDPMessage.new_from_text(sdp)
        description = GstWebRTC.WebRTCSessionDescription.new(kind, message)
        await self.ask(f"set-{side}-description", description)

    def add_candidate(self, candidate):
        # By the number of its section: those of Ion name none by its mid.
        self.webrtc.emit("add-ice-candidate", candidate["sdpMLineIndex"] or 0, candidate["candidate"])

    def on_candidate(self, _, index, candidate):
        init = {"candidate": candidate, "sdpMLineIndex": index}
        self.loop.call_soon_threadsafe(self.client.found, self.target, init)


class Client:
    def __init__(self):
        self.publisher = Connection(PUBLISHER, Gst.parse_launch(SENDER), self)
        self.subscriber = Connection(SUBSCRIBER, Gst.parse_launch(RECEIVER), self)
        self.subscriber.webrtc.connect("pad-added", self.on_pad)
        self.negotiation = asyncio.Queue()
        self.joined = asyncio.Event()
        self.signalling = None

    async def run(self, url, room, user):
        self.signalling = await Signalling.dial(url, self.notified)
        needed = asyncio.get_running_loop().create_future()
        once = lambda *_: needed.done() or needed.set_result(True)  # noqa: E731
        loop = asyncio.get_running_loop()
        self.publisher.webrtc.connect("on-negotiation-needed", lambda *_: loop.call_soon_threadsafe(once))
        self.publisher.pipeline.set_state(Gst.State.PLAYING)
        self.subscriber.pipeline.set_state(Gst.State.PLAYING)
        await needed
        sdp = await self.publisher.ask("create-offer", None)
        await self.publisher.describe("local", OFFER, sdp)
        report(event="offer", sdp=sdp)
        answer = await self.signalling.request("join", {"sid": room, "uid": user, "offer": {"type": "offer", "sdp": sdp}})
        await self.publisher.describe("remote", ANSWER, answer["sdp"])
        report(event="joined")
        self.joined.set()
        while True:
            method, params = await self.negotiation.get()
            if method == "offer":
                await self.answer(params["sdp"])
            elif params["candidate"]["candidate"]:
                connection = self.publisher if params["target"] == PUBLISHER else self.subscriber
                connection.add_candidate(params["candidate"])

    def notified(self, method, params):
        if method in ("offer", "trickle"):
            self.negotiation.put_nowait((method, params))

    def found(self, target, candidate):
        asyncio.create_task(self.send(target, candidate))

    async def send(self, target, candidate):
        await self.joined.wait()
        await self.signalling.notify("trickle", {"target": target, "candidate": candidate})

    async def answer(self, sdp):
        await self.subscriber.describe("remote", OFFER, sdp)
        answer = await self.subscriber.ask("create-answer", None)
        await self.subscriber.describe("local", ANSWER, answer)
        report(event="answer", sdp=answer)
        await self.signalling.notify("answer", {"desc": {"type": "answer", "sdp": answer}})

    def on_pad(self, _, pad):
        if pad.direction != Gst.PadDirection.SRC:
            return
        caps = pad.get_current_caps().get_structure(0)
        kind = caps.get_string("media")
        decoder = DECODERS[caps.get_string("encoding-name").upper()]
        sink = Gst.parse_bin_from_description(f"queue ! {decoder} ! fakesink name=sink sync=false signal-handoffs=true", True)
        frames = 0

        def handoff(*_):
            nonlocal frames
            frames += 1
            if frames % 10 == 1:
                self.subscriber.loop.call_soon_threadsafe(lambda n=frames: report(event="frames", kind=kind, track=pad.name, frames=n))

        sink.get_by_name("sink").connect("handoff", handoff)
        self.subscriber.pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad("sink"))


async def main():
    Gst.init(None)
    await Client().run(*sys.argv[1:4])


asyncio.run(main())
