"""What an agent app keeps of the desk: fetched once, and from then on moved by events alone."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from core.text import fold
from tests.support.desk import Client
from tests.support.selections import CONNECTIONS, parts

Parts = dict[str, Any]
STREAM_ENDED = "StreamEnded"


def _items(type_name: str) -> str:
    return f"(first: 50) {{ nodes {{ {parts(type_name)} }} }}"


class Replica(ABC):
    """Something on an agent's screen, and the stream that keeps it as it is."""

    subscription: str
    """The document that opens the stream."""

    is_fetched_first: ClassVar[bool] = False
    """Whether the stream is opened at the cursor of the fetched state, and not fetched after it."""

    def __init__(self, **variables: Any) -> None:
        self.variables = variables
        self.cursor: str | None = None
        self.state: Any = None

    def opening(self) -> Parts:
        """Return the variables with which the stream goes on from the state."""
        return {} if self.cursor is None else {"after": self.cursor}

    @abstractmethod
    async def fetch(self, client: Client) -> Any:
        """Return the present state; None where the client sees it no more."""

    @abstractmethod
    def apply(self, event: Parts) -> None:
        """Move the state by what an event carries."""

    def label(self, event: Parts) -> str:
        """Return what a scene calls the event."""
        name: str = event["__typename"]
        return name


class TicketPage(Replica):
    """A ticket with its whole conversation and history."""

    is_fetched_first = True
    document = f"""
        query ($ticketId: ID!) {{
          ticket(id: $ticketId) {{
            {parts("Ticket")}
            messages{_items("Message")} notes{_items("Note")}
            favorites{_items("Favorite")} changes{_items("TicketChange")}
            timeline(first: 100) {{ nodes {{
              __typename ... on Message {{ id }} ... on Note {{ id }} ... on TicketChange {{ id }}
            }} }}
          }}
        }}
    """
    subscription = f"""
        subscription ($ticketId: ID!, $after: EventCursor) {{
          ticketEvents(ticketId: $ticketId, after: $after) {{
            __typename
            ... on Event {{ cursor }}
            ... on MessageAdded {{ message {{ {parts("Message")} ticket {{ ...Now }} }} }}
            ... on DeliveryChanged {{ message {{ {parts("Message")} ticket {{ ...Now }} }} }}
            ... on NoteAdded {{ note {{ {parts("Note")} ticket {{ ...Now }} }} }}
            ... on NoteChanged {{ note {{ {parts("Note")} ticket {{ ...Now }} }} }}
            ... on NoteDeleted {{ noteId owner {{ ...Now }} ticketChange {{ ...Done }} }}
            ... on FavoriteAdded {{
              favorite {{ {parts("Favorite")} ticket {{ ...Now }} }} change {{ ...Done }}
            }}
            ... on FavoriteRemoved {{ itemId ticket {{ ...Now }} change {{ ...Done }} }}
            ... on TicketChanged {{ ticket {{ ...Now }} change {{ ...Done }} }}
            ... on ChatEnded {{ ticket {{ ...Now }} change {{ ...Done }} }}
            ... on ChatResumed {{ ticket {{ ...Now }} change {{ ...Done }} }}
            ... on ChatRevoked {{ ticket {{ ...Now }} change {{ ...Done }} }}
          }}
        }}
        fragment Now on Ticket {{ {parts("Ticket")} }}
        fragment Done on TicketChange {{ {parts("TicketChange")} }}
    """

    def opening(self) -> Parts:
        """Go on from where the events of the fetched ticket stand."""
        return {"after": self.state["eventCursor"]}

    async def fetch(self, client: Client) -> Any:
        """Return the ticket, its lists as plain lists."""
        ticket = (await client.ask(self.document, **self.variables))["ticket"]
        if ticket is not None:
            for name in CONNECTIONS["Ticket"] & ticket.keys():
                ticket[name] = ticket[name]["nodes"]
        return ticket

    def apply(self, event: Parts) -> None:
        """Take the ticket as it is now, and add to its lists what the event is about."""
        if event["__typename"] == "AccessLost":
            self.state = None
            return
        match event["__typename"]:
            case "MessageAdded" | "DeliveryChanged":
                self._apply_to_messages(event)
            case "NoteAdded" | "NoteChanged" | "NoteDeleted":
                self._apply_to_notes(event)
            case "FavoriteAdded":
                self.state |= event["favorite"].pop("ticket")
                self._star(event["favorite"])
            case "FavoriteRemoved":
                self.state |= event["ticket"]
                self._unstar(event["itemId"])
            case "TicketChanged" | "ChatEnded" | "ChatResumed" | "ChatRevoked":
                self.state |= event["ticket"]
        if "change" in event:
            self._add_in_order("changes", event["change"], "TicketChange")

    def _add_in_order(self, name: str, item: Parts, in_timeline: str | None) -> None:
        self.state[name].append(item)
        self.state[name].sort(key=_moment)
        if in_timeline is not None:
            self.state["timeline"].append({"__typename": in_timeline, "id": item["id"]})
            self.state["timeline"].sort(key=lambda entry: _moment(self._item(entry["id"])))

    def _star(self, favorite: Parts) -> None:
        self._item(favorite["item"]["id"])["favorite"] = _reference("Favorite", favorite["id"])
        self.state["favorites"].append(favorite)
        self.state["favorites"].sort(key=lambda star: _moment(self._item(star["item"]["id"])))

    def _unstar(self, item_id: str) -> None:
        self._item(item_id)["favorite"] = None
        self.state["favorites"] = [
            star for star in self.state["favorites"] if star["item"]["id"] != item_id
        ]

    def _apply_to_messages(self, event: Parts) -> None:
        message = event["message"]
        self.state |= message.pop("ticket")
        if event["__typename"] == "MessageAdded":
            self._add_in_order("messages", message, "Message")
        else:
            self.state["messages"] = _replaced(self.state["messages"], message)

    def _apply_to_notes(self, event: Parts) -> None:
        if event["__typename"] == "NoteDeleted":
            self.state |= event["owner"]
            self._forget(event["noteId"])
            self._add_in_order("changes", event["ticketChange"], "TicketChange")
            return
        note = event["note"]
        self.state |= note.pop("ticket")
        if event["__typename"] == "NoteChanged":
            self.state["notes"] = _replaced(self.state["notes"], note)
        else:
            self._add_in_order("notes", note, "Note" if note["kind"] == "INLINE" else None)

    def _forget(self, note_id: str) -> None:
        self.state["notes"] = _without(self.state["notes"], note_id)
        for change in self.state["changes"]:
            if change["item"] is not None and change["item"]["id"] == note_id:
                change["item"] = None

    def _item(self, item_id: str) -> Parts:
        lists = (self.state[name] for name in ("messages", "notes", "changes"))
        (found,) = (item for each in lists for item in each if item["id"] == item_id)
        assert isinstance(found, dict)
        return found


