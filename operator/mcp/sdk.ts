/** The parts of the MCP SDK that we use. */
export {
  type CallToolResult,
  createMcpHandler,
  type GetPromptResult,
  isLegacyRequest,
  type McpHttpHandler,
  McpServer,
  ResourceTemplate,
  type ServerContext,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
export { serveStdio } from "@modelcontextprotocol/server/stdio";
