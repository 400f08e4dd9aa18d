"""Which code each kind of failure has in each published scheme. Within a scheme no two kinds share one.

Sources: HTTP status codes, RFC 9110 and RFC 6585; `google.rpc.Code` with its HTTP mapping; JSON-RPC 2.0, section 5.1, with its
range for server errors; AWS common errors and the exceptions of its JSON services; Stripe's error types and codes; the
codes of Apollo Server for GraphQL; `sysexits.h`, with 124 of `timeout(1)` and 127 of the shell.
"""

from __future__ import annotations

from typing import NamedTuple

from perturb.types import FailureKind


class Codes(NamedTuple):
    """The codes of one kind of failure. `http` is the status of the plain HTTP styles, `google_http` that of `google`."""

    http: int
    reason: str
    json_rpc: int
    google: str
    google_http: int
    aws: str
    stripe: tuple[str, str | None]
    graphql: str
    exit: int
    exception: str
    sentence: str


CODES: dict[FailureKind, Codes] = {
    "unknown_tool": Codes(
        501, "Not Implemented", -32601, "UNIMPLEMENTED", 501, "UnknownOperationException",
        ("invalid_request_error", "url_invalid"), "GRAPHQL_VALIDATION_FAILED", 127, "UnknownToolError",
        "there is no such tool",
    ),
    "invalid_argument": Codes(
        422, "Unprocessable Content", -32602, "INVALID_ARGUMENT", 400, "ValidationException",
        ("invalid_request_error", None), "BAD_USER_INPUT", 64, "InvalidArgumentError",
        "a value that it was given is not accepted",
    ),
    "not_found": Codes(
        404, "Not Found", -32004, "NOT_FOUND", 404, "ResourceNotFoundException",
        ("invalid_request_error", "resource_missing"), "NOT_FOUND", 66, "NotFoundError",
        "something was not found",
    ),
    "conflict": Codes(
        409, "Conflict", -32009, "ALREADY_EXISTS", 409, "ConflictException",
        ("invalid_request_error", "resource_already_exists"), "CONFLICT", 73, "ConflictError",
        "it conflicts with what is there already",
    ),
    "precondition_failed": Codes(
        412, "Precondition Failed", -32012, "FAILED_PRECONDITION", 400, "PreconditionFailedException",
        ("invalid_request_error", "status_transition_invalid"), "PRECONDITION_FAILED", 65, "PreconditionFailedError",
        "a condition for it is not met",
    ),
    "permission_denied": Codes(
        403, "Forbidden", -32003, "PERMISSION_DENIED", 403, "AccessDeniedException",
        ("invalid_request_error", None), "FORBIDDEN", 77, "PermissionDeniedError",
        "it is not permitted",
    ),
    "unauthenticated": Codes(
        401, "Unauthorized", -32001, "UNAUTHENTICATED", 401, "ExpiredTokenException",
        ("invalid_request_error", "api_key_expired"), "UNAUTHENTICATED", 67, "UnauthenticatedError",
        "nobody is signed in",
    ),
    "rate_limited": Codes(
        429, "Too Many Requests", -32029, "RESOURCE_EXHAUSTED", 429, "ThrottlingException",
        ("invalid_request_error", "rate_limit"), "TOO_MANY_REQUESTS", 75, "RateLimitedError",
        "there were too many requests",
    ),
    "unavailable": Codes(
        503, "Service Unavailable", -32053, "UNAVAILABLE", 503, "ServiceUnavailableException",
        ("api_error", None), "SERVICE_UNAVAILABLE", 69, "ServiceUnavailableError",
        "the service is unavailable for now",
    ),
    "timeout": Codes(
        504, "Gateway Timeout", -32054, "DEADLINE_EXCEEDED", 504, "RequestTimeoutException",
        ("api_error", None), "TIMEOUT", 124, "RequestTimeoutError",
        "it took too long",
    ),
    "internal": Codes(
        500, "Internal Server Error", -32603, "INTERNAL", 500, "InternalServerException",
        ("api_error", None), "INTERNAL_SERVER_ERROR", 70, "InternalError",
        "something went wrong within the service",
    ),
    "unknown": Codes(
        400, "Bad Request", -32000, "UNKNOWN", 500, "UnknownError",
        ("invalid_request_error", None), "UNKNOWN", 1, "ToolError",
        "the tool reported an error",
    ),
}  # fmt: skip
