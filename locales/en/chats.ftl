# A customer who starts a chat without a name, and the title of a chat's ticket
chat-visitor = Visitor
chat-title = Chat with { $name }

# The conversation of a chat as a text that its customer keeps, and the mail that brings it
transcript-heading = Conversation with { $brand }
transcript-begin = Begun on { $date }. All times: { $zone }.
transcript-left-out =
    { $count ->
        [one] { $count } earlier message is left out here.
       *[other] { $count } earlier messages are left out here.
    }
transcript-file = File: { $name }
transcript-subject = Your conversation with { $brand }
transcript-reason =
    This was sent because somebody asked for it in a chat with { $brand } and gave this address.
    If it was not you, please just delete it.
