"""The thirty rules of a busy desk: what they look for, and what customers write who wake them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models.channels import CONNECTOR_CHANNELS, Channel
from tests.support.desk import Client
from tests.support.rules import CREATE, INSTALL

CHATS = (Channel.LIVE_CHAT, *CONNECTOR_CHANNELS)
# The rules that ask who is writing, in the order in which they are tried.
LINK, HAND_OVER, ASK_AGAIN, ASK = "link", "hand over", "ask again", "ask"
IDENTITY = ("known", LINK, HAND_OVER, ASK_AGAIN, "link at once", ASK, "found out")
URGENT_TEAM, TEAM_TAG, HIGH_TAG = UPDATED = ("urgent: team", "team: tag", "high: tag")
HAS_PHONE, FIRST_CONTACT, INSISTS = "number", "first contact", "insists"
RULES = 31

_MUTATION_OF_TAG = """
    mutation ($name: String!) {
      tagCreate(input: {name: $name}) { ... on TagCreateSuccess { tag { id } } }
    }
"""


@dataclass(frozen=True, slots=True)
class Theme:
    """What a rule is tried for: words by which it knows them, and how people say them.

    Both are in Turkish and in Greek. The rule is tried for `channels` alone, where they are given.
    """

    rule: str
    words: tuple[str, str]
    sentences: tuple[str, str]
    channels: Sequence[Channel] = ()


TAGGED = (
    Theme("parcel", ("kargo", "δέμα"), ("Kargom hâlâ gelmedi.", "Πού είναι το δέμα μου;")),
    Theme(
        *("return", ("iade", "επιστροφή")),
        ("Ürünü İADE etmek istiyorum.", "Θα ήθελα επιστροφή χρημάτων."),
    ),
    Theme("invoice", ("fatura", "τιμολόγιο"), ("Faturam yok.", "Δεν έλαβα ΤΙΜΟΛΌΓΙΟ.")),
    Theme("damage", ("hasarlı", "σπασμένο"), ("Kutu hasarlı çıktı.", "Ήρθε σπασμένο.")),
    Theme("praise", ("teşekkür", "ευχαριστώ"), ("Çok teşekkürler!", "Σας ευχαριστώ πολύ!")),
    Theme("discount", ("indirim", "έκπτωση"), ("İndirim var mı?", "Υπάρχει έκπτωση;")),
)
URGENT = Theme("urgent", ("acil", "επείγον"), ("Bu çok acil!", "Είναι επείγον!"))
COMPLAINT = Theme(*("complaint", ("şikâyet", "παράπονο")), ("Şikayetçiyim.", "Έχω ένα παράπονο."))
HOURS = Theme(
    *("hours", ("çalışma saat", "ωράριο")),
    ("Çalışma saatleriniz nedir?", "Ποιο είναι το ωράριό σας;"),
    CHATS,
)
ANSWERED = (
    HOURS,
    Theme("shop", ("mağaza", "κατάστημα"), ("Mağazanız nerede?", "Πού έχετε κατάστημα;"), CHATS),
    Theme(
        *("order", ("sipariş", "παραγγελία")),
        ("Siparişim ne durumda?", "Τι γίνεται με την παραγγελία μου;"),
        CHATS,
    ),
    Theme(
        *("person", ("yetkili", "υπάλληλο")),
        ("Bir yetkiliyle görüşmek istiyorum.", "Θέλω να μιλήσω με υπάλληλο."),
        CHATS,
    ),
)
NOTED = Theme(
    *("card", ("kredi kartı", "κάρτα")),
    ("Kredi kartımdan iki kez çekilmiş.", "Χρεώθηκε δύο φορές η κάρτα μου."),
)
NOTIFIED = Theme("press", ("gazeteci", "δημοσιογράφος"), ("Gazeteciyim.", "Είμαι δημοσιογράφος."))
CALLBACK = Theme(
    *("callback", ("geri ara", "καλέστε")),
    ("Beni geri arayın.", "Παρακαλώ καλέστε με."),
    (Channel.PHONE,),
)


async def install(admin: Client, brand: str, team: str) -> dict[str, str]:
    """Add the rules to a brand; return what each is called here, by its id."""
    channels = [channel.value for channel in CHATS]
    given = {"brandId": brand, "channels": channels, "maxReminders": 3}
    installed = await admin.act(INSTALL, input=given)
    names = {rule["id"]: name for rule, name in zip(installed["rules"], IDENTITY, strict=True)}
    by_name: dict[str, str] = {}
    for rule in _rules():
        filled = await _filled(admin, rule, team, by_name)
        result = await admin.act(CREATE, input={"brandId": brand, **filled})
        assert result["__typename"] == "RuleCreateSuccess", result
        by_name[rule["name"]] = result["rule"]["id"]
        names[result["rule"]["id"]] = rule["name"]
    assert len(names) == RULES, len(names)
    return names


async def _filled(
    admin: Client, rule: dict[str, Any], team: str, by_name: dict[str, str]
) -> dict[str, Any]:
    """Return a rule with the ids of what it names by names."""
    actions = [dict(action) for action in rule["actions"]]
    for action in actions:
        if action["kind"] == "ADD_TAG":
            made = await admin.act(_MUTATION_OF_TAG, name=rule["name"])
            action["tagId"] = made["tag"]["id"]
        if action["kind"] == "ASSIGN":
            action["teamId"] = team
    conditions = [dict(condition) for condition in rule["allOf"]]
    for condition in conditions:
        if condition["kind"] == "RUN_COUNT":
            condition["ruleId"] = by_name[condition["ruleId"]]
        if condition["kind"] == "TEAM":
            condition["teamIds"] = [team]
    return rule | {"allOf": conditions, "actions": actions}


def _rules() -> list[dict[str, Any]]:
    tag = {"kind": "ADD_TAG"}
    assign = {"kind": "ASSIGN"}
    return [
        *(_rule(channel.value, [_on(channel)], tag) for channel in _FORMS),
        _rule(FIRST_CONTACT, [_on(*_FORMS), {"kind": "FIRST_CONTACT"}], tag),
        _rule(HAS_PHONE, [_on(Channel.EMAIL, Channel.WEB), {"kind": "TEXT_HAS_PHONE"}], tag),
        *(_about(theme, tag) for theme in TAGGED),
        _about(URGENT, {"kind": "SET_PRIORITY", "priority": "URGENT"}),
        _rule(
            COMPLAINT.rule,
            [_says(COMPLAINT), {"kind": "PRIORITY", "isNot": True, "priorities": ["URGENT"]}],
            {"kind": "SET_PRIORITY", "priority": "HIGH"},
        ),
        *(_about(theme, {"kind": "SEND_MESSAGE", "text": _ANSWER}) for theme in ANSWERED),
        _rule(
            INSISTS,
            [
                _says(HOURS),
                {"kind": "RUN_COUNT", "ruleId": HOURS.rule, "hours": 24, "minimum": 2},
            ],
            tag,
        ),
        _about(NOTED, {"kind": "ADD_NOTE", "text": "{{ticket.number}}: ödemelere bakılsın."}),
        _about(NOTIFIED, {"kind": "NOTIFY", "text": "{{ticket.number}}: basın yazdı."}),
        _about(CALLBACK, assign),
        _updated(URGENT_TEAM, "PRIORITY", {"kind": "PRIORITY", "priorities": ["URGENT"]}, assign),
        _updated(TEAM_TAG, "TEAM", {"kind": "TEAM"}, tag),
        _updated(HIGH_TAG, "PRIORITY", {"kind": "PRIORITY", "priorities": ["HIGH"]}, tag),
    ]


_FORMS = (Channel.EMAIL, Channel.PHONE, Channel.WEB)
_ANSWER = "{{brand.name}}: talebiniz {{ticket.number}} ile ilgileniyoruz. Το κοιτάμε ήδη."


def _rule(
    name: str, all_of: list[dict[str, Any]], action: dict[str, Any], trigger: str = "INCOMING"
) -> dict[str, Any]:
    return {"name": name, "trigger": trigger, "allOf": all_of, "actions": [action]}


def _about(theme: Theme, action: dict[str, Any]) -> dict[str, Any]:
    conditions = [_on(*theme.channels)] if theme.channels else []
    return _rule(theme.rule, [*conditions, _says(theme)], action)


def _updated(
    name: str, field: str, condition: dict[str, Any], action: dict[str, Any]
) -> dict[str, Any]:
    return _rule(name, [{"kind": "CHANGED", "fields": [field]}, condition], action, "UPDATED")


def _on(*channels: Channel) -> dict[str, Any]:
    return {"kind": "CHANNEL", "channels": [channel.value for channel in channels]}


def _says(theme: Theme) -> dict[str, Any]:
    return {"kind": "TEXT_CONTAINS", "texts": list(theme.words)}
