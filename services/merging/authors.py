"""Who wrote what came in by a profile while it was somebody else's."""

from sqlalchemy import and_, or_, select, update

from models.actors import ActorKind
from models.channel_profiles import ChannelProfile
from models.channels import Channel
from models.customer_moves import CustomerMove, went_along, written_down
from models.customers import Customer
from models.messages import Message
from models.tickets import Ticket
from services.unit_of_work import UnitOfWork


async def return_authors(
    work: UnitOfWork, move: CustomerMove, source: Customer, holder: Customer
) -> None:
    """Say of what was written since in tickets that go back that the source wrote it.

    It says now whoever had the tickets then: the holder, or somebody merged into them meanwhile.
    A conversation is one handle's, so all that came by a profile is its writer's. Only into mails
    may others write: there it goes by what was taken in since, whenever it is said to be written.
    """
    profiles = select(ChannelProfile.id).where(written_down(move, ChannelProfile))
    of_profiles = select(Ticket.id).where(Ticket.profile_id.in_(profiles))
    tickets = select(Ticket.id).where(went_along(move, Ticket), Ticket.customer_id == source.id)
    have_been_theirs = select(Customer.id).where(
        or_(Customer.id == holder.id, Customer.merged_into_id == holder.id),
        Customer.id != source.id,
    )
    await work.session.execute(
        update(Message)
        .where(
            Message.ticket_id.in_(tickets),
            Message.author_kind == ActorKind.CUSTOMER,
            Message.author_id.in_(have_been_theirs),
            or_(
                Message.id > move.id,
                and_(Message.channel != Channel.EMAIL, Message.ticket_id.in_(of_profiles)),
            ),
        )
        .values(author_id=source.id)
        .execution_options(synchronize_session=False)
    )