class FavoriteList(Replica):
    """The favourites of a ticket."""

    document = f"""
        query ($ticketId: ID!) {{
          ticket(id: $ticketId) {{ favoriteCount favorites{_items("Favorite")} }}
        }}
    """
    subscription = f"""
        subscription ($ticketId: ID!) {{
          favorites(ticketId: $ticketId) {{
            cursor favoriteCount favorites{_items("Favorite")} change {{ __typename }}
          }}
        }}
    """

    async def fetch(self, client: Client) -> Any:
        """Return the list."""
        return (await client.ask(self.document, **self.variables))["ticket"]

    def apply(self, event: Parts) -> None:
        """Take the list as it is now."""
        self.state = {name: event[name] for name in ("favoriteCount", "favorites")}

    def label(self, event: Parts) -> str:
        """Return what changed in the list."""
        name: str = event["change"]["__typename"]
        return name


class TicketList(Replica):
    """A filtered list of tickets, of each the fields `row`, the one that changed last first."""

    document = """
        query ($filter: TicketFilter) {
          tickets(filter: $filter, first: 50) { nodes { ...Row } }
        }
    """
    subscription = """
        subscription ($filter: TicketFilter, $after: EventCursor) {
          inboxEvents(filter: $filter, after: $after) {
            __typename
            ... on Event { cursor }
            ... on TicketEntered { ticket { ...Row } }
            ... on TicketUpdated { ticket { ...Row } }
            ... on TicketLeft { ticketId }
          }
        }
    """

    def __init__(self, row: str, **variables: Any) -> None:
        super().__init__(**variables)
        fragment = f"fragment Row on Ticket {{ {row} }}"
        self.document += fragment
        self.subscription += fragment

    async def fetch(self, client: Client) -> Any:
        """Return the rows of the list."""
        return (await client.ask(self.document, **self.variables))["tickets"]["nodes"]

    def apply(self, event: Parts) -> None:
        """Put in, replace or take out one ticket."""
        if event["__typename"] == "TicketLeft":
            self.state = [row for row in self.state if row["id"] != event["ticketId"]]
        elif (ticket := event["ticket"]) is not None:
            others = [row for row in self.state if row["id"] != ticket["id"]]
            self.state = sorted([ticket, *others], key=lambda row: row["updatedAt"], reverse=True)


