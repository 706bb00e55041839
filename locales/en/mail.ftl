# What stands in outgoing mail. The marker tells where an answer ends: it is looked for in each.
# Each language has its own words in it, between double number signs.

reply-marker = ## Please write your answer above this line ##
