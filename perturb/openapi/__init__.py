"""OpenAPI documents as toolsets: what a document says, its operations as tools, and calls of a running server."""