class CustomerList(Replica):
    """A searched list of customers, by name."""

    document = """
        query ($search: String) { customers(search: $search, first: 50) { nodes { ...Row } } }
    """
    subscription = """
        subscription ($search: String, $after: EventCursor) {
          customerListEvents(search: $search, after: $after) {
            __typename
            ... on Event { cursor }
            ... on CustomerEntered { customer { ...Row } }
            ... on CustomerUpdated { customer { ...Row } }
            ... on CustomerLeft { customerId }
            ... on CustomerCompanyRenamed { isOutdated }
          }
        }
    """
    row = """
        fragment Row on Customer {
          id name email phone language createdAt updatedAt company { id }
          profiles { channel handle }
        }
    """
    document += row
    subscription += row

    async def fetch(self, client: Client) -> Any:
        """Return the rows of the list."""
        return (await client.ask(self.document, **self.variables))["customers"]["nodes"]

    def apply(self, event: Parts) -> None:
        """Put in, replace or take out one customer; names of companies are not kept."""
        match event["__typename"]:
            case "CustomerCompanyRenamed":
                assert not event["isOutdated"]
            case "CustomerLeft":
                self.state = [row for row in self.state if row["id"] != event["customerId"]]
            case _:
                customer = event["customer"]
                others = [row for row in self.state if row["id"] != customer["id"]]
                self.state = sorted([customer, *others], key=lambda row: fold(row["name"]))


class NotedPage(Replica):
    """What notes are written on, with those, newest first."""

    is_fetched_first = True
    document: str
    noun: ClassVar[str]
    """What it is called in documents."""

    def opening(self) -> Parts:
        """Go on from where the events of what was fetched stand."""
        return {"after": self.state["eventCursor"]}

    async def fetch(self, client: Client) -> Any:
        """Return it, the notes as a plain list."""
        fetched = (await client.ask(self.document, **self.variables))[self.noun]
        fetched["notes"] = fetched["notes"]["nodes"]
        return fetched

    def apply(self, event: Parts) -> None:
        """Take it as it is now, and the notes on it."""
        match event["__typename"]:
            case "NoteAdded":
                self.state |= event["note"].pop(self.noun)
                # It may stand there already, where an event before brought the whole list.
                others = _without(self.state["notes"], event["note"]["id"])
                self.state["notes"] = [event["note"], *others]
            case "NoteChanged":
                self.state |= event["note"].pop(self.noun)
                self.state["notes"] = _replaced(self.state["notes"], event["note"])
            case "NoteDeleted":
                self.state |= event["owner"]
                self.state["notes"] = _without(self.state["notes"], event["noteId"])
            case _:
                self.state |= event[self.noun]


class CustomerPage(NotedPage):
    """A customer, by what the channels know them, the notes on them, and their interactions."""

    noun = "customer"
    document = f"""
        query ($customerId: ID!) {{
          customer(id: $customerId) {{
            {parts("Customer")} notes{_items("Note")} interactions{_items("Interaction")}
          }}
        }}
    """
    subscription = f"""
        subscription ($customerId: ID!, $after: EventCursor) {{
          customerEvents(customerId: $customerId, after: $after) {{
            __typename
            ... on Event {{ cursor }}
            ... on CustomerChanged {{ customer {{ ...Now }} }}
            ... on CustomerMerged {{ customer: into {{ ...Now ...Lists }} }}
            ... on CustomerUnmerged {{ customer {{ ...Now ...Lists }} }}
            ... on ProfileLinked {{ customer {{ ...Now }} }}
            ... on ProfileUnlinked {{ customer {{ ...Now }} }}
            ... on ProfileVerified {{ customer {{ ...Now }} }}
            ... on ProfileChanged {{ customer {{ ...Now }} }}
            ... on CustomerTicketOpened {{ customer {{ ...Now }} }}
            ... on InteractionOpened {{ historyOf {{ ...Now }} interaction {{ ...Contact }} }}
            ... on InteractionChanged {{ historyOf {{ ...Now }} interaction {{ ...Contact }} }}
            ... on InteractionClosed {{ historyOf {{ ...Now }} interaction {{ ...Contact }} }}
            ... on InteractionReopened {{ historyOf {{ ...Now }} interaction {{ ...Contact }} }}
            ... on NoteAdded {{ note {{ {parts("Note")} customer {{ ...Now }} }} }}
            ... on NoteChanged {{ note {{ {parts("Note")} customer {{ ...Now }} }} }}
            ... on NoteDeleted {{ noteId owner {{ ...Now }} }}
          }}
        }}
        fragment Now on Customer {{ {parts("Customer")} }}
        fragment Lists on Customer {{ notes{_items("Note")} interactions{_items("Interaction")} }}
        fragment Contact on Interaction {{ {parts("Interaction")} }}
    """

    async def fetch(self, client: Client) -> Any:
        """Return the customer, their lists as plain lists."""
        fetched = await super().fetch(client)
        fetched["interactions"] = fetched["interactions"]["nodes"]
        return fetched

    def apply(self, event: Parts) -> None:
        """Take the customer as they are now, and what the event is about."""
        if event["__typename"] in ("CustomerMerged", "CustomerUnmerged"):
            lists = {name: event["customer"][name]["nodes"] for name in ("notes", "interactions")}
            self.state |= event["customer"] | lists
            return
        if "interaction" not in event:
            super().apply(event)
            return
        self.state |= event["historyOf"]
        interaction = event["interaction"]
        history = _without(self.state["interactions"], interaction["id"])
        if _is_with(interaction, self.state["id"]):
            history.append(interaction)
        self.state["interactions"] = sorted(history, key=_opened_at, reverse=True)


