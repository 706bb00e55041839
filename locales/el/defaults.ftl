# What a brand says unless it chooses its own words.

default-email-subject = Σχετικά με το αίτημά σας
