"""What an agent app keeps of the desk: fetched once, and from then on moved by events alone."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from tests.desk import Client
from tests.selections import CONNECTIONS, parts

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
            ... on NoteAdded {{ note {{ {parts("Note")} ticket {{ ...Now }} }} }}
            ... on FavoriteAdded {{
              favorite {{ {parts("Favorite")} ticket {{ ...Now }} }} change {{ ...Done }}
            }}
            ... on FavoriteRemoved {{ itemId ticket {{ ...Now }} change {{ ...Done }} }}
            ... on TicketChanged {{ ticket {{ ...Now }} change {{ ...Done }} }}
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
            for name in CONNECTIONS["Ticket"]:
                ticket[name] = ticket[name]["nodes"]
        return ticket

    def apply(self, event: Parts) -> None:
        """Take the ticket as it is now, and add to its lists what the event is about."""
        if event["__typename"] == "AccessLost":
            self.state = None
            return
        match event["__typename"]:
            case "MessageAdded":
                self.state |= event["message"].pop("ticket")
                self._add_in_order("messages", event["message"], "Message")
            case "NoteAdded":
                self.state |= event["note"].pop("ticket")
                is_inline = event["note"]["kind"] == "INLINE"
                self._add_in_order("notes", event["note"], "Note" if is_inline else None)
            case "FavoriteAdded":
                self.state |= event["favorite"].pop("ticket")
                self._star(event["favorite"])
            case "FavoriteRemoved":
                self.state |= event["ticket"]
                self._unstar(event["itemId"])
            case "TicketChanged":
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
        """Take it as it is now, and what was written on it."""
        if event["__typename"] == "NoteAdded":
            self.state |= event["note"].pop(self.noun)
            self.state["notes"].insert(0, event["note"])
        else:
            self.state |= event[self.noun]


class CustomerPage(NotedPage):
    """A customer, by what the channels know them, and the notes on them."""

    noun = "customer"
    document = f"""
        query ($customerId: ID!) {{
          customer(id: $customerId) {{ {parts("Customer")} notes{_items("Note")} }}
        }}
    """
    subscription = f"""
        subscription ($customerId: ID!, $after: EventCursor) {{
          customerEvents(customerId: $customerId, after: $after) {{
            __typename
            ... on Event {{ cursor }}
            ... on CustomerChanged {{ customer {{ ...Now }} }}
            ... on ProfileLinked {{ customer {{ ...Now }} }}
            ... on ProfileChanged {{ customer {{ ...Now }} }}
            ... on CustomerTicketOpened {{ customer {{ ...Now }} }}
            ... on NoteAdded {{ note {{ {parts("Note")} customer {{ ...Now }} }} }}
          }}
        }}
        fragment Now on Customer {{ {parts("Customer")} }}
    """


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


def _reference(type_name: str, node_id: str) -> Parts:
    return {"__typename": type_name, "id": node_id}