class CompanyPage(NotedPage):
    """A company and the notes on it."""

    noun = "company"
    document = f"""
        query ($companyId: ID!) {{
          company(id: $companyId) {{ {parts("Company")} notes{_items("Note")} }}
        }}
    """
    subscription = f"""
        subscription ($companyId: ID!, $after: EventCursor) {{
          companyEvents(companyId: $companyId, after: $after) {{
            __typename
            ... on Event {{ cursor }}
            ... on CompanyChanged {{ company {{ ...Now }} }}
            ... on NoteAdded {{ note {{ {parts("Note")} company {{ ...Now }} }} }}
            ... on NoteChanged {{ note {{ {parts("Note")} company {{ ...Now }} }} }}
            ... on NoteDeleted {{ noteId owner {{ ...Now }} }}
          }}
        }}
        fragment Now on Company {{ {parts("Company")} }}
    """


class CompanyForm(Replica):
    """What somebody edits of a company, and is warned of the edits of others."""

    is_fetched_first = True
    # Notes raise the version and warn nobody.
    document = "query ($id: ID!) { company(id: $id) { version name domains updatedAt } }"
    subscription = """
        subscription ($id: ID!, $after: EventCursor, $versions: [Int!]) {
          editWarnings(resourceIds: [$id], after: $after, versions: $versions) {
            __typename cursor resource { ... on Company { name domains updatedAt } }
          }
        }
    """

    def opening(self) -> Parts:
        """Ask for what was changed since the fetched version."""
        return {"versions": [self._version]}

    async def fetch(self, client: Client) -> Any:
        """Return the company."""
        company = (await client.ask(self.document, **self.variables))["company"]
        self._version = company.pop("version")
        return company

    def apply(self, event: Parts) -> None:
        """Load what the warning shows."""
        self.state = event["resource"]


class NotificationList(Replica):
    """What the viewer is told, newest first."""

    is_fetched_first = True
    document = f"""
        query {{
          notificationState {{ unreadCount eventCursor }} notifications{_items("Notification")}
        }}
    """
    subscription = f"""
        subscription ($after: EventCursor) {{
          notificationEvents(after: $after) {{
            __typename
            ... on Event {{ cursor }}
            ... on NotificationAdded {{
              notification {{ {parts("Notification")} }} unreadCount
            }}
            ... on NotificationsRead {{ notificationIds occurredAt unreadCount }}
          }}
        }}
    """

    def opening(self) -> Parts:
        """Go on from where the events of the fetched list stand."""
        return {"after": self.state["eventCursor"]}

    async def fetch(self, client: Client) -> Any:
        """Return the list and its count."""
        found = await client.ask(self.document)
        return {**found["notificationState"], "notifications": found["notifications"]["nodes"]}

    def apply(self, event: Parts) -> None:
        """Put a notification on top, or mark some as read."""
        self.state |= {"unreadCount": event["unreadCount"], "eventCursor": event["cursor"]}
        if event["__typename"] == "NotificationAdded":
            self.state["notifications"].insert(0, event["notification"])
            return
        for notification in self.state["notifications"]:
            if notification["id"] in event["notificationIds"]:
                notification["readAt"] = event["occurredAt"]


def _moment(item: Parts) -> str:
    """Return when something stands in a conversation. Moments of one form sort as texts."""
    moment: str = item["occurredAt"] if "occurredAt" in item else item["createdAt"]
    return moment


def _replaced(items: list[Parts], by: Parts) -> list[Parts]:
    return [by if item["id"] == by["id"] else item for item in items]


def _without(items: list[Parts], item_id: str) -> list[Parts]:
    return [item for item in items if item["id"] != item_id]


def _opened_at(interaction: Parts) -> str:
    moment: str = interaction["openedAt"]
    return moment


def _is_with(interaction: Parts, customer_id: str) -> bool:
    customer = interaction["customer"]
    return customer is not None and bool(customer["id"] == customer_id)


def _reference(type_name: str, node_id: str) -> Parts:
    return {"__typename": type_name, "id": node_id}
