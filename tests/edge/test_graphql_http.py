"""GraphQL over HTTP: the specification's draft, and what strangers send instead."""

import asyncio
import gzip
import json
from typing import Any

import httpx2
import pytest
from structlog.testing import capture_logs

from tests.edge.conftest import LiveDesk
from tests.edge.desk import SECRET

RESPONSE_JSON = "application/graphql-response+json"
JSON = "application/json"

GREETING = {"query": "{ greeting }"}
BRANCH_QUERY = "query ($branch: Branch!) { branchName(branch: $branch) }"

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def post(
    http: httpx2.AsyncClient, body: Any, accept: str = RESPONSE_JSON, **headers: str
) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await http.post(
        "/graphql", content=content, headers={"content-type": JSON, "accept": accept, **headers}
    )


def code_of(response: httpx2.Response) -> str:
    """The code of the only error, after a look at the whole answer."""
    assert response.json().keys() == {"errors"}
    (error,) = response.json()["errors"]
    assert SECRET not in response.text
    code: str = error["extensions"]["code"]
    return code


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (RESPONSE_JSON, RESPONSE_JSON),
        ("Application/GraphQL-Response+JSON; charset=utf-8", RESPONSE_JSON),
        (f"{RESPONSE_JSON}, {JSON};q=0.9", RESPONSE_JSON),
        (f"{RESPONSE_JSON};q=0.5, {JSON}", JSON),
        (f"{JSON}, {RESPONSE_JSON}", JSON),
        ("text/html;q=0.9, */*;q=0.1", JSON),
        (f"{JSON};q=0, {RESPONSE_JSON};q=0.1", RESPONSE_JSON),
    ],
)
async def test_answers_in_the_media_type_that_is_liked_best(
    http: httpx2.AsyncClient, accept: str | None, answered: str
) -> None:
    headers = {"content-type": JSON} | ({} if accept is None else {"accept": accept})

    response = await http.post("/graphql", json=GREETING, headers=headers)

    assert response.status_code == 200
    assert response.headers["content-type"] == f"{answered}; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.json() == {"data": {"greeting": "Hello you"}}


