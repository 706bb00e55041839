# A customer who starts a chat without a name, and the title of a chat's ticket
chat-visitor = Επισκέπτης
chat-title = Συνομιλία: { $name }
