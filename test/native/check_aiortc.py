"""Ends with other than 0 where aiortc_client.py lacks something."""

import aiortc  # noqa: F401
import websockets  # noqa: F401
