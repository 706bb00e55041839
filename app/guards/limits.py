"""How much one document may ask for. docs/limits.md explains the limits to client developers."""

OPERATION_LIMIT = 10  # one is run; the others are what an explorer's tab holds
DEPTH_LIMIT = 15  # tickets, their messages, the authors' companies: 7
ALIAS_LIMIT = 30  # a dashboard asks for some ten lists, each with another filter
ROOT_FIELD_LIMIT = 20
# Fields that are dear, or that guess at secrets, declare a lower one: metadata={"at_most": 1}.
REPEATED_ROOT_FIELD_LIMIT = 10
DIRECTIVE_LIMIT = 5  # clients need @include and @skip

# Points. A page of 100 tickets with all that an inbox shows, ten messages and five favourites each,
# is 5,003; a hundred customers of the company of each of a hundred tickets are 10,502.
COST_LIMIT = 10_000

# Points. What explorers and code generators send is 4,424.
INTROSPECTION_COST_LIMIT = 6_000

# Comparisons between fields that answer under one name: they grow with the square of what is
# repeated. 2,000 tokens reached 500,000 of them, which took a second; 25,000 take some 40 ms.
# Thirty fragments of fifteen fields on one object need 20,505.
MERGE_COMPARISON_LIMIT = 25_000

ERROR_LIMIT = 5  # each error prints and locates a part of the document
