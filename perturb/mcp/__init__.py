"""MCP servers as toolsets: where one is, how one is reached, and its records in ours (the extra `[mcp]`)."""
