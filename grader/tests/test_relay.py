"""What stands between browsers and a student's TCP keeps its connections."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

from tcplab.handouts.relay import Relay


def test_a_connection_lives_though_its_browser_has_gone() -> None:
    """The server at the other end may still have to hear of it, and nobody else keeps the task."""
    problems: list[str] = []

    def hear(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        problems.append(str(context["message"]))

    async def go() -> None:
        asyncio.get_running_loop().set_exception_handler(hear)
        heard, answer = asyncio.Event(), asyncio.Event()

        async def be_slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()  # all that the browser says, and its end
            heard.set()
            await answer.wait()
            writer.close()

        server = await asyncio.start_server(be_slow, "127.0.0.1", 0)
        relay = Relay("127.0.0.1", server.sockets[0].getsockname()[1], 1.0)
        front = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
        async with server, front:
            place = front.sockets[0].getsockname()
            _, browser = await asyncio.open_connection(*place)
            browser.write(b"GET /")
            browser.close()
            await browser.wait_closed()
            await asyncio.wait_for(heard.wait(), 10)
            for _ in range(3):
                gc.collect()
                await asyncio.sleep(0)
            assert relay.traffic.open == 1
            answer.set()
            while relay.traffic.open:
                await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(go(), 20))
    assert not problems
