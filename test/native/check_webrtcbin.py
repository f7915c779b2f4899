"""Ends with other than 0 where webrtcbin_client.py lacks something."""

import gi
import websockets  # noqa: F401

for name in ("Gst", "GstSdp", "GstWebRTC"):
    gi.require_version(name, "1.0")
from gi.repository import Gst, GstSdp, GstWebRTC  # noqa: E402, F401

Gst.init(None)
for element in ("webrtcbin", "nicesink", "srtpenc", "vp8enc", "vp8dec", "opusenc", "opusdec", "rtpvp8pay", "rtpopuspay"):
    assert Gst.ElementFactory.find(element), element
