"""`POST /api/v1/namespaces/{ns}/txn`: several operations as one."""

import threading
from contextlib import nullcontext
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import PermissionDenied

from kvstore import keys, schema, store, transactions, values
from kvstore.conf import READ, WRITE, conf, require_access, sender_of
from kvstore.store.transactions import DeleteDone, Outcome, PutDone, Result, commit
from kvstore.transactions import Get, Put, Txn
from kvstore.views.answering import body_of, enter
from kvstore.views.lists import shown_value
from kvstore.views.once import OnceView

# While a body is looked through it takes up to forty times its bytes: of `[],` each three become a list.
LARGE_BYTES = 2**20
READING = threading.Lock()


class Transaction(OnceView):
    """Compare, then carry out one branch or the other: all of it, or nothing."""

    http_method_names = ["post"]

    @extend_schema(
        operation_id="kv_txn",
        parameters=[schema.NAMESPACE, schema.IDEMPOTENCY, schema.REVISION],
        request={values.JSON: schema.TXN},
        responses=schema.answers(413, 415, 422, 507, s200=schema.OUTCOME),
    )
    def post(self, request: HttpRequest, namespace: str) -> HttpResponseBase:
        """Every key is to be one that the sender may touch: reading for compare and get, writing for put and delete."""
        enter_somehow(request, namespace)
        body = body_of(request, conf.max_txn_bytes, values.JSON)
        keys.check_namespace(namespace)
        txn = read(body)
        for action, key in touched(txn):
            require_access(request, action, keys.path_of(namespace, key))
        for op in (*txn.success, *txn.failure):
            if isinstance(op, Put):
                values.check_size(op.value, conf.max_value_bytes)

        def act(once: store.Once | None) -> Outcome:
            return commit(namespace, txn, now=timezone.now, author=sender_of(request), once=once)

        return self.once(request, body, act, render)


def enter_somehow(request: HttpRequest, namespace: str) -> None:
    """Reading or writing something in it, either will do before the operations are known."""
    try:
        enter(request, READ, namespace)
    except PermissionDenied:
        enter(request, WRITE, namespace)


def read(body: bytes) -> Txn:
    """The transaction in a body; of large ones one at a time, since the interpreter reads no two at once anyway."""
    with READING if len(body) > LARGE_BYTES else nullcontext():
        return transactions.read_txn(body)


def touched(txn: Txn) -> set[tuple[str, str]]:
    """What is done with which keys, by either branch."""
    ops = {(READ if isinstance(op, Get) else WRITE, op.key) for op in (*txn.success, *txn.failure)}
    return ops | {(READ, one.key) for one in txn.compare}


def render(outcome: Outcome) -> tuple[int, bytes]:
    """The answer."""
    shown = {
        "succeeded": outcome.succeeded,
        "revision": outcome.revision,
        "results": [shown_result(result) for result in outcome.results],
    }
    return 200, msgspec.json.encode(shown)


def shown_result(result: Result) -> dict[str, Any]:
    """Of one operation."""
    if isinstance(result, PutDone):
        return {"put": {"key": result.key, "version": result.version}}
    if isinstance(result, DeleteDone):
        return {"delete": {"key": result.key, "deleted": result.deleted}}
    if result.row is None:
        return {"get": None}
    row = result.row
    shown = {"key": result.key, **shown_value(row.value, row.content_type), "version": row.version}
    return {"get": shown if values.is_json(row.content_type) else shown | {"content_type": row.content_type}}