@pytest.mark.parametrize("accept", ["text/plain", "image/*;q=0.5", f"{JSON};q=0", "garbage", ";"])
async def test_a_client_that_accepts_neither_media_type_gets_406(
    http: httpx2.AsyncClient, accept: str
) -> None:
    response = await post(http, GREETING, accept)

    assert response.status_code == 406
    assert code_of(response) == "NOT_ACCEPTABLE"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_other_methods_get_405_and_hear_which_are_allowed(
    http: httpx2.AsyncClient, method: str
) -> None:
    response = await http.request(method, "/graphql", json=GREETING)

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"
    assert code_of(response) == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize(
    "content_type",
    [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"],
)
async def test_what_a_foreign_page_can_post_is_refused_unread(
    http: httpx2.AsyncClient, live: LiveDesk, content_type: str | None
) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    body = json.dumps({"query": "mutation { increment }"}).encode()

    response = await http.post("/graphql", content=body, headers=headers)

    assert response.status_code == 415
    assert code_of(response) == "UNSUPPORTED_MEDIA_TYPE"
    assert live.desk.counter == 0


async def test_a_query_can_be_sent_by_get(http: httpx2.AsyncClient) -> None:
    response = await http.get(
        "/graphql",
        params={
            "query": "query A($name: String!) { greeting(name: $name) } query B { viewer }",
            "operationName": "A",
            "variables": '{"name": "Ayşe"}',
            "extensions": "",
        },
    )

    assert response.status_code == 200
    assert response.json() == {"data": {"greeting": "Hello Ayşe"}}


async def test_a_mutation_by_get_gets_405_and_changes_nothing(
    http: httpx2.AsyncClient, live: LiveDesk
) -> None:
    response = await http.get("/graphql", params={"query": "mutation { increment }"})

    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert code_of(response) == "METHOD_NOT_ALLOWED"
    assert live.desk.counter == 0


async def test_a_browser_that_asks_for_a_page_gets_the_explorer(http: httpx2.AsyncClient) -> None:
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

    response = await http.get("/graphql", headers={"accept": accept})

    assert response.text == "explorer"


@pytest.mark.parametrize("accept", [JSON, RESPONSE_JSON])
async def test_a_subscription_by_plain_post_is_refused(
    http: httpx2.AsyncClient, live: LiveDesk, accept: str
) -> None:
    response = await post(http, {"query": "subscription { ticks { number } }"}, accept)

    assert response.status_code == 400
    assert code_of(response) == "BAD_REQUEST"
    assert live.desk.scopes == []


MALFORMED = {
    "nothing": b"",
    "null": b"null",
    "a number": b"5",
    "a string": b'"x"',
    "a batch": b'[{"query": "{ greeting }"}]',
    "Infinity": b"Infinity",
    "NaN in a variable": b'{"query": "{ greeting }", "variables": {"name": NaN}}',
    "an integer of 5,000 digits": b'{"query": "{ greeting }", "variables": {"n": %b}}'
    % (b"1" * 5_000),
    "a number beyond a double": b'{"query": "{ greeting }", "variables": {"n": 1e999}}',
    "100,000 levels": b"[" * 100_000,
    "5,000 levels of variables": b'{"query": "{ greeting }", "variables": {"branch": %b}}'
    % (b'{"branches":' * 5_000 + b"null" + b"}" * 5_000),
    "no UTF-8": b'{"query": "{ greeting(name: \\"\xff\\") }"}',
    "UTF-16": json.dumps(GREETING).encode("utf-16"),
    "half a surrogate pair": b'{"query": "{ greeting(name: \\"\\ud800\\") }"}',
    "a byte order mark": b"\xef\xbb\xbf" + json.dumps(GREETING).encode(),
    "gzip": gzip.compress(json.dumps(GREETING).encode()),
    "half a request": b'{"query": "{ greeting',
    "no query": b'{"qeury": "{ greeting }"}',
    "a query of another type": b'{"query": {"greeting": true}}',
    "an operation name of another type": b'{"query": "{ greeting }", "operationName": 5}',
    "variables of another type": b'{"query": "{ greeting }", "variables": [1]}',
    "extensions of another type": b'{"query": "{ greeting }", "extensions": "x"}',
}


@pytest.mark.parametrize("accept", [JSON, RESPONSE_JSON])
@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
async def test_a_body_that_is_no_request_gets_400(
    http: httpx2.AsyncClient, live: LiveDesk, body: bytes, accept: str
) -> None:
    response = await post(http, body, accept)

    assert response.status_code == 400
    assert code_of(response) == "BAD_REQUEST"
    assert live.desk.scopes == []


async def test_half_a_character_is_named(http: httpx2.AsyncClient) -> None:
    response = await post(http, MALFORMED["half a surrogate pair"])

    assert response.json()["errors"][0]["message"] == (
        "A text has half a character in it, as of an emoji that was cut in two."
    )


@pytest.mark.parametrize(
    "query_string",
    [
        "",
        "query=",
        "variables={}",
        "query={greeting}&variables=[",
        "query={greeting}&variables=[]",
        "query={greeting}&variables=NaN",
        "query={greeting}&extensions=5",
        "query=%ff%fe",
    ],
)
async def test_a_get_without_a_request_gets_400(
    http: httpx2.AsyncClient, query_string: str
) -> None:
    response = await http.get(f"/graphql?{query_string}", headers={"accept": RESPONSE_JSON})

    assert response.status_code == 400
    assert code_of(response) in {"BAD_REQUEST", "GRAPHQL_PARSE_FAILED"}


REJECTED = {
    "syntax": ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
    "2,001 tokens": ({"query": "{" + "a " * 2_000 + "}"}, "GRAPHQL_PARSE_FAILED"),
    "2,001 comments": ({"query": "#\n" * 2_001 + "{ greeting }"}, "GRAPHQL_PARSE_FAILED"),
    "65,537 characters": ({"query": "{ greeting }" + " " * 65_525}, "GRAPHQL_PARSE_FAILED"),
    "900 levels": ({"query": "{ a " * 900}, "GRAPHQL_PARSE_FAILED"),
    "a literal of 5,000 digits": (
        {"query": "{ wholeNumber(value: %s) }" % ("1" * 5_000)},
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "an unknown field": ({"query": "{ greetin }"}, "GRAPHQL_VALIDATION_FAILED"),
    "two operations": (
        {"query": "query A { greeting } query B { viewer }"},
        "OPERATION_RESOLUTION_FAILURE",
    ),
    "an unknown operation": (
        {"query": "query A { greeting }", "operationName": "B"},
        "OPERATION_RESOLUTION_FAILURE",
    ),
    "a missing variable": (
        {"query": "query ($n: Int!) { wholeNumber(value: $n) }"},
        "BAD_USER_INPUT",
    ),
    "a variable of another type": (
        {"query": "query ($n: Int!) { wholeNumber(value: $n) }", "variables": {"n": "5"}},
        "BAD_USER_INPUT",
    ),
    "an integer beyond 64 bits": (
        {"query": "query ($n: Int!) { wholeNumber(value: $n) }", "variables": {"n": 2**64}},
        "BAD_USER_INPUT",
    ),
    "500 levels of variables": (
        {
            "query": BRANCH_QUERY,
            "variables": {"branch": json.loads('{"branches":' * 500 + "null" + "}" * 500)},
        },
        "BAD_USER_INPUT",
    ),
}


@pytest.mark.parametrize(("accept", "status"), [(JSON, 200), (RESPONSE_JSON, 400)])
@pytest.mark.parametrize(("body", "code"), REJECTED.values(), ids=REJECTED.keys())
async def test_a_request_that_cannot_be_executed_is_rejected_with_its_code(
    http: httpx2.AsyncClient,
    live: LiveDesk,
    body: dict[str, Any],
    code: str,
    accept: str,
    status: int,
) -> None:
    response = await post(http, body, accept)

    assert response.status_code == status
    assert code_of(response) == code


async def test_null_parameters_count_as_absent(http: httpx2.AsyncClient) -> None:
    response = await post(
        http, GREETING | {"operationName": None, "variables": None, "extensions": None}
    )

    assert response.status_code == 200
    assert response.json() == {"data": {"greeting": "Hello you"}}


async def test_no_error_suggests_a_name_to_strangers(http: httpx2.AsyncClient) -> None:
    response = await post(http, {"query": "{ greetin viewe { x } }"})

    messages = [error["message"] for error in response.json()["errors"]]
    assert messages == [
        "Cannot query field 'greetin' on type 'Query'.",
        "Cannot query field 'viewe' on type 'Query'.",
    ]


async def test_a_failing_resolver_is_a_200_that_hides_the_reason(
    http: httpx2.AsyncClient,
) -> None:
    with capture_logs() as logs:
        response = await post(http, {"query": "{ greeting failure }"})

    assert response.status_code == 200
    (error,) = response.json()["errors"]
    error_id = error["extensions"].pop("errorId")
    (entry,) = logs
    assert entry["error_id"] == error_id
    assert str(entry["exc_info"]) == SECRET
    assert error == {
        "message": "Internal error",
        "locations": [{"line": 1, "column": 12}],
        "path": ["failure"],
        "extensions": {"code": "INTERNAL"},
    }
    assert response.json()["data"] == {"greeting": "Hello you", "failure": None}
    assert SECRET not in response.text


async def test_a_typed_error_keeps_its_message_and_code(http: httpx2.AsyncClient) -> None:
    response = await post(http, {"query": "{ full }"})

    assert response.status_code == 200
    assert response.json() == {
        "data": {"full": None},
        "errors": [
            {
                "message": "The limit of 500 is reached.",
                "locations": [{"line": 1, "column": 3}],
                "path": ["full"],
                "extensions": {"limit": 500, "code": "LIMIT_REACHED"},
            }
        ],
    }


async def test_an_answer_without_data_that_was_executed_is_a_200(http: httpx2.AsyncClient) -> None:
    with capture_logs():
        response = await post(http, {"query": "{ nothing }"})

    assert response.status_code == 200
    assert response.json()["data"] is None
    assert response.json()["errors"][0]["extensions"]["code"] == "INTERNAL"


async def test_what_a_scalars_parser_raises_stays_secret(http: httpx2.AsyncClient) -> None:
    query = "query ($grade: Grade!) { graded(grade: $grade) }"

    response = await post(http, {"query": query, "variables": {"grade": 5}})

    assert response.status_code == 400
    assert code_of(response) == "BAD_USER_INPUT"
    assert response.json()["errors"][0]["message"] == (
        "Variable '$grade' has invalid value: Expected value of type 'Grade'"
    )


async def test_a_null_where_only_the_default_would_do_is_bad_input(
    http: httpx2.AsyncClient,
) -> None:
    query = "query ($name: String) { greeting(name: $name) }"

    response = await post(http, {"query": query, "variables": {"name": None}})

    assert response.status_code == 200
    (error,) = response.json()["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_integers_beyond_64_bits_are_answered(http: httpx2.AsyncClient) -> None:
    response = await post(http, {"query": "{ largeNumber }"})

    assert response.text == '{"data":{"largeNumber":1180591620717411303424}}'


async def test_a_token_says_who_is_calling_and_the_header_which_language(
    http: httpx2.AsyncClient, live: LiveDesk
) -> None:
    headers = {"authorization": "Bearer valid-Ada", "accept-language": "tr"}

    response = await post(http, {"query": "{ viewer }"}, **headers)

    assert response.json() == {"data": {"viewer": "Ada"}}
    assert live.desk.languages == ["tr"]


async def test_nobody_is_a_viewer_too(http: httpx2.AsyncClient) -> None:
    response = await post(http, {"query": "{ viewer }"})

    assert response.json() == {"data": {"viewer": "a stranger"}}


@pytest.mark.parametrize("accept", [JSON, RESPONSE_JSON])
async def test_an_invalid_token_gets_401_and_nothing_runs(
    http: httpx2.AsyncClient, live: LiveDesk, accept: str
) -> None:
    response = await post(
        http, {"query": "mutation { increment }"}, accept, authorization="Bearer revoked"
    )

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert code_of(response) == "UNAUTHENTICATED"
    assert live.desk.scopes == []


async def test_an_error_outside_any_field_is_a_500_that_hides_the_reason(
    http: httpx2.AsyncClient, live: LiveDesk
) -> None:
    live.desk.is_down = True

    with capture_logs() as logs:
        response = await post(http, GREETING)

    assert response.status_code == 500
    assert code_of(response) == "INTERNAL"
    assert str(logs[0]["exc_info"]) == SECRET


async def test_each_operation_gets_a_scope_of_its_own(
    http: httpx2.AsyncClient, live: LiveDesk
) -> None:
    await post(http, GREETING)
    await post(http, GREETING)

    assert [scope.number for scope in live.desk.scopes] == [0, 1]
    assert not any(scope.is_open for scope in live.desk.scopes)


async def raw_exchange(port: int, request: bytes) -> tuple[bytes, float]:
    """Send bytes, and return what comes back until the server hangs up, and how long that took."""
    started = asyncio.get_running_loop().time()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    return answer, asyncio.get_running_loop().time() - started


POST = b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"


async def test_a_body_that_says_it_is_too_long_is_cut_off_unread(live: LiveDesk) -> None:
    answer, _ = await raw_exchange(live.port, POST + b"content-length: 1048577\r\n\r\n{")

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"PAYLOAD_TOO_LARGE"' in answer


async def test_a_body_that_turns_out_too_long_is_cut_off(live: LiveDesk) -> None:
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"

    answer, _ = await raw_exchange(
        live.port, POST + b"transfer-encoding: chunked\r\n\r\n" + chunk * 16 + b"1\r\n \r\n"
    )

    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_the_longest_body_is_read(http: httpx2.AsyncClient) -> None:
    body = json.dumps(GREETING).encode()

    response = await post(http, body + b" " * (1_048_576 - len(body)))

    assert response.status_code == 200


async def test_a_body_that_stalls_gets_408_and_is_hung_up_on(live: LiveDesk) -> None:
    answer, seconds = await raw_exchange(live.port, POST + b"content-length: 100\r\n\r\n{")

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"REQUEST_TIMEOUT"' in answer
    assert 0.2 < seconds < 2


async def test_a_client_that_leaves_in_the_middle_of_its_body_leaves_nothing_behind(
    live: LiveDesk,
) -> None:
    before = asyncio.all_tasks()
    _, writer = await asyncio.open_connection("127.0.0.1", live.port)
    writer.write(POST + b"content-length: 100\r\n\r\n{")
    await asyncio.sleep(0.05)
    writer.close()
    await asyncio.sleep(0.05)

    assert asyncio.all_tasks() == before
