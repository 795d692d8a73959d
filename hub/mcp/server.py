"""The server of the protocol: its tools are asked of an upstream HubServing at each listing."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import anyio
import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError

from hub import AsyncClient
from hub.errors import HubError
from hub.mcp.tools import Tool, from_document
from hub.version import __version__

log = logging.getLogger("hub.mcp")

_BEARER = "Bearer "
_INSTRUCTIONS = (
    "Each tool is a model served by HubServing: reading text in pictures and PDFs, tagging words, and so on."
)


@dataclass(frozen=True)
class Upstream:
    """The HubServing server whose modules are the tools.

    Attributes:
        url: its address.
        timeout: seconds for a call.
        max_body: bytes of a request over HTTP.
        may_read: a tool's file may be a path on this machine: over stdio, where the caller is a local one.
    """

    url: str
    timeout: float
    max_body: int
    may_read: bool

    def client(self, key: str | None) -> AsyncClient:
        return AsyncClient(self.url, timeout=self.timeout, api_key=key)

    async def tools(self, client: AsyncClient) -> list[Tool]:
        return from_document(await client.api(), may_read=self.may_read)

    async def call(self, name: str, arguments: Mapping[str, Any], key: str | None) -> Any:
        """Call a tool and return its results; raises HubError, or KeyError for a tool that is not there."""
        async with self.client(key) as client:
            tool = {tool.name: tool for tool in await self.tools(client)}[name]
            sent = await anyio.to_thread.run_sync(
                lambda: tool.call_arguments(arguments, may_read=self.may_read)
            )
            return (await client.call(tool.module, sent, method=tool.method)).results


def make_server(upstream: Upstream) -> Server[Any]:
    """Make the server; over HTTP the caller's key is sent on."""

    async def list_tools(context: Any, _: Any) -> types.ListToolsResult:
        async with upstream.client(_key(context)) as client:
            tools = await upstream.tools(client)
        return types.ListToolsResult(
            tools=[
                types.Tool(name=tool.name, description=tool.description, input_schema=tool.schema)
                for tool in tools
            ]
        )

    async def call_tool(context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        try:
            results = await upstream.call(params.name, params.arguments or {}, _key(context))
        except KeyError:
            raise MCPError(types.INVALID_PARAMS, f"there is no tool {params.name!r}") from None
        except HubError as error:  # for the model that calls: it may correct its arguments
            return _said(str(error), is_error=True)
        return _said(json.dumps(results, ensure_ascii=False))

    return Server(
        "hubserving",
        version=__version__,
        instructions=_INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def serve_stdio(upstream: Upstream) -> None:
    """Serve the caller that started this process, until it closes stdin."""

    async def run() -> None:
        server = make_server(upstream)
        async with stdio_server() as (read_stream, write_stream):
            await server.run(read_stream, write_stream, server.create_initialization_options())

    anyio.run(run)


def serve_http(upstream: Upstream, port: int) -> None:
    """Serve on 127.0.0.1 at ``/mcp`` until Ctrl-C."""
    import uvicorn

    app = make_server(upstream).streamable_http_app(
        json_response=True, stateless_http=True, max_request_body_size=upstream.max_body
    )
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


def _said(text: str, *, is_error: bool = False) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=is_error)


def _key(context: Any) -> str | None:
    """Return the key in the caller's HTTP header; None, then HUB_API_KEY counts, over stdio."""
    request = context.request
    given: str = request.headers.get("authorization", "") if request is not None else ""
    return given.removeprefix(_BEARER) if given.startswith(_BEARER) else None
