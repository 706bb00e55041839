"""What rules say: in the log, and to customers."""

from time import process_time

import pytest

from core.ids import NodeKind, encode_global_id, new_id
from models.base import FREE_TEXT_CHARACTERS
from services.automation.definitions import Action, Condition
from services.automation.placeholders import Placeholder, fill, unknown_in
from services.automation.shapes import Block


def test_blocks_are_told_as_inputs_would_take_them() -> None:
    row_id = new_id()
    conditions = Block(
        (
            Condition.from_payload({"kind": "TAG", "values": [row_id.hex], "is_not": True}),
            Condition.from_payload({"kind": "CHANGED", "values": ["status"]}),
        )
    )
    actions = Block((Action.from_payload({"kind": "END_CHAT", "value": "PENDING"}),))

    tag_id = encode_global_id(NodeKind.TAG, row_id)
    assert str(conditions) == (
        f'[{{"kind":"TAG","isNot":true,"tagIds":["{tag_id}"]}},'
        '{"kind":"CHANGED","isNot":false,"fields":["STATUS"]}]'
    )
    assert str(actions) == '[{"kind":"END_CHAT","status":"PENDING"}]'


def test_placeholders_tell_nothing_of_the_customer() -> None:
    text = "No. {{ ticket.number }} at {{brand.name}}, {not one}"

    assert unknown_in(text) == []
    assert unknown_in("{{customer.email}} {{ticket}}") == ["customer.email", "ticket"]
    values = {Placeholder.BRAND_NAME: "Acme", Placeholder.TICKET_NUMBER: "7"}
    assert fill(text, values) == "No. 7 at Acme, {not one}"


@pytest.mark.parametrize("piece", [" ", "{", "{{ ", "x"])
def test_braces_that_nothing_closes_cost_no_time(piece: str) -> None:
    text = "{{" + piece * (FREE_TEXT_CHARACTERS // len(piece))
    began = process_time()

    assert (unknown_in(text), fill(text, {})) == ([], text)

    assert process_time() - began < 0.1
